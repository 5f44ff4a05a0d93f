"""A platform whose own words attack its readers: markup, formulas, templates, directions of text, endless names."""

import csv
import gzip
import json
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

PLANTED = "planted"
HOSTILE = (
    f"{PLANTED}<script>alert(1)</script>",
    f'{PLANTED}"><img src=x onerror=alert(1)>',
    f"{PLANTED}</style></title></svg><svg onload=alert(1)>",
    f"{PLANTED}{{{{7*7}}}}{{% raw %}}",
    f"{PLANTED}abc\u202egnp.exe\u200b\u2066",
    PLANTED + "x" * 10_000,
    f'=HYPERLINK("{PLANTED}")',
    f"{PLANTED}😀 javascript:alert(1)",
)
FILE = f'{PLANTED}"><img src=x onerror=alert(1)>{{{{7*7}}}}.jsonl.gz'
WORDS = {  # of each file of the demo's source, the columns that hold the platform's own words
    "courses/*.csv": ("title", "description", "category", "tags", "teacher", "series"),
    "users/*.csv": ("channel", "city", "age_band", "gender"),
    "groups.csv": ("group_id", "name"),
    "activities.csv": ("name", "group_id"),
    "events/*.gz": ("channel", "campaign", "group", "props"),
    "posts/*.gz": ("title", "body"),
}
Spoil = Callable[[str], str]


def hostile() -> Spoil:
    """Puts one of HOSTILE before a text, each in turn; the same text is always spoilt in the same way."""
    turn, known = count(), dict[str, str]()

    def spoil(text: str) -> str:
        if text not in known:
            known[text] = f"{HOSTILE[next(turn) % len(HOSTILE)]} {text}"
        return known[text]

    return spoil


def spoil_deliveries(landing: Path, /) -> None:
    """Spoil every text of the demo's deliveries, and add a file of broken lines under a hostile name."""
    for pattern, columns in WORDS.items():
        spoils = {column: hostile() for column in columns}
        spoils |= {"group": (groups := hostile()), "group_id": groups}
        for file in sorted(landing.glob(pattern)):
            (_spoil_lines if file.suffix == ".gz" else _spoil_csv)(file, columns, spoils)
    surrogate = {
        "id": "\ud83d",
        "uid": f"u{HOSTILE[0]}\x00",
        "type": HOSTILE[1],
        "ts": HOSTILE[3],
        "channel": "\udc00",
    }
    lines = [json.dumps(surrogate), "{" + HOSTILE[1], json.dumps({"id": HOSTILE[2], "ts": "never"})]
    (landing / "events" / FILE).write_bytes(gzip.compress("\n".join(lines).encode()))


def _spoil_csv(file: Path, columns: tuple[str, ...], spoils: dict[str, Spoil]) -> None:
    with file.open(newline="", encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened))
    if rows:
        with file.open("w", newline="", encoding="utf-8") as opened:
            writer = csv.DictWriter(opened, list(rows[0]))
            writer.writeheader()
            writer.writerows(_spoilt(row, columns, spoils) for row in rows)


def _spoil_lines(file: Path, columns: tuple[str, ...], spoils: dict[str, Spoil]) -> None:
    lines = gzip.decompress(file.read_bytes()).decode().split("\n")
    file.write_bytes(gzip.compress("\n".join(_spoilt_line(line, columns, spoils) for line in lines).encode()))


def _spoilt_line(line: str, columns: tuple[str, ...], spoils: dict[str, Spoil]) -> str:
    try:
        record = json.loads(line)
    except ValueError:  # what the simulator broke stays broken
        return line
    return json.dumps(_spoilt(record, columns, spoils), ensure_ascii=False)


def _spoilt(row: dict, columns: tuple[str, ...], spoils: dict[str, Spoil]) -> dict:
    return row | dict(_changes(row, columns, spoils))


def _changes(row: dict, columns: tuple[str, ...], spoils: dict[str, Spoil]) -> Iterator[tuple[str, object]]:
    for column in columns:
        value = row.get(column)
        if isinstance(value, dict):  # properties of an event
            yield column, {HOSTILE[0]: HOSTILE[1], **{key: spoils[column](str(each)) for key, each in value.items()}}
        elif value:
            yield column, spoils[column](value)
