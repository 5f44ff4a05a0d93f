"""What somebody learns: time, lessons, exercises, check-ins."""

import ibis.expr.types as ir

from features.windows import FeatureSet, days_with, sums, total
from lyceum.tables.features import LEARNED

MS_PER_MINUTE = 60_000


def _aggregates(seen: ir.Table) -> dict[str, ir.Value]:
    milliseconds = sums(seen, "learning_ms", "learning_minutes")
    return {
        **sums(seen, "learning_events", "learning_events"),
        **days_with(seen, "learning_events", "learning_days"),
        **{name: value.cast("float64") / MS_PER_MINUTE for name, value in milliseconds.items()},
        **sums(seen, "completions", "completions"),
        **sums(seen, "submissions", "submissions"),
        **sums(seen, "check_ins", "check_ins"),
        "enrolments_total": total(seen.enrolments),
    }


LEARNING_SET = FeatureSet("learning", LEARNED, _aggregates)
