"""Where a column comes from: the columns that its values hang on, read off the expression that computes it.

No query is made and no data is read, so what is said here cannot differ from what is computed. As it takes seconds,
`python -m features.lineage > lyceum/tables/lineage.json` keeps it for whoever explains the tables; a test compares.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cache

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir

from features.inputs import PREPARED
from features.items import ITEM_SETS
from features.rates.rate import Given
from features.rates.registry import RATES
from features.snapshot import SETS
from features.windows import Past, compute
from lyceum.tables import canonical

Name = tuple[str, str]  # a table and one of its columns
Found = frozenset[Name]
CALENDAR = {"event_date": "date", "begins": "int64"}
MOMENTS = {"as_of": "date", "before": "timestamp('UTC')"}
SOME_MONDAY = date(2024, 1, 1)  # no name hangs on it


def columns_behind(rows: ir.Table, /) -> dict[str, Found]:
    """For each column of `rows` the columns of the tables at the bottom from which its values are computed.

    The conditions of filters count, as they say what is summed; keys of joins and of groups do not.
    """
    walk = _Walk()
    return {name: walk.field(rows.op(), name) for name in rows.columns}


def of_inputs() -> Mapping[str, Mapping[str, Found]]:
    """For each prepared input and each of its columns the columns of canonical tables behind it."""
    return _inputs()[1]


@cache
def of_features() -> Mapping[Name, Found]:
    """For each column of a snapshot, as (grain, column), what its feature set computes it from.

    These are columns of prepared inputs, and of canonical tables where a set reads them directly.
    """
    tables = _inputs()[0]
    past = Past(tables, ibis.table(MOMENTS, name="moments"))
    return {
        (each.grain, name): frozenset(behind for behind in found if behind[0] in tables)
        for each in (*SETS, *ITEM_SETS)
        for name, found in columns_behind(compute(each, past)).items()
        if name in each.names
    }


@cache
def of_rates() -> Mapping[str, Found]:
    """For each rate what its numerator and denominator are computed from: as `of_features`."""
    tables, _ = _inputs()
    tables = {**tables, "rare_events": tables["events"]}  # a part of it that is held to be read once
    given = Given(tables, SOME_MONDAY + timedelta(days=7 * 53), SOME_MONDAY)
    found = {rate.name: columns_behind(rate.build(given)) for rate in RATES}
    return {name: behind["numerator"] | behind["denominator"] for name, behind in found.items()}


@cache
def _inputs() -> tuple[dict[str, ir.Table], dict[str, dict[str, Found]]]:
    """Every table that sets may read, empty, and the canonical columns behind those that are prepared."""
    tables = {table.name: ibis.table(table.arrow(), name=table.name) for table in canonical.TABLES}
    tables["calendar"] = ibis.table(CALENDAR, name="calendar")
    below: dict[str, dict[str, Found]] = {}
    for each in PREPARED:
        rows = each.made(tables)
        below[each.name] = {name: _lowest(found, below) for name, found in columns_behind(rows).items()}
        tables[each.name] = ibis.table(rows.schema(), name=each.name)
    return tables, below


def _lowest(found: Found, below: Mapping[str, Mapping[str, Found]]) -> Found:
    deeper = (below[table][column] if table in below else {(table, column)} for table, column in found)
    return frozenset(name for names in deeper for name in names if name[0] != "calendar")


class _Walk:
    """Follows fields downwards, each once."""

    def __init__(self) -> None:
        self._known: dict[tuple[ops.Relation, str], Found] = {}

    def field(self, rows: ops.Relation, name: str) -> Found:
        """The columns behind the column `name` of `rows`."""
        if (rows, name) not in self._known:
            self._known[rows, name] = frozenset(self._field(rows, name))
        return self._known[rows, name]

    def _field(self, rows: ops.Relation, name: str) -> Iterator[Name]:
        if isinstance(rows, ops.PhysicalTable):
            yield (rows.name, name)
        elif isinstance(rows, ops.Set):
            yield from self.field(rows.left, name) | self.field(rows.right, name)
        elif isinstance(rows, ops.Reference):
            yield from self.field(rows.parent, name)
        elif isinstance(rows, ops.TableUnnest) and name not in rows.values:
            yield from self._value(rows.column)
        else:
            yield from self._value(rows.values[name])
            yield from self._conditions(rows)

    def _conditions(self, rows: ops.Relation) -> Iterator[Name]:
        for condition in rows.predicates if isinstance(rows, ops.Filter) else ():
            yield from self._value(condition)

    def _value(self, node: ops.Node) -> Iterator[Name]:
        if isinstance(node, ops.Field):
            yield from self.field(node.rel, node.name)
            return
        for below in node.__children__:
            yield from self._rows(below) if isinstance(below, ops.Relation) else self._value(below)

    def _rows(self, rows: ops.Relation) -> Iterator[Name]:
        """What the number of rows hangs on: the keys of groups and the conditions down to the bottom."""
        yield from self._conditions(rows)
        if isinstance(rows, ops.Aggregate):
            for key in rows.groups.values():
                yield from self._value(key)
        elif not isinstance(rows, ops.PhysicalTable):
            for below in rows.__children__:
                if isinstance(below, ops.Relation):
                    yield from self._rows(below)


def as_json() -> str:
    """Everything that is told here, as lyceum.tables.feeding reads it."""
    told = {
        "features": {f"{grain}.{name}": _listed(found) for (grain, name), found in of_features().items()},
        "rates": {name: _listed(found) for name, found in of_rates().items()},
        "inputs": {
            table: {name: _listed(found) for name, found in columns.items()} for table, columns in of_inputs().items()
        },
    }
    return json.dumps(told, indent=1) + "\n"


def _listed(found: Found) -> list[str]:
    return [f"{table}.{column}" for table, column in sorted(found)]


if __name__ == "__main__":
    sys.stdout.write(as_json())
