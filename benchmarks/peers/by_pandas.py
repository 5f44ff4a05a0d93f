"""The forty columns as somebody who knows pandas would write them well.

Only the columns that are needed are read, ids are categorical, and the log is added up per person and day first;
windows, gaps and streaks come from the days. Money is added up in whole cents.
"""

from datetime import date
from typing import TYPE_CHECKING, Any

from benchmarks.feature_log import LAST
from benchmarks.peers.forty import COUNTS, DAYS, GROUPS, READ, Job, apart, log_files, timed
from lyceum.events import INTERACTING, LEARNING, NOT_AN_ACT

if TYPE_CHECKING:
    import pandas as pd


def write(job: Job, /) -> dict[str, float]:
    """Write the forty columns of the job's log; seconds of the clock and of the cores."""
    import pandas as pd  # imported before the clock starts, like the engines of the others
    import pyarrow.dataset  # noqa: F401

    log, roles = log_files(job), apart(job)
    with timed() as found:
        rows: pd.DataFrame = forty(log, roles, LAST)
        rows.to_parquet(job.to, index=False)
    return found


def forty(files: list[str], roles: list[str], as_of: date, /) -> "pd.DataFrame":
    """One row per person, from the Parquet files of the log; `roles` are the people to leave out."""
    import pandas as pd

    read: Any = pd.read_parquet  # its stubs know one file only
    events = read(files, columns=list(READ), dtype_backend="pyarrow", filters=[("event_date", "<", str(as_of))])
    events = events[events["user_id"].notna() & ~events["user_id"].isin(roles)]
    events["user_id"] = events["user_id"].astype("category")
    events["event_type"] = events["event_type"].astype("category")
    events["ago"] = (pd.Timestamp(as_of) - pd.to_datetime(events["event_date"])).dt.days.astype("int32")
    days = _days(events)
    rows = pd.DataFrame(index=days.index.get_level_values("user_id").unique())
    ago = days.index.get_level_values("ago").to_numpy()
    for name, measure, window in COUNTS:
        part = days.loc[ago <= window, measure]
        rows[f"{name}_{window}d"] = part.groupby(level="user_id", observed=True).sum()
    rows["spend_total"] = days["cents"].groupby(level="user_id", observed=True).sum()
    for name, measure, window in DAYS:
        part = days.loc[(ago <= window) & (days[measure].to_numpy() > 0), measure]
        rows[f"{name}_{window}d"] = part.groupby(level="user_id", observed=True).size()
    for other in (_orders(events), _partners(events)):
        rows = rows.join(other)
    counted = rows.columns.difference(["purchase_recency_days", "purchase_gap_mean_days"])
    rows[counted] = rows[counted].fillna(0)
    rows = rows.join(_gaps(days.loc[days["acts"].to_numpy() > 0].index))
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


def _days(events: "pd.DataFrame") -> "pd.DataFrame":
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


def _orders(events: "pd.DataFrame") -> "pd.DataFrame":
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


def _partners(events: "pd.DataFrame") -> "pd.DataFrame":
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


def _gaps(active: "pd.Index[Any]") -> "pd.DataFrame":
    """From the active days (user_id, ago), in order."""
    import pandas as pd

    days = active.to_frame(index=False)
    found = {"recency_days": days.groupby("user_id", observed=True)["ago"].min()}
    near = days[days["ago"] <= 84]
    people = near.groupby("user_id", observed=True)["ago"]
    n = people.size()
    found["gap_mean_84d"] = ((people.max() - people.min()) / (n - 1)).where(n > 1)
    found["gap_longest_84d"] = near.assign(gap=people.diff()).groupby("user_id", observed=True)["gap"].max()
    found |= _runs(near, "ago", 1, ("streak_days", "streak_days_longest_84d"))
    weeks = near.assign(week=(near["ago"] - 1) // 7)[["user_id", "week"]].drop_duplicates()
    found["active_weeks_84d"] = weeks.groupby("user_id", observed=True).size()
    found |= _runs(weeks, "week", 0, ("streak_weeks", "streak_weeks_longest_84d"))
    return pd.DataFrame(found)


def _runs(rows: "pd.DataFrame", unit: str, newest: int, names: tuple[str, str]) -> dict[str, Any]:
    """The run that ends at the newest day or week, and the longest one."""
    begins = rows.groupby("user_id", observed=True)[unit].diff() != 1
    runs = rows.assign(run=begins.cumsum()).groupby(["user_id", "run"], observed=True)[unit].agg(["size", "min"])
    current = runs.loc[runs["min"] == newest, "size"].groupby(level="user_id", observed=True).max()
    return {names[0]: current, names[1]: runs["size"].groupby(level="user_id", observed=True).max()}
