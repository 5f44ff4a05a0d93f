"""The item snapshot: demand, learning and money per item as of a Monday."""

from collections.abc import Mapping
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir

from features.days import is_act
from features.snapshot import since, unknown
from features.windows import total
from lyceum.events import LEARNING
from lyceum.tables.features import ITEM_SNAPSHOT, WINDOWS


def known_items(items: ir.Table, /, *, before: ir.TimestampValue) -> ir.Table:
    """The version of each item that was known at `before` (UTC): the newest with known_at earlier than it."""
    known = items.filter(items.known_at.isnull() | (items.known_at <= before))
    newest = ibis.window(group_by=known.item_id, order_by=[known.known_at.desc(nulls_first=False), known.batch_id])
    ranked = known.mutate(version=ibis.row_number().over(newest))
    return ranked.filter(ranked.version == 0).drop("version")


def item_snapshot(
    events: ir.Table, items: ir.Table, /, *, as_of: date, before: ir.TimestampValue, first_seen: Mapping[str, date]
) -> ir.Table:
    """The rows of features.item_snapshot: every item described or acted upon before `as_of`.

    `events` are those of people, `before` is the instant of the Monday 00:00 local, `first_seen` the signals by then.
    """
    past = events.filter((events.event_date < ibis.literal(as_of)) & events.item_id.notnull())
    demand = past.group_by("item_id").agg(first_day=past.event_date.min(), **_windowed(past, as_of))
    described = known_items(items, before=before)
    both = described.outer_join(demand, "item_id")
    rows = both.mutate(
        item_id=ibis.coalesce(both.item_id, both.item_id_right),
        as_of=ibis.literal(as_of),
        on_sale=ibis.coalesce(both.published_at < before, ibis.literal(True))
        & ibis.coalesce(both.withdrawn_at > before, ibis.literal(True)),
        repeatable=ibis.coalesce(both.repeatable, ibis.literal(0)) == 1,
        age_days=ibis.literal(as_of).delta(ibis.coalesce(both.published_at.date(), both.first_day), unit="day"),
    )
    return rows.select(*(_filled(rows, column.name, first_seen) for column in ITEM_SNAPSHOT.columns))


def _filled(rows: ir.Table, name: str, first_seen: Mapping[str, date]) -> ir.Value:
    column = ITEM_SNAPSHOT.column(name)
    if not column.needs:
        return rows[name]
    if since(column, first_seen=first_seen) is None:
        return unknown(column)
    return ibis.coalesce(rows[name], ibis.literal(0).cast(rows[name].type())).name(name)


def _windowed(past: ir.Table, as_of: date) -> dict[str, ir.Value]:
    kind = past.event_type
    paid = (kind == "purchase") & (past.amount > 0)
    found: dict[str, ir.Value] = {}
    for days in WINDOWS:
        near = past.event_date >= ibis.literal(as_of - timedelta(days=days))
        found |= {
            f"users_{days}d": past.user_id.nunique(where=near & is_act(past)),
            f"learners_{days}d": past.user_id.nunique(where=near & kind.isin(LEARNING)),
            f"item_enrolments_{days}d": past.count(where=near & (kind == "enrol")),
            f"item_completions_{days}d": past.count(where=near & (kind == "complete")),
            f"item_purchases_{days}d": past.count(where=near & paid),
            f"item_refunds_{days}d": past.count(where=near & (kind == "refund")),
            f"item_revenue_{days}d": (
                total(past.amount, where=near & paid) - total(past.amount, where=near & (kind == "refund"))
            ).cast("decimal(18,2)"),
        }
    return found
