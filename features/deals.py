"""Lines of orders, and what they cost beside the list price known then."""

from datetime import date

import ibis
import ibis.expr.types as ir

from features.days import MONEY_TYPE, monday, or_zero
from features.windows import versions
from lyceum.tables.movements import DISCOUNT_WEEKS, WELL_PRICED
from lyceum.weeks import WEEK


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
    costed = _costed(lines, items)
    return costed.group_by("user_id", "event_date").agg(
        lines=costed.count().cast("int64"),
        listed=costed.listed.sum().cast(MONEY_TYPE),
        reduced=costed.reduced.sum().cast(MONEY_TYPE),
    )


def _costed(lines: ir.Table, items: ir.Table) -> ir.Table:
    """Each line whose item had a list price when it was bought, with listed and reduced."""
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
    return priced.mutate(listed=listed, reduced=ibis.greatest(listed - priced.amount, 0).cast(MONEY_TYPE))


def weekly_discounts(lines: ir.Table, items: ir.Table, /, *, as_of: date) -> ir.Table:
    """The rows of marts.weekly_discounts at the Monday `as_of`; `lines` is the input order_lines."""
    recent = lines.filter(
        (lines.event_date < ibis.literal(as_of)) & (lines.event_date >= ibis.literal(as_of - DISCOUNT_WEEKS * WEEK))
    )
    costed = _costed(recent, items)
    every = recent.group_by(week=monday(recent.event_date)).agg(
        lines=recent.count().cast("int64"), paid=recent.amount.sum().cast(MONEY_TYPE)
    )
    priced = costed.group_by(week=monday(costed.event_date)).agg(
        lines_priced=costed.count().cast("int64"),
        paid_priced=costed.amount.sum().cast(MONEY_TYPE),
        reduced=costed.reduced.sum().cast(MONEY_TYPE),
    )
    rows = every.left_join(priced, "week")
    known = or_zero(rows.paid_priced, MONEY_TYPE)
    told = known.cast("float64") >= WELL_PRICED * rows.paid.cast("float64")
    return rows.select(
        *("week", "lines", "paid"),
        lines_priced=or_zero(rows.lines_priced, "int64"),
        paid_priced=known,
        discount=told.ifelse(or_zero(rows.reduced, MONEY_TYPE), ibis.null(MONEY_TYPE)),
    )
