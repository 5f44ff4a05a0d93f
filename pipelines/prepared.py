"""What feature sets read of single days of the log: made once, stored by week, made again where the log changed.

A week is held together with a fingerprint of the log's live files of its days and of whose deeds are left out. If
the fingerprint of today is another one (new or late events, a correction, an erasure), the week is made again from
its own events and no others. The queries are part of the folder's name: another version of the code begins afresh.
"""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from features import days as day_table
from features.inputs import DAILY
from lyceum import schema, weeks
from lyceum.engine import quoted
from lyceum.events import SIGNALS
from lyceum.home import write_atomically
from lyceum.lake import Lake
from lyceum.schema import DATE, VARCHAR, Column, Table
from lyceum.tables import canonical
from pipelines import compiled
from pipelines.compiled import digest
from pipelines.context import Context

if TYPE_CHECKING:
    import duckdb
    import ibis
    import ibis.expr.types as ir

FOLDER = "prepared"  # below the home's features
PART = "log_part"  # the weeks of the log that are being added up
PART_EVENTS = 3_000_000  # that are held at a time: about 0.6 GB
UNREAD = ("properties", *(column.name for column in canonical.BATCH))
COLUMNS = [name for name in canonical.EVENTS.names if name not in UNREAD]
SIGNALS_SEEN = Table(
    "signals",
    "The first day of each week on which a kind of thing stood in the log.",
    ("week", "signal"),
    (
        Column("signal", VARCHAR, "An event type, or one of lyceum.events.SIGNALS", required=True),
        Column("event_date", DATE, "The day", required=True),
        Column("week", DATE, "The Monday that begins its week", required=True),
    ),
    partition="week",
)


@dataclass(frozen=True)
class Prepared:
    """The stored daily inputs of one home, as one step sees them."""

    ctx: Context
    con: "duckdb.DuckDBPyConnection"
    backend: Any

    def refresh(self) -> list[date]:
        """Make the weeks again whose part of the log changed; the Mondays that begin them."""
        found, held = self._fingerprints(), self._held()
        self._drop_other_versions()
        if gone := [week for week in held if week not in found]:
            for table in self._tables.values():
                self.lake.delete(table, f"week IN ({', '.join(map(quoted, gone))})")
            held = {week: mark for week, mark in held.items() if week in found}
            self._hold(held)
        stale = {week: events for week, (mark, events) in found.items() if held.get(week) != mark}
        for part in parts(stale):
            self._make(part)
            held |= {week: found[week][0] for week in part}
            self._hold(held)
        return [date.fromisoformat(week) for week in stale]

    def rows(self, name: str, /) -> "ir.Table":
        """The stored rows of a daily input."""
        self.lake.view(self.con, self._tables[name])
        return self.backend.table(name).drop("week")

    def first_seen(self) -> dict[str, date]:
        """The day on which each signal of the log (an event type, or one of SIGNALS) first stood in it."""
        query = f"SELECT signal, min(event_date) FROM ({self.lake.source(SIGNALS_SEEN)}) GROUP BY ALL"
        return dict(self.con.execute(query).fetchall())

    @cached_property
    def lake(self) -> Lake:
        """Where this version of the daily inputs is stored."""
        version = digest(*(f"{name}: {query}" for name, query in sorted(self._queries.items())))
        return Lake(self.ctx.home.features / FOLDER / version)

    def _expressions(self) -> dict[str, "ir.Table"]:
        import ibis

        log = ibis.table(canonical.EVENTS.arrow(), name=PART).select(*COLUMNS)
        people = day_table.of_people(log, self.backend.table("roles"))
        given = {"events": people, "calendar": self.backend.table("calendar")}
        return {each.name: each.made(given) for each in DAILY}

    @cached_property
    def _made(self) -> dict[str, dict[str, Any]]:
        """The query of each daily input and the types of its columns."""
        reads = {name: self.backend.table(name) for name in ("roles", "calendar")}
        return dict(json.loads(compiled.text("daily inputs", compiled.fingerprint(reads), self._described)))

    def _described(self) -> str:
        made = self._expressions().items()
        return json.dumps({name: {"query": inlined(rows, table=PART), "types": _types(rows)} for name, rows in made})

    @cached_property
    def _queries(self) -> dict[str, str]:
        return {**{name: each["query"] for name, each in self._made.items()}, SIGNALS_SEEN.name: _signals_query()}

    @cached_property
    def _tables(self) -> dict[str, Table]:
        made = {name: _stored(name, each["types"]) for name, each in self._made.items()}
        return {**made, SIGNALS_SEEN.name: SIGNALS_SEEN}

    def _fingerprints(self) -> dict[str, tuple[str, int]]:
        """For each Monday the fingerprint of its week's events, and their number."""
        import pyarrow as pa
        from deltalake import DeltaTable

        if not self.ctx.lake.exists(canonical.EVENTS):
            return {}
        files = pa.table(DeltaTable(str(self.ctx.lake.path(canonical.EVENTS))).get_add_actions(flatten=True))
        found: dict[str, list[tuple[str, int]]] = {}
        for day, path, events in zip(*(files[name].to_pylist() for name in FILE), strict=True):
            found.setdefault(str(weeks.monday_of(day)), []).append((path, events or 0))
        apart = self._apart()
        return {
            week: (digest(apart, *sorted(path for path, _ in each)), sum(events for _, events in each))
            for week, each in sorted(found.items())
        }

    def _apart(self) -> str:
        """A digest of whose deeds are left out."""
        listed = ", ".join(map(quoted, day_table.APART))
        query = f"SELECT DISTINCT user_id FROM roles WHERE role IN ({listed}) ORDER BY ALL"
        return digest(*(user for (user,) in self.con.execute(query).fetchall()))

    def _make(self, part: Sequence[str]) -> None:
        """Read the events of these weeks once, and replace their rows in every stored table."""
        columns = ", ".join(f'"{name}"' for name in COLUMNS)
        days = " OR ".join(f"event_date BETWEEN DATE '{week}' AND DATE '{week}' + 6" for week in part)
        read = f"SELECT {columns} FROM events WHERE user_id IS NOT NULL AND ({days})"
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE {PART} AS {read}")
        for name, query in self._queries.items():
            table = self._tables[name]
            weekly = f"SELECT *, CAST(date_trunc('week', event_date) AS DATE) AS week FROM ({query})"
            names = ", ".join(
                f'CAST("{column.name}" AS {column.type}) AS "{column.name}"' for column in table.columns
            )
            reader = self.con.sql(f"SELECT {names} FROM ({weekly})").to_arrow_reader(100_000)
            self.lake.replace(table, reader, partition={"week": part})
        self.con.execute(f"DROP TABLE {PART}")

    def _held(self) -> dict[str, str]:
        file = self.lake.root / HELD
        return dict(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else {}

    def _hold(self, held: Mapping[str, str]) -> None:
        write_atomically(self.lake.root / HELD, json.dumps(held, indent=1, sort_keys=True) + "\n")

    def _drop_other_versions(self) -> None:
        for folder in self.lake.root.parent.glob("*"):
            if folder != self.lake.root:
                shutil.rmtree(folder)


HELD = "weeks.json"  # the fingerprint of each week that is stored
FILE = ("partition.event_date", "path", "num_records")


def inlined(rows: "ir.Table", /, *, table: str) -> str:
    """The DuckDB query of an expression, without copies of the log's `table`: reading it twice is cheaper."""
    from ibis.backends.sql.compilers.duckdb import compiler
    from sqlglot import expressions

    parsed = compiler.to_sqlglot(rows)
    for part in parsed.find_all(expressions.CTE):
        if any(read.name == table for read in part.find_all(expressions.Table)):
            part.set("materialized", False)
    return str(parsed.sql(dialect="duckdb"))


def parts(events: Mapping[str, int], /) -> Iterator[list[str]]:
    """The weeks (with their number of events) in order, in parts of at most PART_EVENTS events or one week."""
    part: list[str] = []
    for week in events:
        if part and sum(events[each] for each in part) + events[week] > PART_EVENTS:
            yield part
            part = []
        part.append(week)
    if part:
        yield part


def _signals_query() -> str:
    kinds = [("event_type", "true"), *((quoted(name), condition) for name, condition in SIGNALS.items())]
    first = "min(event_date) AS event_date"
    week = "date_trunc('week', event_date)"
    each = (f"SELECT {name} AS signal, {first} FROM {PART} WHERE {met} GROUP BY 1, {week}" for name, met in kinds)
    return " UNION ALL ".join(each)


def _types(rows: "ir.Table") -> dict[str, str]:
    return {column: _type(kind) for column, kind in rows.schema().items()}


def _stored(name: str, types: Mapping[str, str]) -> Table:
    """The table that keeps a daily input."""
    columns = [Column(column, kind, "As features.inputs makes it") for column, kind in types.items()]
    return Table(name, f"The daily input {name}.", (), (*columns, SIGNALS_SEEN.column("week")), partition="week")


def _type(kind: "ibis.DataType") -> str:
    known = {
        **{"is_integer": schema.BIGINT, "is_floating": schema.DOUBLE, "is_decimal": schema.MONEY},
        **{"is_date": DATE, "is_timestamp": schema.INSTANT, "is_boolean": schema.BOOLEAN, "is_string": VARCHAR},
    }
    return next(name for asks, name in known.items() if getattr(kind, asks)())
