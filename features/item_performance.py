"""What the owner of a course asks: who came, paid, began, finished and gave back, and how that was before."""

from collections.abc import Collection
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir

from features.days import MONEY_TYPE
from features.items import at_age, rate
from features.joining import beside
from features.snapshot import unknown
from features.windows import total
from lyceum import weeks
from lyceum.schema import Column
from lyceum.tables.scorecards import COHORT_AGE, COHORT_WEEKS, CONVERSION_DAYS, ITEM_PERFORMANCE, WINDOW_DAYS

OF_SNAPSHOT = {  # columns of marts.item_performance that the item snapshot has under another name
    **{
        f"{name}_28d": f"item_{name}_28d" for name in ("enrolments", "completions", "purchases", "revenue", "refunds")
    },
}
MEASURES = ("acts", "purchases", "paid", "refunded")
SECONDS_PER_DAY = 86_400


def item_performance(
    snapshot: ir.Table,
    shelf: ir.Table,
    items: ir.Table,
    lines: ir.Table,
    /,
    *,
    as_of: date,
    before: ir.TimestampValue,
    signals: Collection[str],
) -> ir.Table:
    """The rows of marts.item_performance at the Monday `as_of`, which begins at the instant `before`.

    `snapshot` is features.item_snapshot of that Monday, `shelf` each item's version known then (author_id,
    published_at, withdrawn_at), `items` and `lines` are the inputs user_items and order_lines. A column that none of
    the `signals` in the logs could fill is null. The whole log is read for the first time that somebody had or paid
    for an item, and nothing else of it but the last weeks.
    """
    past, orders = (rows.filter(rows.event_date < ibis.literal(as_of)) for rows in (items, lines))
    told = snapshot.rename(OF_SNAPSHOT)
    found = beside(
        told.select(name for name in ITEM_PERFORMANCE.names if name in told.columns),
        shelf.select("item_id", "author_id", "published_at", "withdrawn_at"),
        *(_lately(past, as_of), _orders(orders, as_of), _viewers(past, as_of), _cohort(past, as_of)),
        key=("item_id",),
    )
    counted = found.mutate(
        **{column.name: _filled(found, column) for column in ITEM_PERFORMANCE.columns if column.zero}
    )
    learnable = _where(counted.cohort_28d_started > 0, counted.cohort_28d_people)
    rows = _ranked(counted).mutate(
        days_on_sale=_days_on_sale(counted, before),
        refund_rate_28d=rate(counted.refunded_28d, counted.paid_28d, of=counted.orders_28d),
        view_conversion_7d=rate(counted.viewers_bought, _where(counted.price > 0, counted.viewers)),
        start_rate_28d=rate(counted.cohort_28d_started, learnable),
        completion_rate_28d=rate(counted.cohort_28d_completed, learnable),
        completion_rate_started_28d=rate(counted.cohort_28d_completed, counted.cohort_28d_started),
    )
    known = set(signals)
    return rows.select(
        *(
            rows[each.name] if not each.needs or known & set(each.needs) else unknown(each)
            for each in ITEM_PERFORMANCE.columns
        )
    )


def _filled(rows: ir.Table, column: Column) -> ir.Value:
    value = rows[column.name]
    return ibis.coalesce(value, ibis.literal(0).cast(value.type())).cast(value.type())


def _ago(day: ir.DateValue, as_of: date) -> ir.IntegerValue:
    """1 = the day before `as_of`."""
    return ibis.literal(as_of).delta(day, unit="day").cast("int64")


def _days_on_sale(rows: ir.Table, before: ir.TimestampValue) -> ir.Value:
    until = ibis.least(ibis.coalesce(rows.withdrawn_at, before), before)
    seconds = until.epoch_seconds().cast("int64") - rows.published_at.epoch_seconds().cast("int64")
    return ibis.ifelse(seconds >= 0, seconds // SECONDS_PER_DAY, ibis.null("int64"))


def _lately(past: ir.Table, as_of: date) -> ir.Table:
    """People and money of the last 28 days and of the 28 before, per item."""
    recent = past.filter(past.event_date >= ibis.literal(as_of - timedelta(days=2 * WINDOW_DAYS)))
    now = _ago(recent.event_date, as_of) <= WINDOW_DAYS
    pairs = recent.group_by("item_id", "user_id").agg(
        **{f"{name}_now": total(recent[name], where=now) for name in MEASURES},
        **{f"{name}_then": total(recent[name], where=~now) for name in MEASURES},
    )
    return pairs.group_by("item_id").agg(
        users_previous_28d=pairs.count(where=pairs.acts_then > 0),
        buyers_28d=pairs.count(where=pairs.purchases_now > 0),
        paid_28d=total(pairs.paid_now),
        refunded_28d=total(pairs.refunded_now),
        revenue_previous_28d=(total(pairs.paid_then) - total(pairs.refunded_then)).cast(MONEY_TYPE),
    )


def _orders(lines: ir.Table, as_of: date) -> ir.Table:
    recent = lines.filter(lines.event_date >= ibis.literal(as_of - timedelta(days=WINDOW_DAYS)))
    orders = recent.filter(recent.item_id.notnull()).select("item_id", "order_id").distinct()
    return orders.group_by("item_id").agg(orders_28d=orders.count())


def _viewers(past: ir.Table, as_of: date) -> ir.Table:
    """People who looked before they had paid, each given the same days to pay (FIELD 1.1, funnel: in order)."""
    rows = past.filter((past.views > 0) | (past.purchases > 0))
    ago = _ago(rows.event_date, as_of)
    looked = (rows.views > 0) & (ago >= CONVERSION_DAYS) & (ago < CONVERSION_DAYS + WINDOW_DAYS)
    pairs = rows.group_by("item_id", "user_id").agg(
        viewed_on=rows.event_date.min(where=looked), paid_on=rows.event_date.min(where=rows.purchases > 0)
    )
    open_then = pairs.filter(
        pairs.viewed_on.notnull() & ibis.coalesce(pairs.paid_on >= pairs.viewed_on, ibis.literal(True))
    )
    soon = open_then.paid_on < open_then.viewed_on + ibis.interval(days=CONVERSION_DAYS)
    return open_then.group_by("item_id").agg(viewers=open_then.count(), viewers_bought=open_then.count(where=soon))


def _cohort(past: ir.Table, as_of: date) -> ir.Table:
    """Those who got it, each read at the same age (FIELD 1.3: completion)."""
    newest = as_of - timedelta(days=COHORT_AGE)
    oldest = newest - COHORT_WEEKS * weeks.WEEK
    had = past.filter(past.had > 0)
    got = had.group_by("user_id", "item_id").agg(got_on=had.event_date.min())
    lately = got.filter((got.got_on > ibis.literal(oldest)) & (got.got_on <= ibis.literal(newest)))
    people = at_age(past.filter(past.event_date > ibis.literal(oldest)), lately, days=COHORT_AGE)
    return people.group_by("item_id").agg(
        cohort_28d_people=people.count(),
        cohort_28d_started=total(people.started),
        cohort_28d_completed=total(people.finished),
    )


def _where(condition: ir.BooleanValue, people: ir.Value) -> ir.Value:
    """The people where a rate of them can be other than zero, else null."""
    return ibis.ifelse(ibis.coalesce(condition, ibis.literal(True)), people, ibis.null("int64"))


def _ranked(rows: ir.Table) -> ir.Table:
    return rows.mutate(
        rank_28d=_rank(rows.revenue_28d, rows.users_28d),
        rank_previous_28d=_rank(rows.revenue_previous_28d, rows.users_previous_28d),
    )


def _rank(revenue: ir.Value, users: ir.Value) -> ir.Value:
    """1 = first; equals share a rank, and what nobody used has none."""
    there = users > 0
    order = [ibis.coalesce(there, ibis.literal(False)).desc(), revenue.desc(nulls_first=False), users.desc()]
    place = ibis.rank().over(order_by=order) + 1
    return ibis.ifelse(there, place.cast("int64"), ibis.null("int64"))
