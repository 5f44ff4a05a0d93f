"""Who dealt with whom, where, and in reply to what: the inputs in which two people or two texts meet.

The rows of the first three come from the events of their day alone, so that a day is made again by itself. `events`
are those of people (see features.days.of_people).
"""

import ibis
import ibis.expr.types as ir

from features.days import is_act
from lyceum.events import INTERACTING, WRITING


def user_partners(events: ir.Table, /) -> ir.Table:
    """user_id, target_user_id, event_date, given, received: interactions of two people on a day, one row for each."""
    other = events.target_user_id.notnull() & (events.target_user_id != events.user_id)
    exchanged = events.filter(other & events.event_type.isin(INTERACTING))
    one, nothing = (ibis.literal(number, "int64") for number in (1, 0))
    given = exchanged.select("user_id", "event_date", "target_user_id", given=one, received=nothing)
    received = exchanged.select(
        "event_date", user_id=exchanged.target_user_id, target_user_id=exchanged.user_id, given=nothing, received=one
    )
    both = given.union(received.select(*given.columns))
    sums = {name: both[name].sum().cast("int64") for name in ("given", "received")}
    return both.group_by("user_id", "target_user_id", "event_date").agg(**sums)


def user_communities(events: ir.Table, /) -> ir.Table:
    """user_id, community_id, event_date, acts, texts: what a person did in a community on a day."""
    there = events.filter(events.community_id.notnull() & is_act(events))
    return there.group_by("user_id", "community_id", "event_date").agg(
        acts=there.count().cast("int64"), texts=there.count(where=there.event_type.isin(WRITING)).cast("int64")
    )


def texts(events: ir.Table, /) -> ir.Table:
    """object_id, parent_id, event_type, event_id, user_id, event_date, written_s of what was written under an id.

    written_s is the instant in whole seconds since 1970-01-01 00:00 UTC.
    """
    written = events.filter(events.event_type.isin(WRITING) & events.object_id.notnull())
    return written.select(
        *("object_id", "parent_id", "event_type", "event_id", "user_id", "event_date"),
        written_s=written.occurred_at.epoch_seconds().cast("int64"),
    )


def replies(texts: ir.Table, /) -> ir.Table:
    """user_id, event_date, to_object_id, to_type, delay_s: replies to texts of others and how long after these.

    `texts` are all that were written, see above. A text that was told twice is the one told first.
    """
    order = ibis.window(group_by=texts.object_id, order_by=[texts.written_s, texts.event_id])
    told = texts.mutate(telling=ibis.row_number().over(order))
    parents = told.filter(told.telling == 0).select(
        to_object_id=told.object_id, to_type=told.event_type, to_user=told.user_id, to_s=told.written_s
    )
    both = texts.filter(texts.parent_id.notnull()).join(parents, texts.parent_id == parents.to_object_id)
    of_others = both.filter((both.user_id != both.to_user) & (both.written_s >= both.to_s))
    return of_others.select(
        "user_id", "event_date", "to_object_id", "to_type", delay_s=of_others.written_s - of_others.to_s
    )


def questions(texts: ir.Table, replies: ir.Table, /) -> ir.Table:
    """object_id, user_id, event_date, replied_on, delay_s: what was asked, and the first reply of somebody else.

    Both are null without one. A reply after a moment leaves the question open as of it: compare replied_on.
    """
    posts = texts.filter(texts.event_type == "post")
    order = ibis.window(group_by=posts.object_id, order_by=[posts.written_s, posts.event_id])
    told = posts.mutate(telling=ibis.row_number().over(order))
    asked = told.filter(told.telling == 0).select("object_id", "user_id", "event_date")
    first = replies.group_by("to_object_id").agg(replied_on=replies.event_date.min(), delay_s=replies.delay_s.min())
    return asked.left_join(first, asked.object_id == first.to_object_id).drop("to_object_id")
