"""A DuckDB connection with the lake's tables as views, and the expressions that every step starts from."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from features import days as day_table
from features.inputs import GIVEN, PREPARED, Input, prepared
from features.knowledge import known
from features.windows import FeatureSet, Past, compute
from lyceum import engine, weeks
from lyceum.engine import quoted
from lyceum.errors import InputError
from lyceum.events import ENTITLEMENT_SIGNALS, ITEM_SIGNALS, USER_SIGNALS, attribute
from lyceum.lake import Lake, Receipt
from lyceum.schema import Table
from lyceum.sources import load
from lyceum.tables import canonical
from pipelines import compiled
from pipelines.context import Context
from pipelines.prepared import Prepared

if TYPE_CHECKING:
    import duckdb
    import ibis.expr.types as ir
    import pandas as pd
    import pyarrow as pa

KNOWN = "coalesce(known_at, TIMESTAMPTZ '1900-01-01 00:00:00+00')"  # what has no known_at was always known
HAS = "get_json_object(attributes, {}) != ''"


@dataclass(frozen=True)
class Workspace:
    """The lake as one step sees it. Expressions run in `con`; nothing is written from here but through `write`."""

    ctx: Context
    con: "duckdb.DuckDBPyConnection"
    backend: Any

    @cached_property
    def events(self) -> "ir.Table":
        """The events of people: known, and neither staff nor bots."""
        return day_table.of_people(self.backend.table("events"), self.backend.table("roles"))

    @cached_property
    def daily(self) -> Prepared:
        """What is stored of single days of the log, made anew where the log changed."""
        stored = Prepared(self.ctx, self.con, self.backend)
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE calendar AS {self._calendar()}")
        stored.refresh()
        return stored

    @cached_property
    def days(self) -> "ir.Table":
        """What each person did on each day."""
        return self.daily.rows("user_days")

    @cached_property
    def inputs(self) -> "dict[str, ir.Table]":
        """Everything that feature sets read (see features.inputs); what is not stored is computed once per step."""
        stored = self.daily
        made = {name: self.events if name == "events" else self.backend.table(name) for name in GIVEN}
        for each in PREPARED:
            made[each.name] = stored.rows(each.name) if each.daily else self._prepared(each, made)
        return made

    def _prepared(self, each: Input, tables: "Mapping[str, ir.Table]") -> "ir.Table":
        reads = {name: tables[name] for name in each.reads}
        return self.kept(each.name, self.text(f"input {each.name}", reads, lambda: each.made(reads)))

    def people(self) -> int:
        """How many people the log tells of."""
        assert self.inputs  # that hold the table
        found: int = self.con.execute("SELECT count(*) FROM people").fetchall()[0][0]
        return found

    def kept(self, name: str, query: str, /) -> "ir.Table":
        """The rows of a query, computed now and held under a name for the rest of the step."""
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")
        return self.backend.table(name)

    @property
    def items(self) -> "ir.Table":
        """Every version of every item."""
        return self.backend.table("items")

    @cached_property
    def first_seen(self) -> dict[str, date]:
        """The day on which each signal (an event type, or one named in lyceum.events) first stood in the logs."""
        zone = quoted(self.ctx.platform.timezone)
        static = load(self.ctx.platform.source).static
        names = [name for name in self.ctx.settings.profile_attributes if name in static]
        allowed = {attribute(name): HAS.format(quoted(f"$.{name}")) for name in names}
        told = (
            ("users", KNOWN, {**USER_SIGNALS, **allowed}),
            ("items", KNOWN, ITEM_SIGNALS),
            ("entitlements", "starts_at", ENTITLEMENT_SIGNALS),
        )
        asked = [
            f"SELECT {quoted(name)}, min(CAST({since} AT TIME ZONE {zone} AS DATE)) FROM {table} WHERE {condition}"
            for table, since, signals in told
            for name, condition in signals.items()
        ]
        found = self.con.execute(" UNION ALL ".join(asked)).fetchall()
        return {**self.daily.first_seen(), **{name: day for name, day in found if day is not None}}

    def signals(self, as_of: date, /) -> dict[str, date]:
        """What of `first_seen` stood in the logs before `as_of`."""
        return {name: day for name, day in self.first_seen.items() if day < as_of}

    def arrived(self, day: date, /, *, people: str = "") -> Past:
        """Like `past`, from one moment and with what had been ingested by then; nothing stored is of use for it."""
        names = ("events", "users", "items", "entitlements", "communities", "roles", canonical.SUPERSEDED.short)
        told = known({name: self.backend.table(name) for name in names}, knowledge="arrival", at=self.before(day))
        assert self.daily  # whose calendar is that of the log
        events = day_table.of_people(told["events"], told["roles"])
        given = {**told, "events": events, "calendar": self.backend.table("calendar")}
        inputs = prepared(given, keep=lambda name, made: self.kept(f"arrived_{name}", self.sql(made)))
        return replace(self.past([day], people=people), inputs=inputs)

    def past(self, moments: Sequence[date], /, *, people: str = "", span: tuple[date, date] | None = None) -> Past:
        """Everything that feature sets read, seen from the beginning of each of the local days `moments`.

        With `people`, the name of a table of user_id and as_of, each person is seen at their own moments alone.
        `span` holds the first and the last of the moments; a wider one serves several calls with one query a set.
        """
        self.con.register("moments_given", self._moments(moments))
        query = "SELECT as_of, before FROM moments_given"
        if people:
            query = f"SELECT DISTINCT user_id, as_of, before FROM {people} JOIN ({query}) USING (as_of)"
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE moments AS {query}")
        self.con.unregister("moments_given")
        seen = span or ((min(moments), max(moments)) if moments else None)
        return Past(self.inputs, self.backend.table("moments"), seen)

    def _moments(self, days: Sequence[date]) -> "pa.Table":
        import pyarrow as pa

        zone = self.ctx.platform.timezone
        begin = [weeks.instant(day, timezone=zone) for day in days]
        return pa.table({"as_of": pa.array(days, pa.date32()), "before": pa.array(begin, pa.timestamp("us", "UTC"))})

    def _calendar(self) -> str:
        """Every day of the log with the second at which it begins in the platform's zone."""
        days = [date.fromisoformat(day) for day in self.ctx.lake.partitions(canonical.EVENTS)]
        zone = self.ctx.platform.timezone
        rows = [f"(DATE '{day}', {int(weeks.instant(day, timezone=zone).timestamp())})" for day in days]
        listed = ", ".join(rows) or "(DATE '1970-01-01', 0)"
        return f"SELECT event_date, CAST(begins AS BIGINT) AS begins FROM (VALUES {listed}) days(event_date, begins)"

    def first_day(self) -> date:
        """The day of the first event.

        Raises:
            InputError: the lake holds no events.
        """
        days = self.ctx.lake.partitions(canonical.EVENTS)
        if not days:
            raise InputError(f"The lake below {self.ctx.home.lake} holds no events.", remedy="Run `lyceum ingest`.")
        return date.fromisoformat(days[0])

    def sql(self, expression: "ir.Table", /) -> str:
        """The DuckDB query of an expression."""
        return str(self.backend.compile(expression))

    def text(
        self,
        name: str,
        reads: "Mapping[str, ir.Table]",
        make: "Callable[..., ir.Table]",
        /,
        *,
        days: Sequence[date] = (),
    ) -> str:
        """The DuckDB query of `make(*days)`, an expression over the tables `reads`: see pipelines.compiled."""
        return compiled.text(name, compiled.fingerprint(reads), lambda *at: self.sql(make(*at)), days=days)

    def query(self, each: FeatureSet, past: Past, /) -> str:
        """The DuckDB query of a feature set."""

        def made(*span: date) -> "ir.Table":
            return compute(each, replace(past, span=(span[0], span[1]) if span else None))

        return self.text(f"set {each.name}", read_by(each, past), made, days=past.span or ())

    def before(self, as_of: date, /) -> "ir.TimestampValue":
        """The instant at which the week ends, as an expression."""
        import ibis

        return ibis.literal(weeks.instant(as_of, timezone=self.ctx.platform.timezone))

    def arrow(self, query: str, /) -> "pa.Table":
        """The rows of a query."""
        return self.con.sql(query).to_arrow_table()

    def frame(self, expression: "ir.Table", /, *, order: tuple[str, ...] = ()) -> "pd.DataFrame":
        """The rows of an expression for a model: ordered by `order`, money as floats."""
        ordering = f" ORDER BY {', '.join(order)}" if order else ""
        return for_models(self.arrow(f"SELECT * FROM ({self.sql(expression)}){ordering}"))

    def stored(self, lake: Lake, table: Table, /, *, where: str, order: tuple[str, ...]) -> "pd.DataFrame":
        """Rows of a table that an earlier step wrote."""
        return for_models(
            self.arrow(f"SELECT * FROM ({lake.source(table, where=where)}) ORDER BY {', '.join(order)}")
        )

    def write(self, lake: Lake, table: Table, query: str, /, *, weeks: Sequence[date]) -> Receipt:
        """Replace the partitions of `weeks` by the rows of `query`, ordered by week and the table's key."""
        columns = ", ".join(f'CAST("{column.name}" AS {column.type}) AS "{column.name}"' for column in table.columns)
        order = ", ".join(dict.fromkeys(("as_of", *table.key)))
        reader = self.con.sql(f"SELECT {columns} FROM ({query}) ORDER BY {order}").to_arrow_reader(100_000)
        return lake.replace(table, reader, partition={"as_of": [week.isoformat() for week in weeks]})


def read_by(each: FeatureSet, past: Past, /) -> "dict[str, ir.Table]":
    """The tables that the query of a feature set reads."""
    return {name: past.inputs[name] for name in each.reads if name in past.inputs} | {"moments": past.moments}


def for_models(rows: "pa.Table", /) -> "pd.DataFrame":
    """Arrow to pandas with DECIMAL as float64; exact sums happened before."""
    import pyarrow as pa

    fields = [
        pa.field(field.name, pa.float64()) if pa.types.is_decimal(field.type) else field for field in rows.schema
    ]
    frame: pd.DataFrame = rows.cast(pa.schema(fields)).to_pandas()
    return frame


@contextmanager
def workspace(ctx: Context, /) -> Iterator[Workspace]:
    """Open the lake for one step, with bounded memory."""
    import ibis

    ctx.home.staging.mkdir(parents=True, exist_ok=True)
    con = engine.connect(memory_limit=ctx.settings.memory_limit, threads=ctx.settings.threads, temp=ctx.home.staging)
    try:
        for table in (*canonical.FROM_SOURCES, canonical.SUPERSEDED):
            ctx.lake.view(con, table)
        yield Workspace(ctx, con, ibis.duckdb.from_connection(con))
    finally:
        con.close()
