"""A DuckDB connection with the lake's tables as views, and the expressions that every step starts from."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from features import days as day_table
from lyceum import engine, weeks
from lyceum.errors import InputError
from lyceum.events import SIGNALS
from lyceum.lake import Lake, Receipt
from lyceum.schema import Table
from lyceum.tables import canonical
from pipelines.context import Context

if TYPE_CHECKING:
    import duckdb
    import ibis.expr.types as ir
    import pandas as pd
    import pyarrow as pa


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
    def days(self) -> "ir.Table":
        """What each person did on each day, computed once per step."""
        query = self.sql(day_table.user_days(self.events))
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE user_days AS {query}")
        return self.backend.table("user_days")

    @property
    def items(self) -> "ir.Table":
        """Every version of every item."""
        return self.backend.table("items")

    @cached_property
    def first_seen(self) -> dict[str, date]:
        """The day on which each signal (an event type, or one of lyceum.events.SIGNALS) first stood in the logs."""
        known = "FROM events WHERE user_id IS NOT NULL"
        kinds = f"SELECT event_type, min(event_date) {known} GROUP BY ALL"
        others = [f"SELECT '{name}', min(event_date) {known} AND {condition}" for name, condition in SIGNALS.items()]
        found = self.con.execute(" UNION ALL ".join((kinds, *others))).fetchall()
        return {name: day for name, day in found if day is not None}

    def signals(self, as_of: date, /) -> dict[str, date]:
        """What of `first_seen` stood in the logs before `as_of`."""
        return {name: day for name, day in self.first_seen.items() if day < as_of}

    def mondays(self, weeks: Sequence[date], /) -> "ir.Table":
        """A table with the one column as_of; the one before it is gone."""
        listed = ", ".join(f"DATE '{week}'" for week in weeks)
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE mondays AS SELECT unnest([{listed}]) AS as_of")
        return self.backend.table("mondays")

    def first_day(self) -> date:
        """The day of the first event.

        Raises:
            InputError: the lake holds no events.
        """
        found: date | None = self.con.execute("SELECT min(event_date) FROM events").fetchall()[0][0]
        if found is None:
            raise InputError(f"The lake below {self.ctx.home.lake} holds no events.", remedy="Run `lyceum ingest`.")
        return found

    def sql(self, expression: "ir.Table", /) -> str:
        """The DuckDB query of an expression."""
        return str(self.backend.compile(expression))

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
        for table in canonical.FROM_SOURCES:
            ctx.lake.view(con, table)
        yield Workspace(ctx, con, ibis.duckdb.from_connection(con))
    finally:
        con.close()
