"""How much, how often and how regularly somebody is there."""

from datetime import date

import ibis
import ibis.expr.types as ir

from features.windows import FeatureSet, days_since, days_with, sums, total, within
from lyceum.tables.features import ACTIVITY


def _aggregates(days: ir.Table, as_of: date) -> dict[str, ir.Value]:
    acting = days.acts > 0
    week = (ibis.literal(as_of).delta(days.event_date, unit="day") - 1) // 7
    recent = acting & within(days, as_of=as_of, window_days=84)
    first = days.event_date.min(where=days.own_events > 0)
    return {
        "tenure_days": ibis.literal(as_of).delta(first, unit="day").cast("int64"),
        "recency_days": days_since(days, as_of=as_of, where=acting),
        **sums(days, "acts", "acts", as_of=as_of),
        **days_with(days, "acts", "active_days", as_of=as_of),
        "active_weeks_84d": week.nunique(where=recent),
        "acts_trend": _trend(days, as_of=as_of),
    }


def _trend(days: ir.Table, /, *, as_of: date) -> ir.Value:
    month = total(days.acts, where=within(days, as_of=as_of, window_days=28))
    quarter = total(days.acts, where=within(days, as_of=as_of, window_days=84))
    return ibis.ifelse(quarter > 0, month.cast("float64") * 3 / quarter.cast("float64") - 1, ibis.null("float64"))


ACTIVITY_SET = FeatureSet("activity", ACTIVITY, _aggregates)
