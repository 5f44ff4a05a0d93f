"""The weekly numbers beside their own history: last week, eight weeks, a year ago, unusual or not."""

from collections.abc import Collection
from datetime import date

import pandas as pd

from features.kpis import KPIS, Kpi, known
from lyceum.tables.scorecards import SMALLEST_DENOMINATOR, WEEKLY_KPIS

HISTORY_WEEKS = 8
ENOUGH_WEEKS = 4  # of history before anything is called unusual
YEAR_WEEKS = 52
SPREADS = 2.0
DUST = 1e-9  # of the mean: what is left by rounding where weeks are alike
MS_PER_MINUTE = 60_000


def weekly_kpis(
    counts: pd.DataFrame, ratings: pd.DataFrame, /, *, signals: Collection[str], as_of: date
) -> pd.DataFrame:
    """The rows of marts.weekly_kpis, one per week and number, from the frames of features.kpi_counts.

    Numbers that the logs cannot fill are null in every week. Weeks without a single act count as zero, the last ones
    before `as_of` too.
    """
    weeks = _complete(counts, ratings, as_of=as_of)
    told = known(signals)
    rows = pd.concat([_history(weeks, kpi, is_known=kpi in told) for kpi in KPIS], ignore_index=True)
    return rows[WEEKLY_KPIS.names].sort_values(["week", "kpi"], ignore_index=True)


def _complete(counts: pd.DataFrame, ratings: pd.DataFrame, *, as_of: date) -> pd.DataFrame:
    both = counts.set_index("week").join(ratings.set_index("week"), how="outer")
    both.index = pd.to_datetime(both.index)
    last = pd.Timestamp(as_of) - pd.Timedelta(weeks=1)
    every = pd.date_range(min(both.index.min(), last), last, freq="7D", name="week")
    weeks = both.reindex(every).astype("float64").fillna(0.0)
    return weeks.assign(
        learning_minutes=weeks["learning_ms"] / MS_PER_MINUTE,
        dau_mean=weeks["active_user_days"] / 7,
        seven_wau=weeks["wau"] * 7,
        returning=weeks["wau"] - weeks["new_users"],
        wau_before=weeks["wau"].shift(1, fill_value=0.0),
        new_before=weeks["new_users"].shift(1, fill_value=0.0),
        stars=weeks["hundredths"] / 100,
    )


def _history(weeks: pd.DataFrame, kpi: Kpi, *, is_known: bool) -> pd.DataFrame:
    rows = _now(weeks, kpi)
    if not is_known:
        rows[["value", "numerator", "denominator"]] = float("nan")
    value = rows["value"]
    before = pd.concat([value.shift(back) for back in range(1, HISTORY_WEEKS + 1)], axis=1)
    enough = before.count(axis=1) >= ENOUGH_WEEKS
    rows["previous"], rows["year_ago"] = value.shift(1), value.shift(YEAR_WEEKS)
    rows["mean_8w"], rows["spread_8w"] = before.mean(axis=1).where(enough), before.std(axis=1).where(enough)
    distance = (value - rows["mean_8w"]).abs()
    unusual = (distance > SPREADS * rows["spread_8w"] + DUST * rows["mean_8w"].abs()).astype("object")
    rows["unusual"] = unusual.where(enough & value.notna(), None)
    rows["area"], rows["kpi"], rows["unit"] = kpi.area, kpi.name, kpi.unit
    return rows.rename_axis("week").reset_index()


def _now(weeks: pd.DataFrame, kpi: Kpi) -> pd.DataFrame:
    """value, numerator and denominator of every week; a rate of few is null, its parts are not."""
    if not isinstance(kpi.of, tuple):
        nothing = float("nan")
        return pd.DataFrame({"value": weeks[kpi.of], "numerator": nothing, "denominator": nothing})
    numerator, denominator = (weeks[name] for name in kpi.of)
    enough = weeks[[kpi.of[1], kpi.enough or kpi.of[1]]].min(axis=1) >= SMALLEST_DENOMINATOR
    value = (numerator * kpi.per / denominator).where(enough)
    return pd.DataFrame({"value": value, "numerator": numerator, "denominator": denominator})
