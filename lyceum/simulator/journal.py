"""What happened on a day, turned into the lines that a platform logs."""

from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np

from lyceum.simulator.draw import Array
from lyceum.simulator.world import DAY

# The keys of a line in their order, each with how its value is printed; ids hold nothing that needs escaping.
KEYS = {
    "uid": '"%s"',
    **dict.fromkeys(("course", "lesson", "object", "parent", "target", "group", "campaign", "session"), '"%s"'),
    **{"amount": '"%s"', "currency": '"%s"', "quantity": "%d", "duration_s": "%d", "stars": "%d"},
    **{"channel": '"%s"', "props": "%s"},
}
CLOCK = [
    f"{hour:02d}:{minute:02d}:{second:02d}" for hour in range(24) for minute in range(60) for second in range(60)
]


class Coded(NamedTuple):
    """Ids that are printed numbers: text is made of them once, when a line is, and never for what stays in memory."""

    pattern: str
    numbers: Array


class Record(NamedTuple):
    """Events of one kind: seconds since midnight, and fields that are arrays, coded ids, or one value for all."""

    kind: str
    seconds: Array
    fields: dict[str, Any]


class Day(NamedTuple):
    """What happened on a day: its records, and each event's number in order of time, in the records' order."""

    number: int
    records: list[Record]
    ranks: Array

    def count(self, kind: str, /) -> int:
        """How many events are of one kind."""
        return sum(len(record.seconds) for record in self.records if record.kind == kind)


class Journal:
    """Collects records of a day; what lies beyond midnight waits for the next day."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.written = 0

    def record(self, kind: str, seconds: Array, /, **fields: object) -> None:
        """Note one event of `kind` per element of `seconds` (since midnight). A field is an array or one value."""
        if len(seconds):
            self.records.append(Record(kind, seconds.astype(np.int64), fields))

    @property
    def pending(self) -> int:
        """Events noted and not yet closed."""
        return sum(len(record.seconds) for record in self.records)

    def close(self, number: int, /) -> Day:
        """The day `number`, its events ranked by time; what lies later is kept, counted from the next midnight."""
        today, waiting = [], []
        for record in self.records:
            early = record.seconds < DAY
            today.append(record if early.all() else part(record, early))
            if not early.all():
                kind, seconds, fields = part(record, ~early)
                waiting.append(Record(kind, seconds - DAY, fields))
        self.records = waiting
        times = np.concatenate([np.empty(0, np.int64), *(record.seconds for record in today)])
        ranks = np.empty(len(times), np.int64)
        ranks[np.argsort(times, kind="stable")] = self.written + 1 + np.arange(len(times))
        self.written += len(times)
        return Day(number, today, ranks)


def print_day(day: Day, /, *, start: date, utc_offset: str) -> list[str]:
    """The lines of a day in order of time, with line breaks: JSON without spaces, keys in the order of KEYS."""
    moment = f"{(start + timedelta(days=day.number)).isoformat()}T%s{utc_offset}"
    lines: list[str] = []
    for record in day.records:
        ranks = day.ranks[len(lines) : len(lines) + len(record.seconds)].tolist()
        lines += printed(record, ranks, moment=moment)
    return list(map(lines.__getitem__, np.argsort(day.ranks).tolist()))


def printed(record: Record, ranks: list[int], /, *, moment: str) -> list[str]:
    """One line of JSON per event."""
    kind, seconds, fields = record
    names = [name for name in KEYS if name in fields]
    patterns = {name: pattern(name, fields[name]) for name in names}
    head = '{"id":"e%09d"' + (f',"uid":{patterns["uid"]}' if "uid" in fields else "")
    tail = "".join(f',"{name}":{patterns[name]}' for name in names if name != "uid")
    template = f'{head},"type":"{kind}","ts":"{moment}"{tail}}}\n'
    columns = {name: column(fields[name]) for name in names if varies(fields[name])}
    first = [columns.pop("uid")] if "uid" in columns else []
    clock = [CLOCK[second] for second in seconds.tolist()]
    return [template % row for row in zip(ranks, *first, clock, *columns.values(), strict=True)]


def varies(value: object, /) -> bool:
    """Whether a field has a value of its own for each event."""
    return isinstance(value, np.ndarray | Coded)


def pattern(name: str, value: object, /) -> str:
    """How a field is printed: a place for what varies, the value itself for what does not."""
    if isinstance(value, Coded):
        return KEYS[name] % value.pattern
    return KEYS[name] if varies(value) else (KEYS[name] % value).replace("%", "%%")


def column(value: Array | Coded, /) -> list[Any]:
    """The values of a field that varies."""
    found: list[Any] = (value.numbers if isinstance(value, Coded) else value).tolist()
    return found


def part(record: Record, keep: Array, /) -> Record:
    """The rows of `record` where `keep` holds."""
    kind, seconds, fields = record
    kept: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, Coded):
            kept[name] = Coded(value.pattern, value.numbers[keep])
        else:
            kept[name] = value[keep] if isinstance(value, np.ndarray) else value
    return Record(kind, seconds[keep], kept)
