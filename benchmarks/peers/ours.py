"""The forty columns from the project's own feature sets, on either engine, and from the one hand-written query."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from benchmarks.feature_log import LAST, START
from benchmarks.peers.forty import Job, columns, connect, hand_query, timed
from features import days as day_table
from features.inputs import PREPARED
from features.snapshot import SETS, user_snapshot
from features.windows import Past
from lyceum import weeks
from lyceum.engine import quoted
from lyceum.tables import canonical
from pipelines.prepared import inlined

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends import BaseBackend as Backend

ZONE = "Asia/Shanghai"


def sql(job: Job, /) -> dict[str, float]:
    """The hand-written query."""
    con = connect(job)
    with timed() as found:
        con.execute(f"COPY ({hand_query()}) TO {quoted(job.to)} (FORMAT parquet)")
    return found


def ours(job: Job, /) -> dict[str, float]:
    """The same columns from the project's feature sets, from the log on, nothing stored before, in one statement.

    So the engine leaves out whatever none of the columns hangs on.
    """
    import ibis

    con = connect(job)
    backend = ibis.duckdb.from_connection(con)
    con.execute(f"CREATE TEMP TABLE moments AS SELECT {_moment('TIMESTAMPTZ')}")
    names = columns()
    ibis.options.sql.fuse_selects = False  # the engine does that by itself
    with timed() as found:
        rows = _forty(backend, names, lambda _name, made: made)
        query = inlined(rows, table="events")
        con.execute(f"COPY ({query}) TO {quoted(job.to)} (FORMAT parquet)")
    return found


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


def spark(job: Job, /) -> dict[str, float]:
    """What `ours` does, by Spark on this machine; its start is not counted, and of the cores only Python's part."""
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

    def keep(name: str, made: "ir.Table") -> "ir.Table":
        session.sql(str(backend.compile(made))).cache().createOrReplaceTempView(name)
        return backend.table(name)

    with timed() as found:
        rows = _forty(backend, names, keep)
        session.sql(str(backend.compile(rows))).write.mode("overwrite").parquet(str(job.to))
    return found
