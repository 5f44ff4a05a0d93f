"""What followed a snapshot. An outcome that is not over yet is unknown, and nothing trains on it."""

from datetime import date

import ibis
import ibis.expr.types as ir

RETENTION_DAYS = (7, 28, 84)
PURCHASE_DAYS = (14, 28)
SPEND_DAYS = 90
ELIGIBLE_DAYS = 28


def labels(days: ir.Table, endings: ir.Table, mondays: ir.Table, /, *, known_until: date) -> ir.Table:
    """The rows of the labels table for people active in the 28 days before each as_of of `mondays` (SCIENCE: users
    already gone are not in it).

    `endings` (see below) says when the last of a person's items ends: after it, absence is the end of the course and
    no churn, so a window that passes it has no retention label. `known_until` is the first day of which nothing is
    known yet.
    """
    near = days.filter(days.event_date < ibis.literal(known_until)).join(
        mondays, days.event_date >= mondays.as_of - ibis.interval(days=ELIGIBLE_DAYS)
    )
    seen = near.mutate(ahead=near.event_date.delta(near.as_of, unit="day").cast("int64"))
    acting = seen.acts > 0
    outcome = seen.group_by("user_id", "as_of").agg(
        eligible=seen.count(where=acting & (seen.ahead < 0)) > 0,
        **{f"active_{n}d": seen.count(where=acting & _within(seen, n)) > 0 for n in RETENTION_DAYS},
        **{f"net_{n}d": _net(seen, n) for n in (*PURCHASE_DAYS, SPEND_DAYS)},
    )
    eligible = outcome.filter(outcome.eligible)
    rows = eligible.left_join(endings, ["user_id", "as_of"])
    return rows.select(
        user_id=rows.user_id,
        as_of=rows.as_of,
        **{
            f"retained_{n}d": _unless_ended(
                _if_known(rows, rows[f"active_{n}d"].cast("int64"), n, known_until), rows, n
            )
            for n in RETENTION_DAYS
        },
        **{
            f"purchased_{n}d": _if_known(rows, (rows[f"net_{n}d"] > 0).cast("int64"), n, known_until)
            for n in PURCHASE_DAYS
        },
        spend_90d=_if_known(rows, rows[f"net_{SPEND_DAYS}d"], SPEND_DAYS, known_until),
    )


def endings(events: ir.Table, items: ir.Table, mondays: ir.Table, /) -> ir.Table:
    """For people whose every item owned before as_of ends: user_id, as_of, ends_on.

    ends_on is the day after which nothing is left to do.
    """
    owning = events.filter(events.event_type.isin(("enrol", "purchase")))
    ends = items.group_by("item_id").agg(ends_on=items.withdrawn_at.max().cast("date"))
    owned = owning.join(ends, "item_id", how="left").join(mondays, owning.event_date < mondays.as_of)
    last = owned.group_by("user_id", "as_of").agg(
        ends_on=owned.ends_on.max(), endless=owned.count(where=owned.ends_on.isnull())
    )
    return last.filter(last.endless == 0).select("user_id", "as_of", "ends_on")


def _within(seen: ir.Table, n: int) -> ir.BooleanValue:
    return (seen.ahead >= 0) & (seen.ahead < n)


def _net(seen: ir.Table, n: int) -> ir.Value:
    zero = ibis.literal(0).cast("decimal(18,2)")
    paid, refunded = (ibis.coalesce(seen[name].sum(where=_within(seen, n)), zero) for name in ("paid", "refunded"))
    return (paid - refunded).cast("decimal(18,2)")


def _if_known(rows: ir.Table, value: ir.Value, n: int, known_until: date) -> ir.Value:
    over = ibis.literal(known_until).delta(rows.as_of, unit="day") >= n
    return ibis.ifelse(over, value, ibis.null(value.type()))


def _unless_ended(value: ir.Value, rows: ir.Table, n: int) -> ir.Value:
    ended = rows.ends_on.delta(rows.as_of, unit="day") < n
    return ibis.ifelse(ibis.coalesce(ended, ibis.literal(False)), ibis.null(value.type()), value)
