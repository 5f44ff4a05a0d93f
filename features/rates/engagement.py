"""How often those who come, come; what newcomers do first; what looking leads to."""

from collections.abc import Mapping
from itertools import pairwise

import ibis
import ibis.expr.types as ir

from features.days import monday
from features.rates.cohorts import days_between, shares
from features.rates.money import registered
from features.rates.rate import Given, Rate, columns, unfolded
from lyceum.events import ACT, LEARNING, REGISTERED

LEVELS = {"visiting": "acts", "learning": "learning_events", "interacting": "interactions"}
DAYS = 7  # that newcomers, and those who viewed something, are given
SECONDS = 86_400  # that searchers are given
KEPT = ("favourite", "add_to_cart")
FOUND = {"viewed or enrolled": "viewed", "enrolled": "enrolled"}
PAIR = ("user_id", "item_id", "week")
STEPS = {"viewed": "viewed", "kept": "kept in mind", "bought": "bought", "learnt": "learnt"}  # of the funnel


def stickiness(given: Given, /) -> ir.Table:
    """Active days per active user of a week, over 7, at three levels (FIELD 1.1: mean DAU / WAU)."""
    days = given["user_days"].mutate(week=monday(given["user_days"].event_date))
    told = days.filter(given.told(days.week))
    each = []
    for part, column in LEVELS.items():
        active = told.filter(told[column] > 0)
        people = active.group_by("week").agg(user_days=active.count(), users=active.user_id.nunique())
        made = columns(week=people.week, part=part, numerator=people.user_days, denominator=people.users * 7)
        each.append(people.select(**made))
    return each[0].union(*each[1:])


def activation(given: Given, /) -> ir.Table:
    """People registered in a week whose first learning came at most 7 days later (FIELD 1.1), free lessons too."""
    came, days = registered(given), given["user_days"]
    learnt = days.filter(days.learning_events > 0).group_by("user_id").agg(learnt_on=lambda did: did.event_date.min())
    both = came.left_join(learnt, "user_id")
    waited = days_between(both.registered_on, both.learnt_on)
    return shares(given, both.select(week=monday(both.registered_on), waited=waited), (DAYS,))


def funnel(given: Given, /) -> ir.Table:
    """Person-items viewed in a week, and how many of them went through the steps, in order (FIELD 1.1)."""
    steps = _steps(given)
    reached = {"viewed": _viewed(given, steps)}
    for number, (before, name) in enumerate(pairwise(STEPS), start=2):
        reached[name] = _reached(steps.filter(steps.step == number), reached[before], since=before, name=name)
    weeks = _counted(reached)
    cells = {
        (f"{at} {label}", DAYS): (weeks[name], weeks.viewed) for at, (name, label) in enumerate(STEPS.items(), 1)
    }
    return unfolded(given, weeks, cells)


def _counted(reached: Mapping[str, ir.Table]) -> ir.Table:
    """How many pairs reached each step, by week of the view."""
    first, *others = (rows.group_by("week").agg(**{name: rows.count()}) for name, rows in reached.items())
    for name, each in zip(list(reached)[1:], others, strict=True):
        both = first.left_join(each, "week")
        first = both.select(*first.columns, **{name: both[name].fill_null(0)})
    return first


def _steps(given: Given) -> ir.Table:
    """Events of items that are a step, with its number (1 to 4), since the first week told."""
    events = given["events"]
    rows = events.filter(events.item_id.notnull() & (events.event_date >= ibis.literal(given.first)))
    kind = rows.event_type
    paid = (kind == "purchase") & (rows.amount > 0)
    step = ibis.cases((kind == "view", 1), (kind.isin(KEPT), 2), (paid, 3), (kind.isin(LEARNING), 4))
    numbered = rows.select("user_id", "item_id", "event_date", "occurred_at", step=step)
    return numbered.filter(numbered.step.notnull())


def _viewed(given: Given, steps: ir.Table) -> ir.Table:
    """Each person, item and week of a view, with the first view in it."""
    views = steps.filter(steps.step == 1).mutate(week=monday(steps.event_date))
    told = views.filter(given.told(views.week))
    return told.group_by(*PAIR).agg(viewed=told.occurred_at.min(), viewed_on=told.event_date.min())


def _reached(events: ir.Table, pairs: ir.Table, /, *, since: str, name: str) -> ir.Table:
    """Those of `pairs` with one of `events` at or after `since`, within the days after the first view; the first one.

    Each step is sought among the pairs that took the one before: of most events only few are left to look at.
    """
    later = events.mutate(back=ibis.array([0, 7]).unnest())  # of a view this week or last
    dated = later.mutate(week=monday((later.event_date - later.back.as_interval("D")).cast("date")))
    rows = dated.join(pairs, PAIR)
    near = rows.filter((rows.occurred_at >= rows[since]) & (days_between(rows.viewed_on, rows.event_date) <= DAYS))
    return near.group_by(*PAIR).agg(**{name: near.occurred_at.min(), "viewed_on": near.viewed_on.min()})


def search_conversion(given: Given, /) -> ir.Table:
    """People who searched in a week, and those who viewed or enrolled in an item within 24 hours of a search."""
    events = given["events"]
    kind = events.event_type
    led = kind.isin(("view", "enrol")) & events.item_id.notnull()
    recent = events.filter(((kind == "search") | led) & (events.event_date >= ibis.literal(given.first)))
    rows = recent.mutate(
        searched=recent.event_type == "search",
        second=recent.occurred_at.epoch_seconds().cast("int64"),
        week=monday(recent.event_date),
    )
    order = [rows.second, rows.searched.desc()]  # what has the instant of the search follows it
    ahead = ibis.window(group_by=rows.user_id, order_by=order, preceding=0, following=None)
    waited = {
        name: rows.second.min(where=rows.event_type.isin(kinds)).over(ahead) - rows.second
        for name, kinds in {"viewed": ("view", "enrol"), "enrolled": ("enrol",)}.items()
    }
    followed = rows.mutate(**waited)
    searches = followed.filter(followed.searched & given.told(followed.week))
    people = {name: searches.user_id.nunique(where=searches[name] <= SECONDS) for name in waited}
    weeks = searches.group_by("week").agg(searched=searches.user_id.nunique(), **people)
    return unfolded(given, weeks, {(part, 1): (weeks[name], weeks.searched) for part, name in FOUND.items()})


RATES = (
    Rate(
        "stickiness",
        "engagement",
        "days on which somebody was active, over all who were",
        "seven days of everybody active in the week",
        needs=(ACT,),
        build=stickiness,
        parts="level of activity: " + ", ".join(LEVELS),
        counts=False,
    ),
    Rate(
        "activation",
        "engagement",
        "those of them who learnt within 7 days: learn, submit, complete, check in or attend, free lessons included",
        "people registered in the week, by the register event or else by their record",
        needs=((REGISTERED, "register"), LEARNING),
        build=activation,
        ages=(DAYS,),
    ),
    Rate(
        "funnel",
        "engagement",
        "those of them that reached the step after the one before, in order, within 7 days of the week's first view",
        "pairs of person and item viewed in the week",
        needs=(("view",), KEPT, ("purchase",), LEARNING),
        build=funnel,
        ages=(DAYS,),
        parts="the steps: 1 viewed, 2 kept in mind (favourite or cart), 3 bought (not free), 4 learnt",
    ),
    Rate(
        "search_conversion",
        "engagement",
        "those of them who did so within 24 hours after a search",
        "people who searched in the week",
        needs=(("search",), ("view", "enrol")),
        build=search_conversion,
        ages=(1,),
        parts="viewed or enrolled = viewed an item or enrolled in one; enrolled = did that alone",
    ),
)
