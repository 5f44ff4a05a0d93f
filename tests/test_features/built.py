"""Every expression of features/ by name, as a function of a log, what is prepared from it, and moments.

A log has `events` (of people) and `mondays(*days)`, the table of moments: a World, or the same on another engine.
"""

from datetime import timedelta

import ibis

from features import pairs
from features.deals import weekly_discounts
from features.drop_off import course_drop_off
from features.items import ITEM_SETS, item_snapshot
from features.labels import labels
from features.lifetimes import lifetimes
from features.snapshot import SETS, user_snapshot
from features.windows import Past, compute

from .conftest import AS_OF, LOGGED
from .random_logs import BEGIN


def of_set(each):
    return lambda made, inputs, moments: compute(each, Past(inputs, made.mondays(*moments)))


def of_snapshot(build):
    return lambda made, inputs, moments: build(Past(inputs, made.mondays(*moments)), first_seen=LOGGED)


def of_pairs(build, name="events", **asked):
    """`build` as of the first moment, over an input or the events."""

    def found(made, inputs, moments):
        return build(inputs[name] if name != "events" else made.events, as_of=moments[0], **asked)

    return found


def of_labels(made, inputs, moments):
    """The outcome of each moment, as of four weeks after the first of them."""
    until = moments[0] + timedelta(days=28)
    close = ibis.literal(BEGIN + (until - AS_OF))
    return labels(Past(inputs, made.mondays(*moments)), known_until=until, closed_at=close)


def of_lifetimes(_made, inputs, moments):
    """The stays in the last two months of the log: before them everybody was away for long."""
    days = inputs["user_days"]
    return lifetimes(days.filter(days.event_date >= moments[0] - timedelta(days=60)), as_of=moments[0])


def of_discounts(_made, inputs, moments):
    return weekly_discounts(inputs["order_lines"], inputs["items"], as_of=moments[0])


BUILT = {
    **{each.name: of_set(each) for each in (*SETS, *ITEM_SETS)},
    "labels": of_labels,
    "interactions": of_pairs(pairs.interactions, "user_items", window_days=60),
    "user_weeks": of_pairs(pairs.user_weeks, "user_days"),
    "lifetimes": of_lifetimes,
    "course_drop_off": of_pairs(course_drop_off, "user_lessons", least=1),
    "weekly_discounts": of_discounts,
    "edges": of_pairs(pairs.edges, window_days=60),
    "texts": of_pairs(pairs.texts, window_days=60),
    "community_acts": of_pairs(pairs.community_acts, window_days=14),
    "point_days": of_pairs(pairs.point_days),
}
WHOLE = {"user_snapshot": of_snapshot(user_snapshot), "item_snapshot": of_snapshot(item_snapshot)}
