"""The past as seen from moments, windows over it, and the feature set as a declared thing."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir

from features.joining import typed
from lyceum.errors import InputError
from lyceum.schema import Column

LONG_AGO = "1900-01-01T00:00:00+00:00"  # from when on a version without known_at was known


@dataclass(frozen=True)
class Past:
    """Tables, and the moments they are seen from.

    `inputs` are those of features.inputs. `moments` has as_of (a local date) and before (the instant at which that
    day begins, UTC): everybody is seen at each of them. With a third column user_id it is a spine: each person at
    their own moments, each pair once. `span` is the first and the last as_of where they are known beforehand: no
    result hangs on it, but an engine then reads none of the days that no moment needs.
    """

    inputs: Mapping[str, ir.Table]
    moments: ir.Table
    span: tuple[date, date] | None = None

    def near(self, name: str, /, *, within: int | None = None, day: str = "event_date") -> ir.Table:
        """The rows of an input, each once, less those of days of which `span` tells that no moment needs them."""
        rows = self.inputs[name]
        if self.span is None:
            return rows
        first, last = self.span
        rows = rows.filter(rows[day] < ibis.literal(last))
        return rows if within is None else rows.filter(rows[day] >= ibis.literal(first - timedelta(days=within)))

    def seen(self, name: str, /, *, within: int | None = None, day: str = "event_date") -> ir.Table:
        """The rows of an input once for every moment after their `day`, with as_of and `ago`: 1 = the day before.

        `within` leaves out rows of more than so many days ago; name it wherever a set needs no older ones.
        """
        return self.fanned(self.near(name, within=within, day=day), within=within, day=day)

    def fanned(self, rows: ir.Table, /, *, within: int | None = None, day: str = "event_date") -> ir.Table:
        """The same for rows made from inputs."""
        moments = self._moments(rows).drop("before")
        conditions = [rows[day] < moments.as_of]
        if within is not None:
            conditions.append(rows[day] >= moments.as_of - ibis.interval(days=within))
        joined = rows.join(moments, self._same_person(rows, moments) + conditions)
        return joined.mutate(ago=joined.as_of.delta(joined[day], unit="day").cast("int64"))

    def known(self, name: str, /, *, key: str) -> ir.Table:
        """The version of each row of a table with known_at that was the newest one known before each moment."""
        spans = versions(self.inputs[name], key=key)
        moments = self._moments(spans)
        valid = [
            spans.known_since < moments.before,
            spans.known_until.isnull() | (spans.known_until >= moments.before),
        ]
        joined = spans.join(moments, self._same_person(spans, moments) + valid)
        return joined.drop("known_since", "known_until", "before")

    def begun(self, name: str, /, *, at: str) -> ir.Table:
        """The rows of a table once for every moment later than their instant `at`, with as_of and before."""
        rows = self.inputs[name]
        moments = self._moments(rows)
        return rows.join(moments, [*self._same_person(rows, moments), rows[at] < moments.before])

    @property
    def of_everybody(self) -> "Past":
        """The same past with everybody seen at every moment, for what a person is compared with."""
        return replace(self, moments=self.moments.select("as_of", "before").distinct())

    def _moments(self, rows: ir.Table) -> ir.Table:
        """The moments for a table: those of each person if both name people, else each moment once."""
        if "user_id" in self.moments.columns and "user_id" not in rows.columns:
            return self.of_everybody.moments
        return self.moments

    def _same_person(self, rows: ir.Table, moments: ir.Table) -> list[ir.BooleanValue]:
        return [rows.user_id == moments.user_id] if "user_id" in moments.columns else []


def versions(rows: ir.Table, /, *, key: str) -> ir.Table:
    """`rows` (with known_at and batch_id), known_since and known_until: the instants between which each was newest.

    A version without known_at was always known; the newest of all has no known_until.
    """
    since = ibis.coalesce(rows.known_at, ibis.literal(LONG_AGO).cast(rows.known_at.type()))
    dated = rows.mutate(known_since=since)
    order = ibis.window(group_by=dated[key], order_by=[dated.known_since, dated.batch_id])
    return dated.mutate(known_until=dated.known_since.lead().over(order))


@dataclass(frozen=True)
class FeatureSet:
    """Columns of one grain that are computed together.

    `build(past)` gives a table of the grain's key (user_id, as_of; or item_id, as_of) and `columns`. It may lack rows
    of people with nothing to tell: the snapshot fills the columns declared with `zero` by 0 and leaves the others
    null. `windows` are the days before as_of that the columns cover, `reads` names the inputs and their columns:
    `build` is given no others.
    """

    name: str
    grain: str
    windows: tuple[int, ...]
    reads: Mapping[str, tuple[str, ...]]
    columns: tuple[Column, ...]
    build: Callable[[Past], ir.Table]

    @property
    def names(self) -> list[str]:
        """The names of its columns."""
        return [column.name for column in self.columns]


def compute(each: FeatureSet, past: Past, /) -> ir.Table:
    """The rows of one set: key and its columns in their declared order.

    Raises:
        InputError: an input or a column that the set reads is not there.
    """
    narrowed = {name: _narrowed(each, past, name, columns) for name, columns in each.reads.items()}
    found = each.build(replace(past, inputs=narrowed))
    return typed(found.select(f"{each.grain}_id", "as_of", *each.names))


def _narrowed(each: FeatureSet, past: Past, name: str, columns: Iterable[str]) -> ir.Table:
    if name not in past.inputs:
        raise InputError(
            f"The feature set {each.name} reads the table {name}, which is not there; there are "
            f"{', '.join(sorted(past.inputs))}.",
            remedy="Give it the tables of features.inputs.",
        )
    table = past.inputs[name]
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise InputError(
            f"The feature set {each.name} reads {', '.join(missing)} of {name}, which has no such column.",
            remedy=f"Its columns are {', '.join(table.columns)}.",
        )
    return table.select(*columns)


def sums(seen: ir.Table, measure: str, stem: str, /, *, windows: Iterable[int]) -> dict[str, ir.Value]:
    """`stem`_7d and so on: the exact sums of `measure` in each of `windows` (days), zero where nothing happened."""
    return {f"{stem}_{days}d": total(seen[measure], where=seen.ago <= days) for days in windows}


def days_with(seen: ir.Table, measure: str, stem: str, /, *, windows: Iterable[int]) -> dict[str, ir.Value]:
    """`stem`_7d and so on: the number of days on which `measure` was above zero in each of `windows` (days)."""
    return {f"{stem}_{days}d": seen.count(where=(seen[measure] > 0) & (seen.ago <= days)) for days in windows}


def total(values: ir.Value, /, *, where: ir.BooleanValue | None = None) -> ir.Value:
    """The exact sum of an integer or decimal column, zero for no rows."""
    exact = "decimal(18,2)" if values.type().is_decimal() else "int64"
    return ibis.coalesce(values.sum(where=where), ibis.literal(0).cast(exact)).cast(exact)


def ratio(part: ir.Value, whole: ir.Value, /) -> ir.Value:
    """`part` / `whole` of exact sums as a float64, null where `whole` is zero."""
    return ibis.ifelse(whole != 0, part.cast("float64") / whole.cast("float64"), ibis.null("float64"))


def trend(seen: ir.Table, measure: str, /) -> ir.Value:
    """The sum of `measure` in the last 28 days over a third of that in the last 84, less 1; null for nothing."""
    month, quarter = (total(seen[measure], where=seen.ago <= days) for days in (28, 84))
    return ratio(month * 3, quarter) - 1
