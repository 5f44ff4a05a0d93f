"""What each person did on each day: the one pre-aggregation from which every windowed column is summed.

Everything here is a count, an integer or a decimal, so that sums do not depend on their order.
"""

import ibis
import ibis.expr.types as ir

from lyceum.events import INTENT, INTERACTING, LEARNING, NOT_AN_ACT, WRITING

APART = ("staff", "test", "bot")  # roles whose deeds are nobody's behaviour

COUNTED: dict[str, tuple[str, ...]] = {
    "learning_events": LEARNING,
    "lessons_played": ("learn",),
    "submissions": ("submit",),
    "completions": ("complete",),
    "check_ins": ("check_in",),
    "attendances": ("attend",),
    "enrolments": ("enrol",),
    "intent_events": INTENT,
    "views": ("view",),
    "clicks": ("click",),
    "searches": ("search",),
    "favourites": ("favourite",),
    "carts": ("add_to_cart",),
    "coupons": ("coupon",),
    "redemptions": ("redeem",),
    "texts_written": WRITING,
    "posts": ("post",),
    "answers": ("answer",),
    "comments": ("comment",),
    "interactions": INTERACTING,
    "likes": ("like", "vote"),
    "accepts": ("accept",),
    "follows": ("follow",),
    "ratings": ("rate",),
    "shares": ("share",),
    "invites": ("invite",),
    "complaints": ("complain",),
    "cancellations": ("cancel",),
}
RECEIVED: dict[str, tuple[str, ...]] = {
    "reactions_received": INTERACTING,
    "replies_received": ("answer", "comment"),
    "likes_received": ("like", "vote"),
    "accepts_received": ("accept",),
    "follows_received": ("follow",),
}
MONEY_TYPE = "decimal(18,2)"


def of_people(events: ir.Table, roles: ir.Table, /) -> ir.Table:
    """`events` that a known person caused, without those of staff, test accounts and bots."""
    apart = roles.filter(roles.role.isin(APART)).select("user_id").distinct()
    return events.filter(events.user_id.notnull()).anti_join(apart, "user_id")


def is_act(events: ir.Table, /) -> ir.BooleanValue:
    """Whether an event is a deliberate act (DESIGN: ACT); a removal done to the user is none."""
    removed_by_others = (events.event_type == "remove") & (
        events.target_user_id.notnull() & (events.target_user_id == events.user_id)
    )
    return events.event_type.notin(NOT_AN_ACT) & ~removed_by_others


def user_days(events: ir.Table, /) -> ir.Table:
    """One row per person and local day on which the person caused an event.

    `events` are those of people (see `of_people`). own_events, acts, the counts of COUNTED, learning_ms, paid and
    refunded (money), purchases and refunds (in orders, not lines; a free one is none).
    """
    kind = events.event_type
    paid = (kind == "purchase") & (events.amount > 0)
    counts = {name: events.count(where=kind.isin(kinds)).cast("int64") for name, kinds in COUNTED.items()}
    days = events.group_by("user_id", "event_date").agg(
        own_events=events.count().cast("int64"),
        acts=events.count(where=is_act(events)).cast("int64"),
        **counts,
        learning_ms=or_zero(events.duration_ms.sum(where=kind.isin(LEARNING)), "int64"),
        paid=or_zero(events.amount.sum(where=paid), MONEY_TYPE),
        refunded=or_zero(events.amount.sum(where=kind == "refund"), MONEY_TYPE),
    )
    ordered = {name: or_zero(ibis._[name], "int64") for name in ("purchases", "refunds")}
    return days.left_join(_orders(events), ["user_id", "event_date"]).select(
        *(days[n] for n in days.columns), **ordered
    )


def _orders(events: ir.Table) -> ir.Table:
    """Orders paid and refunded per person and day. (A distinct count beside the others doubles the cost of all.)"""
    kind = events.event_type
    lines = events.filter(((kind == "purchase") & (events.amount > 0)) | (kind == "refund"))
    order = ibis.coalesce(lines.object_id, lines.event_id)  # an order of many lines is one purchase
    orders = lines.select("user_id", "event_date", "event_type", order_id=order).distinct()
    return orders.group_by("user_id", "event_date").agg(
        purchases=orders.count(where=orders.event_type == "purchase"),
        refunds=orders.count(where=orders.event_type == "refund"),
    )


def people(days: ir.Table, /) -> ir.Table:
    """user_id, first_day: everybody of the day table and the day of their first event."""
    return days.group_by("user_id").agg(first_day=days.event_date.min())


def received_days(events: ir.Table, /) -> ir.Table:
    """One row per person and local day with the counts of RECEIVED: what others did and addressed to the person."""
    others = events.filter(
        events.target_user_id.notnull()
        & (events.target_user_id != events.user_id)
        & events.event_type.isin(INTERACTING)
    )
    counts = {
        name: others.count(where=others.event_type.isin(kinds)).cast("int64") for name, kinds in RECEIVED.items()
    }
    return others.group_by(user_id=others.target_user_id, event_date=others.event_date).agg(**counts)


def or_zero(value: ir.Value, type_name: str, /) -> ir.Value:
    """A sum of that type, zero where nothing was summed."""
    return ibis.coalesce(value, ibis.literal(0).cast(type_name)).cast(type_name)


def monday(day: ir.DateValue, /) -> ir.DateValue:
    """The Monday of a local day. (Engines give a truncated date back as a timestamp, whatever ibis believes.)"""
    return day.truncate("W").cast("timestamp").cast("date")
