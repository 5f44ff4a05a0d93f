"""What every contender for the forty columns is given, and what they have in common."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.feature_log import LAST
from lyceum import engine
from lyceum.events import INTENT, INTERACTING, LEARNING, WRITING
from lyceum.tables import canonical
from pipelines.context import Context

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as DuckDB

QUERY = Path(__file__).parents[1] / "features.sql"
READ = (
    *("user_id", "event_type", "event_date", "item_id", "target_user_id", "object_id", "event_id", "amount"),
    "duration_ms",
)
GROUPS = {
    "learning": LEARNING,
    "intent": INTENT,
    "completions": ("complete",),
    "texts": WRITING,
    "interactions": INTERACTING,
}
COUNTS = (
    *(("acts", "acts", days) for days in (7, 28, 84)),
    *(("learning_events", "learning", 28), ("intent_events", "intent", 28), ("completions", "completions", 84)),
    *(("texts_written", "texts", 28), ("interactions", "interactions", 28)),
    *(("learning_minutes", "ms", days) for days in (7, 14, 28, 56, 84)),
    *(("spend", "cents", days) for days in (7, 28, 56, 84)),
)
DAYS = (
    *(("active_days", "acts", days) for days in (7, 14, 28, 56, 84)),
    *(("learning_days", "learning", n) for n in (28, 84)),
)


@dataclass(frozen=True)
class Job:
    """What a contender is given: the home with the log, where to write, whether to count what is read of the log."""

    ctx: Context
    to: Path
    count: bool = False


@contextmanager
def timed() -> Iterator[dict[str, float]]:
    """Measures what is done while it is open: seconds of the clock, and of all cores of this process together."""
    found: dict[str, float] = {}
    begin, busy = time.monotonic(), time.process_time()
    yield found
    found |= {"seconds": time.monotonic() - begin, "cpu_seconds": time.process_time() - busy}


def hand_query(as_of: date = LAST, /) -> str:
    """The tuned query of features.sql."""
    return QUERY.read_text(encoding="utf-8").format(as_of=f"DATE '{as_of}'")


def columns() -> list[str]:
    """The forty columns, from a run of the query over empty tables."""
    con = engine.connect()
    for table in (canonical.EVENTS, canonical.ROLES):
        con.execute(table.ddl())
    return [name for name in con.sql(hand_query()).columns if name != "user_id"]


def connect(job: Job, /) -> "DuckDB":
    """The engine with the lake's tables as views."""
    settings = job.ctx.settings
    con = engine.connect(memory_limit=settings.memory_limit, threads=settings.threads, temp=job.ctx.home.staging)
    for table in canonical.FROM_SOURCES:
        job.ctx.lake.view(con, table)
    return con


def log_files(job: Job, /) -> list[str]:
    """The Parquet files of the log, for those who read them by themselves."""
    return [str(path) for path in sorted(job.ctx.lake.path(canonical.EVENTS).glob("event_date=*/*.parquet"))]


def apart(job: Job, /) -> list[str]:
    """Staff, test accounts and bots, who are left out."""
    query = "SELECT user_id FROM roles WHERE role IN ('staff', 'test', 'bot')"
    return [user for (user,) in connect(job).execute(query).fetchall()]
