"""Asking the release: every figure keeps the query that gave it, so that a reader can run it again.

A figure is a plain dict {value, table, sql, hidden}: `value` is one number or a list of rows (dicts), `hidden` says
which cells are withheld from managers. It holds nothing that JSON does not know: money is a decimal string, a date
is ISO text, and platform text is already free of control characters.
"""

import math
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

SMALLEST_CELL = 10  # people; DESIGN.md section 2, "Terms"
SMALLEST_DENOMINATOR = 30
PERSONAL_UNITS = ("people", "events")  # fewer than ten events are fewer than ten people
SMALL = "<10"
WITHHELD = "withheld"  # would give a small cell away by subtraction from its total
LONGEST_TEXT = 160

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
) -> Figure:
    """The rows of `sql` as a figure about `table`.

    `cells` names the columns that count people, each with the columns to withhold with it when it is below
    SMALLEST_CELL; `unit` restricts that to rows whose column of that name is one of PERSONAL_UNITS; `total_known`
    withholds a second cell where one alone could be computed from the total.
    """
    hidden = {name: list(others) for name, others in (cells or {}).items()}
    figure: Figure = {
        "value": None,
        "table": table,
        "sql": " ".join(sql.split()),
        "hidden": {"cells": hidden, "unit": unit, "total_known": total_known},
    }
    return figure | {"value": reproduce(con, figure)}


def ask_one(con: duckdb.DuckDBPyConnection, sql: str, /, *, table: str) -> Figure:
    """The first value of the first row of `sql` as a figure about `table`; null if there is no row."""
    figure: Figure = {"value": None, "table": table, "sql": " ".join(sql.split()), "hidden": None}
    return figure | {"value": reproduce(con, figure)}


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
    rows: list[Row], /, *, cells: Mapping[str, Sequence[str]], unit: str | None, total_known: bool
) -> list[Row]:
    """`rows` with every cell of 1 to 9 people replaced by "<10" and its dependent columns by "withheld"."""
    for name, others in cells.items():
        small = [row for row in rows if _is_small(row, name, unit=unit)]
        second = _nearest(rows, small, name) if total_known and len(small) == 1 else []
        for row in small + second:
            row |= {other: WITHHELD for other in others if row[other] is not None}
            row[name] = SMALL if row in small else WITHHELD
    return rows


def _is_small(row: Row, name: str, /, *, unit: str | None) -> bool:
    if unit is not None and row[unit] not in PERSONAL_UNITS:
        return False
    return isinstance(row[name], int | float) and 0 < row[name] < SMALLEST_CELL


def _nearest(rows: list[Row], small: list[Row], name: str, /) -> list[Row]:
    others = [row for row in rows if row not in small and isinstance(row[name], int | float) and row[name] > 0]
    return sorted(others, key=lambda row: (row[name], str(row)))[:1]


def known(value: object, /) -> bool:
    """True for a figure that can be calculated with: there is one, and it is not withheld."""
    return value is not None and value not in (SMALL, WITHHELD)
