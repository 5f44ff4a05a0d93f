"""What followed a snapshot. An outcome that is not over yet is unknown, and nothing trains on it."""

from datetime import date, timedelta

import ibis
import ibis.expr.types as ir

RETENTION_DAYS = (7, 28, 84)
PURCHASE_DAYS = (14, 28)
SPEND_DAYS = 90
ELIGIBLE_DAYS = 28


def labels(days: ir.Table, endings: ir.Table, /, *, as_of: date, known_until: date) -> ir.Table:
    """The rows of the labels table for people active in the 28 days before `as_of` (SCIENCE: users already gone
    are not in it).

    `endings` has user_id and ends_on, the day on which the last of a person's items ends: after it, absence is the
    end of the course and no churn, so a window that passes it has no retention label. `known_until` is the first day
    of which nothing is known yet.
    """
    start = ibis.literal(as_of)
    before = days.filter((days.event_date < start) & (days.event_date >= start - ibis.interval(days=ELIGIBLE_DAYS)))
    eligible = before.filter(before.acts > 0).select("user_id").distinct()
    after = days.filter((days.event_date >= start) & (days.event_date < ibis.literal(known_until)))
    outcome = after.group_by("user_id").agg(
        **{f"active_{n}d": after.count(where=(after.acts > 0) & _by(after, as_of, n)) > 0 for n in RETENTION_DAYS},
        **{f"net_{n}d": _net(after, as_of, n) for n in (*PURCHASE_DAYS, SPEND_DAYS)},
    )
    joined = eligible.left_join(outcome, "user_id").drop("user_id_right").left_join(endings, "user_id")
    zero = ibis.literal(0).cast("decimal(18,2)")
    return joined.select(
        user_id=joined.user_id,
        as_of=start,
        **{
            f"retained_{n}d": _if_known(
                joined[f"active_{n}d"].fill_null(False).cast("int64"), as_of, n, known_until, joined.ends_on
            )
            for n in RETENTION_DAYS
        },
        **{
            f"purchased_{n}d": _if_known(
                (ibis.coalesce(joined[f"net_{n}d"], zero) > 0).cast("int64"), as_of, n, known_until
            )
            for n in PURCHASE_DAYS
        },
        spend_90d=_if_known(ibis.coalesce(joined[f"net_{SPEND_DAYS}d"], zero), as_of, SPEND_DAYS, known_until),
    )


def endings(events: ir.Table, items: ir.Table, /, *, as_of: date) -> ir.Table:
    """For people whose every owned item ends: user_id and ends_on, the day after which nothing is left to do.

    Only what was owned and known before `as_of` counts.
    """
    owned = events.filter(
        events.event_type.isin(("enrol", "purchase")) & (events.event_date < ibis.literal(as_of))
    ).select("user_id", "item_id")
    ends = items.group_by("item_id").agg(ends_on=items.withdrawn_at.max().cast("date"))
    joined = owned.left_join(ends, "item_id")
    last = joined.group_by("user_id").agg(
        ends_on=joined.ends_on.max(), endless=joined.count(where=joined.ends_on.isnull())
    )
    return last.filter(last.endless == 0).select("user_id", "ends_on")


def _by(after: ir.Table, as_of: date, n: int) -> ir.BooleanValue:
    return after.event_date < ibis.literal(as_of + timedelta(days=n))


def _net(after: ir.Table, as_of: date, n: int) -> ir.Value:
    window = _by(after, as_of, n)
    return (after.paid.sum(where=window) - after.refunded.sum(where=window)).cast("decimal(18,2)")


def _if_known(
    value: ir.Value, as_of: date, n: int, known_until: date, ends_on: ir.DateValue | None = None
) -> ir.Value:
    end = as_of + timedelta(days=n)
    if end > known_until:
        return ibis.null(value.type())
    if ends_on is None:
        return value
    return ibis.ifelse(ends_on.notnull() & (ends_on < ibis.literal(end)), ibis.null(value.type()), value)
