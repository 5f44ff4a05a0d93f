"""Cohorts of people, orders or items, each given the same number of days from its own start."""

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from features.days import monday
from features.rates.rate import Given, columns
from features.windows import LONG_AGO

RARE = ("register", "refund", "coupon", "accept", "rate", "complain", "cancel")
SECONDS_PER_DAY = 86_400.0
BEFORE_ALL, AFTER_ALL = -(10**12), 10**12  # seconds since 1970 that nothing lies beyond


def shares(given: Given, cohort: ir.Table, ages: Sequence[int], /, *, did: str = "", of: str = "") -> ir.Table:
    """What share of each week's cohort did it within each age.

    `cohort` has a row for each of them: `week`, and `waited`, the days from its own start until it did, null if it
    never did. With `did` and `of` these columns are summed instead of counting rows.
    """
    one = ibis.literal(1, "int64")
    counted = cohort.mutate(did=cohort[did] if did else one, of=cohort[of] if of else one)
    told = counted.filter(given.told(counted.week))
    reached = given.reached(ages)
    sums = {f"within_{age}": told.did.sum(where=told.waited <= age) for age in reached}
    weeks = told.group_by("week").agg(below=told.of.sum(), **sums)
    each = [_at_age(weeks, age) for age in reached] or [_at_age(weeks.mutate(within_0=weeks.below), 0).limit(0)]
    return each[0].union(*each[1:]) if each[1:] else each[0]


def _at_age(weeks: ir.Table, age: int) -> ir.Table:
    did = ibis.coalesce(weeks[f"within_{age}"], 0)
    return weeks.select(**columns(week=weeks.week, age_days=age, numerator=did, denominator=weeks.below))


def of_week(weeks: ir.Table, numerator: ir.Value, denominator: ir.Value, /, *, part: str | ir.Value = "") -> ir.Table:
    """The rows of a rate read in the week itself, where there is something below."""
    named = {"part": part} if not isinstance(part, str) or part else {}
    made = columns(week=weeks.week, numerator=ibis.coalesce(numerator, 0), denominator=denominator, **named)
    return weeks.filter(denominator > 0).select(**made)


def rare(given: Given, kind: str, /) -> ir.Table:
    """The events of one of the kinds of RARE: a log is read once for all of them (see pipelines.score_rates)."""
    events = given["rare_events"]
    return events.filter(events.event_type == kind)


def days_between(start: ir.DateValue, end: ir.DateValue, /) -> ir.IntegerValue:
    """Days from one local day to another; null where one of them is."""
    return end.delta(start, unit="day").cast("int64")


def weeks_logged(given: Given, /) -> ir.Table:
    """`week` of every Monday told of whose week has a day in the log, and first_day, that of the whole log."""
    days = given["calendar"]
    dated = days.select(week=monday(days.event_date), first_day=days.event_date.min().over(ibis.window()))
    return dated.filter(given.told(dated.week)).distinct().view()


def local_days(given: Given, rows: ir.Table, names: Mapping[str, str], /) -> ir.Table:
    """`rows` with the local days of their instants: `names` says which column is the day of which instant.

    A null instant has a null day. One outside the log counts whole days from the nearest midnight of the log.
    """
    days = given["calendar"]
    order = ibis.window(order_by=days.event_date)
    first = ibis.row_number().over(order) == 0
    spans = days.select(
        begins=days.begins,
        day=days.event_date,
        since=first.ifelse(BEFORE_ALL, days.begins),
        until=ibis.coalesce(days.begins.lead().over(order), AFTER_ALL),
    )
    for name, instant in names.items():
        rows = _dated(rows, spans, name, instant)
    return rows


def known(given: Given, name: str, /) -> ir.Table:
    """The versions of a table with known_at that were known before the Monday `as_of`; known_at is never null."""
    rows = local_days(given, given[name], {"known_on": "known_at"})
    told = rows.filter(rows.known_on.isnull() | (rows.known_on < ibis.literal(given.as_of)))
    return told.mutate(known_at=ibis.coalesce(told.known_at, ibis.literal(LONG_AGO).cast(told.known_at.type())))


def newest(given: Given, name: str, key: str, /) -> ir.Table:
    """Of each row of such a table, its newest version."""
    told = known(given, name)
    order = ibis.window(group_by=told[key], order_by=[told.known_at.desc(), told.batch_id.desc()])
    return told.mutate(place=ibis.row_number().over(order)).filter(lambda each: each.place == 0).drop("place")


def _dated(rows: ir.Table, spans: ir.Table, name: str, instant: str) -> ir.Table:
    timed = rows.mutate(second=rows[instant].epoch_seconds().cast("int64"))
    joined = timed.left_join(spans, [spans.since <= timed.second, spans.until > timed.second])
    passed = ((joined.second - joined.begins).cast("float64") / SECONDS_PER_DAY).floor().cast("int64")
    day = (joined.day + passed.as_interval("D")).cast("timestamp").cast("date")
    return joined.mutate(**{name: day}).select(*rows.columns, name)
