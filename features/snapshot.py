"""The user snapshot: every feature set, one row per moment and person seen before it."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial

import ibis
import ibis.expr.types as ir

from features.activity import ACTIVITY_SET
from features.cart import CART_SET
from features.community import COMMUNITIES_SET, COMMUNITY_SET, PARTNERS_SET, REPLIES_SET
from features.growth import GROWTH_SET
from features.habits import HABITS_SET
from features.intent import COMPARING_SET, INTENT_SET, SHOPPING_SET
from features.joining import USER, beside
from features.learning import LEARNING_SET
from features.money import MONEY_SET, PRICES_SET
from features.profile import PROFILE_SET
from features.progress import PROGRESS_SET
from features.rights import ENTITLEMENTS_SET
from features.taste import TASTE_SET
from features.windows import FeatureSet, Past, compute
from lyceum.errors import InputError
from lyceum.schema import BIGINT, BOOLEAN, DOUBLE, MONEY, VARCHAR, Column

SETS: tuple[FeatureSet, ...] = (
    *(ACTIVITY_SET, HABITS_SET, LEARNING_SET, PROGRESS_SET),
    *(MONEY_SET, PRICES_SET, ENTITLEMENTS_SET),
    *(INTENT_SET, SHOPPING_SET, COMPARING_SET, CART_SET),
    *(COMMUNITY_SET, PARTNERS_SET, REPLIES_SET, COMMUNITIES_SET, GROWTH_SET, PROFILE_SET, TASTE_SET),
)


def user_snapshot(past: Past, /, *, first_seen: Mapping[str, date], sets: Sequence[FeatureSet] = SETS) -> ir.Table:
    """The rows of features.user_snapshot at every moment of `past`, with the columns of `sets`.

    `first_seen` gives the day on which each signal (see lyceum.events) first stood in the logs. A column that no
    signal could fill by then is null, never zero: that the platform does not record such a thing says nothing about
    the person.
    """
    return described(population(past), past, begins=partial(since, first_seen=first_seen), sets=sets)


def population(past: Past, /) -> ir.Table:
    """user_id and as_of of everybody with an own event before the moment."""
    return past.seen("people", day="first_day").select(*USER)


def described(
    rows: ir.Table,
    past: Past,
    /,
    *,
    begins: Callable[[Column], date | None],
    sets: Sequence[FeatureSet],
) -> ir.Table:
    """`rows` (a key and as_of alone, at moments of `past`) with the columns of `sets`.

    A row that a set lacks has zero or null there as declared. What no signal could fill by the moment is null:
    `begins` gives the first day on which one could fill a column, None if it never came, as `since` does.

    Raises:
        InputError: two of the sets have a column of the same name, or a set reads what is not there.
    """
    columns, key = _distinct(sets), tuple(rows.columns)
    found = beside(rows, *(compute(each, past) for each in sets), key=key)
    return found.select(*key, *(_known(found, column, begins) for column in columns))


def _distinct(sets: Sequence[FeatureSet]) -> list[Column]:
    columns = [column for each in sets for column in each.columns]
    counts = Counter(column.name for column in columns)
    twice = sorted(name for name, count in counts.items() if count > 1)
    if twice:
        raise InputError(
            f"More than one of the feature sets {', '.join(each.name for each in sets)} has {', '.join(twice)}.",
            remedy="Name each set once, and give each column a name of its own.",
        )
    return columns


def since(column: Column, /, *, first_seen: Mapping[str, date]) -> date | None:
    """The first day on which the logs hold a signal that fills the column; None if none ever did."""
    return min((first_seen[signal] for signal in column.needs if signal in first_seen), default=None)


def _known(rows: ir.Table, column: Column, begins: Callable[[Column], date | None]) -> ir.Value:
    value = rows[column.name]
    if column.zero:
        value = ibis.coalesce(value, ibis.literal(0).cast(value.type()))
    if not column.needs:
        return value.name(column.name)
    first = begins(column)
    if first is None:
        return unknown(column)
    return ibis.ifelse(rows.as_of > ibis.literal(first), value, ibis.null(value.type())).name(column.name)


def unknown(column: Column, /) -> ir.Value:
    """A typed null under the column's name."""
    words = {BIGINT: "int64", DOUBLE: "float64", MONEY: "decimal(18,2)", VARCHAR: "string", BOOLEAN: "boolean"}
    return ibis.null(words[column.type]).name(column.name)
