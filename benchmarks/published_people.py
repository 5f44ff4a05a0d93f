"""How long a week of many people takes to publish, and how much memory: the whole last step, on made-up people."""

import re
import resource
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.ingest import Figures, apart
from benchmarks.published_homes import AS_OF, context
from benchmarks.waiting import peak_gb
from lyceum import engine, releases
from lyceum.engine import quoted
from lyceum.schema import BIGINT, BOOLEAN, DOUBLE, MONEY, Column, Table, table, with_history
from pipelines.context import Context

if TYPE_CHECKING:
    import duckdb

WINDOW = re.compile(r"(.+)_(\d+)d")
LONGEST = 84  # days, the longest window of a feature
ITEMS, SEGMENTS = 500, 8
RANKS, TOPICS, DAYS = 10, 2, 3  # rows that a person has in recommendations, interests and the ledger, if any
SHOWN, INTERESTED, EARNING, TALKING = 0.8, 0.5, 0.3, 0.35  # the shares of people who have any
REASON = (  # of about the length that the weekly step writes
    '{"column": "%s", "value": ?, "contribution": 0.17, "exact": false, '
    '"zh": "近84天访问 ? 次（常见为 18 次），与更高的流失可能相关", '
    '"en": "? visits in the last 84 days (18 is usual), associated with a higher chance of leaving"}'
)
COLUMNS = ("sessions_84d", "active_days_14d", "active_weeks_84d")  # that the reasons speak of


def publish_people(folder: Path, /, *, users: int, seed: int) -> Figures:
    """Store a week of `users` made-up people and publish it: rows, megabytes, seconds and the peaks of memory."""
    apart(prepare, folder, users, seed)
    return {"users": users, **apart(measure, folder)}


def prepare(folder: Path, users: int, seed: int, /) -> Figures:
    """Write the tables that have a row per person or item, drawn as `seed` says."""
    ctx = context(folder)
    with engine.connect(memory_limit=ctx.settings.memory_limit, threads=ctx.settings.threads) as con:
        ids = f"md5(concat(n, ' {seed}'))"
        con.execute(f"CREATE TABLE people AS SELECT n, {ids} AS user_id FROM range({users}) numbers(n) ORDER BY 2")
        for name, given in GIVEN.items():
            _store(con, ctx, table(name), given, source=SOURCES.get(name, "people"))
    return {}


def _store(
    con: "duckdb.DuckDBPyConnection", ctx: Context, each: Table, given: Mapping[str, str], *, source: str
) -> None:
    lake, stored = ctx.features if each.name.startswith("features.") else ctx.scored, with_history(each)
    given = {"as_of": f"DATE '{AS_OF}'", **given}
    columns = ", ".join(f'CAST({given.get(c.name) or drawn(c)} AS {c.type}) AS "{c.name}"' for c in stored.columns)
    reader = con.sql(f"SELECT {columns} FROM {source}").to_arrow_reader(100_000)
    lake.replace(stored, reader, partition={"as_of": [AS_OF.isoformat()]})


def _uniform(name: str) -> str:
    """A number from 0 to 1 for the row: the same wherever the name is the same."""
    return f"(hash(n, {quoted(name)}) / 18446744073709551616.0)"


def drawn(column: Column) -> str:
    """Many zeros and a long tail; a count over a longer window is never less than over a shorter one."""
    found = WINDOW.fullmatch(column.name)
    stem, days = (found[1], int(found[2])) if found else (column.name, LONGEST)
    most = 40 * min(days, LONGEST) / LONGEST / (7 if column.unit == "weeks" else 1)
    amount = (
        f"{most} * pow({_uniform(stem.replace('learners', 'users'))}, 4)"  # there are no more learners than users
    )
    if column.type == BIGINT:
        return f"least(floor({amount}), 1)" if column.unit == "0 or 1" else f"floor({amount})"
    if column.type in (DOUBLE, MONEY):
        return amount
    return f"{_uniform(stem)} < 0.5" if column.type == BOOLEAN else f"concat('kind ', floor(20 * {_uniform(stem)}))"


def _reasons(kind: str) -> str:
    """Three reasons as JSON text, each with a number of the person's."""
    text = ", ".join(REASON % column for column in COLUMNS)
    return f"'[' || replace({quoted(text)}, '?', floor(100 * {_uniform(kind)})::INTEGER::VARCHAR) || ']'"


CHURN = f"round({_uniform('churn')}, 6)"
ACTED = f"floor(40 * pow({_uniform('acts')}, 4)) > 0"  # within 84 days, as acts_84d is drawn
GIVEN: Mapping[str, Mapping[str, str]] = {  # SQL over the source of each table; the other columns are drawn
    "features.user_snapshot": {
        "user_id": "user_id",
        "recency_days": f"CASE WHEN {ACTED} THEN 1 ELSE 90 END + floor(80 * {_uniform('recency')})",
        "tenure_days": f"400 + floor(300 * {_uniform('tenure')})",
    },
    "features.item_snapshot": {"item_id": "item_id", "on_sale": "true"},
    "marts.user_scores": {
        "user_id": "user_id",
        "segment_id": f"1 + n % {SEGMENTS}",
        "lifecycle_state": "(['active', 'at_risk', 'dormant', 'churned', 'new'])[1 + n % 5]",
        "score_status": "'scored'",
        "eligible": "true",
        "churn_28d": CHURN,
        "retention_28d": f"1 - {CHURN}",
        **{name: f"round({_uniform(name)}, 6)" for name in ("retention_7d", "retention_84d")},
        **{name: f"round({_uniform(name)}, 6)" for name in ("purchase_14d", "purchase_28d")},
        "churn_reasons": _reasons("churn"),
        "purchase_reasons": _reasons("purchase"),
        "level": f"1 + floor(9 * {_uniform('level')})",
    },
    "marts.segments": {
        "segment_id": "1 + n",
        **dict.fromkeys(("name_zh", "name_en"), "concat('segment ', n)"),
        "kind": "'constructed'",
        "known_since": f"DATE '{AS_OF}'",
        **dict.fromkeys(("spend_share", "retained_share_28d"), f"1.0 / {SEGMENTS}"),
        **dict.fromkeys(("top_items", "demographics", "typical_week"), "NULL"),
        "share": f"1.0 / {SEGMENTS}",
        "retention_28d_mean": "0.5",
        "traits": "'{}'",
    },
    "marts.recommendations": {
        "user_id": "user_id",
        "rank": "rank",
        "item_id": f"concat('c', (n * 7 + rank) % {ITEMS})",
        "score": f"{_uniform('score')} / rank",
        "arm": "'personal'",
    },
    "marts.interests": {
        "user_id": "user_id",
        "topic": "concat('topic ', (n + nth) % 40)",
        "weight": f"1.0 / {TOPICS}",
    },
    "marts.points_ledger": {
        "user_id": "user_id",
        "day": f"DATE '{AS_OF}' - nth::INTEGER",
        "rule": "(['comment', 'complete', 'check_in', 'learn'])[1 + n % 4]",
        "events": "1 + n % 5",
    },
    "marts.community_members": {"user_id": "user_id", "behaviour_id": "NULL"},  # no way of taking part is made up
}
SOURCES = {
    "features.item_snapshot": f"(SELECT n, concat('c', n) AS item_id FROM range({ITEMS}) numbers(n))",
    "marts.segments": f"range({SEGMENTS}) numbers(n)",
    "marts.recommendations": f"people, range(1, {RANKS} + 1) ranks(rank) WHERE {_uniform('r')} < {SHOWN}",
    "marts.interests": f"people, range({TOPICS}) topics(nth) WHERE {_uniform('i')} < {INTERESTED}",
    "marts.points_ledger": f"people, range(1, {DAYS} + 1) days(nth) WHERE {_uniform('p')} < {EARNING}",
    "marts.community_members": f"people WHERE {_uniform('m')} < {TALKING}",
}


def measure(folder: Path, /) -> Figures:
    """Publish the week; seconds, and the peaks of memory of this process and of the one that reads back."""
    from pipelines.publish import publish

    ctx, begin = context(folder), time.monotonic()
    with ctx.home.lock():
        parts = list(publish(ctx, AS_OF))
    seconds = time.monotonic() - begin
    used, by_reader = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "rows": sum(part.rows or 0 for part in parts if part.part == "release"),
        "database_mb": round(releases.current(ctx.home).database.stat().st_size / 1e6),
        "publish_seconds": round(seconds, 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime + by_reader.ru_utime + by_reader.ru_stime, 1),
        "peak_gb": peak_gb(),
        "peak_gb_reading_back": round(by_reader.ru_maxrss / 2**20, 2),
    }
