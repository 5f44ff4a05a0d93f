"""What a person has at hand for the next purchase: a filled cart, a coupon."""

import ibis
import ibis.expr.types as ir

from features.joining import USER, either
from features.windows import FeatureSet, Past, total
from lyceum.events import OWNING
from lyceum.tables.features_intent import CART_DAYS, CARTED, COUPON_DAYS


def cart_moves(events: ir.Table, /) -> ir.Table:
    """One row per person, item and day on which the item was put into the cart or had (enrolled in, ordered).

    carted_s and had_s are the last instants of either, in seconds since 1970; null where there was none.
    """
    rows = events.filter(events.item_id.notnull() & events.event_type.isin(("add_to_cart", *OWNING)))
    seconds, carted = rows.occurred_at.epoch_seconds().cast("int64"), rows.event_type == "add_to_cart"
    return rows.group_by("user_id", "item_id", "event_date").agg(
        carted_s=seconds.max(where=carted), had_s=seconds.max(where=~carted)
    )


def coupon_moves(events: ir.Table, /) -> ir.Table:
    """user_id, event_date, coupon_id, used: 1 if an order used the coupon on that day, else 0."""
    rows = events.filter((events.event_type == "coupon") & events.object_id.notnull())
    return rows.group_by("user_id", "event_date", coupon_id=rows.object_id).agg(
        used=rows.parent_id.notnull().cast("int64").max()
    )


def _at_hand(past: Past) -> ir.Table:
    return either(_carted(past), _coupons(past), key=USER)


def _carted(past: Past) -> ir.Table:
    rows = _waiting(past).join(_shelf(past), ["item_id", "as_of"], how="left")
    sold = rows.filter(rows.withdrawn.fill_null(False) == ibis.literal(False))
    order = ibis.window(group_by=[sold[name] for name in USER], order_by=[sold.carted_s.desc(), sold.item_id])
    ranked = sold.mutate(place=ibis.row_number().over(order))
    return ranked.group_by(*USER).agg(
        cart_open_items=ranked.count(),
        cart_open_value=total(ranked.price),
        cart_last_price=total(ranked.price, where=ranked.place == 0),
        cart_open_days=ranked.ago.min(),
    )


def _waiting(past: Past) -> ir.Table:
    """user_id, as_of, item_id, carted_s, ago of the items put into the cart and not had since."""
    seen = past.seen("cart_moves", within=CART_DAYS)
    each = seen.group_by(*USER, "item_id").agg(
        carted_s=seen.carted_s.max(), had_s=seen.had_s.max(), ago=seen.ago.min(where=seen.carted_s.notnull())
    )
    waits = each.carted_s.notnull() & (each.had_s.isnull() | (each.had_s < each.carted_s))
    return each.filter(waits).drop("had_s")


def _shelf(past: Past) -> ir.Table:
    """item_id, as_of, price, withdrawn (whether it is sold no more) of what is known of items."""
    moments = past.of_everybody.moments
    known = past.known("items", key="item_id").join(moments, "as_of")
    gone = known.withdrawn_at.notnull() & (known.withdrawn_at <= known.before)
    return known.select("item_id", "as_of", "price", withdrawn=gone)


def _coupons(past: Past) -> ir.Table:
    seen = past.seen("coupon_moves", within=COUPON_DAYS)
    each = seen.group_by(*USER, "coupon_id").agg(used=seen.used.max())
    return each.group_by(*USER).agg(coupons_held=each.count(where=each.used == 0))


CART_SET = FeatureSet(
    "cart",
    "user",
    (CART_DAYS, COUPON_DAYS),
    {
        "cart_moves": ("user_id", "event_date", "item_id", "carted_s", "had_s"),
        "coupon_moves": ("user_id", "event_date", "coupon_id", "used"),
        "items": ("item_id", "known_at", "batch_id", "price", "withdrawn_at"),
    },
    CARTED,
    _at_hand,
)
