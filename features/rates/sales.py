"""What sells: how much of the shelf, how few items, whose items, and what coupons become."""

import ibis
import ibis.expr.types as ir

from features.attributes import json_text
from features.days import MONEY_TYPE, monday
from features.rates.cohorts import days_between, local_days, newest, of_week, rare, shares, weeks_logged
from features.rates.rate import Given, Rate
from features.rates.refunds import enough_orders
from lyceum.events import AUTHORED, COUPONS_USED, PRICED

BEST_SELLING = 5
AUTHORS = 20
OTHERS = "(others)"
USED_AFTER = (7, 30)


def sell_through(given: Given, /) -> ir.Table:
    """Items that somebody paid for, among those with a price on sale in a week and a week before its end."""
    weeks, shelf = weeks_logged(given), _shelf(given)
    on_sale = [
        shelf.published_on.isnull() | (shelf.published_on <= weeks.week),
        shelf.withdrawn_on.isnull() | (shelf.withdrawn_on > weeks.week),
    ]
    there = shelf.join(weeks, on_sale).select("item_id", "week")
    lines = given["order_lines"]
    sold = lines.select("item_id", week=monday(lines.event_date), sold=ibis.literal(1, "int64")).distinct()
    both = there.left_join(sold, ["item_id", "week"])
    found = both.group_by("week").agg(sold=both.sold.sum(), of=both.count())
    return of_week(found, found.sold, found.of)


def _shelf(given: Given) -> ir.Table:
    """Items with a price, in the version known last."""
    items = newest(given, "items", "item_id")
    priced = items.filter(items.price > 0)
    return local_days(given, priced, {"published_on": "published_at", "withdrawn_on": "withdrawn_at"})


def concentration(given: Given, /) -> ir.Table:
    """Net receipts of the five items with the most, of all net receipts of a week."""
    net = _net(given)
    order = ibis.window(group_by=net.week, order_by=[net.net.desc(), net.item_id])
    ranked = net.mutate(place=ibis.row_number().over(order))
    weeks = ranked.group_by("week").agg(
        top=ranked.net.sum(where=ranked.place < BEST_SELLING), of=ranked.net.sum().cast(MONEY_TYPE)
    )
    return of_week(weeks, weeks.top, weeks.of)


def teacher_share(given: Given, /) -> ir.Table:
    """Net receipts of each author's items, of those of all items with an author; few authors by name."""
    items = newest(given, "items", "item_id").select("item_id", "author_id")
    net = _net(given).join(items.filter(items.author_id.notnull()), "item_id")
    each = net.group_by("week", "author_id").agg(net=net.net.sum())
    order = ibis.window(group_by=each.week, order_by=[each.net.desc(), each.author_id])
    ranked = each.mutate(place=ibis.row_number().over(order), of=each.net.sum().over(group_by=each.week))
    named = (ranked.place < AUTHORS).ifelse(ranked.author_id, OTHERS)
    parts = ranked.group_by("week", part=named).agg(net=ranked.net.sum(), of=ranked.of.max())
    return of_week(parts, parts.net, parts.of, part=parts.part)


def _net(given: Given) -> ir.Table:
    """week, item_id, net: paid less refunded in the week, of weeks of enough orders."""
    rows = given["user_items"]
    dated = rows.mutate(week=monday(rows.event_date)).filter(lambda each: (each.paid > 0) | (each.refunded > 0))
    told = dated.filter(given.told(dated.week)).semi_join(enough_orders(given), "week")
    return told.group_by("week", "item_id").agg(net=(told.paid.sum() - told.refunded.sum()).cast(MONEY_TYPE))


def coupon_redeemed(given: Given, /) -> ir.Table:
    """Coupons claimed in a week that an order used within days."""
    moves = rare(given, "coupon").filter(lambda each: each.object_id.notnull())
    used = moves.parent_id.notnull()
    claimed = ~used & ibis.coalesce(json_text(moves.properties, "action") != "offered", ibis.literal(True))
    each = moves.group_by("user_id", "object_id").agg(
        claimed_on=moves.event_date.min(where=claimed), used_on=moves.event_date.min(where=used)
    )
    got = each.filter(each.claimed_on.notnull())
    cohort = got.select(week=monday(got.claimed_on), waited=days_between(got.claimed_on, got.used_on))
    return shares(given, cohort, USED_AFTER)


_PAYING = ("purchase",)
_NET = "net receipts of the week (paid less refunded in it); only weeks of at least 30 paid orders"
RATES = (
    Rate(
        "sell_through",
        "money",
        "those with at least one paid order in the week",
        "items with a price, on sale in the week and published by its Monday",
        needs=((PRICED,), _PAYING),
        build=sell_through,
    ),
    Rate(
        "concentration",
        "money",
        f"net receipts of the {BEST_SELLING} items that brought most",
        _NET,
        needs=(_PAYING,),
        build=concentration,
        counts=False,
    ),
    Rate(
        "teacher_share",
        "money",
        "net receipts of the items of the author",
        _NET + ", of items whose author is known",
        needs=((AUTHORED,), _PAYING),
        build=teacher_share,
        parts=f"author: the {AUTHORS} with most in the week, and {OTHERS}",
        counts=False,
    ),
    Rate(
        "coupon_redeemed",
        "money",
        "those that an order used within 7 or 30 days",
        "coupons that people claimed in the week; what expires later may still be used",
        needs=((COUPONS_USED,),),
        build=coupon_redeemed,
        ages=USED_AFTER,
    ),
)
