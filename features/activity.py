"""How much, how often and how regularly somebody is there."""

from functools import reduce

import ibis
import ibis.expr.types as ir

from features.joining import USER, beside
from features.windows import FeatureSet, Past, days_with, ratio, sums, total, trend
from lyceum.tables.features_behaviour import ACTIVITY, DENSE_WINDOWS, MID_WINDOWS, QUARTER

WEEKS = QUARTER // 7


def _activity(past: Past) -> ir.Table:
    rows = beside(_presence(past), _counts(past), _rhythm(past), key=USER)
    usual = rows.gap_sum.cast("float64") / (rows.active_days_84d - 1)
    gap_mean = ibis.ifelse(rows.active_days_84d > 1, usual, ibis.null("float64"))
    weeks = _runs_of_weeks(ibis.coalesce(rows.weeks, 0))
    return rows.mutate(gap_mean_84d=gap_mean, gap_current_ratio=rows.recency_days / gap_mean, **weeks)


def _presence(past: Past) -> ir.Table:
    seen = past.seen("user_days")
    return seen.group_by(*USER).agg(tenure_days=seen.ago.max(), recency_days=seen.ago.min(where=seen.acts > 0))


def _counts(past: Past) -> ir.Table:
    seen = past.seen("user_days", within=QUARTER)
    return seen.group_by(*USER).agg(
        **sums(seen, "acts", "acts", windows=DENSE_WINDOWS),
        **days_with(seen, "acts", "active_days", windows=MID_WINDOWS),
        acts_trend=trend(seen, "acts"),
        active_days_trend=_days_trend(seen),
        complaints_84d=total(seen.complaints),
        cancellations_84d=total(seen.cancellations),
    )


def _days_trend(seen: ir.Table) -> ir.Value:
    fortnight, month = (seen.count(where=(seen.acts > 0) & (seen.ago <= days)) for days in (14, 28))
    return ratio(fortnight * 2, month) - 1


def _rhythm(past: Past) -> ir.Table:
    """Gaps and runs of the days that lie in the window; a run that began before it is cut there."""
    seen = past.fanned(active_days(past.near("user_days", within=QUARTER)), within=QUARTER)
    inside = seen.ago + seen.gap <= QUARTER
    run = ibis.least(seen.run, QUARTER + 1 - seen.ago)
    week = (seen.ago - 1) // 7
    first_of_week = seen.gap.isnull() | ((seen.ago + seen.gap - 1) // 7 > week)
    return seen.group_by(*USER).agg(
        gap_sum=seen.ago.max() - seen.ago.min(),
        gap_longest_84d=seen.gap.max(where=inside),
        streak_days=run.max(where=seen.ago == 1),
        streak_days_longest_84d=run.max(),
        weeks=total(ibis.literal(1, "int64") << week, where=first_of_week),  # each week's bit once: a sum sets it
    )


def active_days(days: ir.Table, /) -> ir.Table:
    """One row per person and day with an act.

    gap: days since the active day before (null for the first); run: the number of days in a row that were active, up
    to this one.
    """
    acting = days.filter(days.acts > 0).select("user_id", "event_date")
    by_day = ibis.window(group_by=acting.user_id, order_by=acting.event_date)
    gap = acting.event_date.delta(acting.event_date.lag().over(by_day), unit="day").cast("int64")
    dated = acting.mutate(gap=gap)
    begins = dated.mutate(begin=ibis.ifelse(ibis.coalesce(dated.gap, 2) > 1, dated.event_date, ibis.null("date")))
    so_far = ibis.window(group_by=begins.user_id, order_by=begins.event_date, preceding=None, following=0)
    run = begins.event_date.delta(begins.begin.max().over(so_far), unit="day") + 1
    return begins.select("user_id", "event_date", "gap", run=run.cast("int64"))


def _runs_of_weeks(weeks: ir.IntegerValue) -> dict[str, ir.Value]:
    """Figures of active weeks from an integer whose bit k says that the k-th week before the last one was active."""
    unbroken = [(weeks & (2**n - 1)) == 2**n - 1 for n in range(1, WEEKS + 1)]
    runs = [weeks]  # bit k of runs[n] says that a run of n + 1 active weeks ends (in time: begins) there
    for n in range(1, WEEKS):
        runs.append(runs[-1] & (weeks >> n))
    return {
        "active_weeks_84d": _count([(weeks >> n) & 1 == 1 for n in range(WEEKS)]),
        "streak_weeks": _count(unbroken),
        "streak_weeks_longest_84d": _count([each > 0 for each in runs]),
    }


def _count(conditions: list[ir.BooleanValue]) -> ir.Value:
    return reduce(lambda a, b: a + b, [each.cast("int64") for each in conditions])


ACTIVITY_SET = FeatureSet(
    "activity",
    "user",
    DENSE_WINDOWS,
    {
        "user_days": ("user_id", "event_date", "acts", "complaints", "cancellations"),
    },
    ACTIVITY,
    _activity,
)
