"""The user snapshot: every feature set, one row per person seen before a Monday, in one pass over the days."""

from collections.abc import Collection
from datetime import date

import ibis
import ibis.expr.types as ir

from features.activity import ACTIVITY_SET
from features.community import COMMUNITY_SET
from features.learning import LEARNING_SET
from features.money import INTENT_SET, MONEY_SET
from features.windows import FeatureSet
from lyceum.schema import Column
from lyceum.tables.features import USER_SNAPSHOT

SETS: tuple[FeatureSet, ...] = (ACTIVITY_SET, LEARNING_SET, MONEY_SET, INTENT_SET, COMMUNITY_SET)


def user_snapshot(days: ir.Table, /, *, as_of: date, kinds: Collection[str]) -> ir.Table:
    """The rows of features.user_snapshot as of `as_of`, from `features.days.user_days`.

    `kinds` are the event types seen before `as_of`. A column that none of them could fill is null, never zero: the
    platform does not record such a thing, which says nothing about the person.
    """
    known = days.filter(days.event_date < ibis.literal(as_of))
    aggregates = {name: value for each in SETS for name, value in each.aggregates(known, as_of).items()}
    rows = known.group_by("user_id").having(known.own_events.sum() > 0).agg(**aggregates)
    rows = rows.mutate(as_of=ibis.literal(as_of))
    chosen = [
        rows[column.name] if available(column, kinds=kinds) else unknown(column) for column in USER_SNAPSHOT.columns
    ]
    return rows.select(*chosen)


def available(column: Column, /, *, kinds: Collection[str]) -> bool:
    """Whether the logs hold any event that could fill the column."""
    return not column.needs or any(kind in kinds for kind in column.needs)


def unknown(column: Column, /) -> ir.Value:
    """A typed null under the column's name."""
    words = {"BIGINT": "int64", "DOUBLE": "float64", "DECIMAL(18,2)": "decimal(18,2)", "VARCHAR": "string"}
    return ibis.null(words[column.type]).name(column.name)
