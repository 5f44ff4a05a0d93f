"""What people do with items and how far they get in them, per person, item and local day."""

import ibis
import ibis.expr.types as ir

from features.days import MONEY_TYPE, is_act, or_zero
from lyceum.events import CONSUMING, LEARNING, OWNING

REACHING = ("learn", "submit", "complete")  # events whose object is a lesson of their item


def user_items(events: ir.Table, /) -> ir.Table:
    """One row per person, item and day with an event on it.

    acts, views, learning_events, learning_ms, enrolments, completions, finished (the item itself was completed, not a
    lesson of it), owned (enrolments and paid orders), had (free orders too), consuming (evidence of taste), purchases
    (paid order lines), paid and refunded (money), refunds, ratings and stars (their sum, in hundredths).
    """
    rows = events.filter(events.item_id.notnull())
    kind = rows.event_type
    bought = (kind == "purchase") & ibis.coalesce(rows.amount > 0, ibis.literal(False))
    rated = (kind == "rate") & rows.rating.notnull()
    counts = {
        "acts": is_act(rows),
        "views": kind == "view",
        "learning_events": kind.isin(LEARNING),
        "enrolments": kind == "enrol",
        "completions": kind == "complete",
        "finished": (kind == "complete") & ~_of_lesson(rows),
        "owned": (kind == "enrol") | bought,
        "had": kind.isin(OWNING),
        "consuming": kind.isin(CONSUMING),
        "purchases": bought,
        "refunds": kind == "refund",
        "ratings": rated,
    }
    milliseconds = rows.duration_ms.sum(where=kind.isin(LEARNING))
    stars = (rows.rating * 100).round().cast("int64")
    return rows.group_by("user_id", "item_id", "event_date").agg(
        **{name: rows.count(where=condition).cast("int64") for name, condition in counts.items()},
        learning_ms=ibis.coalesce(milliseconds, 0).cast("int64"),
        paid=or_zero(rows.amount.sum(where=bought), MONEY_TYPE),
        refunded=or_zero(rows.amount.sum(where=kind == "refund"), MONEY_TYPE),
        stars=or_zero(stars.sum(where=rated), "int64"),
    )


def user_lessons(events: ir.Table, /) -> ir.Table:
    """user_id, item_id, lesson_id, event_date of every lesson that a person reached on a day."""
    rows = events.filter(events.item_id.notnull() & events.event_type.isin(REACHING))
    lessons = rows.filter(_of_lesson(rows))
    return lessons.select("user_id", "item_id", "event_date", lesson_id=lessons.object_id).distinct()


def _of_lesson(rows: ir.Table) -> ir.BooleanValue:
    return rows.object_id.notnull() & (rows.object_id != rows.item_id)


def course_lessons(lessons: ir.Table, /) -> ir.Table:
    """item_id, lesson_id, event_date: when anybody first reached each lesson, which is how courses are sized."""
    return lessons.group_by("item_id", "lesson_id").agg(event_date=lessons.event_date.min())


def item_states(items: ir.Table, lessons: ir.Table, /) -> ir.Table:
    """One row per person, item and learning day: how far the person had got in it by then.

    reached (lessons of that day that were new), reached_so_far, finished_so_far (completions of the item itself),
    started (first learning day), until (the next learning day of the person in the item) and until_any (in any item,
    in the order of day and item_id: the row that stands at a moment is the item learnt last before it).
    """
    learning = items.filter(items.learning_events > 0)
    rows = learning.left_join(_new_lessons(lessons), ["user_id", "item_id", "event_date"]).select(
        *(learning[name] for name in ("user_id", "item_id", "event_date", "finished")),
        reached=ibis.coalesce(ibis._.reached, 0).cast("int64"),
    )
    pair = ibis.window(group_by=[rows.user_id, rows.item_id], order_by=rows.event_date)
    so_far = ibis.window(group_by=[rows.user_id, rows.item_id], order_by=rows.event_date, preceding=None, following=0)
    person = ibis.window(group_by=rows.user_id, order_by=[rows.event_date, rows.item_id])
    return rows.mutate(
        until=rows.event_date.lead().over(pair),
        until_any=rows.event_date.lead().over(person),
        started=rows.event_date.min().over(so_far),
        reached_so_far=rows.reached.sum().over(so_far).cast("int64"),
        finished_so_far=rows.finished.sum().over(so_far).cast("int64"),
    ).drop("finished")


def _new_lessons(lessons: ir.Table) -> ir.Table:
    """For each person, item and day the number of lessons that were reached for the first time."""
    each = lessons.group_by("user_id", "item_id", "lesson_id").agg(event_date=lessons.event_date.min())
    return each.group_by("user_id", "item_id", "event_date").agg(reached=each.count())


def item_ends(items: ir.Table, /) -> ir.Table:
    """user_id, event_date, begun, finished: items that a person began, and first completed as a whole, on a day."""
    learning = items.filter(items.learning_events > 0)
    each = learning.group_by("user_id", "item_id").agg(
        begun=learning.event_date.min(), finished=learning.event_date.min(where=learning.finished > 0)
    )
    zero, one = ibis.literal(0, "int64"), ibis.literal(1, "int64")
    begun = each.select("user_id", event_date=each.begun, begun=one, finished=zero)
    ended = each.filter(each.finished.notnull())
    both = begun.union(ended.select("user_id", event_date=ended.finished, begun=zero, finished=one))
    return both.group_by("user_id", "event_date").agg(begun=both.begun.sum(), finished=both.finished.sum())
