"""What somebody learns: time, lessons, exercises, check-ins."""

from datetime import date

import ibis.expr.types as ir

from features.windows import FeatureSet, days_with, sums, total
from lyceum.tables.features import LEARNED

MS_PER_MINUTE = 60_000


def _aggregates(days: ir.Table, as_of: date) -> dict[str, ir.Value]:
    milliseconds = sums(days, "learning_ms", "learning_minutes", as_of=as_of)
    return {
        **sums(days, "learning_events", "learning_events", as_of=as_of),
        **days_with(days, "learning_events", "learning_days", as_of=as_of),
        **{name: value.cast("float64") / MS_PER_MINUTE for name, value in milliseconds.items()},
        **sums(days, "completions", "completions", as_of=as_of),
        **sums(days, "submissions", "submissions", as_of=as_of),
        **sums(days, "check_ins", "check_ins", as_of=as_of),
        "enrolments_total": total(days.enrolments),
    }


LEARNING_SET = FeatureSet("learning", LEARNED, _aggregates)
