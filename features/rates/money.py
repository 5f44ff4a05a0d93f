"""Who becomes a payer, who pays again, who renews."""

import ibis
import ibis.expr.types as ir

from features.days import monday, of_people
from features.joining import either
from features.rates.cohorts import days_between, known, local_days, of_week, rare, shares, weeks_logged
from features.rates.rate import Given, Rate
from lyceum.events import ACT, ENTITLED, REGISTERED

PAID_AFTER = (7, 14, 30)
AGAIN_AFTER = (30, 90)
TRAILING_DAYS = 90
EARLY_DAYS, LATE_DAYS = 30, 7  # around the day on which a term ends (FIELD 1.4: inside [-30d, +7d])


def conversion(given: Given, /) -> ir.Table:
    """People registered in a week who pay for the first time within days of it."""
    came, paid = registered(given), first_paid(given)
    both = came.left_join(paid, "user_id")
    both = both.filter(
        both.paid_on.isnull() | (both.paid_on >= both.registered_on)
    )  # a guest who paid is no prospect
    cohort = both.select(week=monday(both.registered_on), waited=days_between(both.registered_on, both.paid_on))
    return shares(given, cohort, PAID_AFTER)


def registered(given: Given, /) -> ir.Table:
    """user_id, registered_on: by the register event, else by the person's record; no staff."""
    events, users = rare(given, "register"), of_people(known(given, "users"), given["roles"])
    first = users.group_by("user_id").agg(made_at=users.registered_at.min())
    held = local_days(given, first, {"made_on": "made_at"}).drop("made_at")
    did = events.group_by("user_id").agg(did_on=events.event_date.min())
    both = either(did, held, key=("user_id",))
    dated = both.select("user_id", registered_on=ibis.coalesce(both.did_on, both.made_on))
    return dated.filter(dated.registered_on.notnull())


def paid_days(given: Given, /) -> ir.Table:
    """user_id, event_date of every day on which a person paid for something, each once: free orders are none."""
    return given["order_lines"].select("user_id", "event_date").distinct()


def first_paid(given: Given, /) -> ir.Table:
    """user_id, paid_on: the first day on which each payer paid."""
    lines = given["order_lines"]
    return lines.group_by("user_id").agg(paid_on=lines.event_date.min())


def paying_rate(given: Given, /) -> ir.Table:
    """Payers of a week among those active in it."""
    days = given["user_days"]
    rows = days.mutate(week=monday(days.event_date)).filter(lambda each: given.told(each.week) & (each.acts > 0))
    weeks = rows.group_by("week").agg(paid=rows.user_id.nunique(where=rows.purchases > 0), of=rows.user_id.nunique())
    return of_week(weeks, weeks.paid, weeks.of)


def repeat_purchase(given: Given, /) -> ir.Table:
    """First buyers of a week who pay again on another day; the renewal of a term is no second purchase."""
    lines, first = given["order_lines"], first_paid(given)
    renewing = lines.semi_join(_terms(given), "item_id").join(_first_of_item(lines), ["user_id", "item_id"])
    renewing = renewing.filter(renewing.event_date > renewing.had_on)
    other = lines.anti_join(renewing, ["user_id", "item_id", "event_date"])
    again = other.join(first, "user_id").filter(lambda each: each.event_date > each.paid_on)
    second = again.group_by("user_id").agg(again_on=again.event_date.min())
    both = first.left_join(second, "user_id")
    cohort = both.select(week=monday(both.paid_on), waited=days_between(both.paid_on, both.again_on))
    return shares(given, cohort, AGAIN_AFTER)


def _first_of_item(lines: ir.Table) -> ir.Table:
    return lines.group_by("user_id", "item_id").agg(had_on=lines.event_date.min())


def _terms(given: Given) -> ir.Table:
    """Rights that end."""
    rights = given["entitlements"]
    return rights.filter(rights.ends_at.notnull())


def repeat_trailing(given: Given, /) -> ir.Table:
    """Of those who paid in the 90 days before a week's end, who paid on two days; only weeks with 90 days of log."""
    paid, weeks = paid_days(given), weeks_logged(given)
    end = weeks.week + ibis.interval(days=7)
    whole = weeks.mutate(end=end).filter(end - ibis.interval(days=TRAILING_DAYS) >= weeks.first_day)
    inside = [paid.event_date < whole.end, paid.event_date >= whole.end - ibis.interval(days=TRAILING_DAYS)]
    rows = paid.join(whole, inside)
    people = rows.group_by("week", "user_id").agg(days=rows.count())
    found = people.group_by("week").agg(again=people.count(where=people.days > 1), of=people.count())
    return of_week(found, found.again, found.of)


def renewal(given: Given, /) -> ir.Table:
    """Terms ending in a week, not paid back, whose item is paid again around the end, in the week of that end."""
    terms = local_days(given, _due(given), {"starts_on": "starts_at", "due": "ends_at"})
    lines = given["order_lines"].select("user_id", "item_id", "order_id", "event_date")
    pairs = terms.join(lines, ["user_id", "item_id"], rname="{name}_paid")
    another = ibis.coalesce(pairs.order_id_paid != pairs.order_id, ibis.literal(True))
    late = days_between(pairs.due, pairs.event_date)
    around = (late >= -EARLY_DAYS) & (late <= LATE_DAYS)
    again = pairs.filter(another & around & (pairs.event_date > pairs.starts_on))
    key = ["user_id", "item_id", "starts_at"]
    renewed = again.group_by(key).agg(waited=days_between(again.due, again.event_date).min())
    both = terms.left_join(renewed, key)
    return shares(given, both.select(week=monday(both.due), waited=both.waited), (LATE_DAYS,))


def _due(given: Given) -> ir.Table:
    """The terms of people whose orders were not paid back."""
    terms, back = of_people(_terms(given), given["roles"]), given["refunded_orders"]
    return terms.anti_join(back, ["user_id", "order_id"])


_PAYING = ("purchase",)
RATES = (
    Rate(
        "conversion",
        "money",
        "those who paid for the first time within 7, 14 or 30 days after they registered",
        "people registered in the week",
        needs=(("register", REGISTERED), _PAYING),
        build=conversion,
        ages=PAID_AFTER,
    ),
    Rate(
        "paying_rate",
        "money",
        "those who paid for something in the week; free orders are none",
        "people active in the week",
        needs=(ACT, _PAYING),
        build=paying_rate,
    ),
    Rate(
        "repeat_purchase",
        "money",
        "those who paid again on another day within 30 or 90 days; a renewal of the same term is none",
        "people whose first paid order in the logs lies in the week",
        needs=(_PAYING,),
        build=repeat_purchase,
        ages=AGAIN_AFTER,
    ),
    Rate(
        "repeat_trailing",
        "money",
        "those who paid on at least two days of these 90, renewals included",
        "people who paid in the 90 days before the end of the week; told from the 90th day of the logs on",
        needs=(_PAYING,),
        build=repeat_trailing,
    ),
    Rate(
        "renewal",
        "money",
        "those whose item the person paid again from 30 days before to 7 days after the end, however early",
        "rights to use an item that end in the week and whose order was not refunded",
        needs=((ENTITLED,), _PAYING),
        build=renewal,
        ages=(LATE_DAYS,),
    ),
)
