"""How much, how often and how regularly somebody is there."""

import ibis
import ibis.expr.types as ir

from features.windows import FeatureSet, days_with, sums, total
from lyceum.tables.features import ACTIVITY


def _aggregates(seen: ir.Table) -> dict[str, ir.Value]:
    acting = seen.acts > 0
    return {
        "tenure_days": seen.ago.max(where=seen.own_events > 0),
        "recency_days": seen.ago.min(where=acting),
        **sums(seen, "acts", "acts"),
        **days_with(seen, "acts", "active_days"),
        "active_weeks_84d": ((seen.ago - 1) // 7).nunique(where=acting & (seen.ago <= 84)),
        "acts_trend": _trend(seen),
    }


def _trend(seen: ir.Table) -> ir.Value:
    month, quarter = (total(seen.acts, where=seen.ago <= days).cast("float64") for days in (28, 84))
    return ibis.ifelse(quarter > 0, month * 3 / quarter - 1, ibis.null("float64"))


ACTIVITY_SET = FeatureSet("activity", ACTIVITY, _aggregates)
