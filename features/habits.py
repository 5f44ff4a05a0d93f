"""When somebody is there: hours of the day, weekends, and the length of visits."""

from functools import reduce

import ibis
import ibis.expr.types as ir

from features.joining import USER, beside
from features.windows import FeatureSet, Past, ratio, sums, total
from lyceum.tables.features_behaviour import HABIT_DAYS, HABITS, PARTS_OF_DAY, RARE_WINDOWS

SATURDAY = 5  # Monday is 0
SECONDS_PER_MINUTE = 60
HOURS = range(24)


def _habits(past: Past) -> ir.Table:
    return beside(_weekends(past), _hours(past), _visits(past), key=USER)


def _weekends(past: Past) -> ir.Table:
    seen = past.seen("user_days", within=HABIT_DAYS)
    acting = seen.filter(seen.acts > 0)
    weekend = acting.event_date.day_of_week.index() >= SATURDAY
    return acting.group_by(*USER).agg(weekend_share_84d=ratio(total(acting.acts, where=weekend), total(acting.acts)))


def _hours(past: Past) -> ir.Table:
    seen = past.seen("user_hours", within=HABIT_DAYS)
    counts = seen.group_by(*USER).agg(**{f"h{hour}": total(seen.acts, where=seen.hour == hour) for hour in HOURS})
    rows = counts.mutate(whole=_sum([counts[f"h{hour}"] for hour in HOURS]))
    parts = {name: _sum([rows[f"h{hour}"] for hour in range(*span)]) for name, span in PARTS_OF_DAY.items()}
    return rows.select(
        *USER,
        **{f"{name}_share_84d": ratio(part, rows.whole) for name, part in parts.items()},
        main_hour_84d=_main_hour(rows),
        hour_entropy_84d=_entropy([rows[f"h{hour}"] for hour in HOURS], rows.whole),
    )


def _main_hour(rows: ir.Table) -> ir.IntegerValue:
    """The hour of the largest count, the earliest of equals: counts carry what is left of the day as a last digit."""
    base = len(HOURS)
    carrying = [rows[f"h{hour}"] * base + (base - 1 - hour) for hour in HOURS]
    return (base - 1 - ibis.greatest(*carrying) % base).cast("int64")


def _entropy(counts: list[ir.IntegerValue], whole: ir.IntegerValue) -> ir.Value:
    """ln N - sum of n ln n / N: Shannon's entropy in nats, summed in the order of the hours."""
    terms = [ibis.ifelse(n > 0, n * ibis.greatest(n, 1).cast("float64").ln(), 0.0) for n in counts]
    entropy = whole.cast("float64").ln() - _sum(terms) / whole
    return ibis.ifelse(entropy > 0, entropy, 0.0)  # of one hour alone: a rounding below 0


def _sum(values: list[ir.Value]) -> ir.Value:
    return reduce(lambda a, b: a + b, values)


def _visits(past: Past) -> ir.Table:
    seen = past.seen("user_sessions", within=HABIT_DAYS)
    minutes = ratio(total(seen.session_seconds), total(seen.sessions)) / SECONDS_PER_MINUTE
    return seen.group_by(*USER).agg(
        **sums(seen, "sessions", "sessions", windows=RARE_WINDOWS), session_minutes_mean_84d=minutes
    )


HABITS_SET = FeatureSet(
    "habits",
    "user",
    (28, HABIT_DAYS),
    {
        "user_days": ("user_id", "event_date", "acts"),
        "user_hours": ("user_id", "event_date", "hour", "acts"),
        "user_sessions": ("user_id", "event_date", "sessions", "session_seconds"),
    },
    HABITS,
    _habits,
)
