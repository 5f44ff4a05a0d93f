"""Lines of orders, and what they cost beside the list price known then."""

import ibis
import ibis.expr.types as ir

from features.days import MONEY_TYPE
from features.windows import versions


def order_lines(events: ir.Table, /) -> ir.Table:
    """user_id, event_date, occurred_at, item_id, order_id, amount, quantity (1 if unsaid) of every paid line."""
    paid = events.filter((events.event_type == "purchase") & (events.amount > 0))
    return paid.select(
        "user_id",
        "event_date",
        "occurred_at",
        "item_id",
        "amount",
        order_id=ibis.coalesce(paid.object_id, paid.event_id),
        quantity=ibis.coalesce(paid.quantity, 1),
    )


def priced_lines(lines: ir.Table, items: ir.Table, /) -> ir.Table:
    """user_id, event_date, lines, listed, reduced of the lines whose item had a list price when they were bought.

    listed is what they cost by the list then, reduced what was taken off (of a line above its list price: 0).
    """
    spans = versions(items.filter(items.price > 0), key="item_id")
    priced = lines.join(
        spans.select("item_id", "price", "known_since", "known_until"),
        [
            lines.item_id == spans.item_id,
            spans.known_since <= lines.occurred_at,
            spans.known_until.isnull() | (spans.known_until > lines.occurred_at),
        ],
    )
    listed = (priced.price * priced.quantity).cast(MONEY_TYPE)
    costed = priced.mutate(listed=listed, reduced=ibis.greatest(listed - priced.amount, 0).cast(MONEY_TYPE))
    return costed.group_by("user_id", "event_date").agg(
        lines=costed.count().cast("int64"),
        listed=costed.listed.sum().cast(MONEY_TYPE),
        reduced=costed.reduced.sum().cast(MONEY_TYPE),
    )
