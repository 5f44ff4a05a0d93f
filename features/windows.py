"""Days as seen from Mondays, windows over them, and the feature set as a declared thing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from lyceum.schema import Column
from lyceum.tables.features import WINDOWS


@dataclass(frozen=True)
class FeatureSet:
    """Columns of one grain that are computed together.

    `aggregates(seen)` gives one aggregate expression per column over the rows of `seen_from`.
    """

    name: str
    columns: tuple[Column, ...]
    aggregates: Callable[[ir.Table], Mapping[str, ir.Value]]


def seen_from(days: ir.Table, mondays: ir.Table, /) -> ir.Table:
    """Each row of the day table once for every Monday (column as_of) after it, with `ago`: 1 = the day before."""
    joined = days.join(mondays, days.event_date < mondays.as_of)
    return joined.mutate(ago=joined.as_of.delta(joined.event_date, unit="day").cast("int64")).drop("event_date")


def sums(seen: ir.Table, measure: str, stem: str, /) -> dict[str, ir.Value]:
    """`stem`_7d, _28d, _84d: the exact sums of `measure` in each window, zero where nothing happened."""
    return {f"{stem}_{window}d": total(seen[measure], where=seen.ago <= window) for window in WINDOWS}


def days_with(seen: ir.Table, measure: str, stem: str, /) -> dict[str, ir.Value]:
    """`stem`_7d, _28d, _84d: the number of days on which `measure` was above zero."""
    return {f"{stem}_{window}d": seen.count(where=(seen[measure] > 0) & (seen.ago <= window)) for window in WINDOWS}


def total(values: ir.Value, /, *, where: ir.BooleanValue | None = None) -> ir.Value:
    """The exact sum of an integer or decimal column, zero for no rows."""
    exact = "decimal(18,2)" if values.type().is_decimal() else "int64"
    return ibis.coalesce(values.sum(where=where), ibis.literal(0).cast(exact)).cast(exact)
