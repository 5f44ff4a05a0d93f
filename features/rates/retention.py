"""Who comes again, who stays away, who returns: all by the weeks in which people acted."""

import ibis
import ibis.expr.types as ir

from features.days import monday
from features.rates.cohorts import days_between, of_week, weeks_logged
from features.rates.rate import Given, Rate, columns, unfolded
from lyceum.events import ACT, LEARNING
from lyceum.tables.rates import ALL

RETENTION_WEEKS = 12
RETURNED_GAP, DORMANT_GAP = 4, 8  # weeks: seen at most so long ago, absent at most so long (FIELD 1.1)
REFERENCE_WEEKS = 4  # in which somebody acted who can be lost
SILENCE_DAYS = 28  # whole days without an act after which somebody is lost


def active_weeks(given: Given, /) -> ir.Table:
    """user_id, week of every act, and the weeks with an act `before` and `after` it and `first` of that person."""
    days = given["user_days"]
    acting = days.filter(days.acts > 0)
    rows = acting.select("user_id", week=monday(acting.event_date)).distinct()
    person = ibis.window(group_by=rows.user_id)
    ordered = ibis.window(group_by=rows.user_id, order_by=rows.week)
    return rows.mutate(
        first=rows.week.min().over(person), before=rows.week.lag().over(ordered), after=rows.week.lead().over(ordered)
    )


def retention(given: Given, /) -> ir.Table:
    """Newcomers of a week (first act ever) who act in each of the 12 weeks after it (FIELD 1.2, the triangle)."""
    rows = active_weeks(given)
    seen = rows.select(week=rows.first, since=days_between(rows.first, rows.week))
    ages = [7 * back for back in range(1, RETENTION_WEEKS + 1)]
    kept = {f"kept_{age}": seen.count(where=seen.since == age) for age in ages}
    weeks = seen.group_by("week").agg(new=seen.count(where=seen.since == 0), **kept)
    return unfolded(given, weeks, {(ALL, age): (weeks[f"kept_{age}"], weeks.new) for age in ages})


def first_buyer_learning(given: Given, /) -> ir.Table:
    """People who paid for the first time in a week, and those who learn in the week after it (首购用户次周留存)."""
    days = given["user_days"]
    paid = days.filter(days.purchases > 0)
    first = paid.group_by("user_id").agg(week=monday(paid.event_date.min()))
    learning = days.filter(days.learning_events > 0)
    learnt = learning.select("user_id", learnt=monday(learning.event_date)).distinct()
    both = first.left_join(learnt, [first.user_id == learnt.user_id, first.week == _weeks_before(learnt.learnt, 1)])
    weeks = both.group_by("week").agg(bought=both.count(), learnt=both.learnt.count())
    return unfolded(given, weeks, {(ALL, 7): (weeks.learnt, weeks.bought)})


def state_retention(given: Given, /) -> ir.Table:
    """People in each active state of a week, and those who act in the week after it (FIELD 1.1 NURR to SURR)."""
    rows = active_weeks(given)
    rows = rows.filter(given.told(rows.week))
    gap = days_between(rows.before, rows.week)
    part = ibis.cases(
        (gap.isnull(), "new"), (gap == 7, "current"), (gap <= 7 * RETURNED_GAP, "reactivated"), else_="resurrected"
    )
    states = rows.mutate(part=part, stayed=(days_between(rows.week, rows.after) == 7).fill_null(False))
    weeks = states.group_by("week", "part").agg(stayed=states.count(where=states.stayed), people=states.count())
    made = columns(week=weeks.week, part=weeks.part, age_days=7, numerator=weeks.stayed, denominator=weeks.people)
    return weeks.select(**made)


def win_back(given: Given, /) -> ir.Table:
    """People seen before who did not act in the week before, and those of them who act in the week (FIELD 1.2)."""
    acts, told = active_weeks(given), weeks_logged(given).select(told="week")
    until = ibis.coalesce(acts.after, ibis.literal(given.as_of))
    away = acts.mutate(since=acts.week + ibis.interval(days=7), until=until)
    gone = away.join(told, [told.told > away.since, told.told <= away.until])
    absent = days_between(gone.week, gone.told)
    part = ibis.ifelse(absent <= 7 * DORMANT_GAP, "dormant", "churned")
    rows = gone.select(week=gone.told, part=part, came=(gone.after == gone.told).fill_null(False))
    weeks = rows.group_by("week", "part").agg(came=rows.count(where=rows.came), gone=rows.count())
    both = weeks.group_by("week").agg(came=weeks.came.sum(), gone=weeks.gone.sum())
    return of_week(weeks, weeks.came, weeks.gone, part=weeks.part).union(of_week(both, both.came, both.gone))


def churn(given: Given, /) -> ir.Table:
    """People who acted in the four weeks that end with a week, and those without an act in the next 28 days."""
    acts = active_weeks(given)
    later = acts.mutate(past=ibis.array([7 * week for week in range(REFERENCE_WEEKS)]).unnest())
    rows = later.mutate(told=(later.week + later.past.as_interval("D")).cast("timestamp").cast("date"))
    logged = days_between(acts.week.min().as_scalar(), rows.told) >= 7 * (REFERENCE_WEEKS - 1)  # all four weeks
    last = rows.filter(logged & (rows.after.isnull() | (rows.after > rows.told)))  # their newest act by then
    gone = last.after.isnull() | (days_between(last.told, last.after) > SILENCE_DAYS)
    weeks = last.group_by(week=last.told).agg(gone=last.count(where=gone), people=last.count())
    return unfolded(given, weeks, {(ALL, SILENCE_DAYS): (weeks.gone, weeks.people)})


def _weeks_before(week: ir.DateValue, count: int) -> ir.DateValue:
    return (week - ibis.interval(days=7 * count)).cast("timestamp").cast("date")


RATES = (
    Rate(
        "retention",
        "retention",
        "those of them who act in the week that begins so many days later (age 7 = the next week)",
        "people whose first act that the logs hold lies in the week",
        needs=(ACT,),
        build=retention,
        ages=tuple(7 * back for back in range(1, RETENTION_WEEKS + 1)),
    ),
    Rate(
        "first_buyer_learning",
        "retention",
        "those of them who learn in the week after it: learn, submit, complete, check in or attend, in any item",
        "people whose first paid order lies in the week",
        needs=(("purchase",), LEARNING),
        build=first_buyer_learning,
        ages=(7,),
    ),
    Rate(
        "state_retention",
        "retention",
        "those of them who act in the week after it",
        "people of the week in the state: first act ever, active the week before too, back after 1 to 3 weeks, "
        "back after 4 weeks or more",
        needs=(ACT,),
        build=state_retention,
        ages=(7,),
        parts="new (NURR), current (CURR), reactivated (RURR), resurrected (SURR)",
    ),
    Rate(
        "win_back",
        "retention",
        "those of them who act in the week, reactivated and resurrected; many return without being asked",
        "people seen before who did not act in the week before it",
        needs=(ACT,),
        build=win_back,
        parts="(all); dormant: absent for up to 7 weeks; churned: absent for 8 weeks or more",
    ),
    Rate(
        "churn",
        "retention",
        "those of them without an act in the 28 days after the week",
        "people with an act in the 28 days that end with the week, all of them days of the logs",
        needs=(ACT,),
        build=churn,
        ages=(SILENCE_DAYS,),
    ),
)
