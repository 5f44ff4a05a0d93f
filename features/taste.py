"""What somebody is after: categories, prices and authors of the items in use.

The unit is a day on which an item was used (enrolled, bought, learnt, handed in, finished): a heavy day of clicks
counts once. Categories, prices and authors are those of the version known at the moment.
"""

import ibis
import ibis.expr.types as ir

from features.joining import USER, beside
from features.windows import FeatureSet, Past, ratio
from lyceum.tables.features_social import RANKS, TASTE_DAYS, TASTED

NEWLY_DAYS = 28


def _taste(past: Past) -> ir.Table:
    shelf = past.known("items", key="item_id").select("item_id", "as_of", "category", "price", "author_id")
    seen = past.seen("user_items", within=TASTE_DAYS)
    used = seen.filter(seen.consuming > 0)
    items = used.group_by(*USER, "item_id").agg(days=used.count(), newest=used.ago.min(), oldest=used.ago.max())
    rows = items.join(shelf, ["item_id", "as_of"])
    found = rows.select(*USER).distinct()
    for part in (_categories(rows), _authors(rows), _prices(rows, shelf)):
        found = beside(found, part, key=USER)
    return found


def _categories(rows: ir.Table) -> ir.Table:
    shelved = rows.filter(rows.category.notnull())
    each = shelved.group_by(*USER, "category").agg(
        days=shelved.days.sum(), newest=shelved.newest.min(), oldest=shelved.oldest.max()
    )
    ranked = _ranked(each, "category")
    whole = ranked.days.sum()
    tops = {rank: ranked.place == place for place, rank in enumerate(RANKS)}
    shares = {rank: ratio(ibis.coalesce(ranked.days.sum(where=top), 0), whole) for rank, top in tops.items()}
    recent = ranked.newest <= NEWLY_DAYS
    return ranked.group_by(*USER).agg(
        **{f"{rank}_category": ranked.category.max(where=top) for rank, top in tops.items()},
        **{f"{rank}_category_share_84d": share for rank, share in shares.items()},
        categories_84d=ranked.count(),
        category_concentration_84d=ratio((ranked.days * ranked.days).sum(), whole * whole),
        new_category_share_28d=ratio(
            ranked.count(where=recent & (ranked.oldest <= NEWLY_DAYS)), ranked.count(where=recent)
        ),
    )


def _ranked(each: ir.Table, name: str) -> ir.Table:
    """`each` with its place among those of its person and moment: by days of use, equals by name."""
    order = ibis.window(group_by=[each[key] for key in USER], order_by=[each.days.desc(), each[name]])
    return each.mutate(place=ibis.row_number().over(order))


def _authors(rows: ir.Table) -> ir.Table:
    signed = rows.filter(rows.author_id.notnull())
    each = _ranked(signed.group_by(*USER, "author_id").agg(days=signed.days.sum()), "author_id")
    return each.group_by(*USER).agg(
        authors_84d=each.count(), main_author_share_84d=ratio(each.days.max(), each.days.sum())
    )


def _prices(rows: ir.Table, shelf: ir.Table) -> ir.Table:
    priced = rows.filter(rows.price.notnull())
    own = priced.group_by(*USER).agg(mean=ratio(priced.price.sum(), priced.count()))
    usual = shelf.group_by("as_of").agg(usual=ratio(shelf.price.sum(), shelf.price.count()))
    both = own.join(usual, "as_of")
    return both.select(*USER, price_taste_84d=ratio(both["mean"], both.usual))


TASTE_SET = FeatureSet(
    "taste",
    "user",
    (TASTE_DAYS, NEWLY_DAYS),
    {
        "user_items": ("user_id", "item_id", "event_date", "consuming"),
        "items": ("item_id", "known_at", "batch_id", "category", "price", "author_id"),
    },
    TASTED,
    _taste,
)
