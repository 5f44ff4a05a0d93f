"""The files that a platform delivers: daily events with the mess of real ones, and its tables."""

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import numpy as np

from lyceum.simulator.agenda import Agenda
from lyceum.simulator.catalogue import NEVER, Catalogue
from lyceum.simulator.draw import Array
from lyceum.simulator.people import NOBODY, People
from lyceum.simulator.shopping import money
from lyceum.simulator.world import DAY, WEEK, World

NOISE = "ERROR timeout after 3000 ms, event gateway, attempt 2"
USER_COLUMNS = ("uid", "registered_at", "channel", "invited_by", "age_band", "gender", "city")
COURSE_COLUMNS = (
    *("course_id", "kind", "title", "description", "category", "tags", "price", "teacher"),
    *("published_at", "withdrawn_at", "series", "series_position", "repeatable", "known_at"),
)


@dataclass
class Deliveries:
    """Writes a platform's files into `folder` and counts what it writes."""

    world: World
    folder: Path
    last_day: int
    rng: np.random.Generator
    waiting: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))  # lines by day of delivery
    files: int = 0
    events: int = 0
    unknown: int = 0
    doubled: int = 0
    late: int = 0
    malformed: int = 0

    def deliver(self, day: int, lines: list[str], /, *, unknown: int) -> None:
        """Write the events file of `day`: what was late, then `lines`, some held back, doubled or damaged."""
        mess = self.world.mess
        fate = self.rng.random(len(lines))
        damaged = self.rng.random(len(lines)) < mess["malformed"]
        delay = self.rng.integers(0, mess["late_days"], len(lines))
        self.events += len(lines) - unknown
        self.unknown += unknown
        today = self.waiting.pop(day, [])
        odd = (fate < mess["late"] + mess["doubled"]) | damaged
        begin = 0
        for row in np.flatnonzero(odd).tolist():
            today += lines[begin:row]
            begin = row + 1
            self.disturb(
                day, lines[row], today, fate=float(fate[row]), delay=int(delay[row]), damaged=bool(damaged[row])
            )
        self.write_events(day, today + lines[begin:])

    def disturb(self, day: int, line: str, today: list[str], /, *, fate: float, delay: int, damaged: bool) -> None:
        """Put one line where its fate takes it; damage adds a broken copy, so that no event is lost."""
        mess = self.world.mess
        late = fate < mess["late"] and day < self.last_day
        target = min(day + 1 + delay, self.last_day) if late else day
        place = self.waiting[target] if late else today
        self.late += late
        if damaged:
            today.append(break_line(line, how=delay))
            self.malformed += 1
        place.append(line)
        if mess["late"] <= fate < mess["late"] + mess["doubled"]:
            again = today if delay % 2 or day == self.last_day else self.waiting[day + 1]
            again.append(line)
            self.doubled += 1

    def write_events(self, day: int, lines: list[str], /) -> None:
        """One gzip file whose bytes depend on its lines alone."""
        text = "".join(f"{line}\n" for line in lines)
        path = self.folder / "events" / f"{self.date(day)}.jsonl.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(text.encode("utf-8"), compresslevel=6, mtime=0))
        self.files += 1

    def write_week(self, week: int, people: People, catalogue: Catalogue, /) -> None:
        """The tables of the week `week`: the catalogue on its first Monday, the registrations on the one after."""
        monday = week * WEEK
        changed = catalogue.changed(monday)
        if len(changed):
            rows = course_rows(self, catalogue, changed, monday=monday)
            self.write_table(f"courses/{self.date(monday)}.csv", COURSE_COLUMNS, rows)
        new = np.flatnonzero((people.day >= monday) & (people.day < monday + WEEK))
        self.write_table(f"users/{self.date(monday + WEEK)}.csv", USER_COLUMNS, user_rows(self, people, new))

    def write_agenda(self, agenda: Agenda, /) -> None:
        """Groups and activities."""
        groups = ((g.id, g.name, g.kind, self.midnight(g.opened), g.owner) for g in agenda.groups)
        self.write_table("groups.csv", ("group_id", "name", "kind", "opened_at", "owner"), groups)
        held = (
            (
                a.id,
                a.name,
                a.kind,
                "" if a.group < 0 else agenda.groups[a.group].id,
                self.time(a.starts),
                self.time(a.ends),
            )
            for a in agenda.activities
        )
        self.write_table("activities.csv", ("activity_id", "name", "kind", "group_id", "starts_at", "ends_at"), held)

    def write_table(self, name: str, columns: Iterable[str], rows: Iterable[Iterable[object]], /) -> None:
        """One CSV file with a header."""
        write_csv(self.folder / name, columns, rows)
        self.files += 1

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


def break_line(line: str, /, *, how: int) -> str:
    """A damaged copy of a line: cut in half, without id and with a time that is none, or noise of the machine."""
    if how == 0:
        return line[: len(line) // 2]
    if how == 1:
        body = "{" + line.split(",", 1)[1]
        at = body.index('"ts":"') + len('"ts":"')
        return body[:at] + "0000-00-00T00:00:00" + body[at + len("2026-01-05T00:00:00") :]
    return NOISE


def write_csv(path: Path, columns: Iterable[str], rows: Iterable[Iterable[object]], /) -> None:
    """One CSV file with a header, in UTF-8."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def user_rows(files: Deliveries, people: People, rows: Array, /) -> Iterable[Iterable[object]]:
    """The lines of the users table for the people numbered `rows`."""
    for n in rows.tolist():
        inviter = people.inviter[n]
        host = "" if inviter == NOBODY else people.uid[inviter]
        registered = files.time(people.day[n] * DAY + people.second[n])
        yield people.uid[n], registered, people.channel[n], host, people.age[n], people.gender[n], people.city[n]


def course_rows(
    files: Deliveries, catalogue: Catalogue, rows: Array, /, *, monday: int
) -> Iterable[Iterable[object]]:
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
        )
