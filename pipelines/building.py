"""Building the database of a release: every table with comments and digest, and the views that answer questions."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lyceum import engine, releases
from lyceum.engine import quoted
from lyceum.faults import reach
from lyceum.schema import Table, questions, with_history
from lyceum.tables import canonical, quality
from pipelines import steps, succession
from pipelines.context import Context
from pipelines.digest import digest

if TYPE_CHECKING:
    import duckdb

SCHEMAS = ("marts", "history", "features", "quality")
SPILL = ".spill"  # beside the database, so that it goes with a half-built release


def fill(ctx: Context, file: Path, as_of: date, chosen: Callable[[Table], bool], /) -> dict[str, Any]:
    """Build the `chosen` tables in the database at `file`, all or none; rows and digest per table.

    Raises:
        duckdb.Error: it cannot be written, or what the week is made of cannot be read.
    """
    tables = [(table, query) for table, query in contents(ctx, as_of) if chosen(table)]
    with _written(ctx, file) as con:
        con.execute("BEGIN")
        for schema in SCHEMAS:
            con.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        for table, query in tables:
            _create(con, table, query)
            if table.name.startswith("history."):
                _add_newest(con, table, as_of)
        con.execute("COMMIT")
        con.execute("CHECKPOINT release")
        reach("release.filled")
        return {table.name: digest(con, table) for table, _ in tables}


@contextmanager
def _written(ctx: Context, file: Path) -> "Iterator[duckdb.DuckDBPyConnection]":
    """A connection that writes to the database at `file`, which it leaves closed and without a log."""
    settings, spill = ctx.settings, file.with_name(SPILL)
    con = engine.connect(memory_limit=settings.memory_limit, threads=settings.threads, temp=spill)
    try:
        con.execute(f"ATTACH {quoted(file)} AS release (STORAGE_VERSION {quoted(settings.storage_version)})")
        con.execute("USE release")
        yield con
        con.execute("USE memory")
        con.execute("DETACH release")
    finally:
        con.close()
        shutil.rmtree(spill, ignore_errors=True)


def _create(con: "duckdb.DuckDBPyConnection", table: Table, query: str) -> None:
    """Comments first: each makes a new entry of the catalogue, which costs less while there are no rows."""
    names = ", ".join(f'"{name}"' for name in table.names)
    comments = [f'COMMENT ON COLUMN {table.name}."{each.name}" IS {quoted(each.comment)}' for each in table.columns]
    con.execute("; ".join([table.ddl(), f"COMMENT ON TABLE {table.name} IS {quoted(table.meaning)}", *comments]))
    con.execute(f"INSERT INTO {table.name} SELECT {names} FROM ({query}) ORDER BY {', '.join(table.key)}")


def _add_newest(con: "duckdb.DuckDBPyConnection", history: Table, as_of: date) -> None:
    """The newest week of a history is the mart that was built just before it: nothing is read or sorted twice."""
    rows = f"SELECT DATE '{as_of}' AS as_of, * FROM marts.{history.short}"
    names = ", ".join(f'"{name}"' for name in history.names)
    con.execute(f"INSERT INTO {history.name} SELECT {names} FROM ({rows})")


def ask(file: Path, /) -> None:
    """Make the views that answer questions, each with its question as comment."""
    with engine.connect(file) as con:
        con.execute("BEGIN")
        for each in questions():
            con.execute(f"CREATE VIEW {each.view} AS {each.query}")
            con.execute(f"COMMENT ON VIEW {each.view} IS {quoted(f'{each.asks} {each.asks_zh}')}")
            for name, meaning in each.columns.items():
                con.execute(f'COMMENT ON COLUMN {each.view}."{name}" IS {quoted(meaning)}')
        con.execute("COMMIT")
        con.execute("CHECKPOINT")


def contents(ctx: Context, as_of: date, /) -> Iterator[tuple[Table, str]]:
    """Every table of the release with the query that fills it; of a history all weeks but the newest."""
    week = f"as_of = DATE '{as_of}'"
    oldest = as_of - timedelta(days=7 * (ctx.settings.kept_weeks - 1))
    earlier = f"as_of >= DATE '{oldest}' AND as_of < DATE '{as_of}'"
    special = {
        quality.REJECTS.name: ctx.lake.source(canonical.REJECTS),
        quality.DELIVERIES.name: ctx.lake.source(canonical.DELIVERIES),
        quality.RUNS.name: _runs(ctx, as_of),
    }
    for table in releases.contents():
        lake = ctx.features if table.name.startswith("features.") else ctx.scored
        stored = with_history(table)
        period = earlier if table.name.startswith("history.") else week
        yield table, special.get(table.name) or lake.source(stored, where=period)


def _runs(ctx: Context, as_of: date) -> str:
    """The step records of the week as a query over literals: they are few."""
    provisional = str(succession.provisional(ctx, as_of)).lower()
    rows = [
        ", ".join(
            (
                f"DATE '{as_of}'",
                *(quoted(text) for text in (entry["step"], part["part"], part["status"])),
                *(quoted(text) for text in (part["code"], part["why"])),
                "NULL" if part["rows"] is None else str(part["rows"]),
                quoted(part["digest"]),
                quoted(json.dumps(entry["reads"], sort_keys=True)),
                provisional,
                f"TIMESTAMPTZ {quoted(entry['ran_at'])}",
                *(str(float(entry[key])) for key in ("seconds", "peak_mb")),
            )
        )
        for entry in steps.records(ctx.home, as_of)
        if entry["step"] not in ("publish", "report")
        for part in entry["parts"]
    ]
    names = ", ".join(quality.RUNS.names)
    if not rows:
        return ctx.lake.source(quality.RUNS)
    return f"SELECT * FROM (VALUES {', '.join(f'({row})' for row in rows)}) runs({names})"
