"""How the community does: whether questions are answered and solved, and how many of those there speak."""

import ibis
import ibis.expr.types as ir

from features.days import monday
from features.rates.cohorts import days_between, of_week, rare, shares
from features.rates.rate import Given, Rate
from lyceum.events import GROUPS, REPLYING, WRITING

SECONDS_PER_HOUR = 3600
SOLVED_AFTER = 7
MOST_ACTIVE = 0.05


def first_reply_24h(given: Given, /) -> ir.Table:
    """Questions of a week that somebody else replied to within 24 hours."""
    asked = _asked(given)
    return shares(given, asked.mutate(waited=(asked.delay_s <= 24 * SECONDS_PER_HOUR).ifelse(1, None)), (1,))


def unanswered_48h(given: Given, /) -> ir.Table:
    """Questions of a week that nobody else had replied to after 48 hours."""
    asked = _asked(given)
    late = asked.delay_s.isnull() | (asked.delay_s > 48 * SECONDS_PER_HOUR)
    return shares(given, asked.mutate(waited=late.ifelse(2, None)), (2,))


def _asked(given: Given) -> ir.Table:
    """week, object_id, event_date, delay_s (until the first reply before `as_of`) of every question."""
    asked = given["questions"]
    told = asked.replied_on < ibis.literal(given.as_of)
    return asked.select(
        "object_id", "event_date", week=monday(asked.event_date), delay_s=told.ifelse(asked.delay_s, None)
    )


def solved_7d(given: Given, /) -> ir.Table:
    """Questions of a week under which a text was accepted within seven days."""
    asked, accepted = _asked(given), _accepted(given)
    both = asked.left_join(accepted, asked.object_id == accepted.question_id)
    return shares(given, both.mutate(waited=days_between(both.event_date, both.accepted_on)), (SOLVED_AFTER,))


def _accepted(given: Given) -> ir.Table:
    """question_id, accepted_on: an acceptance names the question, or the text under it that was accepted."""
    accepts = rare(given, "accept").select("event_date", "object_id", "parent_id")
    answers = given["texts"].select("object_id", question_id="parent_id")
    ways = (
        accepts.select("event_date", question_id="parent_id"),
        accepts.select("event_date", question_id="object_id"),
        accepts.join(answers, "object_id").select("event_date", "question_id"),
    )
    each = ways[0].union(*ways[1:])
    return each.group_by("question_id").agg(accepted_on=each.event_date.min())


def speaking(given: Given, /) -> ir.Table:
    """People with a text in a community in a week, among those with an act in one."""
    rows = given["user_communities"]
    told = rows.mutate(week=monday(rows.event_date)).filter(lambda each: given.told(each.week))
    weeks = told.group_by("week").agg(spoke=told.user_id.nunique(where=told.texts > 0), of=told.user_id.nunique())
    return of_week(weeks, weeks.spoke, weeks.of)


def top_5_percent(given: Given, /) -> ir.Table:
    """Texts of the 5 % (rounded up) of a week's speakers who write most, among all texts."""
    days = given["user_days"]
    wrote = days.mutate(week=monday(days.event_date)).filter(lambda each: each.texts_written > 0)
    told = wrote.filter(given.told(wrote.week))
    each = told.group_by("week", "user_id").agg(texts=told.texts_written.sum())
    order = ibis.window(group_by=each.week, order_by=[each.texts.desc(), each.user_id])
    ranked = each.mutate(place=ibis.row_number().over(order), speakers=each.count().over(group_by=each.week))
    most = ranked.place < (ranked.speakers * MOST_ACTIVE).ceil()
    weeks = ranked.group_by("week").agg(top=ranked.texts.sum(where=most), of=ranked.texts.sum())
    return of_week(weeks, weeks.top, weeks.of)


_ASKING = (("post",), (REPLYING,))
RATES = (
    Rate(
        "first_reply_24h",
        "community",
        "those that somebody other than the asker replied to within 24 hours",
        "questions (posts) of the week, unanswered ones too",
        needs=_ASKING,
        build=first_reply_24h,
        ages=(1,),
    ),
    Rate(
        "unanswered_48h",
        "community",
        "those that nobody but the asker had replied to after 48 hours",
        "questions (posts) of the week",
        needs=_ASKING,
        build=unanswered_48h,
        ages=(2,),
    ),
    Rate(
        "solved_7d",
        "community",
        "those under which a text was accepted within 7 days; few people mark one, so read it beside first_reply_24h",
        "questions (posts) of the week",
        needs=(("post",), ("accept",)),
        build=solved_7d,
        ages=(SOLVED_AFTER,),
    ),
    Rate(
        "speaking",
        "community",
        "those who wrote a text there",
        "people with an act in a community in the week",
        needs=((GROUPS,), WRITING),
        build=speaking,
    ),
    Rate(
        "top_5_percent",
        "community",
        "texts of the 5 % of the people writing in the week who wrote most",
        "texts written in the week",
        needs=(WRITING,),
        build=top_5_percent,
        counts=False,
    ),
)
