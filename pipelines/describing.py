"""A published table or view as documentation: its columns by the set they are computed in, and what they hold."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shutil import get_terminal_size
from textwrap import wrap

from lyceum import warehouse
from lyceum.errors import HomeError, UsageError
from lyceum.mapping import near
from lyceum.schema import Column, Table, published, questions, table
from lyceum.tables.features import CATALOGUE, SETS
from lyceum.tables.questions import Question
from pipelines.opening import home_at

WINDOW = re.compile(r"(\w+)_(\d+)d")
FIGURES = ("null_share", "minimum", "median", "maximum", "categories", "available", "why_not", "drift_verdict")
VIEWS = "marts.q_"
LEAST_WIDTH, MOST_WIDTH = 100, 180
Line = dict[str, object]


@dataclass(frozen=True)
class Held:
    """What the columns of a snapshot hold in a release: its name and a line of the catalogue for each column."""

    release: str = ""
    lines: Mapping[str, Line] = field(default_factory=dict)


def described(name: str, /, *, home: Path | None) -> Iterator[str]:
    """The lines that explain the table or view `name`; for the snapshots with figures of the home's newest release.

    Raises:
        UsageError: there is no such table or view.
    """
    views = {each.view: each for each in questions()}
    if name in views:
        yield from _asked(views[name])
        return
    if name.startswith(VIEWS):
        raise UsageError(f"There is no view {name}.", remedy=near(name, sorted(views)) or "See `lyceum tables`.")
    chosen = table(name)
    yield f"{chosen.name}: {chosen.meaning}"
    yield f"One row per {', '.join(chosen.key)}."
    if chosen.name not in SETS:
        yield ""
        yield from _plain(chosen.columns)
        return
    held = _held(chosen, home)
    yield from _head(chosen, held)
    yield from _plain([column for column in chosen.columns if column.name in (*chosen.key, "as_of")])
    for title, columns in SETS[chosen.name].items():
        yield from ("", title)
        yield from _set(columns, held.lines)


def listed() -> Iterator[str]:
    """A line for each published table, then one for each view with its question."""
    for each in published():
        yield f"{each.name:32} {each.meaning}"
    for asked in questions():
        yield f"{asked.view:32} {asked.asks} {asked.asks_zh}"


def _asked(asked: Question) -> Iterator[str]:
    yield f"{asked.view}: {asked.asks} {asked.asks_zh}"
    yield f"Ask it: SELECT * FROM {asked.view}"
    yield ""
    width = max(26, *(len(name) for name in asked.columns))
    yield from (f"  {name:{width}} {meaning}" for name, meaning in asked.columns.items())
    yield ""
    yield "It is this query:"
    yield from (f"  {line}" for line in wrap(" ".join(asked.query.split()), _width() - 2, break_long_words=False))


def _plain(columns: Sequence[Column]) -> Iterator[str]:
    for column in columns:
        yield f"  {column.name:26} {column.type:26} {column.comment}"


def _head(chosen: Table, held: Held) -> Iterator[str]:
    count = sum(len(columns) for columns in SETS[chosen.name].values())
    yield f"{count} columns in {len(SETS[chosen.name])} sets; NAME_28d looks at the 28 days before as_of."
    if held.lines:
        yield (
            f"Figures of the release {held.release}: share of nulls, then smallest .. median .. largest value, "
            "or the most frequent texts."
        )
    yield f"How each is computed: SELECT expression, sql FROM {CATALOGUE.name} WHERE name = '...'."
    yield ""


def _set(columns: Sequence[Column], lines: Mapping[str, Line]) -> Iterator[str]:
    """A line per column: name, unit, figures, meaning; the meaning of several windows stands at the first."""
    width, before = _width(), ""
    for column in columns:
        found = WINDOW.fullmatch(column.name)
        stem = found[1] if found else ""
        meaning = f"the same, {found[2]} days" if found and stem == before else column.meaning
        before = stem
        figures = _figures(lines[column.name]) if column.name in lines else ""
        start = f"  {column.name:27} {_kind(column):11} " + (f"{figures:34} " if lines else "")
        first, *more = wrap(meaning + _notes(lines.get(column.name, {})), max(width - len(start), 40)) or [""]
        yield start + first
        yield from (" " * len(start) + line for line in more)


def _width() -> int:
    return min(max(get_terminal_size((140, 50)).columns, LEAST_WIDTH), MOST_WIDTH)


def _kind(column: Column) -> str:
    return column.unit or {"VARCHAR": "text", "BOOLEAN": "yes or no"}.get(column.type, "number")


def _figures(line: Line) -> str:
    if not line["available"]:
        return "unknown here"
    share = f"{line['null_share']:>4.0%} " if line["null_share"] is not None else "     "
    if line["median"] is None:
        return share + _cut(str(line["categories"] or ""))
    return share + " .. ".join(f"{line[name]:.4g}" for name in ("minimum", "median", "maximum"))


def _cut(text: str) -> str:
    return text if len(text) <= 29 else text[:28] + "…"


def _notes(line: Line) -> str:
    if not line:
        return ""
    if not line["available"]:
        return f" ({str(line['why_not']).rstrip('.')})"
    verdict = str(line["drift_verdict"] or "")
    return f" ({verdict})" if verdict.startswith("shifted") else ""


def _held(chosen: Table, home: Path | None) -> Held:
    """From the current release of the home; nothing where there is none, or one without these columns."""
    import duckdb

    query = f"SELECT name, {', '.join(FIGURES)} FROM {CATALOGUE.name} WHERE table_name = ?"
    try:
        release = warehouse.release_of(home_at(home))
        with warehouse.connect_release(release) as con:
            rows = con.execute(query, [chosen.name]).fetchall()
    except (HomeError, duckdb.Error):
        return Held()
    return Held(release.name, {name: dict(zip(FIGURES, figures, strict=True)) for name, *figures in rows})
