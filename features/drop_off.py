"""How far people get in a course: lesson by lesson, of those who began it long enough ago."""

from datetime import date, timedelta

import ibis
import ibis.expr.types as ir

from features.rates.rate import wilson
from features.windows import total
from lyceum.tables.movements import (
    DROP_OFF_AGE,
    DROP_OFF_COURSES,
    DROP_OFF_POSITIONS,
    DROP_OFF_WEEKS,
    LEAST_STARTERS,
)
from lyceum.weeks import WEEK


def course_drop_off(lessons: ir.Table, /, *, as_of: date, least: int = LEAST_STARTERS) -> ir.Table:
    """The rows of marts.course_drop_off at the Monday `as_of`, of courses with `least` starters or more.

    `lessons` is the input user_lessons. Everybody has had the same days, so no position is low because its people are
    young. A course of one lesson has no curve. (FIELD 1.3, drop-off by chapter, on the number of lessons reached
    instead of their order.)
    """
    past = lessons.filter(lessons.event_date < ibis.literal(as_of))
    ends = _ends(past, as_of)
    largest = _largest(ends, least)
    curve = _positions(past).join(largest, "item_id").join(ends, "item_id")
    curve = curve.filter(curve.position <= curve.size)
    counts = curve.group_by("item_id", "position", "size", "starters").agg(
        reached=total(curve.people, where=curve.got_to >= curve.position),
        people_at_risk=total(curve.people, where=curve.got_to >= curve.position - 1),
    )
    return _told(counts)


def _ends(past: ir.Table, as_of: date) -> ir.Table:
    """item_id, got_to, people: how many different lessons each of the cohort reached in time, counted."""
    first = past.group_by("user_id", "item_id", "lesson_id").agg(event_date=past.event_date.min())
    pair = ibis.window(group_by=[first.user_id, first.item_id])
    dated = first.mutate(began=first.event_date.min().over(pair))
    newest = as_of - timedelta(days=DROP_OFF_AGE)
    cohort = dated.filter(
        (dated.began < ibis.literal(newest)) & (dated.began >= ibis.literal(newest - DROP_OFF_WEEKS * WEEK))
    )
    near = cohort.event_date.delta(cohort.began, unit="day") <= DROP_OFF_AGE  # days that are over for all of them
    each = cohort.group_by("user_id", "item_id").agg(got_to=cohort.count(where=near))
    return each.group_by("item_id", "got_to").agg(people=each.count())


def _largest(ends: ir.Table, least: int) -> ir.Table:
    """item_id, starters of the courses with most starters."""
    each = ends.group_by("item_id").agg(starters=total(ends.people))
    ranked = each.mutate(
        place=ibis.row_number().over(ibis.window(order_by=[each.starters.desc(), each.item_id]))  # from 0
    )
    chosen = ranked.filter((ranked.place < DROP_OFF_COURSES) & (ranked.starters >= least))
    return chosen.select("item_id", "starters")


def _positions(past: ir.Table) -> ir.Table:
    """item_id, position, size: one row for each lesson that anybody has ever reached, if there are two or more."""
    each = past.select("item_id", "lesson_id").distinct()
    course = ibis.window(group_by=each.item_id, order_by=each.lesson_id)
    whole = ibis.window(group_by=each.item_id)
    rows = each.mutate(
        position=(ibis.row_number().over(course) + 1).cast("int64"), size=each.count().over(whole).cast("int64")
    )
    kept = rows.filter((rows["size"] > 1) & (rows.position <= DROP_OFF_POSITIONS))
    return kept.select("item_id", "position", "size")


def _told(counts: ir.Table) -> ir.Table:
    """The counts with their shares, intervals and the end of the course."""
    stopped = counts.people_at_risk - counts.reached
    enough = counts.people_at_risk >= LEAST_STARTERS
    below = enough.ifelse(counts.people_at_risk, ibis.null("int64")).cast("float64")
    low, high = wilson(stopped.cast("float64"), below)
    first = counts.position == 1  # whom nobody precedes, so that nobody is lost there
    return counts.select(
        *("item_id", "position", "starters", "people_at_risk", "reached"),
        share=counts.reached / counts.starters,
        stopped_share=first.ifelse(ibis.null("float64"), stopped / below),
        low_95=first.ifelse(ibis.null("float64"), low),
        high_95=first.ifelse(ibis.null("float64"), high),
        last=counts.position == counts["size"],
    )
