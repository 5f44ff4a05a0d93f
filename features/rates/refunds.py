"""What is paid back: of the orders of a week at fixed ages, and in cash of the payments of a week."""

import ibis
import ibis.expr.types as ir

from features.days import MONEY_TYPE, monday
from features.rates.cohorts import days_between, of_week, rare, shares
from features.rates.rate import SMALLEST_DENOMINATOR, Given, Rate

REFUNDED_AFTER = (7, 14, 30)


def refund_orders(given: Given, /) -> ir.Table:
    """Orders paid in a week of which anything was paid back within days."""
    orders, back = _orders(given), _paid_back(given)
    first = back.group_by("user_id", "order_id").agg(back_on=back.event_date.min())
    both = orders.left_join(first, ["user_id", "order_id"])
    cohort = both.select(week=monday(both.paid_on), waited=days_between(both.paid_on, both.back_on))
    return shares(given, cohort, REFUNDED_AFTER)


def refund_amount(given: Given, /) -> ir.Table:
    """The money of these orders that was paid back within days, a partial refund by its amount."""
    orders, back = _orders(given), _paid_back(given)
    dated = back.join(orders.select("user_id", "order_id", "paid_on"), ["user_id", "order_id"])
    nothing = ibis.literal(0).cast(MONEY_TYPE)
    moved = dated.select(
        week=monday(dated.paid_on),
        waited=days_between(dated.paid_on, dated.event_date),
        back=ibis.coalesce(dated.amount, nothing),
        paid=nothing,
    )
    enough = enough_orders(given)
    sold = orders.select(week=monday(orders.paid_on), waited=ibis.null("int64"), back=nothing, paid=orders.paid)
    return shares(given, sold.union(moved).semi_join(enough, "week"), REFUNDED_AFTER, did="back", of="paid")


def refund_cash(given: Given, /) -> ir.Table:
    """Money paid back in a week, of whatever order, beside the money paid in it."""
    days = given["user_days"]
    rows = days.mutate(week=monday(days.event_date)).filter(lambda each: given.told(each.week))
    enough = rows.semi_join(enough_orders(given), "week")
    weeks = enough.group_by("week").agg(back=enough.refunded.sum(), paid=enough.paid.sum())
    return of_week(weeks, weeks.back, weeks.paid)


def enough_orders(given: Given, /) -> ir.Table:
    """`week` of every week of so many paid orders that a share of its money may be told."""
    orders = _orders(given)
    weeks = orders.group_by(week=monday(orders.paid_on)).agg(orders=orders.count())
    return weeks.filter(weeks.orders >= SMALLEST_DENOMINATOR).select("week")


def _orders(given: Given) -> ir.Table:
    lines = given["order_lines"]
    return lines.group_by("user_id", "order_id").agg(
        paid_on=lines.event_date.min(), paid=lines.amount.sum().cast(MONEY_TYPE)
    )


def _paid_back(given: Given) -> ir.Table:
    """user_id, order_id, event_date, amount of every refund whose order is known, by its number or by its item."""
    refunds = rare(given, "refund").select(
        "user_id", "event_id", "item_id", "event_date", "occurred_at", "amount", order_id="object_id"
    )
    orders = given["order_lines"].select("user_id", "order_id").distinct()
    named = refunds.semi_join(orders, ["user_id", "order_id"])
    columns = ("user_id", "order_id", "event_date", "amount")
    return named.select(*columns).union(_by_item(given, refunds.anti_join(orders, ["user_id", "order_id"])))


def _by_item(given: Given, refunds: ir.Table) -> ir.Table:
    """Shops that number refunds by themselves: what came back is the item last bought before."""
    lines = given["order_lines"].select("user_id", "item_id", "order_id", bought_at="occurred_at")
    both = refunds.drop("order_id").join(lines, ["user_id", "item_id"])
    before = both.filter(both.bought_at <= both.occurred_at)
    order = ibis.window(group_by=before.event_id, order_by=[before.bought_at.desc(), before.order_id])
    latest = before.mutate(place=ibis.row_number().over(order))
    return latest.filter(latest.place == 0).select("user_id", "order_id", "event_date", "amount")


_NEEDS = (("purchase",), ("refund",))
_OF_MONEY = "; only weeks of at least 30 paid orders"
RATES = (
    Rate(
        "refund_orders",
        "money",
        "those of which anything was refunded within 7, 14 or 30 days after they were paid",
        "orders paid in the week",
        needs=_NEEDS,
        build=refund_orders,
        ages=REFUNDED_AFTER,
    ),
    Rate(
        "refund_amount",
        "money",
        "what was refunded of it within 7, 14 or 30 days after it was paid, partial refunds by their amount",
        "money paid for the orders of the week" + _OF_MONEY,
        needs=_NEEDS,
        build=refund_amount,
        ages=REFUNDED_AFTER,
        counts=False,
    ),
    Rate(
        "refund_cash",
        "money",
        "money refunded in the week, for orders of whatever week",
        "money paid in the week" + _OF_MONEY,
        needs=_NEEDS,
        build=refund_cash,
        counts=False,
    ),
)
