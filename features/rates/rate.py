"""What a rate is, what it is computed from, and what makes its figure fit to be read."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir

from lyceum.tables.rates import ALL
from lyceum.weeks import WEEK

SMALLEST_DENOMINATOR = 30  # FIELD 0: below it a rate is no figure
Z = 1.959963984540054  # of the 97.5 % quantile of the normal distribution


@dataclass(frozen=True)
class Given:
    """What the rates of a week are computed from: all that was known before the Monday `as_of`, and nothing after.

    `tables` has what feature sets read (see features.inputs), the events of people among it, and the canonical ones.
    `first` is the Monday of the oldest week told; everything that happened before it may be read too.
    """

    tables: Mapping[str, ir.Table]
    as_of: date
    first: date

    def __getitem__(self, name: str) -> ir.Table:
        """A table, its rows of local days before `as_of` only, where it has days."""
        table = self.tables[name]
        return table.filter(table.event_date < ibis.literal(self.as_of)) if "event_date" in table.columns else table

    def told(self, week: ir.DateValue, /) -> ir.BooleanValue:
        """Whether a Monday is that of a week told."""
        return (week >= ibis.literal(self.first)) & (week < ibis.literal(self.as_of))

    def reached(self, ages: Collection[int], /) -> list[int]:
        """Those of `ages` that at least the oldest week told has reached: of the others there is nothing to tell."""
        return [age for age in ages if self.first + WEEK + timedelta(days=age) <= self.as_of]


@dataclass(frozen=True)
class Rate:
    """One rate. `build(given)` has one row per part, week and age: part, week, age_days, numerator, denominator.

    `needs` are groups of signals (see lyceum.events): without any of a group the rate is unknown. `counts` says that
    the numerator counts some of what the denominator counts, so that it has a Wilson interval.
    """

    name: str
    area: str
    numerator: str
    denominator: str
    needs: tuple[tuple[str, ...], ...]
    build: Callable[[Given], ir.Table]
    ages: tuple[int, ...] = (0,)
    parts: str = ""
    counts: bool = True

    def missing(self, signals: Collection[str], /) -> list[str]:
        """The groups of `needs` of which the logs hold nothing, each in words."""
        return [" or ".join(group) for group in self.needs if not set(group) & set(signals)]


def columns(
    *,
    week: ir.Value,
    numerator: ir.Value,
    denominator: ir.Value,
    age_days: int | ir.Value = 0,
    part: str | ir.Value = ALL,
) -> dict[str, ir.Value]:
    """The columns that every build has, in their types."""
    return {
        "part": ibis.literal(part) if isinstance(part, str) else part.cast("string"),
        "week": week.cast("date"),
        "age_days": (ibis.literal(age_days) if isinstance(age_days, int) else age_days).cast("int64"),
        "numerator": numerator.cast("float64"),
        "denominator": denominator.cast("float64"),
    }


Cells = Mapping[tuple[str, int], tuple[ir.Value, ir.Value]]


def unfolded(given: Given, weeks: ir.Table, cells: Cells, /) -> ir.Table:
    """The rows of a build from one wide row per `week`: for each part and age of `cells` numerator and denominator.

    Weeks not told, ages that no week has reached, and cells with nothing below have no row.
    """
    each = [
        ibis.struct(
            {
                "part": ibis.literal(part),
                "age_days": ibis.literal(age, "int64"),
                "numerator": numerator.cast("float64"),
                "denominator": denominator.cast("float64"),
            }
        )
        for (part, age), (numerator, denominator) in cells.items()
    ]
    rows = weeks.select("week", cell=ibis.array(each).unnest())
    told = rows.select("week", **{name: rows.cell[name] for name in ("part", "age_days", "numerator", "denominator")})
    oldest = (given.as_of - given.first - WEEK).days  # age that the first week told has reached
    kept = told.filter(given.told(told.week) & (told.age_days <= oldest) & (told.denominator > 0))
    return kept.select(**columns(**{name: kept[name] for name in kept.columns}))


def finished(rate: Rate, given: Given, /) -> ir.Table:
    """The rows of marts.rates of one rate: its rows with value, interval and maturity."""
    rows = rate.build(given)
    over = rows.week + ibis.interval(days=7) + rows.age_days.as_interval("D")
    mature = over.cast("date") <= ibis.literal(given.as_of)
    fit = mature & (rows.denominator >= SMALLEST_DENOMINATOR)
    low, high = wilson(rows.numerator, rows.denominator) if rate.counts else (ibis.null("float64"),) * 2
    return rows.select(
        rate=ibis.literal(rate.name),
        **{name: rows[name] for name in ("part", "week", "age_days", "numerator", "denominator")},
        value=fit.ifelse(rows.numerator / rows.denominator, ibis.null("float64")),
        low_95=fit.ifelse(low, ibis.null("float64")),
        high_95=fit.ifelse(high, ibis.null("float64")),
        mature=mature,
    )


def wilson(numerator: ir.NumericValue, denominator: ir.NumericValue, /) -> tuple[ir.NumericValue, ir.NumericValue]:
    """The 95 % score interval of a share (Wilson 1927, eq. 3)."""
    share, z2 = numerator / denominator, Z * Z / denominator
    middle = (share + z2 / 2) / (1 + z2)
    half = Z * ((share * (1 - share) + z2 / 4) / denominator).sqrt() / (1 + z2)
    return middle - half, middle + half
