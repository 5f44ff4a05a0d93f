"""The user snapshot: every feature set, one row per Monday and person seen before it, in one pass over the days."""

from collections.abc import Mapping
from datetime import date

import ibis
import ibis.expr.types as ir

from features.activity import ACTIVITY_SET
from features.community import COMMUNITY_SET
from features.learning import LEARNING_SET
from features.money import INTENT_SET, MONEY_SET
from features.windows import FeatureSet, seen_from
from lyceum.schema import Column
from lyceum.tables.features import USER_SNAPSHOT

SETS: tuple[FeatureSet, ...] = (ACTIVITY_SET, LEARNING_SET, MONEY_SET, INTENT_SET, COMMUNITY_SET)


def user_snapshot(days: ir.Table, mondays: ir.Table, /, *, first_seen: Mapping[str, date]) -> ir.Table:
    """The rows of features.user_snapshot for every as_of of `mondays`, from `features.days.user_days`.

    `first_seen` gives the day on which each signal (an event type, or one of lyceum.events.SIGNALS) first stood in
    the logs. A column that no signal could fill by then is null, never zero: that the platform does not record such a
    thing says nothing about the person.
    """
    seen = seen_from(days, mondays)
    aggregates = {name: value for each in SETS for name, value in each.aggregates(seen).items()}
    rows = seen.group_by("user_id", "as_of").having(seen.own_events.sum() > 0).agg(**aggregates)
    chosen = [_known(rows, column, first_seen) for column in USER_SNAPSHOT.columns]
    return rows.select(*chosen)


def since(column: Column, /, *, first_seen: Mapping[str, date]) -> date | None:
    """The first day on which the logs hold a signal that fills the column; None if none ever did."""
    return min((first_seen[signal] for signal in column.needs if signal in first_seen), default=None)


def _known(rows: ir.Table, column: Column, first_seen: Mapping[str, date]) -> ir.Value:
    if not column.needs:
        return rows[column.name]
    first = since(column, first_seen=first_seen)
    if first is None:
        return unknown(column)
    value = rows[column.name]
    return ibis.ifelse(rows.as_of > ibis.literal(first), value, ibis.null(value.type())).name(column.name)


def unknown(column: Column, /) -> ir.Value:
    """A typed null under the column's name."""
    words = {"BIGINT": "int64", "DOUBLE": "float64", "DECIMAL(18,2)": "decimal(18,2)", "VARCHAR": "string"}
    return ibis.null(words[column.type]).name(column.name)
