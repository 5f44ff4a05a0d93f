"""What happened on a day, turned into the lines that a platform logs."""

from datetime import date, timedelta
from typing import Any

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


class Journal:
    """Collects records of a day; what lies beyond midnight waits for the next day."""

    def __init__(self, start: date, /, *, utc_offset: str) -> None:
        self.start = start
        self.utc_offset = utc_offset
        self.records: list[tuple[str, Array, dict[str, Any]]] = []
        self.written = 0

    def record(self, kind: str, seconds: Array, /, **fields: object) -> None:
        """Note one event of `kind` per element of `seconds` (since midnight). A field is an array or one value."""
        if len(seconds):
            self.records.append((kind, seconds.astype(np.int64), fields))

    @property
    def pending(self) -> int:
        """Events noted and not yet written."""
        return sum(len(seconds) for _, seconds, _ in self.records)

    def close(self, day: int, /) -> tuple[list[str], list[str]]:
        """The kinds and the lines of `day` in order of time; later ones are kept, counted from the next midnight."""
        today = [part(record, record[1] < DAY) for record in self.records]
        self.records = [later(record) for record in self.records if (record[1] >= DAY).any()]
        times = np.concatenate([np.empty(0, np.int64), *(seconds for _, seconds, _ in today)])
        order = np.argsort(times, kind="stable")
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(self.written + 1, self.written + 1 + len(order))
        self.written += len(order)
        kinds: list[str] = []
        lines: list[str] = []
        for kind, seconds, fields in today:
            numbers = rank[len(lines) : len(lines) + len(seconds)]
            lines += self.printed(kind, seconds, fields, numbers=numbers, day=day)
            kinds += [kind] * len(seconds)
        return [kinds[row] for row in order], [lines[row] for row in order]

    def printed(self, kind: str, seconds: Array, fields: dict[str, Any], /, *, numbers: Array, day: int) -> list[str]:
        """One line of JSON per event."""
        date_text = (self.start + timedelta(days=day)).isoformat()
        names = [name for name in KEYS if name in fields]
        head = '{"id":"e%09d"' + ("," + '"uid":"%s"' if "uid" in fields else "")
        tail = "".join(f',"{name}":{KEYS[name]}' for name in names if name != "uid")
        template = f'{head},"type":"{kind}","ts":"{date_text}T%s{self.utc_offset}"{tail}}}'
        columns = [column(fields[name], len(seconds)) for name in names]
        clock = [CLOCK[second] for second in seconds.tolist()]
        at = 1 if "uid" in fields else 0
        rows = zip(numbers.tolist(), *columns[:at], clock, *columns[at:], strict=True)
        return [template % row for row in rows]


def column(value: object, length: int, /) -> list[Any]:
    """The values of a field as a list of `length`."""
    return value.tolist() if isinstance(value, np.ndarray) else [value] * length


def part(record: tuple[str, Array, dict[str, Any]], keep: Array, /) -> tuple[str, Array, dict[str, Any]]:
    """The rows of `record` where `keep` holds."""
    kind, seconds, fields = record
    kept = {name: value[keep] if isinstance(value, np.ndarray) else value for name, value in fields.items()}
    return kind, seconds[keep], kept


def later(record: tuple[str, Array, dict[str, Any]], /) -> tuple[str, Array, dict[str, Any]]:
    """The rows of `record` beyond midnight, their time counted from it."""
    kind, seconds, fields = part(record, record[1] >= DAY)
    return kind, seconds - DAY, fields
