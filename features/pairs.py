"""What joins people to items, to each other, and to weeks: the frames that models other than classifiers read."""

from datetime import date, timedelta

import ibis
import ibis.expr.types as ir

from features.days import monday
from lyceum.events import CONSUMING, INTERACTING, OWNING, WRITING


def interactions(events: ir.Table, /, *, as_of: date, window_days: int) -> ir.Table:
    """user_id, item_id, weight (distinct days on which the item was consumed), owned, in the window before as_of.

    An item owned longer ago than the window, or given back, is in it too, so that it is never recommended.
    """
    past = events.filter(
        (events.event_date < ibis.literal(as_of)) & events.item_id.notnull() & events.event_type.isin(CONSUMING)
    )
    recent = past.event_date >= ibis.literal(as_of - timedelta(days=window_days))
    grouped = past.group_by("user_id", "item_id").agg(
        weight=past.event_date.nunique(where=recent),
        owned=past.count(where=past.event_type.isin(OWNING)) > 0,
    )
    return grouped.filter((grouped.weight > 0) | grouped.owned).mutate(weight=grouped.weight.cast("float64"))


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
