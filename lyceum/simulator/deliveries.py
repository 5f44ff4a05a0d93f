"""The event files that a platform delivers, a day each, with the mess of real ones."""

import gzip
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import numpy as np

from lyceum.simulator.journal import Day, print_day
from lyceum.simulator.world import World

NOISE = "ERROR timeout after 3000 ms, event gateway, attempt 2"
LEVEL = 1  # of gzip: a sixth of the time of level 6 for a third more bytes


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

    def deliver(self, happened: Day, /) -> None:
        """Write the events file of a day: what was late, then what happened, some held back, doubled or damaged."""
        mess, day = self.world.mess, happened.number
        unknown = happened.count("heartbeat")
        lines = print_day(happened, start=self.world.start, utc_offset=self.world.utc_offset)
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
            today.append(break_line(line, how=delay) + "\n")
            self.malformed += 1
        place.append(line)
        if mess["late"] <= fate < mess["late"] + mess["doubled"]:
            again = today if delay % 2 or day == self.last_day else self.waiting[day + 1]
            again.append(line)
            self.doubled += 1

    def write_events(self, day: int, lines: list[str], /) -> None:
        """One gzip file whose bytes depend on its lines alone."""
        date = self.world.start + timedelta(days=day)
        write_gzip(self.folder / "events" / f"{date.isoformat()}.jsonl.gz", "".join(lines))
        self.files += 1


def break_line(line: str, /, *, how: int) -> str:
    """A damaged copy of a line: cut in half, without id and with a time that is none, or noise of the machine."""
    line = line.rstrip("\n")
    if how == 0:
        return line[: len(line) // 2]
    if how == 1:
        body = "{" + line.split(",", 1)[1]
        at = body.index('"ts":"') + len('"ts":"')
        return body[:at] + "0000-00-00T00:00:00" + body[at + len("2026-01-05T00:00:00") :]
    return NOISE


def write_gzip(path: Path, text: str, /) -> None:
    """A gzip file that says neither its name nor when it was made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode("utf-8"), compresslevel=LEVEL, mtime=0))
