"""The forty columns of features.sql as somebody who knows pandas, or polars, would write them well.

Both read only the columns that they need, make ids categorical, add the log up per person and day first, and take
windows, gaps and streaks from the days. Money is added up in whole cents.
"""

from datetime import date
from typing import TYPE_CHECKING, Any

from lyceum.events import INTENT, INTERACTING, LEARNING, NOT_AN_ACT, WRITING

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

APART = ("staff", "test", "bot")
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


def by_pandas(files: list[str], roles: list[str], as_of: date, /) -> "pd.DataFrame":
    """One row per person, from the Parquet files of the log; `roles` are the people to leave out."""
    import pandas as pd

    read: Any = pd.read_parquet  # its stubs know one file only
    events = read(files, columns=list(READ), dtype_backend="pyarrow", filters=[("event_date", "<", str(as_of))])
    events = events[events["user_id"].notna() & ~events["user_id"].isin(roles)]
    events["user_id"] = events["user_id"].astype("category")
    events["event_type"] = events["event_type"].astype("category")
    events["ago"] = (pd.Timestamp(as_of) - pd.to_datetime(events["event_date"])).dt.days.astype("int32")
    days = _pandas_days(events)
    rows = pd.DataFrame(index=days.index.get_level_values("user_id").unique())
    ago = days.index.get_level_values("ago").to_numpy()
    for name, measure, window in COUNTS:
        part = days.loc[ago <= window, measure]
        rows[f"{name}_{window}d"] = part.groupby(level="user_id", observed=True).sum()
    rows["spend_total"] = days["cents"].groupby(level="user_id", observed=True).sum()
    for name, measure, window in DAYS:
        part = days.loc[(ago <= window) & (days[measure].to_numpy() > 0), measure]
        rows[f"{name}_{window}d"] = part.groupby(level="user_id", observed=True).size()
    for other in (_pandas_orders(events), _pandas_partners(events)):
        rows = rows.join(other)
    counted = rows.columns.difference(["purchase_recency_days", "purchase_gap_mean_days"])
    rows[counted] = rows[counted].fillna(0)
    rows = rows.join(_pandas_gaps(days.loc[days["acts"].to_numpy() > 0].index))
    for name in (
        "active_weeks_84d",
        "streak_days",
        "streak_days_longest_84d",
        "streak_weeks",
        "streak_weeks_longest_84d",
    ):
        rows[name] = rows[name].fillna(0)
    money = [name for name in rows.columns if name.startswith("spend")]
    minutes = [name for name in rows.columns if name.startswith("learning_minutes")]
    rows[money], rows[minutes] = rows[money] / 100, rows[minutes] / 60_000
    rows["gap_current_ratio"] = rows["recency_days"] / rows["gap_mean_84d"]
    return rows.reset_index()


def _pandas_days(events: "pd.DataFrame") -> "pd.DataFrame":
    """Sums per person and day, sorted."""
    kind = events["event_type"]
    removed = ((kind == "remove") & (events["target_user_id"] == events["user_id"].astype("str"))).fillna(False)
    events["acts"] = (~kind.isin(NOT_AN_ACT) & ~removed).astype("int64")
    for name, kinds in GROUPS.items():
        events[name] = kind.isin(kinds).astype("int64")
    events["ms"] = events["duration_ms"].where(kind.isin(LEARNING)).fillna(0).astype("int64")
    events["cents"] = 0
    for word, sign in (("purchase", 1), ("refund", -1)):
        chosen = (kind == word).to_numpy()
        events.loc[chosen, "cents"] = sign * (events.loc[chosen, "amount"].astype("float64") * 100).round().astype(
            "int64"
        )
    measures = ["acts", *GROUPS, "ms", "cents"]
    return events.groupby(["user_id", "ago"], observed=True, sort=True)[measures].sum()


def _pandas_orders(events: "pd.DataFrame") -> "pd.DataFrame":
    import pandas as pd

    lines = events[(events["event_type"] == "purchase") & (events["amount"] > 0).fillna(False)]
    order = lines["object_id"].fillna(lines["event_id"])
    orders = lines.assign(order=order)[["user_id", "ago", "order"]].drop_duplicates()
    found = {
        f"purchases_{window}d": orders[orders["ago"] <= window].groupby("user_id", observed=True).size()
        for window in (28, 84)
    }
    days = (
        orders[["user_id", "ago"]]
        .drop_duplicates()
        .groupby("user_id", observed=True)["ago"]
        .agg(["min", "max", "size"])
    )
    found["purchase_recency_days"] = days["min"]
    found["purchase_gap_mean_days"] = ((days["max"] - days["min"]) / (days["size"] - 1)).where(days["size"] > 1)
    return pd.DataFrame(found)


def _pandas_partners(events: "pd.DataFrame") -> "pd.DataFrame":
    import pandas as pd

    near = events[(events["ago"] <= 84) & events["event_type"].isin(INTERACTING) & events["target_user_id"].notna()]
    pairs = pd.DataFrame(
        {"user_id": near["user_id"].astype("str"), "other": near["target_user_id"].astype("str"), "ago": near["ago"]}
    )
    pairs = pairs[pairs["user_id"] != pairs["other"]]
    mirrored = pairs.rename(columns={"user_id": "other", "other": "user_id"})
    newest = pd.concat([pairs, mirrored]).groupby(["user_id", "other"])["ago"].min()
    return pd.DataFrame(
        {f"partners_{window}d": newest[newest <= window].groupby(level="user_id").size() for window in (28, 84)}
    )


def _pandas_gaps(active: "pd.Index[Any]") -> "pd.DataFrame":
    """From the active days (user_id, ago), in order."""
    import pandas as pd

    days = active.to_frame(index=False)
    found = {"recency_days": days.groupby("user_id", observed=True)["ago"].min()}
    near = days[days["ago"] <= 84]
    people = near.groupby("user_id", observed=True)["ago"]
    n = people.size()
    found["gap_mean_84d"] = ((people.max() - people.min()) / (n - 1)).where(n > 1)
    found["gap_longest_84d"] = near.assign(gap=people.diff()).groupby("user_id", observed=True)["gap"].max()
    found |= _pandas_runs(near, "ago", 1, ("streak_days", "streak_days_longest_84d"))
    weeks = near.assign(week=(near["ago"] - 1) // 7)[["user_id", "week"]].drop_duplicates()
    found["active_weeks_84d"] = weeks.groupby("user_id", observed=True).size()
    found |= _pandas_runs(weeks, "week", 0, ("streak_weeks", "streak_weeks_longest_84d"))
    return pd.DataFrame(found)


def _pandas_runs(rows: "pd.DataFrame", unit: str, newest: int, names: tuple[str, str]) -> dict[str, Any]:
    """The run that ends at the newest day or week, and the longest one."""
    begins = rows.groupby("user_id", observed=True)[unit].diff() != 1
    runs = rows.assign(run=begins.cumsum()).groupby(["user_id", "run"], observed=True)[unit].agg(["size", "min"])
    current = runs.loc[runs["min"] == newest, "size"].groupby(level="user_id", observed=True).max()
    return {names[0]: current, names[1]: runs["size"].groupby(level="user_id", observed=True).max()}


def by_polars(files: list[str], roles: list[str], as_of: date, /) -> "pl.LazyFrame":
    """The same as `by_pandas`, lazily."""
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
    days = _polars_days(events)
    near = days.filter(pl.col("acts") > 0).filter(pl.col("ago") <= 84).select("user_id", "ago").sort("user_id", "ago")
    rows = _polars_windows(days)
    for part in (_polars_orders(events), _polars_partners(events), _polars_gaps(near)):
        rows = rows.join(part, on="user_id", how="left")
    absent = ("recency", "gap_")
    counted = [
        name for name in rows.collect_schema().names() if name != "user_id" and not any(w in name for w in absent)
    ]
    return rows.with_columns(pl.col(counted).fill_null(0)).with_columns(
        gap_current_ratio=pl.col("recency_days") / pl.col("gap_mean_84d")
    )


def _polars_days(events: "pl.LazyFrame") -> "pl.LazyFrame":
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


def _polars_windows(days: "pl.LazyFrame") -> "pl.LazyFrame":
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


def _polars_orders(events: "pl.LazyFrame") -> "pl.LazyFrame":
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


def _polars_partners(events: "pl.LazyFrame") -> "pl.LazyFrame":
    import polars as pl

    kind, other = pl.col("event_type").cast(pl.String), pl.col("target_user_id")
    near = events.filter(pl.col("ago") <= 84, kind.is_in(INTERACTING), other != pl.col("user_id"))
    pairs = near.group_by("user_id", other=other).agg(pl.col("ago").min())
    both = pl.concat([pairs, pairs.select(user_id="other", other="user_id", ago="ago")])
    newest = both.group_by("user_id", "other").agg(pl.col("ago").min())
    return newest.group_by("user_id").agg(partners_28d=(pl.col("ago") <= 28).sum(), partners_84d=pl.len())


def _polars_gaps(near: "pl.LazyFrame") -> "pl.LazyFrame":
    """From the active days (user_id, ago) of the last 84, in order."""
    import polars as pl

    ago, n = pl.col("ago"), pl.len()
    gaps = near.group_by("user_id").agg(
        gap_mean_84d=pl.when(n > 1).then((ago.max() - ago.min()) / (n - 1)), gap_longest_84d=ago.sort().diff().max()
    )
    weeks = near.select("user_id", week=(ago - 1) // 7).unique().sort("user_id", "week")
    counted = weeks.group_by("user_id").agg(active_weeks_84d=pl.len())
    for part in (
        _polars_runs(near, "ago", 1, ("streak_days", "streak_days_longest_84d")),
        counted,
        _polars_runs(weeks, "week", 0, ("streak_weeks", "streak_weeks_longest_84d")),
    ):
        gaps = gaps.join(part, on="user_id", how="left")
    return gaps


def _polars_runs(rows: "pl.LazyFrame", unit: str, newest: int, names: tuple[str, str]) -> "pl.LazyFrame":
    import polars as pl

    run = pl.col(unit) - pl.int_range(pl.len(), dtype=pl.Int32).over("user_id")
    runs = rows.with_columns(run=run).group_by("user_id", "run").agg(size=pl.len(), first=pl.col(unit).min())
    current = pl.col("size").filter(pl.col("first") == newest).max()
    return runs.group_by("user_id").agg(current.alias(names[0]), pl.col("size").max().alias(names[1]))
