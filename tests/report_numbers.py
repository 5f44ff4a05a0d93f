"""Whether a finished page tells what its release holds: the queries that it cites are run again, and what they give
is compared with what the page shows. Of the code that makes pages nothing is used but the catalogue of words.
"""

import json
import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb

from lyceum.words import LANGUAGES, label
from reports.catalogue import strings

from .report_reading import Element, days, is_day, numbers

Row = dict[str, Any]
BLOCKS = ("grid", "figure", "li", "section")  # what a query is cited in, inside out
SMALL, NOTHING = "<10", "—"
DERIVED: dict[str, Callable[[Row], list[float]]] = {  # what a page may work out of a row
    "change": lambda row: [row["value"] / row["previous"] - 1, row["value"] / row["previous"]],
    "difference": lambda row: [row["value"] - row["previous"]],
    "lowest usual": lambda row: [row["mean_8w"] - 2 * row["spread_8w"], 0.0],
    "highest usual": lambda row: [row["mean_8w"] + 2 * row["spread_8w"]],
    "lower bound": lambda row: [_wilson(row)[0]],
    "upper bound": lambda row: [_wilson(row)[1]],
}
CHANGES = ("change", "difference")  # of an amount in per cent, of a share in points: one column holds both


def _wilson(row: Row) -> tuple[float, float]:
    """The 95 % interval of a share, for a row with numerator and denominator."""
    z, n = 1.959964, row["denominator"]
    share = row["numerator"] / n
    middle, width = share + z * z / (2 * n), z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (middle - width) / (1 + z * z / n), (middle + width) / (1 + z * z / n)


@dataclass(frozen=True)
class Cited:
    """A query that a page cites, and the part of the page that it is cited in."""

    block: Element
    sql: str


def cited(page: Element, /) -> list[Cited]:
    """Every query of a page with its block: a table, a chart, a conclusion, or a section."""
    found = []
    for code in (code for fold in page.all("details", of="sql") for code in fold.all("code")):
        block = next(each for each in code.around() if {each.tag, *each.classes} & set(BLOCKS) or each.tag == "main")
        found.append(Cited(block, "".join(text for _, text in code.texts(without=()))))
    return found


def captions(block: Element, /) -> set[str]:
    """The tables that the captions of a block name."""
    from lyceum.schema import published

    told = " ".join(caption.text() for caption in block.all(of="source"))
    words = set(told.replace(",", " ").replace("，", " ").split())
    return {table.name for table in published() if table.name in words}


def ask(con: duckdb.DuckDBPyConnection, sql: str, /) -> list[Row]:
    """The rows that a cited query gives now."""
    answer = con.execute(sql)
    names = [column[0] for column in answer.description or []]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


@dataclass
class Tally:
    """What was compared on a page, and what did not agree."""

    tables: int = 0
    cells: int = 0
    pivoted: int = 0
    faults: list[str] | None = None


def table_faults(con: duckdb.DuckDBPyConnection, page: Element, /, *, language: str) -> Tally:
    """Compare every table of the page with the rows of the query that is cited with it, column by column."""
    tally = Tally(faults=[])
    labels = _labels(language)
    for block in page.all("div", of="grid"):
        queries = [each.sql for each in cited(block)]
        if len(queries) == 1:
            for table in block.all("table"):
                _compare(ask(con, queries[0]), table, labels, tally)
    return tally


def _labels(language: str) -> dict[str, set[str]]:
    """What each word of the catalogue may be the name of."""
    found: dict[str, set[str]] = {}
    for key, text in strings(language).items():
        found.setdefault(text, set()).add(key.rpartition(".")[2])
    return found


def _compare(rows: list[Row], table: Element, labels: dict[str, set[str]], tally: Tally) -> None:
    shown = [[_read(cell) for cell in line.all("td")] for line in table.all("tr")]
    shown = [line for line in shown if line]
    tally.tables += 1
    aligned = _aligned(rows, shown, labels)
    title = " ".join(text for each in table.around() for text in [each.attributes.get("aria-label", "")] if text)[:50]
    if aligned is None:
        tally.pivoted += 1
        everything = list(_everything(rows))
        loose = [cell for line in shown for cell in line if not _among(cell, everything)]
        tally.cells += sum(map(len, shown))
        tally.faults += [f"{title}: {cell!r} is in no row of its query" for cell in loose]
        return
    for at in range(max(map(len, shown), default=0)):
        column = [line[at] for line in shown]
        tally.cells += len(column)
        if not _told(column, aligned):
            tally.faults.append(f"{title}: column {at} shows {column[:4]}, its query gives {aligned[:2]}"[:300])


def _read(cell: Element) -> str:
    """The text of a cell; what stands in an element of its own is a word of its own."""
    return " ".join(" ".join(text for _, text in cell.texts(without=("svg", "code"))).split())


def _aligned(rows: list[Row], shown: list[list[str]], labels: dict[str, set[str]]) -> list[Row] | None:
    """The row of the query behind each row shown: in order if as many, else by the name in its first cell."""
    if len(rows) == len(shown):
        return rows
    found = []
    for line in shown:
        names = labels.get(line[0], set()) | {line[0]}
        behind = [row for row in rows if names & {value for value in row.values() if isinstance(value, str)}]
        if len(behind) != 1:
            return None
        found.append(behind[0])
    return found


def _told(column: list[str], rows: list[Row]) -> bool:
    """Whether each place of a number in the column tells one column of the query, or what a row gives."""
    pairs = [(cell, _flat(row)) for cell, row in zip(column, rows, strict=True) if not _is_text(cell, row)]
    if not pairs:
        return True
    names = [(name,) for name in (*pairs[0][1], *DERIVED)] + [CHANGES]
    places = max(len(numbers(cell)) for cell, _ in pairs)
    return all(any(all(_tells(cell, at, row, each) for cell, row in pairs) for each in names) for at in range(places))


def _flat(row: Row) -> Row:
    """The row with the parts of its structures as columns of their own."""
    found: Row = {}
    for name, value in row.items():
        found |= (
            {f"{name}.{part}": held for part, held in value.items()} if isinstance(value, dict) else {name: value}
        )
    return found


def _is_text(cell: str, row: Row) -> bool:
    """A cell of words: no number stands in it but those of the platform's own texts and of the catalogue's."""
    if not numbers(cell) and not days(cell):
        return True
    codes = [value for value in row.values() if isinstance(value, str)]
    texts = [" ".join(code.split()) for code in codes] + [
        label(code, language=language) for code in codes for language in LANGUAGES
    ]
    known = any(cell == text for language in LANGUAGES for text in strings(language).values())
    return known or any(cell.rstrip("….") in text or text in cell for text in texts if text)


def _tells(cell: str, at: int, row: Row, names: tuple[str, ...]) -> bool:
    if cell.startswith(NOTHING):
        return True  # withheld or unknown; what must be withheld is another test's question
    values = [value for name in names for value in _values(row, name)]
    if cell.startswith(SMALL):
        return at > 0 or any(0 < value < 10 for value in values)
    told = numbers(cell)
    return len(told) <= at or any(told[at].tells(value) for value in values)


def _values(row: Row, name: str) -> list[float]:
    if name in DERIVED:
        known = {key: value for key, held in row.items() if (value := _number(held)) is not None}
        try:
            return DERIVED[name](known)
        except (KeyError, ZeroDivisionError, ValueError):
            return []
    value = _number(row.get(name))
    return [] if value is None else [value]


def _number(value: object) -> float | None:
    known = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    return float(value) if known else None


def _everything(rows: list[Row]) -> Iterator[float | date | str]:
    """Every value of the rows, whatever is inside of a JSON text or a list, and the sums of columns."""
    for row in rows:
        for value in row.values():
            yield from _inside(value)
    for name in rows[0] if rows else ():
        told = [_number(row[name]) for row in rows]
        yield float(len(rows))
        yield sum(value for value in told if value is not None)


def _inside(value: object) -> Iterator[float | date | str]:
    if isinstance(value, dict):
        for part in value.values():
            yield from _inside(part)
    elif isinstance(value, list):
        for part in value:
            yield from _inside(part)
    elif isinstance(value, datetime):
        yield value.date()
    elif isinstance(value, date):
        yield value
    elif isinstance(value, str):
        yield " ".join(value.split())
        yield from _in_json(value)
    elif (number := _number(value)) is not None:
        yield number


def _in_json(text: str) -> Iterator[float | date | str]:
    if text[:1] in ("{", "["):
        with suppress(ValueError):
            yield from _inside(json.loads(text))


def _among(cell: str, everything: list[float | date | str]) -> bool:
    if cell.startswith((NOTHING, SMALL)):
        return True
    texts = [each for each in everything if isinstance(each, str)]
    if any(cell.rstrip("…") in text for text in texts):
        return True
    values = [each for each in everything if isinstance(each, float)]
    moments = [each for each in everything if isinstance(each, date)]
    return all(any(told.tells(value) for value in values) for told in numbers(cell)) and all(
        any(is_day(day, moment) for moment in moments) for day in days(cell)
    )
