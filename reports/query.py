"""Asking the release: every figure keeps the query that gave it, so that a reader can run it again.

A figure is a plain dict {value, table, sql, hidden}: `value` is one number or a list of rows (dicts), `hidden` says
which cells are withheld from managers. It holds nothing that JSON does not know: money is a decimal string, a date
is ISO text, and platform text is already free of control characters.
"""

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from reports.matrix import withheld

SMALLEST_CELL = 10  # people; DESIGN.md section 2, "Terms"
SMALLEST_DENOMINATOR = 30
PERSONAL_UNITS = ("people", "events")  # fewer than ten events are fewer than ten people
SMALL = "<10"
WITHHELD = "withheld"  # would give a small cell away by subtraction from its total
LONGEST_TEXT = 160
READ = re.compile(r"(?<!')\b(?:marts|history|features|quality)\.[a-z_0-9]+")  # not within quotes: a name as a value

Value = Any  # whatever JSON can hold
Row = dict[str, Any]
Figure = dict[str, Any]


def clean(text: str, /, *, limit: int = LONGEST_TEXT) -> str:
    """Platform text made safe to print: no control, format (bidi override, zero width) or unassigned characters.

    White space becomes single spaces; what is longer than `limit` characters ends in an ellipsis.
    """
    spaced = (" " if character.isspace() else character for character in text[: limit * 20])
    kept = "".join(c for c in spaced if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn"))
    short = " ".join(kept.split())
    return short if len(short) <= limit else short[: limit - 1].rstrip() + "…"


def plain(value: object, /) -> Value:
    """A value out of DuckDB as JSON knows it: NaN is null, money a decimal string, a date ISO text."""
    if isinstance(value, str):
        return clean(value, limit=LONGEST_TEXT)
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()[:10]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def ask(
    con: duckdb.DuckDBPyConnection,
    sql: str,
    /,
    *,
    table: str,
    cells: Mapping[str, Sequence[str]] | None = None,
    unit: str | None = None,
    total_known: bool = False,
    matrix: Sequence[str] = (),
) -> Figure:
    """The rows of `sql` as a figure about `table`.

    `cells` names the columns that count people, each with the columns to withhold with it when it is below
    SMALLEST_CELL; `unit` restricts that to rows whose column of that name is one of PERSONAL_UNITS; `total_known`
    withholds a second cell where one alone could be computed from the total. `matrix` names columns of counts that
    are a table with the rows: what is small there is withheld so that no sum of a row or column gives it away.
    """
    hidden = {name: list(others) for name, others in (cells or {}).items()}
    figure: Figure = {
        "value": None,
        "table": _tables(table, sql),
        "sql": " ".join(sql.split()),
        "hidden": {"cells": hidden, "unit": unit, "total_known": total_known}
        | ({"matrix": list(matrix)} if matrix else {}),
    }
    return figure | {"value": reproduce(con, figure)}


def ask_one(con: duckdb.DuckDBPyConnection, sql: str, /, *, table: str) -> Figure:
    """The first value of the first row of `sql` as a figure about `table`; null if there is no row."""
    figure: Figure = {"value": None, "table": _tables(table, sql), "sql": " ".join(sql.split()), "hidden": None}
    return figure | {"value": reproduce(con, figure)}


def _tables(table: str, sql: str, /) -> str:
    """The table that a figure is about, and those that its query reads besides."""
    return " + ".join(dict.fromkeys([table, *READ.findall(sql)]))


def reproduce(con: duckdb.DuckDBPyConnection, figure: Figure, /) -> Value:
    """The value of `figure`, computed again from the query that it cites."""
    answer = con.execute(figure["sql"])
    names = [column[0] for column in answer.description or []]
    found = answer.fetchall()
    if figure["hidden"] is None:
        return plain(found[0][0]) if found else None
    rows = [dict(zip(names, map(plain, values), strict=True)) for values in found]
    return withhold(rows, **figure["hidden"])


def withhold(
    rows: list[Row],
    /,
    *,
    cells: Mapping[str, Sequence[str]],
    unit: str | None,
    total_known: bool,
    matrix: Sequence[str] = (),
) -> list[Row]:
    """`rows` with every cell of 1 to 9 people replaced by "<10" and its dependent columns by "withheld".

    The cells of a `matrix` read "withheld" whether they are small or guard a small one; no rows are left where
    nothing would guard it.
    """
    gaps = withheld([[row[name] for name in matrix] for row in rows], smallest=SMALLEST_CELL) if matrix else set()
    if gaps is None:
        return []
    for place, column in gaps:
        rows[place][matrix[column]] = WITHHELD
    for name, others in cells.items():
        small = [row for row in rows if _is_small(row, name, unit=unit)]
        second = _guards(rows, small, name) if total_known else []
        # Where even all others guard it too little, "<10" would say too much: it is withheld like them.
        told = WITHHELD if total_known and _follows(small, second, name) else SMALL
        for row in small + second:
            row |= {other: WITHHELD for other in others if row[other] is not None}
            row[name] = told if row in small else WITHHELD
    return rows


def _is_small(row: Row, name: str, /, *, unit: str | None) -> bool:
    if unit is not None and row[unit] not in PERSONAL_UNITS:
        return False
    return isinstance(row[name], int | float) and 0 < row[name] < SMALLEST_CELL


def _guards(rows: list[Row], small: list[Row], name: str, /) -> list[Row]:
    """The next larger cells that are withheld with the small ones, until no small one follows from the total."""
    others = [row for row in rows if row not in small and isinstance(row[name], int | float) and row[name] > 0]
    others.sort(key=lambda row: (row[name], str(row)))
    found: list[Row] = []
    while others and _follows(small, found, name):
        found.append(others.pop(0))
    return found


def _follows(small: list[Row], guards: list[Row], name: str, /) -> bool:
    """Whether a small cell has but one value that the rest of the total allows: 1 to 9 each, a guard 10 or more."""
    rest = sum(row[name] for row in small + guards)
    least = 1 if guards else max(1, rest - (SMALLEST_CELL - 1) * (len(small) - 1))
    most = min(SMALLEST_CELL - 1, rest - (len(small) - 1) - SMALLEST_CELL * len(guards))
    return bool(small) and least >= most


def known(value: object, /) -> bool:
    """True for a figure that can be calculated with: there is one, and it is not withheld."""
    return value is not None and value not in (SMALL, WITHHELD)
