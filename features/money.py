"""What somebody pays and takes back, and at which prices."""

import ibis
import ibis.expr.types as ir

from features.days import MONEY_TYPE
from features.joining import USER, beside
from features.windows import FeatureSet, Past, ratio, sums, total
from lyceum.tables.features_behaviour import QUARTER, WINDOWS
from lyceum.tables.features_money import MONEY_WINDOWS, PRICED_AT, SPENT


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
        enrolment_recency_days=rows.ago.min(where=rows.enrolments > 0),
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
