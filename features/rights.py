"""Rights to use items: which run, which end when, and how a membership stands."""

import ibis
import ibis.expr.types as ir

from features.joining import USER, beside
from features.windows import FeatureSet, Past
from lyceum.tables.features_money import ENDING_DAYS, HELD

SECONDS_PER_DAY = 86_400
ENDED_DAYS = 28


def refunded_orders(events: ir.Table, /) -> ir.Table:
    """user_id, event_date, order_id, refunded_at of every order that was paid back."""
    refunds = events.filter((events.event_type == "refund") & events.object_id.notnull())
    return refunds.group_by("user_id", "event_date", order_id=refunds.object_id).agg(
        refunded_at=refunds.occurred_at.min()
    )


def rights(entitlements: ir.Table, refunds: ir.Table, /) -> ir.Table:
    """user_id, item_id, starts_at, ends_at, refunded_at (of the order that gave the right; null = it was kept)."""
    back = refunds.group_by("user_id", "order_id").agg(refunded_at=refunds.refunded_at.min())
    same = [entitlements.user_id == back.user_id, entitlements.order_id == back.order_id]
    joined = entitlements.left_join(back, same)
    return joined.select(*(entitlements[n] for n in ("user_id", "item_id", "starts_at", "ends_at")), back.refunded_at)


def _held(past: Past) -> ir.Table:
    """The rights that have begun. One whose order was paid back by the moment ended then, whatever was agreed."""
    begun = past.begun("rights", at="starts_at")
    back = (begun.refunded_at < begun.before) & (begun.ends_at.isnull() | (begun.refunded_at < begun.ends_at))
    begun = begun.mutate(until=ibis.ifelse(back.fill_null(False), begun.refunded_at, begun.ends_at))
    left = (begun.until.epoch_seconds() - begun.before.epoch_seconds()).cast("int64")
    rows = begun.select(*USER, "item_id", endless=begun.until.isnull(), left=ibis.coalesce(left, 0))
    return beside(_ends(rows), _memberships(rows, past), key=USER)


def _ends(rows: ir.Table) -> ir.Table:
    runs = rows.endless | (rows.left > 0)
    ends = ~rows.endless & (rows.left > 0)
    ended = ~rows.endless & (rows.left <= 0) & (rows.left > -ENDED_DAYS * SECONDS_PER_DAY)
    return rows.group_by(*USER).agg(
        entitlements_active=rows.count(where=runs),
        **{
            f"entitlements_ending_{n}d": rows.count(where=ends & (rows.left <= n * SECONDS_PER_DAY))
            for n in ENDING_DAYS
        },
        entitlements_ended_28d=rows.count(where=ended),
        entitlement_next_end_days=_days(rows.left).min(where=ends),
    )


def _memberships(rows: ir.Table, past: Past) -> ir.Table:
    """How the last right to an item that may be had again stands: a term that follows another counts with it."""
    items = past.known("items", key="item_id")
    again = items.filter(items.repeatable == 1).select("item_id", "as_of")
    members = rows.filter(~rows.endless).semi_join(again, ["item_id", "as_of"])
    left = members.group_by(*USER).agg(left=members.left.max())
    running = left.left > 0
    return left.select(
        *USER,
        membership_left_days=ibis.ifelse(running, _days(left.left), ibis.literal(0, "int64")),
        membership_ended_days=ibis.ifelse(running, ibis.null("int64"), -left.left // SECONDS_PER_DAY).cast("int64"),
    )


def _days(seconds: ir.Value) -> ir.IntegerValue:
    """Days of that many seconds, begun ones included."""
    return ((seconds + SECONDS_PER_DAY - 1) // SECONDS_PER_DAY).cast("int64")


ENTITLEMENTS_SET = FeatureSet(
    "entitlements",
    "user",
    (*ENDING_DAYS,),
    {
        "rights": ("user_id", "item_id", "starts_at", "ends_at", "refunded_at"),
        "items": ("item_id", "known_at", "batch_id", "repeatable"),
    },
    HELD,
    _held,
)
