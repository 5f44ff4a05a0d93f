"""Whether those who have an item begin it and finish it, and whether those in a camp keep it up."""

import ibis
import ibis.expr.types as ir

from features.days import monday
from features.rates.cohorts import days_between, local_days, newest, of_week, shares, weeks_logged
from features.rates.rate import Given, Rate, unfolded
from lyceum.events import FINISHING, LEARNING, OWNING

START_DAYS = 7
COMPLETION_DAYS = (28, 56, 90)
NOT_LEARNT = ("membership", "bundle", "product")  # what they hold is learnt, not they
CAMPS = ("camp", "challenge")  # activities in which one checks in day by day
PAIR = ("user_id", "item_id")


def start_rate(given: Given, /) -> ir.Table:
    """Buyers of an item in a week who begin to learn it at most 7 days later (FIELD 1.3)."""
    rows = _followed(given, given["user_items"].purchases)
    started = rows.waited.min(where=rows.learning_events > 0)
    each = rows.group_by(*PAIR, "started_on").agg(waited=started)
    return shares(given, each.select("waited", week=monday(each.started_on)), (START_DAYS,))


def completion(given: Given, /) -> ir.Table:
    """People who got an item in a week, less those refunded in full, who complete it within each age (FIELD 1.3)."""
    rows = _followed(given, given["user_items"].owned)
    flags = {}
    for age in COMPLETION_DAYS:
        near = rows.waited <= age
        refunded = rows.refunded.sum(where=near)
        in_full = (refunded == 0) | (refunded >= rows.paid.sum(where=near))  # one without an amount is of everything
        flags[f"kept_{age}"] = ~((rows.refunds.sum(where=near) > 0) & in_full)
        flags[f"begun_{age}"] = rows.learning_events.sum(where=near) > 0
        flags[f"done_{age}"] = rows.finished.sum(where=near) > 0
    each = rows.group_by(*PAIR, "started_on").agg(**flags)
    counts = {
        f"{below}_{age}": each.count(where=each[f"kept_{age}"] & each[f"{below}_{age}"])
        for below in ("kept", "begun", "done")
        for age in COMPLETION_DAYS
    }
    weeks = each.group_by(week=monday(each.started_on)).agg(**counts)
    parts = {"enrolled": "kept", "started": "begun"}
    cells = {
        (part, age): (weeks[f"done_{age}"], weeks[f"{below}_{age}"])
        for part, below in parts.items()
        for age in COMPLETION_DAYS
    }
    return unfolded(given, weeks, cells)


def check_in(given: Given, /) -> ir.Table:
    """Days of a week on which members of a camp were to check in, and those on which they did (FIELD 1.3).

    Who joins is not logged: a member is who has checked in once, and stays one to the camp's last day.
    """
    days = _camp_days(given)
    camp = ibis.window(group_by=[days.user_id, days.activity_id])
    dated = days.mutate(joined=days.event_date.min().over(camp))
    later = dated.filter(dated.event_date > dated.joined)
    kept = later.group_by(week=monday(later.event_date)).agg(kept=later.count())
    both = _due(given, dated.select("user_id", "activity_id", "joined", "closes").distinct()).left_join(kept, "week")
    return of_week(both, both.kept, both.due)


def _camp_days(given: Given) -> ir.Table:
    """Each day on which somebody checked in with a camp that was open, once, with the camp's last day."""
    events, camps = given["events"], given["activities"]
    named = camps.filter(camps.kind.isin(CAMPS) & camps.starts_at.notnull() & camps.ends_at.notnull())
    held = named.select("activity_id", "starts_at", ended_at=named.ends_at - ibis.interval(seconds=1))
    dated = local_days(given, held, {"opens": "starts_at", "closes": "ended_at"})
    did = events.filter((events.event_type == "check_in") & events.object_id.notnull())
    days = did.select("user_id", "event_date", activity_id=did.object_id).distinct().join(dated, "activity_id")
    return days.filter((days.event_date >= days.opens) & (days.event_date <= days.closes))


def _due(given: Given, members: ir.Table) -> ir.Table:
    """week, due: the days of each week told on which members, after the day they joined, were to check in."""
    weeks = weeks_logged(given).select(told="week")
    sunday = (weeks.told + ibis.interval(days=6)).cast("timestamp").cast("date")
    weeks = weeks.mutate(sunday=sunday)
    each = members.join(weeks, [weeks.told <= members.closes, weeks.sunday > members.joined])
    open_from_monday = days_between(each.told, ibis.least(each.closes, each.sunday)) + 1
    before_joined = ibis.greatest(days_between(each.told, each.joined) + 1, 0)
    rows = each.mutate(due=open_from_monday - before_joined).filter(lambda row: row.due > 0)
    return rows.group_by(week=rows.told).agg(due=rows.due.sum())


def _followed(given: Given, got: ir.Value) -> ir.Table:
    """What everybody did with an item from the day on on which they first `got` it (started_on), after how many days.

    Items that are not themselves learnt are left out: a bundle gives one purchase and many courses to learn.
    """
    rows = given["user_items"]
    first = rows.filter(got > 0).group_by(*PAIR).agg(started_on=lambda had: had.event_date.min())
    items = newest(given, "items", "item_id")
    cohort = first.filter(given.told(monday(first.started_on))).anti_join(
        items.filter(items.kind.isin(NOT_LEARNT)), "item_id"
    )
    joined = rows.join(cohort, PAIR)
    return joined.mutate(waited=days_between(joined.started_on, joined.event_date)).filter(
        lambda row: row.waited >= 0
    )


RATES = (
    Rate(
        "start_rate",
        "learning",
        "those of them that the buyer began within 7 days: learn, submit, complete, check in or attend",
        "pairs of buyer and item whose first paid order lies in the week; memberships and bundles are none",
        needs=(("purchase",), LEARNING),
        build=start_rate,
        ages=(START_DAYS,),
    ),
    Rate(
        "completion",
        "learning",
        "those of them that were completed as a whole by that age",
        "pairs of person and item enrolled in or paid in the week, less those refunded in full by that age",
        needs=((FINISHING,), OWNING),
        build=completion,
        ages=COMPLETION_DAYS,
        parts="enrolled = all of them; started = those that were begun by that age",
    ),
    Rate(
        "check_in",
        "learning",
        "days on which they checked in",
        "days of the week on which a camp was open, for each who had checked in with it once before",
        needs=(("check_in",),),
        build=check_in,
        counts=False,
    ),
)
