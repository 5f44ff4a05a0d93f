"""When and in which visits people act: hours of the day and sessions, per person and local day."""

import ibis.expr.types as ir

from features.days import is_act

SECONDS_PER_HOUR = 3600
LAST_HOUR = 23  # a day on which clocks go back has a 25th hour, which counts as its last


def user_hours(events: ir.Table, calendar: ir.Table, /) -> ir.Table:
    """user_id, event_date, hour (0-23, hours since the local midnight), acts."""
    acts = events.filter(is_act(events)).inner_join(calendar, "event_date")
    passed = (acts.occurred_at.epoch_seconds() - acts.begins) // SECONDS_PER_HOUR
    timed = acts.select("user_id", "event_date", hour=passed.cast("int64").clip(0, LAST_HOUR))
    return timed.group_by("user_id", "event_date", "hour").agg(acts=timed.count().cast("int64"))


def user_sessions(events: ir.Table, /) -> ir.Table:
    """user_id, event_date, sessions, session_seconds (first to last act); one over midnight counts on both days."""
    visits = events.filter(events.session_id.notnull() & is_act(events))
    seconds = visits.occurred_at.epoch_seconds()
    each = visits.group_by("user_id", "event_date", "session_id").agg(first=seconds.min(), last=seconds.max())
    lengths = each.mutate(length=(each["last"] - each["first"]).cast("int64"))
    return lengths.group_by("user_id", "event_date").agg(
        sessions=lengths.count().cast("int64"), session_seconds=lengths.length.sum().cast("int64")
    )
