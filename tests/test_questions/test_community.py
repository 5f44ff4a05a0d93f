import pytest

from tests.test_questions.conftest import told, week


def ask(log, number, ago=14, user="asker"):
    log.add(user, ago, "post", object_id=f"q{number}", occurred_at=log.at(ago, 12), community_id="g")


def reply(log, number, hours, ago=14, user="helper", kind="answer"):
    """A reply so many hours after the question that was asked at noon."""
    days, hour = divmod(12 + hours, 24)
    at = {
        "occurred_at": log.at(ago - days, hour),
        "object_id": f"a{number}-{user}-{hours}",
        "parent_id": f"q{number}",
    }
    log.add(user, ago - days, kind, community_id="g", **at)


def test_a_reply_counts_if_it_is_another_persons_and_soon_enough(log):
    for number in range(40):
        ask(log, number)
    reply(log, 0, 24)  # just within the day
    reply(log, 1, 25)
    reply(log, 1, 30)  # the first one counts
    reply(log, 2, 48, kind="comment")  # just within two
    reply(log, 3, 49)
    reply(log, 4, 1, user="asker")  # the asker replies: none
    reply(log, 5, 1, kind="post")  # a new post below another is a reply as well
    row = told(log, "unanswered")[week(1)]
    assert row["share_24h"] == pytest.approx(2 / 41)  # q0 and q5, of forty and that post
    assert row["unanswered_48h"] == 37  # all but q0, q1, q2 and q5
    assert row["unanswered_share"] == pytest.approx(37 / 41)
    assert row["low_95"] < 37 / 41 < row["high_95"]


def test_questions_of_the_newest_week_are_not_judged_yet(log):
    for number in range(40):
        ask(log, number, ago=1)
    for number in range(40, 69):
        ask(log, number, ago=8)
    rows = told(log, "unanswered")
    young, few = rows[week(0)], rows[week(1)]
    assert (young["questions"], young["unanswered_48h"]) == (40, None)
    assert (young["share_24h"], young["unanswered_share"]) == (None, None)
    assert (few["questions"], few["unanswered_48h"], few["unanswered_share"]) == (29, 29, None)


def test_a_reply_after_the_week_ended_is_not_known(log):
    for number in range(30):
        ask(log, number, ago=4)  # Thursday noon
    for number in range(30):
        reply(log, number, 12 + 24 * 4, ago=4)  # on the first day that nobody may see
    assert log.rates("unanswered_48h")["unanswered_48h", "(all)", week(0), 2]["numerator"] == 30


def test_solved_is_what_was_accepted_within_a_week_by_whichever_id_it_names(log):
    for number in range(40):
        ask(log, number)
        reply(log, number, 1)
    log.add("asker", 7, "accept", object_id="a0-helper-1")  # the answer, on the seventh day
    log.add("asker", 8, "accept", object_id="a1-helper-1", parent_id="q1")
    log.add("asker", 8, "accept", object_id="q2")
    log.add("asker", 8, "accept", object_id="a2-helper-1")  # the same question twice
    log.add("asker", 6, "accept", object_id="a3-helper-1")  # too late
    log.add("asker", 8, "accept", object_id="unknown")
    row = told(log, "unanswered")[week(1)]
    assert row["solved_share_7d"] == 3 / 40


def health(community, questions, unanswered, **columns):
    row = {"community_id": community, "questions": questions, "questions_unanswered": unanswered}
    return row | {"first_reply_in_24h": 0.5, "first_reply_median_hours": 3.0, "first_reply_p90_hours": 20.0} | columns


def test_first_reply_puts_the_whole_first_then_who_waits_most(log):
    log.fill(
        "marts.community_health",
        [health("a", 40, 4), health("b", 40, 20), health("c", 29, 29), health("(all)", 109, 53), health("d", 0, 0)],
    )
    rows = log.answer("first_reply")
    assert [row["community_id"] for row in rows] == ["(all)", "b", "a", "c"]
    assert (rows[1]["unanswered_share"], rows[1]["median_hours"], rows[1]["p90_hours"]) == (0.5, 3, 20)
    assert rows[3]["unanswered_share"] is None  # 29 questions


def test_speaking_is_of_those_present_and_the_loudest_are_a_twentieth(log):
    for person in range(40):
        log.add(f"u{person}", 3, "view", community_id="g")
    for person in range(30):
        log.add(f"u{person}", 3, "comment", community_id="g")
        log.add(f"u{person}", 2, "like", community_id="h")
    for _ in range(9):
        log.add("u0", 2, "post", community_id="h")
        log.add("u1", 2, "post")  # in no community: talk, but nobody's presence
    row = told(log, "speaking")[week(0)]
    assert (row["speakers"], row["present"], row["share"]) == (30, 40, 0.75)
    assert row["top_5_percent_share"] == pytest.approx(20 / 48)  # two of thirty wrote ten each, of 28 + 20


def test_few_people_make_no_speaking_rate(log):
    for person in range(29):
        log.add(f"u{person}", 3, "comment", community_id="g")
    row = told(log, "speaking")[week(0)]
    assert (row["present"], row["share"], row["top_5_percent_share"]) == (29, None, None)
