"""What somebody pays and takes back, at which prices, what rights that gives, and what hints at the next purchase."""

import ibis
import ibis.expr.types as ir

from features.days import MONEY_TYPE
from features.joining import USER, beside
from features.windows import FeatureSet, Past, ratio, sums, total
from lyceum.tables.features_behaviour import (
    DENSE_WINDOWS,
    ENDING_DAYS,
    HELD,
    INTENDED,
    MONEY_WINDOWS,
    PRICED_AT,
    QUARTER,
    RARE_WINDOWS,
    SPENT,
    WINDOWS,
)

SECONDS_PER_DAY = 86_400
ENDED_DAYS = 28


def _spent(past: Past) -> ir.Table:
    return beside(_so_far(past), _lately(past), key=USER)


def _so_far(past: Past) -> ir.Table:
    seen = past.seen("user_days")
    rows = seen.filter((seen.purchases > 0) | (seen.refunds > 0) | (seen.enrolments > 0))
    paying = rows.purchases > 0
    days, first, last = rows.count(where=paying), rows.ago.max(where=paying), rows.ago.min(where=paying)
    return rows.group_by(*USER).agg(
        enrolments_total=total(rows.enrolments),
        purchases_total=total(rows.purchases),
        spend_total=(total(rows.paid) - total(rows.refunded)).cast(MONEY_TYPE),
        refunds_total=total(rows.refunds),
        purchase_recency_days=last,
        first_purchase_days=first,
        purchase_gap_mean_days=ratio(ibis.ifelse(days > 1, first - last, ibis.null("int64")), days - 1),
        order_value_mean=ratio(total(rows.paid), total(rows.purchases)),
    )


def _lately(past: Past) -> ir.Table:
    seen = past.seen("user_days", within=QUARTER)
    dealing = seen.filter((seen.purchases > 0) | (seen.refunds > 0))
    paid, refunded = (sums(dealing, measure, "spend", windows=MONEY_WINDOWS) for measure in ("paid", "refunded"))
    return dealing.group_by(*USER).agg(
        **sums(dealing, "purchases", "purchases", windows=MONEY_WINDOWS),
        **{name: (paid[name] - refunded[name]).cast(MONEY_TYPE) for name in paid},
        **sums(dealing, "refunds", "refunds", windows=WINDOWS),
    )


def _priced(past: Past) -> ir.Table:
    seen = past.seen("priced_lines", within=QUARTER)
    items = past.known("items", key="item_id")
    shelf = items.group_by("as_of").agg(
        prices=total(items.price, where=items.price > 0), items=items.count(where=items.price > 0)
    )
    bought = seen.group_by(*USER).agg(lines=total(seen.lines), listed=total(seen.listed), reduced=total(seen.reduced))
    rows = beside(bought, shelf, key=("as_of",))
    # the mean of the lines over the mean of the shelf, both of exact sums
    level = ratio(rows.listed, rows.lines) / ratio(rows.prices, rows["items"])
    return rows.select(*USER, discount_share_84d=ratio(rows.reduced, rows.listed), price_level_84d=level)


def _held(past: Past) -> ir.Table:
    begun = past.begun("entitlements", at="starts_at")
    left = (begun.ends_at.epoch_seconds() - begun.before.epoch_seconds()).cast("int64")
    rows = begun.select(*USER, endless=begun.ends_at.isnull(), left=ibis.coalesce(left, 0))
    runs = rows.endless | (rows.left > 0)
    ends = ~rows.endless & (rows.left > 0)
    ended = ~rows.endless & (rows.left <= 0) & (rows.left > -ENDED_DAYS * SECONDS_PER_DAY)
    next_end = ((rows.left + SECONDS_PER_DAY - 1) // SECONDS_PER_DAY).cast("int64")
    return rows.group_by(*USER).agg(
        entitlements_active=rows.count(where=runs),
        **{
            f"entitlements_ending_{n}d": rows.count(where=ends & (rows.left <= n * SECONDS_PER_DAY))
            for n in ENDING_DAYS
        },
        entitlements_ended_28d=rows.count(where=ended),
        entitlement_next_end_days=next_end.min(where=ends),
    )


def _intended(past: Past) -> ir.Table:
    seen = past.seen("user_days", within=QUARTER)
    return seen.group_by(*USER).agg(
        **sums(seen, "intent_events", "intent_events", windows=DENSE_WINDOWS),
        **sums(seen, "views", "views", windows=RARE_WINDOWS),
        **sums(seen, "searches", "searches", windows=RARE_WINDOWS),
        **sums(seen, "favourites", "favourites", windows=(QUARTER,)),
        **sums(seen, "carts", "carts", windows=WINDOWS),
        **sums(seen, "coupons", "coupons", windows=RARE_WINDOWS),
    )


_DAY = ("user_id", "event_date")
MONEY_SET = FeatureSet(
    "money",
    "user",
    MONEY_WINDOWS,
    {
        "user_days": (*_DAY, "purchases", "refunds", "enrolments", "paid", "refunded"),
    },
    SPENT,
    _spent,
)
PRICES_SET = FeatureSet(
    "prices",
    "user",
    (QUARTER,),
    {
        "priced_lines": (*_DAY, "lines", "listed", "reduced"),
        "items": ("item_id", "known_at", "batch_id", "price"),
    },
    PRICED_AT,
    _priced,
)
ENTITLEMENTS_SET = FeatureSet(
    "entitlements",
    "user",
    (*ENDING_DAYS,),
    {"entitlements": ("user_id", "item_id", "starts_at", "ends_at")},
    HELD,
    _held,
)
INTENT_SET = FeatureSet(
    "intent",
    "user",
    DENSE_WINDOWS,
    {"user_days": (*_DAY, "intent_events", "views", "searches", "favourites", "carts", "coupons")},
    INTENDED,
    _intended,
)
