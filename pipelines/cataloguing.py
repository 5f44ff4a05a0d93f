"""The catalogue of the snapshots: what each column means, holds and how it is computed, and whether it has moved."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from features.distribution import Values, drift, spread
from features.items import ITEM_SETS
from features.snapshot import SETS, since
from features.windows import FeatureSet, Past
from lyceum import weeks
from lyceum.lake import Receipt
from lyceum.schema import BOOLEAN, DATE, VARCHAR, Column, Table, with_history
from lyceum.tables.features import CATALOGUE, ITEM_SNAPSHOT, USER_SNAPSHOT
from pipelines import compiled
from pipelines.workspace import Workspace, read_by

if TYPE_CHECKING:
    import pyarrow as pa

GRAINS: tuple[tuple[Table, Sequence[FeatureSet]], ...] = ((USER_SNAPSHOT, SETS), (ITEM_SNAPSHOT, ITEM_SETS))
VALUES_AT_ONCE = 20_000_000  # of the columns that are looked at together: about 0.3 GB for two weeks
DAYS = re.compile(r"_(\d+)d$")
Line = dict[str, object]


def write_catalogue(space: Workspace, as_of: date, past: Past, /) -> Receipt:
    """Replace the week of features.catalogue, from the stored snapshots of the week and of the week before.

    `past` is what the snapshots of the week were computed from.
    """
    import pyarrow as pa

    lines = [line for table, sets in GRAINS for line in _lines(space, table, sets, as_of, past)]
    stored = with_history(CATALOGUE)
    space.con.register("catalogue_found", pa.Table.from_pylist(lines, schema=stored.arrow()))
    return space.write(space.ctx.features, stored, "SELECT * FROM catalogue_found", weeks=[as_of])


def _lines(space: Workspace, table: Table, sets: Sequence[FeatureSet], as_of: date, past: Past) -> Iterator[Line]:
    """One line per column of a snapshot."""
    known, held = space.signals(as_of), _held(space, table, as_of)
    told = {name: line for each in sets for name, line in origins(space, each, past).items()}
    fixed: Line = {"as_of": as_of, "table_name": table.name, "grain": table.key[0].removesuffix("_id")}
    for column in table.columns:
        said = {"name": column.name, "meaning": column.meaning, "unit": column.unit}
        figures = held.get(column.name, {})
        yield {**fixed, **said, **_known(column, known, figures), **figures, **told.get(column.name, {})}


def _known(column: Column, signals: Mapping[str, date], figures: Line) -> Line:
    """Whether anything could fill the column, and why it is null for all or for some."""
    if column.needs and since(column, first_seen=signals) is None:
        return {"available": False, "why_not": f"The logs hold no {', '.join(column.needs)}."}
    some = bool(figures.get("null_share"))
    return {"available": True, "why_not": "Nothing to compute it from for these rows." if some else ""}


def _held(space: Workspace, table: Table, as_of: date) -> dict[str, Line]:
    """What the stored columns hold in the week, and how far they have moved since the week before."""
    described = [column for column in table.columns if column.name not in (*table.key, "as_of")]
    found: dict[str, Line] = {}
    some = max(1, VALUES_AT_ONCE // max(_rows(space, table, as_of), 1))
    for first in range(0, len(described), some):
        columns = described[first : first + some]
        before, now = (_values(space, table, columns, week) for week in (as_of - weeks.WEEK, as_of))
        for column in columns:
            moved = drift(before[column.name], now[column.name])
            told = {"drift": moved.index, "drift_verdict": moved.verdict}
            found[column.name] = {**spread(now[column.name]), **told}
    return found


def _rows(space: Workspace, table: Table, week: date) -> int:
    query = f"SELECT count(*) FROM ({space.ctx.features.source(table, where=_week(week))})"
    found: int = space.con.execute(query).fetchall()[0][0]
    return found


def _values(space: Workspace, table: Table, columns: Sequence[Column], week: date) -> dict[str, Values]:
    """Arrays of numbers (null = NaN) and of texts (null = None)."""
    names = ", ".join(_selected(column) for column in columns)
    rows: pa.Table = space.arrow(f"SELECT {names} FROM ({space.ctx.features.source(table, where=_week(week))})")
    return {name: rows[name].to_numpy() for name in rows.column_names}


def _selected(column: Column) -> str:
    kind = "VARCHAR" if column.type in (VARCHAR, BOOLEAN, DATE) else "DOUBLE"
    return f'CAST("{column.name}" AS {kind}) AS "{column.name}"'


def _week(week: date) -> str:
    return f"as_of = DATE '{week}'"


def origins(space: Workspace, each: FeatureSet, past: Past, /) -> dict[str, Line]:
    """For each column of a set: the set, its window, its own expression and the query of the set."""
    explain, reads = partial(_explained, space, each, past), compiled.fingerprint(read_by(each, past))
    query, own = json.loads(compiled.text(f"origins {each.name}", reads, explain, days=past.span or ()))
    return {
        column.name: {
            "feature_set": each.name,
            "window_days": _days(column),
            "expression": own.get(column.name, column.name),
            "sql": query,
        }
        for column in each.columns
    }


def _explained(space: Workspace, each: FeatureSet, past: Past, *span: date) -> str:
    """The query of a set, laid out, and the expressions of its columns."""
    import sqlglot
    from sqlglot import expressions as sql

    query = space.query(each, replace(past, span=(span[0], span[1]) if span else None))
    parsed = sqlglot.parse_one(query, dialect="duckdb")
    defined = {
        alias.alias: alias.this for alias in parsed.find_all(sql.Alias) if not isinstance(alias.this, sql.Column)
    }
    for name in parsed.find_all(sql.Identifier):
        name.set("quoted", False)
    for star in parsed.find_all(sql.Star):  # ibis lists what is left out in another order in every process
        star.set("except_", sorted(star.args["except_"] or (), key=str))
    text = parsed.sql(dialect="duckdb", pretty=True)
    return json.dumps([text, {name: defined[name].sql(dialect="duckdb") for name in each.names if name in defined}])


def _days(column: Column) -> int | None:
    found = DAYS.search(column.name)
    return int(found[1]) if found else None
