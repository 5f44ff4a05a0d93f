"""The weekly numbers beside their own history: last week, mean and spread of eight weeks, unusual or not."""

from collections.abc import Collection

import pandas as pd

from features.kpis import KPIS, Kpi, known
from lyceum.tables.marts import WEEKLY_KPIS

SMALLEST_DENOMINATOR = 30  # FIELD 0: below it a rate is no figure
HISTORY_WEEKS = 8
ENOUGH_WEEKS = 4  # of history before anything is called unusual
SPREADS = 2.0
MS_PER_MINUTE = 60_000
RATES = {  # numerator, denominator
    "stickiness": ("active_user_days", "seven_wau"),
    "week1_retention": ("kept_new", "new_before"),
    "rating_mean": ("stars", "hundred_ratings"),
    "rating_good_share": ("good", "ratings"),
}


def weekly_kpis(counts: pd.DataFrame, voices: pd.DataFrame, /, *, signals: Collection[str]) -> pd.DataFrame:
    """The rows of marts.weekly_kpis, one per week and number, from the frames of features.kpis.

    Numbers that the logs cannot fill are null in every week. Weeks without a single event count as zero.
    """
    weeks = _complete(counts, voices)
    rows = pd.concat([_history(weeks, kpi, is_known=kpi in known(signals)) for kpi in KPIS], ignore_index=True)
    return rows[WEEKLY_KPIS.names].sort_values(["week", "kpi"], ignore_index=True)


def _complete(counts: pd.DataFrame, voices: pd.DataFrame) -> pd.DataFrame:
    both = counts.set_index("week").join(voices.set_index("week"), how="outer")
    both.index = pd.to_datetime(both.index)
    every = pd.date_range(both.index.min(), both.index.max(), freq="7D", name="week")
    weeks = both.reindex(every).astype("float64").fillna(0.0)
    return weeks.assign(
        net=weeks["gmv"] - weeks["refunds"],
        learning_minutes=weeks["learning_ms"] / MS_PER_MINUTE,
        seven_wau=weeks["wau"] * 7,
        new_before=weeks["new_users"].shift(1, fill_value=0.0),
        hundred_ratings=weeks["ratings"] * 100,
    )


def _history(weeks: pd.DataFrame, kpi: Kpi, *, is_known: bool) -> pd.DataFrame:
    rows = pd.DataFrame(index=weeks.index)
    rows["numerator"], rows["denominator"] = _parts(weeks, kpi)
    rows["value"] = _value(weeks, kpi, rows)
    if not is_known:
        rows[["value", "numerator", "denominator"]] = float("nan")
    before = rows["value"].shift(1)
    window = before.rolling(HISTORY_WEEKS, min_periods=ENOUGH_WEEKS)
    rows["previous"] = before
    rows["mean_8w"], rows["spread_8w"] = window.mean(), window.std()
    distance = (rows["value"] - rows["mean_8w"]).abs()
    unusual = (distance > SPREADS * rows["spread_8w"]).astype("object")
    rows["unusual"] = unusual.where(rows["spread_8w"].notna() & rows["value"].notna(), None)
    rows["kpi"], rows["unit"] = kpi.name, kpi.unit
    return rows.rename_axis("week").reset_index()


def _parts(weeks: pd.DataFrame, kpi: Kpi) -> tuple[pd.Series, pd.Series]:
    if not kpi.rate:
        nothing = pd.Series(float("nan"), index=weeks.index)
        return nothing, nothing
    numerator, denominator = RATES[kpi.name]
    return weeks[numerator], weeks[denominator]


def _value(weeks: pd.DataFrame, kpi: Kpi, parts: pd.DataFrame) -> pd.Series:
    if not kpi.rate:
        return weeks[kpi.name]
    enough = parts["denominator"] >= SMALLEST_DENOMINATOR
    return (parts["numerator"] / parts["denominator"]).where(enough)
