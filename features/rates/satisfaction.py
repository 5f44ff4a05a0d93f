"""What people say of what they got: stars, complaints, and leaving a plan or a group."""

import ibis
import ibis.expr.types as ir

from features.attributes import json_text
from features.days import monday, of_people
from features.rates.cohorts import days_between, local_days, of_week, rare, shares, weeks_logged
from features.rates.rate import Given, Rate
from lyceum.events import ACT, ENTITLED, GROUPS, RATING

GOOD = 4  # stars of five
COMPLAINED_AFTER = (14, 30)
MEMBER_DAYS = 28  # an act in a group in the days before a week makes one of its members


def good_rating(given: Given, /) -> ir.Table:
    """Ratings of four stars or more, among the ratings of a week."""
    rated = rare(given, "rate").filter(lambda each: each.rating.notnull())
    told = rated.select("rating", week=monday(rated.event_date)).filter(lambda each: given.told(each.week))
    weeks = told.group_by("week").agg(good=told.count(where=told.rating >= GOOD), of=told.count())
    return of_week(weeks, weeks.good, weeks.of)


def complaints_per_active(given: Given, /) -> ir.Table:
    """People who complain in a week, among those active in it."""
    days = given["user_days"]
    told = days.mutate(week=monday(days.event_date)).filter(lambda each: given.told(each.week) & (each.acts > 0))
    weeks = told.group_by("week").agg(did=told.user_id.nunique(where=told.complaints > 0), of=told.user_id.nunique())
    return of_week(weeks, weeks.did, weeks.of)


def complaint_per_order(given: Given, /) -> ir.Table:
    """Orders paid in a week that were complained about within days; nothing where no complaint names an order."""
    lines = given["order_lines"]
    said = rare(given, "complain").select("user_id", "event_date", order_id="object_id")
    orders = lines.group_by("user_id", "order_id").agg(paid_on=lines.event_date.min())
    first = said.group_by("user_id", "order_id").agg(said_on=said.event_date.min())
    both = orders.left_join(first, ["user_id", "order_id"])
    all_named = both.mutate(named=both.said_on.count().over(ibis.window()))
    told = all_named.filter(all_named.named > 0)
    cohort = told.select(week=monday(told.paid_on), waited=days_between(told.paid_on, told.said_on))
    return shares(given, cohort, COMPLAINED_AFTER)


def cancel(given: Given, /) -> ir.Table:
    """Who leaves, among the members at the beginning of a week: of plans and of groups."""
    left = _left(given)
    members = _members_of_plans(given).union(_members_of_groups(given))
    logged = members.semi_join(left, "part")  # nothing is known of a part of which no log tells that anybody left
    both = logged.left_join(left, ["week", "part", "user_id", "community_id"])
    found = both.group_by("week", "part").agg(left=both.left.count(), of=both.count())
    return of_week(found, found.left, found.of, part=found.part)


def _left(given: Given) -> ir.Table:
    """week, part, user_id, community_id, left: cancellations of groups (a scope or a community says so) and plans."""
    rows = rare(given, "cancel")
    scope = json_text(rows.properties, "scope")
    group = ibis.coalesce(scope == "group", rows.community_id.notnull())
    return rows.select(
        "user_id",
        week=monday(rows.event_date),
        part=group.ifelse("group", "plan"),
        community_id=group.ifelse(ibis.coalesce(rows.community_id, ""), ""),
        left=ibis.literal(1, "int64"),
    ).distinct()


def _members_of_plans(given: Given) -> ir.Table:
    """week, part, user_id, community_id ("") of people with a right that began before a Monday and ends after it."""
    rights, weeks = given["entitlements"], weeks_logged(given).select("week")
    ending = of_people(rights.filter(rights.ends_at.notnull()), given["roles"])
    terms = local_days(given, ending, {"starts_on": "starts_at", "ends_on": "ends_at"})
    there = terms.join(weeks, [terms.starts_on < weeks.week, terms.ends_on > weeks.week])
    return there.select("week", "user_id", part=ibis.literal("plan"), community_id=ibis.literal("")).distinct()


def _members_of_groups(given: Given) -> ir.Table:
    """The same of people with an act in a group in the days before a Monday, in each group."""
    rows, weeks = given["user_communities"], weeks_logged(given).select("week")
    days = rows.select("user_id", "community_id", "event_date")
    near = [days.event_date < weeks.week, days.event_date >= weeks.week - ibis.interval(days=MEMBER_DAYS)]
    there = days.join(weeks, near)
    return there.select("week", "user_id", "community_id", part=ibis.literal("group")).distinct()


RATES = (
    Rate(
        "good_rating",
        "satisfaction",
        f"those of {GOOD} or {GOOD + 1} stars",
        "ratings given in the week; who finishes rates more often",
        needs=((RATING,),),
        build=good_rating,
    ),
    Rate(
        "complaints_per_active",
        "satisfaction",
        "those who complained in the week",
        "people active in the week",
        needs=(ACT, ("complain",)),
        build=complaints_per_active,
    ),
    Rate(
        "complaint_per_order",
        "satisfaction",
        "those that their buyer complained about within 14 or 30 days after they were paid",
        "orders paid in the week",
        needs=(("complain",), ("purchase",)),
        build=complaint_per_order,
        ages=COMPLAINED_AFTER,
    ),
    Rate(
        "cancel",
        "satisfaction",
        "those who cancelled it in the week",
        "plan: people with a right that ends, running at the week's Monday; group: people and groups in which they "
        f"acted in the {MEMBER_DAYS} days before",
        needs=(("cancel",), (ENTITLED, GROUPS)),
        build=cancel,
        parts="plan, group",
    ),
)
