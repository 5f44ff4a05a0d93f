"""What somebody learns: time, lessons, exercises, check-ins."""

import ibis.expr.types as ir

from features.joining import USER
from features.windows import FeatureSet, Past, days_with, sums, trend
from lyceum.tables.features_behaviour import (
    DENSE_WINDOWS,
    LEARNED,
    MID_WINDOWS,
    QUARTER,
    RARE_WINDOWS,
    WINDOWS,
)

MS_PER_MINUTE = 60_000
TASKS = ("completions", "submissions", "check_ins")


def _learnt(past: Past) -> ir.Table:
    seen = past.seen("user_days", within=QUARTER)
    learning = seen.filter(seen.learning_events > 0)
    milliseconds = sums(learning, "learning_ms", "learning_minutes", windows=MID_WINDOWS)
    tasks = [sums(learning, measure, measure, windows=WINDOWS) for measure in TASKS]
    return learning.group_by(*USER).agg(
        **sums(learning, "learning_events", "learning_events", windows=DENSE_WINDOWS),
        **days_with(learning, "learning_events", "learning_days", windows=WINDOWS),
        **{name: value.cast("float64") / MS_PER_MINUTE for name, value in milliseconds.items()},
        **{name: value for task in tasks for name, value in task.items()},
        **sums(learning, "attendances", "attendances", windows=RARE_WINDOWS),
        learning_trend=trend(learning, "learning_events"),
    )


LEARNING_SET = FeatureSet(
    "learning",
    "user",
    DENSE_WINDOWS,
    {
        "user_days": (
            *("user_id", "event_date", "learning_events", "learning_ms", "completions"),
            *("submissions", "check_ins", "attendances"),
        )
    },
    LEARNED,
    _learnt,
)
