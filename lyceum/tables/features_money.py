"""The columns of the user snapshot about money: what was paid, at which prices, and which rights that gave."""

from lyceum.events import ENTITLED, PRICED
from lyceum.schema import BIGINT, DOUBLE, MONEY, Column
from lyceum.tables.feature_columns import as_ratio, in_days, so_far, windowed
from lyceum.tables.features_behaviour import WINDOWS

MONEY_WINDOWS = (7, 28, 56, 84)
ENDING_DAYS = (7, 28)

SPENT = (
    *windowed("purchases", BIGINT, "Paid orders", "orders", needs=("purchase",), windows=MONEY_WINDOWS),
    *windowed("spend", MONEY, "Paid less refunded", "currency", needs=("purchase",), windows=MONEY_WINDOWS),
    *windowed("refunds", BIGINT, "Orders refunded", "orders", needs=("refund",), windows=WINDOWS),
    so_far("enrolments_total", "Enrolments so far", "events", ("enrol",)),
    so_far("purchases_total", "Paid orders so far", "orders", ("purchase",)),
    Column("spend_total", MONEY, "Paid less refunded so far", "currency", needs=("purchase",), zero=True),
    so_far("refunds_total", "Orders refunded so far", "orders", ("refund",)),
    in_days("purchase_recency_days", "Days from the last paid order to as_of", ("purchase",)),
    in_days("enrolment_recency_days", "Days from the last enrolment to as_of", ("enrol",)),
    in_days("first_purchase_days", "Days from the first paid order to as_of", ("purchase",)),
    Column(
        "purchase_gap_mean_days",
        DOUBLE,
        "Mean days from one day with a paid order to the next so far; null below two",
        "days",
        needs=("purchase",),
    ),
    Column("order_value_mean", DOUBLE, "Mean amount of a paid order so far", "currency", needs=("purchase",)),
)
PRICED_AT = (
    as_ratio(
        "discount_share_84d",
        "What was taken off the list prices known at the time, over these prices, in the paid orders of the 84 days "
        "before as_of",
        (PRICED,),
    ),
    as_ratio(
        "price_level_84d",
        "Mean list price of the order lines of the 84 days before as_of over that of the priced items known at as_of",
        (PRICED,),
    ),
)
HELD = (
    so_far(
        "entitlements_active", "Rights to use an item that have begun and not ended at as_of", "rights", (ENTITLED,)
    ),
    *(
        so_far(
            f"entitlements_ending_{n}d",
            f"Those of entitlements_active that end within {n} days",
            "rights",
            (ENTITLED,),
        )
        for n in ENDING_DAYS
    ),
    *windowed("entitlements_ended", BIGINT, "Rights that ended", "rights", needs=(ENTITLED,), windows=(28,)),
    in_days(
        "entitlement_next_end_days", "Days, begun ones included, to the next end of an active right", (ENTITLED,)
    ),
    so_far(
        "membership_left_days",
        "Days, begun ones included, to the end of the right to an item that may be had again (a membership); "
        "0 = none runs",
        "days",
        (ENTITLED,),
    ),
    in_days(
        "membership_ended_days",
        "Whole days since the last such right ended; null while one runs, and for who never had one",
        (ENTITLED,),
    ),
)
