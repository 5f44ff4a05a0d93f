"""Word of mouth: who shares, who invites, and who comes and pays because of it."""

import ibis
import ibis.expr.types as ir

from features.days import monday
from features.rates.cohorts import days_between, known, of_week, shares
from features.rates.money import first_paid, registered
from features.rates.rate import Given, Rate
from lyceum.events import ACT, INVITED, REGISTERED

CYCLE_DAYS = 14  # one closed round of invitations (FIELD 1.5)


def referral(given: Given, /) -> ir.Table:
    """First payers of a week whose inviter had paid on an earlier day, among all first payers."""
    first, invited = first_paid(given), _invited(given)
    inviters = first.select(inviter="user_id", inviter_paid_on="paid_on")
    both = first.left_join(invited.join(inviters, "inviter"), "user_id")
    credited = (both.inviter_paid_on < both.paid_on).fill_null(False)
    told = both.mutate(week=monday(both.paid_on), credited=credited).filter(lambda each: given.told(each.week))
    weeks = told.group_by("week").agg(credited=told.count(where=told.credited), of=told.count())
    return of_week(weeks, weeks.credited, weeks.of)


def _invited(given: Given) -> ir.Table:
    """user_id, inviter: the one other than oneself that was told first; a later touch changes nothing (FIELD 1.5)."""
    users = known(given, "users")
    others = users.filter(users.invited_by.notnull() & (users.invited_by != users.user_id))
    return others.group_by("user_id").agg(inviter=others.invited_by.argmin(others.known_at))


def share_rate(given: Given, /) -> ir.Table:
    """People who share something in a week, among those active in it."""
    days = _active_days(given)
    weeks = days.group_by("week").agg(did=days.user_id.nunique(where=days.shares > 0), of=days.user_id.nunique())
    return of_week(weeks, weeks.did, weeks.of)


def invites_per_person(given: Given, /) -> ir.Table:
    """Invitations sent in a week for each person active in it."""
    days = _active_days(given)
    weeks = days.group_by("week").agg(sent=days.invites.sum(), of=days.user_id.nunique())
    return of_week(weeks, weeks.sent, weeks.of)


def _active_days(given: Given) -> ir.Table:
    days = given["user_days"]
    return days.mutate(week=monday(days.event_date)).filter(lambda each: given.told(each.week) & (each.acts > 0))


def k_factor(given: Given, /) -> ir.Table:
    """Registrations within one round of the invitations sent in a week, for each person active in it.

    Each registration counts once, for the last invitation that its inviter sent on its day or before.
    """
    days, came = _active_days(given), _registrations(given)
    zero, one = ibis.literal(0, "int64"), ibis.literal(1, "int64")
    people = days.select("week", "user_id").distinct().select("week", waited=ibis.null("int64"), came=zero, of=one)
    rows = people.union(came.select(week=monday(came.sent_on), waited=came.waited, came=one, of=zero))
    return shares(given, rows, (CYCLE_DAYS,), did="came", of="of")


def _registrations(given: Given) -> ir.Table:
    """sent_on, waited: of everybody who came by invitation the day on which the last one was sent, and days since."""
    days, came = given["user_days"], registered(given).join(_invited(given), "user_id")
    sent = days.filter(days.invites > 0).select(inviter="user_id", sent_on="event_date")
    pairs = came.join(sent, "inviter").filter(lambda each: each.sent_on <= each.registered_on)
    last = pairs.group_by("user_id", "registered_on").agg(sent_on=pairs.sent_on.max())
    return last.select("sent_on", waited=days_between(last.sent_on, last.registered_on))


RATES = (
    Rate(
        "referral",
        "word of mouth",
        "those whose inviter, another person, had paid on an earlier day",
        "people whose first paid order in the logs lies in the week",
        needs=((INVITED,), ("purchase",)),
        build=referral,
    ),
    Rate(
        "share_rate",
        "word of mouth",
        "those who shared something in the week",
        "people active in the week",
        needs=(ACT, ("share",)),
        build=share_rate,
    ),
    Rate(
        "invites_per_person",
        "word of mouth",
        "invitations sent in the week",
        "people active in the week: all who could invite",
        needs=(ACT, ("invite",)),
        build=invites_per_person,
        counts=False,
    ),
    Rate(
        "k_factor",
        "word of mouth",
        "people who registered within 14 days after their inviter's last invitation, sent in the week; not oneself",
        "people active in the week: all who could invite",
        needs=(("invite",), (INVITED,), ("register", REGISTERED)),
        build=k_factor,
        ages=(CYCLE_DAYS,),
        counts=False,
    ),
)
