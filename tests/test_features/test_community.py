from datetime import UTC, datetime, timedelta

from features.community import COMMUNITIES_SET, COMMUNITY_SET, PARTNERS_SET, REPLIES_SET
from features.windows import compute

from .conftest import AS_OF


def rows(world, each, *mondays):
    return world.frame(compute(each, world.past(*mondays)), ("user_id",))


def at(days_before, hour):
    """An instant so many days before AS_OF, at an hour that may run on into the next days."""
    return datetime(AS_OF.year, AS_OF.month, AS_OF.day, tzinfo=UTC) + timedelta(days=-days_before, hours=hour)


def write(world, user, kind, moment, object_id, parent_id=None):
    days_before = (AS_OF - moment.date()).days
    world.add(user, days_before, kind, occurred_at=moment, object_id=object_id, parent_id=parent_id)


def test_given_and_received_count_by_kind_and_window_and_nothing_counts_from_oneself(world):
    world.add("a", 2, "post")
    world.add("a", 30, "answer")
    world.add("a", 3, "vote", target_user_id="b")
    world.add("b", 2, "answer", target_user_id="a")
    world.add("b", 40, "like", target_user_id="a")
    world.add("b", 1, "accept", target_user_id="a")
    world.add("a", 1, "like", target_user_id="a")
    row = rows(world, COMMUNITY_SET)["a"]
    assert (row["texts_written_7d"], row["texts_written_84d"], row["interactions_28d"]) == (1, 2, 3)
    assert (row["asked_28d"], row["answered_28d"], row["answered_84d"], row["likes_given_28d"]) == (1, 0, 1, 2)
    assert (row["reactions_received_7d"], row["reactions_received_84d"]) == (2, 3)
    assert (row["replies_received_28d"], row["likes_received_28d"], row["likes_received_84d"]) == (1, 0, 1)
    assert (row["accepts_received_84d"], row["accepts_given_84d"], row["text_recency_days"]) == (1, 0, 2)


def test_partners_are_people_either_way_and_reciprocity_is_of_those_addressed(world):
    for other, days_before in (("b", 1), ("b", 2), ("c", 3), ("d", 40)):
        world.add("a", days_before, "comment", target_user_id=other)
    world.add("b", 1, "like", target_user_id="a")
    world.add("e", 1, "like", target_user_id="a")
    found = rows(world, PARTNERS_SET)
    assert (found["a"]["partners_28d"], found["a"]["partners_84d"]) == (3, 4)
    assert found["a"]["reciprocity_84d"] == 1 / 3
    assert found["e"]["reciprocity_84d"] == 0
    assert found["c"]["reciprocity_84d"] is None  # addressed nobody


def test_the_first_reply_is_somebody_elses_and_the_unanswered_are_longer_than_any(world):
    write(world, "a", "post", at(10, 12), "q1")
    write(world, "a", "comment", at(10, 13), "c1", "q1")  # oneself
    write(world, "b", "answer", at(10, 14), "a1", "q1")
    write(world, "c", "answer", at(10, 15), "a2", "q1")
    write(world, "a", "post", at(9, 12), "q2")
    write(world, "b", "answer", at(9, 12 + 50), "a3", "q2")
    write(world, "a", "post", at(8, 12), "q3")
    write(world, "a", "post", at(2, 12), "q4")  # younger than two whole days: not due
    row = rows(world, REPLIES_SET)["a"]
    assert (row["unanswered_84d"], row["answered_48h_share_84d"]) == (1, 1 / 3)
    assert row["first_reply_hours_84d"] == 50  # of 2 hours, 50 hours, never
    write(world, "a", "post", at(7, 12), "q5")
    write(world, "a", "post", at(6, 12), "q6")
    row = rows(world, REPLIES_SET)["a"]
    assert (row["unanswered_84d"], row["first_reply_hours_84d"]) == (3, None)  # most wait still


def test_a_reply_that_comes_after_the_week_leaves_the_question_open(world):
    write(world, "a", "post", at(12, 12), "q1")
    write(world, "b", "answer", at(6, 12), "a1", "q1")
    week_before = rows(world, REPLIES_SET, AS_OF - timedelta(days=7))
    assert (week_before["a"]["unanswered_84d"], week_before["a"]["first_reply_hours_84d"]) == (1, None)
    assert "b" not in week_before
    assert rows(world, REPLIES_SET)["a"]["first_reply_hours_84d"] == 6 * 24


def test_the_delay_of_own_replies_is_the_lower_of_the_two_in_the_middle(world):
    write(world, "a", "post", at(20, 0), "q1")
    for number, hours in enumerate((1, 2, 6, 30)):
        write(world, "b", "comment", at(20, hours), f"c{number}", "q1")
    write(world, "b", "answer", at(19, 0), "own", "c0")  # to a text of one's own
    write(world, "b", "answer", at(19, 0), "lost", "nobody wrote this")
    assert rows(world, REPLIES_SET)["b"]["reply_hours_84d"] == 2


def test_a_text_told_twice_is_the_one_told_first(world):
    write(world, "a", "post", at(20, 0), "q1")
    write(world, "a", "post", at(15, 0), "q1")
    write(world, "b", "answer", at(15, 1), "a1", "q1")
    found = rows(world, REPLIES_SET)
    assert (found["a"]["answered_48h_share_84d"], found["b"]["reply_hours_84d"]) == (0, 5 * 24 + 1)


def test_the_main_community_has_most_acts_and_equals_are_in_order_of_name(world):
    for community, kind, days_before in (
        *(("g2", "view", 1), ("g2", "post", 2), ("g1", "comment", 30), ("g1", "comment", 31)),
        *(("g3", "login", 1), ("g0", "view", 90)),
    ):
        world.add("a", days_before, kind, community_id=community)
    row = rows(world, COMMUNITIES_SET)["a"]
    assert (row["communities_28d"], row["communities_84d"]) == (1, 2)
    assert (row["main_community"], row["main_community_share_84d"], row["main_community_texts_84d"]) == ("g1", 0.5, 2)
