"""How long people stayed: from the first act to the first long silence, as far as it is known."""

from datetime import date, timedelta

import ibis
import ibis.expr.types as ir

from features.days import monday

SILENCE_DAYS = 28


def lifetimes(days: ir.Table, /, *, as_of: date) -> ir.Table:
    """user_id, cohort, duration_days, lost of everybody whose first act lies early enough to tell anything.

    `days` is the day table of people; only the days before `as_of` are read. `cohort` is the Monday of the week of
    the first act. `lost` is 1 where a silence of at least SILENCE_DAYS whole days followed an act, and duration_days
    then counts from the first act to the first silent day. Whether a silence lasts is known of those alone that
    began SILENCE_DAYS before `as_of` or earlier, so everybody else is censored there: lost 0, duration_days from the
    first act to that day. People whose first act lies after that day are not in it.
    """
    closed = ibis.literal(as_of - timedelta(days=SILENCE_DAYS))
    acting = days.filter((days.acts > 0) & (days.event_date < ibis.literal(as_of))).select("user_id", "event_date")
    each = ibis.window(group_by=acting.user_id, order_by=acting.event_date)
    gaps = acting.mutate(following=ibis.coalesce(acting.event_date.lead().over(each), ibis.literal(as_of)))
    silent = gaps.following.delta(gaps.event_date, unit="day").cast("int64") > SILENCE_DAYS
    spans = gaps.group_by("user_id").agg(
        first_day=gaps.event_date.min(),
        last_day=gaps.event_date.min(where=silent),
    )
    known = spans.filter(spans.first_day <= closed)
    stayed = known.last_day.delta(known.first_day, unit="day").cast("int64") + 1
    seen = closed.delta(known.first_day, unit="day").cast("int64")
    return known.select(
        user_id=known.user_id,
        cohort=monday(known.first_day),
        duration_days=ibis.coalesce(stayed, seen),
        lost=known.last_day.notnull().cast("int64"),
    )
