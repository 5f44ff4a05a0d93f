"""One contender of `python -m benchmarks.features`, alone in its process: the last line says seconds and memory."""

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from benchmarks.feature_log import LAST, START, WEEKS, context, write_log
from features import days as day_table
from features.inputs import PREPARED
from features.snapshot import SETS, user_snapshot
from features.windows import Past
from lyceum import engine, weeks
from lyceum.tables import canonical
from pipelines.context import Context
from pipelines.prepared import inlined

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from duckdb import DuckDBPyConnection as DuckDB
    from ibis.backends import BaseBackend as Backend

QUERY = Path(__file__).with_name("features.sql")
ZONE = "Asia/Shanghai"


@dataclass(frozen=True)
class Job:
    """What a contender is given: the home with the log, where to write, whether to count what is read of the log."""

    ctx: Context
    to: Path
    count: bool = False


def hand_query(as_of: date = LAST, /) -> str:
    """The tuned query of features.sql."""
    return QUERY.read_text(encoding="utf-8").format(as_of=f"DATE '{as_of}'")


def columns() -> list[str]:
    """The forty columns, from a run of the query over empty tables."""
    con = engine.connect()
    for table in (canonical.EVENTS, canonical.ROLES):
        con.execute(table.ddl())
    return [name for name in con.sql(hand_query()).columns if name != "user_id"]


def sql(job: Job, /) -> dict[str, Any]:
    """The hand-written query."""
    con = _connect(job)
    begin = time.monotonic()
    con.execute(f"COPY ({hand_query()}) TO '{job.to}' (FORMAT parquet)")
    return {"seconds": time.monotonic() - begin}


def ours(job: Job, /) -> dict[str, Any]:
    """The same columns from the project's feature sets, from the log on, nothing stored before, in one statement.

    So the engine leaves out whatever none of the columns hangs on.
    """
    import ibis

    con = _connect(job)
    backend = ibis.duckdb.from_connection(con)
    con.execute(f"CREATE TEMP TABLE moments AS SELECT {_moment('TIMESTAMPTZ')}")
    names = columns()
    ibis.options.sql.fuse_selects = False  # the engine does that by itself
    begin = time.monotonic()
    rows = _forty(backend, names, lambda _name, made: made)
    query = inlined(rows, table="events")
    con.execute(f"COPY ({query}) TO '{job.to}' (FORMAT parquet)")
    return {"seconds": time.monotonic() - begin}


def _moment(instant: str) -> str:
    before = weeks.instant(LAST, timezone=ZONE)
    return f"DATE '{LAST}' AS as_of, {instant} '{before:%Y-%m-%d %H:%M:%S}+00:00' AS before"


def _forty(backend: "Backend", names: list[str], keep: Callable[[str, "ir.Table"], "ir.Table"]) -> "ir.Table":
    """The columns `names` of everybody on the last Monday; `keep` holds what several sets read."""
    chosen = [each for each in SETS if set(each.names) & set(names)]
    read = {"people", *(name for each in chosen for name in each.reads)}
    for each in reversed(PREPARED):
        read |= set(each.reads) if each.name in read else set()
    tables = {name: backend.table(name) for name in ("users", "items", "entitlements")}
    tables["events"] = day_table.of_people(backend.table("events"), backend.table("roles"))
    for each in PREPARED:
        if each.name in read:
            tables[each.name] = keep(each.name, each.made(tables))
    signals = (signal for made in chosen for column in made.columns for signal in column.needs)
    past = Past(tables, backend.table("moments"), (LAST, LAST))
    rows = user_snapshot(past, first_seen=dict.fromkeys(signals, START), sets=chosen)
    return rows.select("user_id", *names)


def _connect(job: Job) -> "DuckDB":
    settings = job.ctx.settings
    con = engine.connect(memory_limit=settings.memory_limit, threads=settings.threads, temp=job.ctx.home.staging)
    for table in canonical.FROM_SOURCES:
        job.ctx.lake.view(con, table)
    return con


def spark(job: Job, /) -> dict[str, Any]:
    """What `ours` does, by Spark on this machine; its start is not counted."""
    import ibis
    from pyspark.sql import SparkSession

    cores = job.ctx.settings.threads
    session = (
        SparkSession.builder.master(f"local[{cores}]")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", str(2 * cores))
        .config("spark.driver.memory", "6g")
        .config("spark.ui.enabled", "false")
        .getOrCreate()
    )
    backend = ibis.pyspark.connect(session)
    for table in (canonical.EVENTS, canonical.USERS, canonical.ITEMS, canonical.ENTITLEMENTS):
        session.read.parquet(str(job.ctx.lake.path(table))).createOrReplaceTempView(table.short)
    session.sql("SELECT '' AS user_id, '' AS role WHERE false").createOrReplaceTempView("roles")
    session.sql(f"SELECT {_moment('TIMESTAMP')}").createOrReplaceTempView("moments")
    names = columns()
    begin = time.monotonic()

    def keep(name: str, made: "ir.Table") -> "ir.Table":
        session.sql(str(backend.compile(made))).cache().createOrReplaceTempView(name)
        return backend.table(name)

    rows = _forty(backend, names, keep)
    session.sql(str(backend.compile(rows))).write.mode("overwrite").parquet(str(job.to))
    return {"seconds": time.monotonic() - begin}


def by_pandas(job: Job, /) -> dict[str, Any]:
    """The same columns in pandas."""
    import pandas as pd  # imported before the clock starts, like the engines of the others
    import pyarrow.dataset  # noqa: F401

    from benchmarks import feature_frames

    files, roles = _files(job), _apart(job)
    begin = time.monotonic()
    rows: pd.DataFrame = feature_frames.by_pandas(files, roles, LAST)
    rows.to_parquet(job.to, index=False)
    return {"seconds": time.monotonic() - begin}


def by_polars(job: Job, /) -> dict[str, Any]:
    """The same columns in polars, lazily."""
    import polars as pl

    from benchmarks import feature_frames

    files, roles = _files(job), _apart(job)
    begin = time.monotonic()
    pl.collect_all([feature_frames.by_polars(files, roles, LAST)])[0].write_parquet(job.to)
    return {"seconds": time.monotonic() - begin}


def _files(job: Job) -> list[str]:
    return [str(path) for path in sorted(job.ctx.lake.path(canonical.EVENTS).glob("event_date=*/*.parquet"))]


def _apart(job: Job) -> list[str]:
    con = _connect(job)
    return [
        user for (user,) in con.execute("SELECT user_id FROM roles WHERE role IN ('staff', 'test', 'bot')").fetchall()
    ]


def week(job: Job, /) -> dict[str, Any]:
    """The whole user snapshot of one Monday, in a home where nothing is stored yet."""
    return _snapshots(job, [LAST], fresh=True)


def year(job: Job, /) -> dict[str, Any]:
    """The whole user snapshots of 52 Mondays in one pass, in a home where nothing is stored yet."""
    return _snapshots(job, _mondays(), fresh=True)


def again(job: Job, /) -> dict[str, Any]:
    """One Monday in a home that has the weeks of the log stored, as every week but the first runs."""
    return _snapshots(job, [LAST], fresh=False)


def _mondays() -> list[date]:
    return [START + timedelta(weeks=number) for number in range(1, WEEKS + 1)]


def _snapshots(job: Job, mondays: list[date], *, fresh: bool) -> dict[str, Any]:
    import shutil

    from lyceum.tables.features import USER_SNAPSHOT
    from pipelines.featurise import write_user_snapshots
    from pipelines.workspace import workspace

    if fresh:
        shutil.rmtree(job.ctx.home.features, ignore_errors=True)
    begin, counted = time.monotonic(), Counted()
    with workspace(job.ctx) as space:
        if job.count:
            counted = Counted(space.con)
            space = replace(space, con=cast("Any", counted))
        receipts = write_user_snapshots(space, mondays)
        found = {"seconds": time.monotonic() - begin, "log_rows": counted.rows}
    rows = sum(receipt.rows for receipt in receipts)
    return {**found, "rows": rows, "columns": len(USER_SNAPSHOT.columns) - 2}


class Counted:
    """A connection that adds up how many rows of the log its queries read, by the engine's own profiles."""

    def __init__(self, con: "DuckDB | None" = None, /, *, log: str = "/lake/events/") -> None:
        self._con, self._log, self._rows = con, log, 0
        if con is not None:
            con.execute("PRAGMA enable_profiling = 'no_output'")
            con.execute("SET profiling_coverage = 'ALL'")

    def __getattr__(self, name: str) -> object:
        if name in ("execute", "sql"):
            self._harvest()
        return getattr(self._con, name)

    @property
    def rows(self) -> int:
        """Rows read so far."""
        self._harvest()
        return self._rows

    def _harvest(self) -> None:
        """The profile of the query before this one, which has ended."""
        if self._con is None:
            return
        text = self._con.get_profiling_information(format="json")
        for operator in json.loads(text or "{}").get("operator", []):
            self._rows += self._read(operator)

    def _read(self, operator: dict[str, Any]) -> int:
        info = operator.get("extra_info") or {}
        own = operator["intermediate_rows"] if self._log in str(info.get("Filename(s)", "")) else 0
        return int(own) + sum(self._read(child) for child in operator.get("children", []))


CONTENDERS: dict[str, Callable[[Job], dict[str, Any]]] = {
    **{"sql": sql, "ours": ours, "spark": spark, "pandas": by_pandas, "polars": by_polars},
    **{"week": week, "year": year, "again": again},
}


def main(argv: list[str] | None = None, /) -> int:
    """Run one contender; `log` writes the log."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.feature_contenders", description=str(__doc__))
    parser.add_argument("name", choices=["log", *CONTENDERS])
    parser.add_argument("--home", type=Path, required=True, help="the home that holds the log")
    parser.add_argument("--to", type=Path, default=Path("out.parquet"), help="the file to write")
    parser.add_argument("--count", action="store_true", help="count the rows read from the log")
    for number in ("events", "users", "seed"):
        parser.add_argument(f"--{number}", type=int, default=1)
    given = parser.parse_args(argv)
    ctx = context(given.home)
    ctx.home.staging.mkdir(parents=True, exist_ok=True)
    busy = time.process_time()
    if given.name == "log":
        found: dict[str, Any] = {"events": write_log(ctx, events=given.events, users=given.users, seed=given.seed)}
    else:
        found = CONTENDERS[given.name](Job(ctx, given.to, given.count))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(json.dumps({**found, "cpu_seconds": time.process_time() - busy, "peak_gb": peak}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
