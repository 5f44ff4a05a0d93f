"""What each person did on each day: the one pre-aggregation from which every windowed column is summed.

Everything here is a count, an integer or a decimal, so that sums do not depend on their order.
"""

import ibis
import ibis.expr.types as ir

from lyceum.events import ACT, INTENT, INTERACTING, LEARNING, WRITING

APART = ("staff", "test", "bot")  # roles whose deeds are nobody's behaviour

COUNTED: dict[str, tuple[str, ...]] = {
    "acts": ACT,
    "learning_events": LEARNING,
    "completions": ("complete",),
    "submissions": ("submit",),
    "check_ins": ("check_in",),
    "enrolments": ("enrol",),
    "purchases": ("purchase",),
    "refunds": ("refund",),
    "intent_events": INTENT,
    "carts": ("add_to_cart",),
    "texts_written": WRITING,
    "interactions": INTERACTING,
}
DECIMAL = ("paid", "refunded")
SUMMED = ("learning_ms", "paid", "refunded", "reactions_received", "own_events")
MEASURES = (*COUNTED, *SUMMED)


def of_people(events: ir.Table, roles: ir.Table, /) -> ir.Table:
    """`events` that a known person caused, without those of staff, test accounts and bots."""
    apart = roles.filter(roles.role.isin(APART)).select("user_id").distinct()
    return events.filter(events.user_id.notnull()).anti_join(apart, "user_id")


def is_act(events: ir.Table, /) -> ir.BooleanValue:
    """Whether an event is a deliberate act (DESIGN: ACT); a removal done to the user is none."""
    removed_by_others = (events.event_type == "remove") & (
        events.target_user_id.notnull() & (events.target_user_id == events.user_id)
    )
    return events.event_type.isin(ACT) & ~removed_by_others


def user_days(events: ir.Table, /) -> ir.Table:
    """One row per person and local day with the columns of MEASURES.

    `events` are those of people (see `of_people`). Purchases and refunds are counted in orders, not
    lines, and a free one is none.
    """
    given = _given(events)
    received = _received(events)
    both = given.union(received)
    return both.group_by("user_id", "event_date").agg(
        **{name: _exact_sum(both, name) for name in MEASURES},
    )


def _exact_sum(table: ir.Table, name: str) -> ir.Value:
    return table[name].sum().cast("decimal(18,2)" if name in DECIMAL else "int64").name(name)


def _given(events: ir.Table) -> ir.Table:
    kind = events.event_type
    paid = (kind == "purchase") & (events.amount > 0)
    counts = {name: events.count(where=kind.isin(kinds)) for name, kinds in COUNTED.items()}
    counts["acts"] = events.count(where=is_act(events))
    order = ibis.coalesce(events.object_id, events.event_id)  # an order of many lines is one purchase
    counts["purchases"] = order.nunique(where=paid)
    counts["refunds"] = order.nunique(where=kind == "refund")
    return events.group_by("user_id", "event_date").agg(
        **counts,
        learning_ms=_or_zero(events.duration_ms.sum(where=kind.isin(LEARNING)), "int64"),
        paid=_or_zero(events.amount.sum(where=paid), "decimal(18,2)"),
        refunded=_or_zero(events.amount.sum(where=kind == "refund"), "decimal(18,2)"),
        reactions_received=ibis.literal(0, "int64"),
        own_events=events.count(),
    )


def _received(events: ir.Table) -> ir.Table:
    others = events.filter(
        events.target_user_id.notnull()
        & (events.target_user_id != events.user_id)
        & events.event_type.isin(INTERACTING)
    )
    zeros = {name: _zero(name) for name in MEASURES if name != "reactions_received"}
    columns = others.group_by(user_id=others.target_user_id, event_date=others.event_date).agg(
        reactions_received=others.count()
    )
    return columns.mutate(**zeros).select("user_id", "event_date", *MEASURES)


def _zero(name: str) -> ir.Value:
    return ibis.literal(0).cast("decimal(18,2)" if name in DECIMAL else "int64")


def _or_zero(value: ir.Value, type_name: str) -> ir.Value:
    return ibis.coalesce(value, ibis.literal(0).cast(type_name)).cast(type_name)


def monday(day: ir.DateValue, /) -> ir.DateValue:
    """The Monday of a local day. (Engines give a truncated date back as a timestamp, whatever ibis believes.)"""
    return day.truncate("W").cast("timestamp").cast("date")
