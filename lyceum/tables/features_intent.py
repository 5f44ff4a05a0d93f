"""The columns of the user snapshot that hint at the next purchase: looking, comparing, and what lies in the cart."""

from lyceum.events import COUPONS_USED, INTENT, PRICED
from lyceum.schema import BIGINT, DOUBLE, MONEY, Column
from lyceum.tables.feature_columns import as_ratio, in_days, so_far, windowed
from lyceum.tables.features_behaviour import DENSE_WINDOWS, QUARTER, RARE_WINDOWS, WINDOWS

CART_DAYS = 28  # what was put into the cart longer ago is forgotten
COUPON_DAYS = 84  # so is a coupon
HALVING = (14, 28)  # days in which what was done counts half as much
AVERAGE_VIEWS = 25  # views of a person who does as all do, by which rates per view are steadied
AVERAGE_CARTS = 1  # the same for rates per item put into the cart

HINTS = {  # what is told by how long ago it was: stem of the column, count of the day, event, words
    "view": ("views", "view", "view of an item or page"),
    "click": ("clicks", "click", "click"),
    "search": ("searches", "search", "search"),
    "favourite": ("favourites", "favourite", "item kept as a favourite"),
    "cart": ("carts", "add_to_cart", "item put into the cart"),
    "coupon": ("coupons", "coupon", "coupon offered, claimed or redeemed"),
    "redemption": ("redemptions", "redeem", "redemption of points"),
}
FADING = {  # what counts the less the longer ago it was
    "views": ("views", "view", "Views of items and pages"),
    "purchases": ("purchases", "purchase", "Paid orders"),
}

INTENDED = (
    *windowed(
        "intent_events",
        BIGINT,
        "Views, clicks, searches, favourites and carts",
        "events",
        needs=INTENT,
        windows=DENSE_WINDOWS,
    ),
    *windowed("views", BIGINT, "Items and pages viewed", "events", needs=("view",), windows=RARE_WINDOWS),
    *windowed("searches", BIGINT, "Searches", "events", needs=("search",), windows=RARE_WINDOWS),
    *windowed("favourites", BIGINT, "Items kept as favourites", "events", needs=("favourite",), windows=(QUARTER,)),
    *windowed("carts", BIGINT, "Items put into the cart", "events", needs=("add_to_cart",), windows=WINDOWS),
    *windowed(
        "coupons", BIGINT, "Coupons offered, claimed or redeemed", "events", needs=("coupon",), windows=RARE_WINDOWS
    ),
    *(
        in_days(
            f"{stem}_recency_days",
            f"Days from the last {words} to as_of; null = none in the {QUARTER} days before",
            (event,),
        )
        for stem, (_, event, words) in HINTS.items()
    ),
)
SHOPPED = (
    so_far("views_total", "Items and pages viewed so far", "events", ("view",)),
    so_far("carts_total", "Items put into the cart so far", "events", ("add_to_cart",)),
    as_ratio(
        "carts_per_view",
        f"Items put into the cart per view so far, as if {AVERAGE_VIEWS} more views had been those of the average",
        ("add_to_cart",),
    ),
    as_ratio(
        "orders_per_view",
        f"Paid orders per view so far, as if {AVERAGE_VIEWS} more views had been those of the average",
        ("purchase",),
    ),
    as_ratio(
        "orders_per_cart",
        f"Paid orders per item put into the cart so far, as if {AVERAGE_CARTS} more had been that of the average",
        ("add_to_cart",),
    ),
    *(
        Column(
            f"{stem}_halving_{days}d",
            DOUBLE,
            f"{words} so far, each counting half as much {days} days later",
            "events",
            needs=(event,),
            zero=True,
        )
        for stem, (_, event, words) in FADING.items()
        for days in HALVING
    ),
)
COMPARED = (
    *windowed(
        "new_views",
        BIGINT,
        "Views of items with a list price that the person has not had",
        "events",
        needs=(PRICED,),
        windows=WINDOWS,
    ),
    Column(
        "new_views_price_mean_28d",
        DOUBLE,
        "Mean list price of the items of new_views_28d, each as often as it was viewed; null = none viewed",
        "currency",
        needs=(PRICED,),
    ),
)
CARTED = (
    so_far(
        "cart_open_items",
        f"Items put into the cart in the {CART_DAYS} days before as_of, still sold and not had since",
        "items",
        ("add_to_cart",),
    ),
    Column(
        "cart_open_value",
        MONEY,
        "List prices, as known at as_of, of cart_open_items",
        "currency",
        needs=("add_to_cart",),
        zero=True,
    ),
    Column(
        "cart_last_price",
        MONEY,
        "List price of the one of cart_open_items that was put there last",
        "currency",
        needs=("add_to_cart",),
        zero=True,
    ),
    in_days("cart_open_days", "Days from when that was put there to as_of", ("add_to_cart",)),
    so_far(
        "coupons_held",
        f"Coupons offered or claimed in the {COUPON_DAYS} days before as_of that no order of the person used",
        "coupons",
        (COUPONS_USED,),
    ),
)
