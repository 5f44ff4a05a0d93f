"""What joins people to items, to each other, and to weeks: the frames that models other than classifiers read."""

from datetime import date, timedelta

import ibis
import ibis.expr.types as ir

from features.days import monday
from features.windows import total
from lyceum.events import INTERACTING, WRITING

MS_PER_MINUTE = 60_000
HALF_LIVES = (14, 56)  # days
UNIT = 2**40  # decayed days are summed in whole parts of it: sums of integers hang on no order


def interactions(user_items: ir.Table, /, *, as_of: date, window_days: int) -> ir.Table:
    """One row per person and item consumed in the window before as_of, or owned at any time before.

    user_id, item_id, weight (distinct days of use), decayed_14d and decayed_56d (the same, each day worth half after
    so many days), minutes (spent on it), last_touch_days (from the last day of use to as_of, in the window or
    before), owned. An item owned longer ago than the window, or given back, is in it too: it is never recommended.
    """
    rows = user_items.filter((user_items.event_date < ibis.literal(as_of)) & (user_items.consuming > 0))
    used = rows.mutate(ago=ibis.literal(as_of).delta(rows.event_date, unit="day").cast("int64"))
    recent = used.ago <= window_days
    grouped = used.group_by("user_id", "item_id").agg(
        weight=used.count(where=recent),
        **{f"decayed_{days}d": _decayed(used, days, recent) for days in HALF_LIVES},
        minutes=total(used.learning_ms, where=recent).cast("float64") / MS_PER_MINUTE,
        last_touch_days=used.ago.min(),
        owned=used.count(where=used.had > 0) > 0,
    )
    return grouped.filter((grouped.weight > 0) | grouped.owned).mutate(weight=grouped.weight.cast("float64"))


def _decayed(used: ir.Table, half_life: int, where: ir.BooleanValue) -> ir.Value:
    worth = (ibis.literal(0.5, "float64") ** (used.ago / half_life) * UNIT).floor().cast("int64")
    return total(worth, where=where).cast("float64") / UNIT


def user_weeks(days: ir.Table, /, *, as_of: date) -> ir.Table:
    """user_id and week (Monday) of every week before `as_of` in which a person acted, from the day table."""
    acting = days.filter((days.acts > 0) & (days.event_date < ibis.literal(as_of)))
    return acting.select(user_id=acting.user_id, week=monday(acting.event_date)).distinct()


def edges(events: ir.Table, /, *, as_of: date, window_days: int) -> ir.Table:
    """user_id (giver), target_user_id (receiver), event_type, interactions in the window before `as_of`."""
    near = _window(events, as_of, window_days)
    given = near.filter(near.target_user_id.notnull() & near.event_type.isin(INTERACTING))
    return given.group_by("user_id", "target_user_id", "event_type").agg(interactions=given.count())


def texts(events: ir.Table, /, *, as_of: date, window_days: int) -> ir.Table:
    """object_id, community_id, user_id, kind, parent_id, occurred_at of what was written in the window."""
    near = _window(events, as_of, window_days)
    written = near.filter(near.event_type.isin(WRITING))
    return written.select("object_id", "community_id", "user_id", "parent_id", "occurred_at", kind=written.event_type)


def community_acts(events: ir.Table, /, *, as_of: date, window_days: int) -> ir.Table:
    """community_id, user_id of everybody who did anything in a community in the window."""
    near = _window(events, as_of, window_days)
    return near.filter(near.community_id.notnull()).select("community_id", "user_id").distinct()


def point_days(events: ir.Table, /, *, as_of: date) -> ir.Table:
    """user_id, day, event_type, events: what points are given for, all time before `as_of`."""
    past = events.filter(events.event_date < ibis.literal(as_of))
    return past.group_by("user_id", day=past.event_date, event_type=past.event_type).agg(events=past.count())


def _window(events: ir.Table, as_of: date, window_days: int) -> ir.Table:
    return events.filter(
        (events.event_date < ibis.literal(as_of))
        & (events.event_date >= ibis.literal(as_of - timedelta(days=window_days)))
    )
