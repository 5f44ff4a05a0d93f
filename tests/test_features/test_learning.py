from datetime import timedelta

import pytest

from features.learning import LEARNING_SET
from features.progress import PROGRESS_SET
from features.windows import compute

from .conftest import AS_OF


def progress(world, person="a", as_of=AS_OF):
    return world.frame(compute(PROGRESS_SET, world.past(as_of)), ("user_id",))[person]


def learn(world, item, *lessons, user="a", days_before=3, kind="learn"):
    for lesson in lessons:
        world.add(user, days_before, kind, item_id=item, object_id=lesson)


def test_counts_by_kind_of_learning(world):
    for days_before, kind in ((1, "learn"), (5, "submit"), (6, "complete"), (20, "check_in"), (27, "attend")):
        world.add("a", days_before, kind, duration_ms=90_000)
    world.add("a", 1, "view", duration_ms=90_000)
    row = world.frame(compute(LEARNING_SET, world.past()), ("user_id",))["a"]
    assert [row[f"learning_events_{n}d"] for n in (1, 3, 7, 14, 28)] == [1, 1, 3, 3, 5]
    assert (row["submissions_7d"], row["completions_7d"], row["check_ins_7d"], row["check_ins_28d"]) == (1, 1, 0, 1)
    assert (row["attendances_28d"], row["learning_days_28d"], row["learning_minutes_28d"]) == (1, 5, 7.5)
    assert row["learning_trend"] == 2.0


def test_items_and_lessons_count_once_however_often_they_are_met(world):
    learn(world, "i1", "l1", "l2", days_before=40)
    learn(world, "i1", "l1", days_before=10)
    learn(world, "i1", "l3", days_before=2)
    learn(world, "i2", "l1", days_before=20)
    row = progress(world)
    assert [row[f"items_learnt_{n}d"] for n in (7, 28, 84)] == [1, 2, 2]
    assert [row[f"lessons_reached_{n}d"] for n in (7, 28, 84)] == [1, 2, 4]


def test_progress_is_the_share_of_the_lessons_that_anybody_had_reached(world):
    learn(world, "i1", "l1", "l2", "l3", "l4", user="b", days_before=9)
    learn(world, "i2", "l1", "l2", user="b", days_before=9)
    learn(world, "i1", "l1")
    learn(world, "i2", "l1", "l2")
    learn(world, "i1", "l5", user="b", days_before=0)  # not known yet
    row = progress(world)
    assert (row["progress_mean_84d"], row["progress_max_84d"]) == (0.625, 1.0)


def test_what_was_begun_and_what_was_finished(world):
    learn(world, "i1", "l1", days_before=200)
    world.add("a", 190, "complete", item_id="i1")
    learn(world, "i2", "l1", days_before=30)
    learn(world, "i3", "l1", days_before=5)
    learn(world, "i3", "l1", kind="complete", days_before=5)  # a lesson is not the item
    row = progress(world)
    assert (row["items_begun_total"], row["items_finished_total"], row["stalled_items_84d"]) == (3, 1, 1)


def test_an_item_finished_or_learnt_lately_is_not_stalled(world):
    learn(world, "i1", "l1", days_before=40)
    world.add("a", 40, "complete", item_id="i1")
    learn(world, "i2", "l1", days_before=40)
    learn(world, "i2", "l2", days_before=14)
    assert progress(world)["stalled_items_84d"] == 0
    assert progress(world, as_of=AS_OF + timedelta(days=7))["stalled_items_84d"] == 1


def test_the_item_learnt_last_is_the_current_one(world):
    learn(world, "i1", "l1", "l2", user="b", days_before=30)
    learn(world, "i2", "l1", "l2", days_before=20)
    learn(world, "i1", "l1", days_before=10)
    row = progress(world)
    assert (row["current_progress"], row["current_item_days"]) == (0.5, 10)


def test_pace_is_told_beside_the_median_learner_of_the_item(world):
    for user, lessons in (("a", 6), ("b", 2), ("c", 4), ("d", 4), ("e", 8)):
        learn(world, "i1", *(f"l{n}" for n in range(lessons)), user=user, days_before=14)
    assert progress(world)["current_pace_ratio"] == pytest.approx(6 / 4)
    assert progress(world, "b")["current_pace_ratio"] == pytest.approx(2 / 4)


def test_few_learners_have_no_median(world):
    for user in "abcd":
        learn(world, "i1", "l1", user=user)
    assert progress(world)["current_pace_ratio"] is None


def test_without_lessons_there_is_breadth_but_no_progress(world):
    world.add("a", 4, "learn", item_id="i1")
    row = progress(world)
    assert (row["items_learnt_7d"], row["current_item_days"]) == (1, 4)
    assert (row["progress_mean_84d"], row["current_progress"]) == (None, None)
