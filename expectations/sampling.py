"""A few keys of the rows that break a rule, so that a person knows where to look: no person's id and no free text."""

import json
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from expectations.rule import BETWEEN, IN_SET, ROW_COUNT, ROWS, Rule
from lyceum.engine import quoted
from lyceum.schema import Table

if TYPE_CHECKING:
    import duckdb

SAMPLE_ROWS = 3
SAMPLE_LETTERS = 64  # of a key; some platform will have one of 100 kB


def sample(con: "duckdb.DuckDBPyConnection", table: Table, rule: Rule, /) -> str | None:
    """The first keys, in order, of rows that break `rule`, as a JSON list of texts; None where none may be shown."""
    columns = rule["meta"]["sample"]
    if not columns or rule["type"] == ROW_COUNT:
        return None
    listed = ", ".join(f'left("{name}"::VARCHAR, {SAMPLE_LETTERS})' for name in columns)
    query = f"SELECT DISTINCT {listed} FROM ({_breaking(table, rule)}) ORDER BY ALL LIMIT {SAMPLE_ROWS}"
    return json.dumps([_told(columns, row) for row in con.execute(query).fetchall()], ensure_ascii=False)


def _breaking(table: Table, rule: Rule) -> str:
    """The rows that break the rule. Great Expectations offers such a query too, but writes times as Python does."""
    kwargs, source = rule["kwargs"], f'"{table.short}"'
    if rule["type"] == ROWS:
        return str(kwargs["unexpected_rows_query"]).format(batch=source)
    column = f'"{kwargs["column"]}"'
    if rule["type"] == IN_SET:
        return f"SELECT * FROM {source} WHERE {column} NOT IN ({', '.join(map(_literal, kwargs['value_set']))})"
    if rule["type"] == BETWEEN:
        bounds = [f"{column} {sign} {_literal(kwargs[key])}" for key, sign in BOUNDS.items() if key in kwargs]
        return f"SELECT * FROM {source} WHERE {' OR '.join(bounds)}"
    return f"SELECT * FROM {source} WHERE {column} IS NULL"


BOUNDS = {"min_value": "<", "max_value": ">"}


def _literal(value: str | float) -> str:
    return quoted(value) if isinstance(value, str) else str(value)


def _told(columns: Collection[str], row: Collection[Any]) -> str:
    return ", ".join(f"{name}={'null' if value is None else value}" for name, value in zip(columns, row, strict=True))
