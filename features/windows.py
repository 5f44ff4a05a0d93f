"""Windows of local days that end with the snapshot's Monday, and the feature set as a declared thing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir

from lyceum.schema import Column
from lyceum.tables.features import WINDOWS


@dataclass(frozen=True)
class FeatureSet:
    """Columns of one grain that are computed together.

    `aggregates(days, as_of)` gives one aggregate expression per column over the rows of `features.days.user_days`
    that lie before `as_of`.
    """

    name: str
    columns: tuple[Column, ...]
    aggregates: Callable[[ir.Table, date], Mapping[str, ir.Value]]


def within(days: ir.Table, /, *, as_of: date, window_days: int) -> ir.BooleanValue:
    """Whether a row's day lies in the `window_days` days before `as_of`."""
    return days.event_date >= ibis.literal(as_of - timedelta(days=window_days))


def sums(days: ir.Table, measure: str, stem: str, /, *, as_of: date) -> dict[str, ir.Value]:
    """`stem`_7d, _28d, _84d: the exact sums of `measure` in each window, zero where nothing happened."""
    return {
        f"{stem}_{window}d": total(days[measure], where=within(days, as_of=as_of, window_days=window))
        for window in WINDOWS
    }


def days_with(days: ir.Table, measure: str, stem: str, /, *, as_of: date) -> dict[str, ir.Value]:
    """`stem`_7d, _28d, _84d: the number of days on which `measure` was above zero."""
    return {
        f"{stem}_{window}d": days.count(where=(days[measure] > 0) & within(days, as_of=as_of, window_days=window))
        for window in WINDOWS
    }


def total(values: ir.Value, /, *, where: ir.BooleanValue | None = None) -> ir.Value:
    """The exact sum of an integer or decimal column, zero for no rows."""
    zero = ibis.literal(0).cast(values.type())
    return ibis.coalesce(values.sum(where=where), zero).cast(_exact(values))


def _exact(values: ir.Value) -> str:
    return "decimal(18,2)" if values.type().is_decimal() else "int64"


def days_since(days: ir.Table, /, *, as_of: date, where: ir.BooleanValue) -> ir.Value:
    """Days from the last row that fulfils `where` to `as_of`; null if there is none."""
    return ibis.literal(as_of).delta(days.event_date.max(where=where), unit="day").cast("int64")
