"""The tables that a platform delivers beside its events: week by week, each as it was known then."""

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import numpy as np

from lyceum.simulator.acting import Contact
from lyceum.simulator.agenda import Agenda
from lyceum.simulator.catalogue import NEVER, Catalogue
from lyceum.simulator.deliveries import write_gzip
from lyceum.simulator.draw import Array
from lyceum.simulator.people import FIRST_UID, NOBODY, People
from lyceum.simulator.shopping import FOREVER, money
from lyceum.simulator.state import Right, State
from lyceum.simulator.world import DAY, WEEK, World

USER_COLUMNS = ("uid", "registered_at", "channel", "invited_by", "age_band", "gender", "city")
COURSE_COLUMNS = (
    *("course_id", "kind", "title", "description", "category", "tags", "price", "teacher"),
    *("published_at", "withdrawn_at", "series", "series_position", "repeatable", "known_at", "bundle"),
)


ACTIVITY_COLUMNS = ("activity_id", "name", "kind", "group_id", "starts_at", "ends_at")
RIGHT_COLUMNS = ("uid", "course_id", "starts_at", "ends_at", "order_id")
CONTACT_COLUMNS = ("uid", "contacted_at", "channel", "action", "list_as_of")


@dataclass
class Tables:
    """Writes a platform's tables into `folder` and remembers which files there are."""

    world: World
    folder: Path
    written: set[str] = field(default_factory=set)

    def write_week(self, platform: State, week: int, contacts: list[Contact], /) -> None:
        """The tables of a week: the catalogue of its first Monday, and what is told on the Monday after it."""
        monday, people, catalogue = week * WEEK, platform.people, platform.catalogue
        changed = catalogue.changed(monday)
        if len(changed):
            rows = course_rows(self, catalogue, changed, monday=monday)
            self.write(f"courses/{self.date(monday)}.csv", COURSE_COLUMNS, rows)
        new = np.flatnonzero((people.day >= monday) & (people.day < monday + WEEK))
        after = self.date(monday + WEEK)
        self.write(f"users/{after}.csv", USER_COLUMNS, user_rows(self, people, new))
        rights, platform.rights[:] = list(platform.rights), []
        self.write(f"entitlements/{after}.csv", RIGHT_COLUMNS, right_rows(self, catalogue, rights))
        self.write(f"contacts/{after}.csv", CONTACT_COLUMNS, contact_rows(self, contacts))
        texts = platform.library.deliver(self.world.start, utc_offset=self.world.utc_offset)
        lines = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in texts)
        write_gzip(self.folder / f"posts/{after}.jsonl.gz", lines)
        self.written.add(f"posts/{after}.jsonl.gz")
        self.write_agenda(platform.agenda, until=monday + WEEK)

    def write_agenda(self, agenda: Agenda, /, *, until: int) -> None:
        """Groups, and activities once they have begun or are about to within a week; both files grow."""
        groups = ((g.id, g.name, g.kind, self.midnight(g.opened), g.owner) for g in agenda.groups if g.opened < until)
        self.write("groups.csv", ("group_id", "name", "kind", "opened_at", "owner"), groups)
        known = [a for a in agenda.activities if a.first_day < until + WEEK]
        owners = ["" if a.group < 0 else agenda.groups[a.group].id for a in known]
        rows = (
            (a.id, a.name, a.kind, owner, self.time(a.starts), self.time(a.ends))
            for a, owner in zip(known, owners, strict=True)
        )
        self.write("activities.csv", ACTIVITY_COLUMNS, rows)

    def write(self, name: str, columns: Iterable[str], rows: Iterable[Iterable[object]], /) -> None:
        """One CSV file with a header."""
        write_csv(self.folder / name, columns, rows)
        self.written.add(name)

    def date(self, day: int, /) -> str:
        """The local date of a day of the world."""
        return (self.world.start + timedelta(days=day)).isoformat()

    def midnight(self, day: int, /) -> str:
        """The first moment of a day, local and without zone; empty for a day that does not come."""
        return "" if day >= NEVER else f"{self.date(day)} 00:00:00"

    def time(self, seconds: int, /) -> str:
        """A moment counted from the world's start, local and without zone."""
        day, second = divmod(int(seconds), DAY)
        return f"{self.date(day)} {second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


def write_csv(path: Path, columns: Iterable[str], rows: Iterable[Iterable[object]], /) -> None:
    """One CSV file with a header, in UTF-8."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def user_rows(files: Tables, people: People, rows: Array, /) -> Iterable[Iterable[object]]:
    """The lines of the users table for the people numbered `rows`."""
    for n in rows.tolist():
        inviter = people.inviter[n]
        host = "" if inviter == NOBODY else f"u{FIRST_UID + inviter}"
        registered = files.time(people.day[n] * DAY + people.second[n])
        yield (
            f"u{FIRST_UID + n}",
            registered,
            people.channel[n],
            host,
            people.age[n],
            people.gender[n],
            people.city[n],
        )


def course_rows(files: Tables, catalogue: Catalogue, rows: Array, /, *, monday: int) -> Iterable[Iterable[object]]:
    """The lines of the course table as known on `monday`: a withdrawal shows from the Monday of its week."""
    names = [*files.world.categories, files.world.words["membership"]["category"]]
    prices = catalogue.price(monday)
    for n in rows.tolist():
        withdrawn = catalogue.withdrawn[n] if catalogue.withdrawn[n] < monday + WEEK else NEVER
        series = catalogue.series[n]
        yield (
            *(catalogue.ids[n], catalogue.kinds[n], catalogue.titles[n], catalogue.descriptions[n]),
            *(names[catalogue.category[n]], catalogue.tags[n], money(int(prices[n])), catalogue.teachers[n]),
            *(files.midnight(int(catalogue.published[n])), files.midnight(int(withdrawn))),
            *("" if series < 0 else f"x{series + 1:03d}", "" if series < 0 else catalogue.position[n]),
            *(int(catalogue.repeatable[n]), files.midnight(monday)),
            "" if catalogue.bundle[n] < 0 else catalogue.ids[catalogue.bundle[n]],
        )


def right_rows(files: Tables, catalogue: Catalogue, rights: list[Right], /) -> Iterable[Iterable[object]]:
    """The lines of the entitlements; a right that was taken back comes again, with its end."""
    for right in rights:
        ends = "" if right.ends == FOREVER else files.time(right.ends)
        yield f"u{FIRST_UID + right.person}", catalogue.ids[right.item], files.time(right.starts), ends, right.order


def contact_rows(files: Tables, contacts: list[Contact], /) -> Iterable[Iterable[object]]:
    """The lines of the contact log."""
    for each in contacts:
        channel = files.world.actions[each.action]["channel"]
        yield (
            f"u{FIRST_UID + each.person}",
            files.time(each.moment),
            channel,
            each.action,
            files.date(each.week * WEEK),
        )
