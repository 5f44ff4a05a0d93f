"""The forty columns as somebody who knows Polars would write them well: as `by_pandas`, in one lazy query."""

from datetime import date
from typing import TYPE_CHECKING

from benchmarks.feature_log import LAST
from benchmarks.peers.forty import COUNTS, DAYS, GROUPS, READ, Job, apart, log_files, timed
from lyceum.events import INTERACTING, LEARNING, NOT_AN_ACT

if TYPE_CHECKING:
    import polars as pl


def write(job: Job, /) -> dict[str, float]:
    """Write the forty columns of the job's log; seconds of the clock and of the cores."""
    import polars as pl

    log, roles = log_files(job), apart(job)
    with timed() as found:
        pl.collect_all([forty(log, roles, LAST)])[0].write_parquet(job.to)
    return found


def forty(files: list[str], roles: list[str], as_of: date, /) -> "pl.LazyFrame":
    """One row per person, from the Parquet files of the log; `roles` are the people to leave out."""
    import polars as pl

    events = (
        pl.scan_parquet(files, hive_partitioning=True, hive_schema={"event_date": pl.Date})
        .select(READ)
        .filter(pl.col("event_date") < as_of, pl.col("user_id").is_not_null(), ~pl.col("user_id").is_in(roles))
        .with_columns(
            ago=(pl.lit(as_of) - pl.col("event_date")).dt.total_days().cast(pl.Int32),
            event_type=pl.col("event_type").cast(pl.Categorical),
        )
    )
    days = _days(events)
    near = days.filter(pl.col("acts") > 0).filter(pl.col("ago") <= 84).select("user_id", "ago").sort("user_id", "ago")
    rows = _windows(days)
    for part in (_orders(events), _partners(events), _gaps(near)):
        rows = rows.join(part, on="user_id", how="left")
    absent = ("recency", "gap_")
    counted = [
        name for name in rows.collect_schema().names() if name != "user_id" and not any(w in name for w in absent)
    ]
    return rows.with_columns(pl.col(counted).fill_null(0)).with_columns(
        gap_current_ratio=pl.col("recency_days") / pl.col("gap_mean_84d")
    )


def _days(events: "pl.LazyFrame") -> "pl.LazyFrame":
    import polars as pl

    kind = pl.col("event_type").cast(pl.String)
    removed = ((kind == "remove") & (pl.col("target_user_id") == pl.col("user_id"))).fill_null(False)
    cents = (pl.col("amount") * 100).cast(pl.Int64)
    return events.group_by("user_id", "ago").agg(
        acts=(~kind.is_in(NOT_AN_ACT) & ~removed).sum().cast(pl.Int64),
        **{name: kind.is_in(kinds).sum().cast(pl.Int64) for name, kinds in GROUPS.items()},
        ms=pl.col("duration_ms").filter(kind.is_in(LEARNING)).sum(),
        cents=cents.filter(kind == "purchase").sum() - cents.filter(kind == "refund").sum(),
    )


def _windows(days: "pl.LazyFrame") -> "pl.LazyFrame":
    import polars as pl

    ago = pl.col("ago")
    worth = {"ms": 60_000, "cents": 100}
    sums = {
        f"{name}_{n}d": pl.col(measure).filter(ago <= n).sum() / worth[measure]
        if measure in worth
        else pl.col(measure).filter(ago <= n).sum()
        for name, measure, n in COUNTS
    }
    counts = {f"{name}_{n}d": ((ago <= n) & (pl.col(measure) > 0)).sum() for name, measure, n in DAYS}
    return days.group_by("user_id").agg(
        **sums, **counts, spend_total=pl.col("cents").sum() / 100, recency_days=ago.filter(pl.col("acts") > 0).min()
    )


def _orders(events: "pl.LazyFrame") -> "pl.LazyFrame":
    import polars as pl

    paid = events.filter(pl.col("event_type") == "purchase", pl.col("amount") > 0)
    orders = paid.select("user_id", "ago", order=pl.coalesce("object_id", "event_id")).unique()
    ago = pl.col("ago")
    n = ago.n_unique()
    return orders.group_by("user_id").agg(
        purchases_28d=(ago <= 28).sum(),
        purchases_84d=(ago <= 84).sum(),
        purchase_recency_days=ago.min(),
        purchase_gap_mean_days=pl.when(n > 1).then((ago.max() - ago.min()) / (n - 1)),
    )


def _partners(events: "pl.LazyFrame") -> "pl.LazyFrame":
    import polars as pl

    kind, other = pl.col("event_type").cast(pl.String), pl.col("target_user_id")
    near = events.filter(pl.col("ago") <= 84, kind.is_in(INTERACTING), other != pl.col("user_id"))
    pairs = near.group_by("user_id", other=other).agg(pl.col("ago").min())
    both = pl.concat([pairs, pairs.select(user_id="other", other="user_id", ago="ago")])
    newest = both.group_by("user_id", "other").agg(pl.col("ago").min())
    return newest.group_by("user_id").agg(partners_28d=(pl.col("ago") <= 28).sum(), partners_84d=pl.len())


def _gaps(near: "pl.LazyFrame") -> "pl.LazyFrame":
    """From the active days (user_id, ago) of the last 84, in order."""
    import polars as pl

    ago, n = pl.col("ago"), pl.len()
    gaps = near.group_by("user_id").agg(
        gap_mean_84d=pl.when(n > 1).then((ago.max() - ago.min()) / (n - 1)), gap_longest_84d=ago.sort().diff().max()
    )
    weeks = near.select("user_id", week=(ago - 1) // 7).unique().sort("user_id", "week")
    counted = weeks.group_by("user_id").agg(active_weeks_84d=pl.len())
    for part in (
        _runs(near, "ago", 1, ("streak_days", "streak_days_longest_84d")),
        counted,
        _runs(weeks, "week", 0, ("streak_weeks", "streak_weeks_longest_84d")),
    ):
        gaps = gaps.join(part, on="user_id", how="left")
    return gaps


def _runs(rows: "pl.LazyFrame", unit: str, newest: int, names: tuple[str, str]) -> "pl.LazyFrame":
    import polars as pl

    run = pl.col(unit) - pl.int_range(pl.len(), dtype=pl.Int32).over("user_id")
    runs = rows.with_columns(run=run).group_by("user_id", "run").agg(size=pl.len(), first=pl.col(unit).min())
    current = pl.col("size").filter(pl.col("first") == newest).max()
    return runs.group_by("user_id").agg(current.alias(names[0]), pl.col("size").max().alias(names[1]))
