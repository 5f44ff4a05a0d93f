"""What is true about people, in a place of its own that no pipeline reads."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from lyceum.simulator.acting import Contact
from lyceum.simulator.behaviour import leaving_chance, returning_chance, visit_chance
from lyceum.simulator.draw import Array
from lyceum.simulator.people import FIRST_UID, ROLES
from lyceum.simulator.prospects import buying_chance
from lyceum.simulator.state import State
from lyceum.simulator.tables import write_csv
from lyceum.simulator.world import WEEK


class Truth:
    """Writes below `folder`: users.csv, weekly/<Monday>.parquet, contacts/<Monday>.parquet."""

    def __init__(self, folder: Path, /) -> None:
        self.folder = folder

    def write_week(self, platform: State, week: int, contacts: list[Contact], /) -> None:
        """How everybody registered stands on the Monday that begins `week`, and what its contacts changed.

        leaving, returning and buying are chances in the week; visiting is that of coming on the Monday.
        """
        lives, people = platform.lives, platform.people
        known = np.flatnonzero(people.day < week * WEEK)
        monday = platform.world.day_name(week * WEEK)
        columns = {
            "uid": uids(known),
            "alive": lives.alive[known],
            "energy": lives.energy[known],
            "need": lives.need[known],
            "leaving": leaving_chance(platform, week)[known],
            "returning": returning_chance(platform)[known],
            "visiting": visit_chance(platform, week * WEEK)[known],
            "buying": buying_chance(platform, known, day=week * WEEK),
        }
        self.write(f"weekly/{monday}.parquet", columns)
        if contacts:
            self.write(f"contacts/{monday}.parquet", effects(contacts))

    def write_people(self, platform: State, /) -> None:
        """Types, tastes, rates and roles."""
        people, world = platform.people, platform.world
        ring = np.full(len(people.day), -1)
        ring[people.ring] = np.arange(len(people.ring))[:, None]
        styles = [style["name"] for style in world.community["styles"]]
        columns: dict[str, Iterable[object]] = {
            "uid": uids(np.arange(len(people.day))),
            "type": [world.types[kind]["name"] for kind in people.type],
            **{"rate": people.rate, "hazard": people.hazard, "budget": people.budget},
            **{"style": [styles[style] for style in people.style], "expertise": people.expertise},
            **{"role": [ROLES[role] for role in people.role], "ring": ring},
            **{f"taste_{name}": taste for name, taste in zip(world.categories, people.taste.T, strict=True)},
        }
        write_csv(self.folder / "users.csv", columns, zip(*columns.values(), strict=True))

    def write(self, name: str, columns: dict[str, object], /) -> None:
        """One Parquet file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(columns), path)


def uids(numbers: Array, /) -> list[str]:
    """The platform's ids of people."""
    return [f"u{FIRST_UID + number}" for number in numbers.tolist()]


def effects(contacts: list[Contact], /) -> dict[str, object]:
    """The contacts of a week with the chance of leaving in it, without and with them."""
    return {
        "uid": [f"u{FIRST_UID + each.person}" for each in contacts],
        "action": [each.action for each in contacts],
        "leaving_before": [each.chance_before for each in contacts],
        "leaving_after": [each.chance_after for each in contacts],
    }
