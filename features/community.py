"""What somebody gives to the community and gets from it, with whom, where, and how soon."""

from collections.abc import Iterable, Mapping

import ibis
import ibis.expr.types as ir

from features.joining import USER, either
from features.windows import FeatureSet, Past, ratio, sums, total
from lyceum.tables.features_social import (
    ANSWERED_HOURS,
    GATHERED,
    PARTNERED,
    RARE_WINDOWS,
    REPLIED,
    TALK_WINDOWS,
    TALKED,
)

LONGEST = max(TALK_WINDOWS)
SECONDS_PER_HOUR = 3600
DUE_AGO = ANSWERED_HOURS // 24 + 1  # asked on that day or before: all of the hours are over at as_of

# stems of columns by measure and windows
GIVEN = (
    ({"texts_written": "texts_written", "interactions": "interactions"}, TALK_WINDOWS),
    ({"asked": "posts", "answered": "answers", "commented": "comments", "likes_given": "likes"}, RARE_WINDOWS),
    ({"accepts_given": "accepts", "follows_given": "follows"}, (LONGEST,)),
)
RECEIVED = (
    ({"reactions_received": "reactions_received"}, TALK_WINDOWS),
    ({"replies_received": "replies_received", "likes_received": "likes_received"}, RARE_WINDOWS),
    ({"accepts_received": "accepts_received", "follows_received": "follows_received"}, (LONGEST,)),
)


def _talked(past: Past) -> ir.Table:
    gave, got = (past.seen(name, within=LONGEST) for name in ("user_days", "received_days"))
    given = gave.group_by(*USER).agg(
        **_counts(gave, GIVEN), text_recency_days=gave.ago.min(where=gave.texts_written > 0)
    )
    received = got.group_by(*USER).agg(**_counts(got, RECEIVED))
    return either(given, received, key=USER)


def _counts(seen: ir.Table, listed: Iterable[tuple[Mapping[str, str], Iterable[int]]]) -> dict[str, ir.Value]:
    return {
        name: value
        for stems, windows in listed
        for stem, measure in stems.items()
        for name, value in sums(seen, measure, stem, windows=windows).items()
    }


def _met(past: Past) -> ir.Table:
    seen = past.seen("user_partners", within=LONGEST)
    people = seen.group_by(*USER, "target_user_id").agg(
        newest=seen.ago.min(), given=total(seen.given), received=total(seen.received)
    )
    addressed = people.given > 0
    return people.group_by(*USER).agg(
        **{f"partners_{days}d": people.count(where=people.newest <= days) for days in RARE_WINDOWS},
        reciprocity_84d=ratio(people.count(where=addressed & (people.received > 0)), people.count(where=addressed)),
    )


def _replied(past: Past) -> ir.Table:
    asked = past.seen("questions", within=LONGEST)
    due = asked.filter(asked.ago >= DUE_AGO)
    by_then = due.mutate(waited_s=ibis.ifelse(due.replied_on < due.as_of, due.delay_s, ibis.null("int64")))
    waited = _in_order(by_then, "waited_s")
    soon = waited.waited_s <= ANSWERED_HOURS * SECONDS_PER_HOUR
    got = waited.group_by(*USER).agg(
        unanswered_84d=waited.count(where=waited.waited_s.isnull()),
        answered_48h_share_84d=ratio(waited.waited_s.count(where=soon), waited.count()),
        first_reply_hours_84d=_median_hours(waited, "waited_s"),
    )
    gave = _in_order(past.seen("replies", within=LONGEST), "delay_s")
    given = gave.group_by(*USER).agg(reply_hours_84d=_median_hours(gave, "delay_s"))
    return either(got, given, key=USER)


def _in_order(rows: ir.Table, delay: str) -> ir.Table:
    """`rows` with each one's place among those of its person and moment, the longest last, and their number."""
    group = [rows[name] for name in USER]
    ordered = ibis.window(group_by=group, order_by=rows[delay].asc(nulls_first=False))
    return rows.mutate(place=ibis.row_number().over(ordered), number=rows.count().over(ibis.window(group_by=group)))


def _median_hours(rows: ir.Table, delay: str) -> ir.Value:
    """The lower of the two middle delays, which is one of them and so exact; a null counts as longer than any."""
    middle = rows.place == (rows.number - 1) // 2
    return rows[delay].max(where=middle).cast("float64") / SECONDS_PER_HOUR


def _gathered(past: Past) -> ir.Table:
    seen = past.seen("user_communities", within=LONGEST)
    each = seen.group_by(*USER, "community_id").agg(
        newest=seen.ago.min(), acts=total(seen.acts), texts=total(seen.texts)
    )
    order = ibis.window(group_by=[each[name] for name in USER], order_by=[each.acts.desc(), each.community_id])
    ranked = each.mutate(place=ibis.row_number().over(order))
    main = ranked.place == 0
    return ranked.group_by(*USER).agg(
        **{f"communities_{days}d": ranked.count(where=ranked.newest <= days) for days in RARE_WINDOWS},
        main_community=ranked.community_id.max(where=main),
        main_community_share_84d=ratio(total(ranked.acts, where=main), total(ranked.acts)),
        main_community_texts_84d=total(ranked.texts, where=main),
    )


_DAY = ("user_id", "event_date")
COMMUNITY_SET = FeatureSet(
    "community",
    "user",
    TALK_WINDOWS,
    {
        "user_days": (*_DAY, *(measure for stems, _ in GIVEN for measure in stems.values())),
        "received_days": (*_DAY, *(measure for stems, _ in RECEIVED for measure in stems.values())),
    },
    TALKED,
    _talked,
)
PARTNERS_SET = FeatureSet(
    "partners",
    "user",
    RARE_WINDOWS,
    {"user_partners": (*_DAY, "target_user_id", "given", "received")},
    PARTNERED,
    _met,
)
REPLIES_SET = FeatureSet(
    "replies",
    "user",
    (LONGEST,),
    {"questions": (*_DAY, "replied_on", "delay_s"), "replies": (*_DAY, "delay_s")},
    REPLIED,
    _replied,
)
COMMUNITIES_SET = FeatureSet(
    "communities",
    "user",
    RARE_WINDOWS,
    {"user_communities": (*_DAY, "community_id", "acts", "texts")},
    GATHERED,
    _gathered,
)
