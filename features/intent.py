"""What hints at the next purchase, by itself and over time: looking, searching, putting aside."""

import ibis
import ibis.expr.types as ir

from features.joining import USER
from features.windows import FeatureSet, Past, ratio, sums, total
from lyceum.tables.features_behaviour import DENSE_WINDOWS, QUARTER, RARE_WINDOWS, WINDOWS
from lyceum.tables.features_intent import (
    AVERAGE_CARTS,
    AVERAGE_VIEWS,
    COMPARED,
    FADING,
    HALVING,
    HINTS,
    INTENDED,
    SHOPPED,
)

MONTH = 28  # days
WHOLE = 2**20  # what one event of today weighs: fading weights are rounded to integers, whose sums are exact


def _intended(past: Past) -> ir.Table:
    seen = past.seen("user_days", within=QUARTER)
    return seen.group_by(*USER).agg(
        **sums(seen, "intent_events", "intent_events", windows=DENSE_WINDOWS),
        **sums(seen, "views", "views", windows=RARE_WINDOWS),
        **sums(seen, "searches", "searches", windows=RARE_WINDOWS),
        **sums(seen, "favourites", "favourites", windows=(QUARTER,)),
        **sums(seen, "carts", "carts", windows=WINDOWS),
        **sums(seen, "coupons", "coupons", windows=RARE_WINDOWS),
        **{f"{stem}_recency_days": seen.ago.min(where=seen[measure] > 0) for stem, (measure, *_) in HINTS.items()},
    )


def _shopped(past: Past) -> ir.Table:
    own = _so_far(past)
    everybody = _so_far(past.of_everybody) if "user_id" in past.moments.columns else own
    names = ("views_total", "carts_total", "orders_total")
    means = everybody.group_by("as_of").agg(**{f"all_{name}": total(everybody[name]) for name in names})
    rows = own.join(means, "as_of")
    steadied = {
        "carts_per_view": ("carts", "views", AVERAGE_VIEWS),
        "orders_per_view": ("orders", "views", AVERAGE_VIEWS),
        "orders_per_cart": ("orders", "carts", AVERAGE_CARTS),
    }
    return rows.mutate(**{name: _steadied(rows, *asked) for name, asked in steadied.items()})


def _so_far(past: Past) -> ir.Table:
    seen = past.seen("user_days")
    rows = seen.filter((seen.views > 0) | (seen.carts > 0) | (seen.purchases > 0))
    weights = {days: (WHOLE * (ibis.literal(2.0) ** (-rows.ago / days))).round().cast("int64") for days in HALVING}
    return rows.group_by(*USER).agg(
        views_total=total(rows.views),
        carts_total=total(rows.carts),
        orders_total=total(rows.purchases),
        **{
            f"{stem}_halving_{days}d": total(rows[measure] * weight).cast("float64") / WHOLE
            for stem, (measure, *_) in FADING.items()
            for days, weight in weights.items()
        },
    )


def _steadied(rows: ir.Table, part: str, whole: str, more: int) -> ir.Value:
    """The rate as if `more` times everybody's had been added, which few events cannot move far."""
    usual = ratio(rows[f"all_{part}_total"], rows[f"all_{whole}_total"])
    return (rows[f"{part}_total"] + usual * more) / (rows[f"{whole}_total"] + more)


def _compared(past: Past) -> ir.Table:
    """Views of what the person might buy: of items with a price, less those that one has and needs only once."""
    seen = past.seen("user_items", within=QUARTER)
    items = past.known("items", key="item_id")
    priced = items.filter(items.price > 0).select(
        "item_id", "as_of", "price", once=items.repeatable.fill_null(0) != 1
    )
    viewed = seen.filter(seen.views > 0).join(priced, ["item_id", "as_of"])
    near = past.near("user_items")
    had = near.filter(near.had > 0).group_by("user_id", "item_id").agg(had_on=lambda rows: rows.event_date.min())
    same = [viewed.user_id == had.user_id, viewed.item_id == had.item_id, had.had_on < viewed.as_of, viewed.once]
    new = viewed.anti_join(had, same)
    recent = new.ago <= MONTH
    return new.group_by(*USER).agg(
        **sums(new, "views", "new_views", windows=WINDOWS),
        new_views_price_mean_28d=ratio(total(new.price * new.views, where=recent), total(new.views, where=recent)),
    )


_DAY = ("user_id", "event_date")
INTENT_SET = FeatureSet(
    "intent",
    "user",
    DENSE_WINDOWS,
    {"user_days": (*_DAY, "intent_events", *(measure for measure, *_ in HINTS.values()))},
    INTENDED,
    _intended,
)
SHOPPING_SET = FeatureSet(
    "shopping",
    "user",
    (),
    {"user_days": (*_DAY, "views", "carts", "purchases")},
    SHOPPED,
    _shopped,
)
COMPARING_SET = FeatureSet(
    "comparing",
    "user",
    WINDOWS,
    {
        "user_items": (*_DAY, "item_id", "views", "had"),
        "items": ("item_id", "known_at", "batch_id", "price", "repeatable"),
    },
    COMPARED,
    _compared,
)
