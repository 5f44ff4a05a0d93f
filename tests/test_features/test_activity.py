from datetime import date

import pytest

from features.activity import ACTIVITY_SET
from features.habits import HABITS_SET
from features.windows import compute

from .conftest import AS_OF


def activity(world, person="a"):
    return world.frame(compute(ACTIVITY_SET, world.past()), ("user_id",))[person]


def act_on(world, *days_before, user="a"):
    for each in days_before:
        world.add(user, each, "view")


def test_gaps_between_active_days(world):
    act_on(world, 20, 18, 11, 3)
    row = activity(world)
    assert row["gap_mean_84d"] == 17 / 3  # 2, 7 and 8 days
    assert row["gap_longest_84d"] == 8
    assert row["gap_current_ratio"] == 3 / (17 / 3)


def test_a_gap_that_began_before_the_window_is_not_in_it(world):
    act_on(world, 90, 80, 78)
    row = activity(world)
    assert (row["gap_longest_84d"], row["gap_mean_84d"]) == (2, 2.0)


def test_one_active_day_has_no_gap(world):
    act_on(world, 5, 5)
    row = activity(world)
    assert (row["gap_mean_84d"], row["gap_longest_84d"], row["gap_current_ratio"]) == (None, None, None)


def test_days_in_a_row(world):
    act_on(world, 30, 29, 28, 27, 10, 2, 1)
    row = activity(world)
    assert (row["streak_days"], row["streak_days_longest_84d"]) == (2, 4)


def test_a_streak_that_ended_two_days_ago_is_none(world):
    act_on(world, 3, 2)
    assert activity(world)["streak_days"] is None  # the snapshot writes 0
    assert activity(world)["streak_days_longest_84d"] == 2


def test_a_streak_is_cut_where_the_window_begins(world):
    act_on(world, *range(1, 101))
    row = activity(world)
    assert (row["streak_days"], row["streak_days_longest_84d"]) == (84, 84)
    assert (row["streak_weeks"], row["streak_weeks_longest_84d"], row["active_weeks_84d"]) == (12, 12, 12)


@pytest.mark.parametrize(
    ("weeks_ago", "active", "now", "longest"),
    [((1,), 1, 1, 1), ((2,), 1, 0, 1), ((1, 2, 3, 5), 4, 3, 3), ((1, 4, 5, 6, 7, 12), 6, 1, 4), ((), 0, 0, 0)],
)
def test_weeks_in_a_row(world, weeks_ago, active, now, longest):
    act_on(world, 100, *(7 * n for n in weeks_ago))
    row = activity(world)
    assert (row["active_weeks_84d"], row["streak_weeks"], row["streak_weeks_longest_84d"]) == (active, now, longest)


def test_trends_compare_the_last_weeks_with_the_longer_window(world):
    act_on(world, 1, 2, 20, 50)
    row = activity(world)
    assert row["acts_trend"] == pytest.approx(3 * 3 / 4 - 1)
    assert row["active_days_trend"] == pytest.approx(2 * 2 / 3 - 1)


def test_removals_by_others_are_no_act(world):
    act_on(world, 5)
    world.add("a", 2, "remove", target_user_id="a")
    assert activity(world)["recency_days"] == 5


def habits(world):
    return world.frame(compute(HABITS_SET, world.past()), ("user_id",))["a"]


def at_hours(world, *hours, days_before=3, **columns):
    for hour in hours:
        moment = world.at(days_before, hour)
        world.add("a", days_before, "view", occurred_at=moment, **columns)


def test_parts_of_the_day_and_the_main_hour(world):
    at_hours(world, 5.9, 6, 11, 21, 21.5, 22, 22.9, 23)
    row = habits(world)
    assert [row[f"{part}_share_84d"] for part in ("night", "morning", "afternoon", "evening")] == [
        1 / 8,
        2 / 8,
        0,
        5 / 8,
    ]
    assert row["main_hour_84d"] == 21  # as often as 22, and earlier


def test_the_entropy_of_two_hours_alike_is_the_logarithm_of_two(world):
    at_hours(world, 9, 9.5, 20, 20.5)
    assert habits(world)["hour_entropy_84d"] == pytest.approx(0.6931471805599453)


def test_one_hour_has_no_entropy(world):
    at_hours(world, 9, 9.5)
    assert habits(world)["hour_entropy_84d"] == pytest.approx(0, abs=1e-12)


def test_the_hour_is_counted_from_the_local_midnight(world):
    world.timezone = "Asia/Shanghai"
    at_hours(world, 1, 1.2, days_before=3)  # 01:00 there is 17:00 UTC of the day before
    assert habits(world)["main_hour_84d"] == 1


def test_the_hour_that_clocks_repeat_keeps_the_day_within_24_hours(world):
    world.timezone = "Europe/London"
    autumn = (AS_OF - date(2023, 10, 29)).days  # 25 hours long
    at_hours(world, 0.5, 24.5, days_before=autumn)
    hours = world.frame(world.inputs["user_hours"], ("user_id", "hour"))
    assert {hour: row["acts"] for (_, hour), row in hours.items()} == {0: 1, 23: 1}


def test_weekends(world):
    act_on(world, 1, 1, 2, 3)  # Sunday twice, Saturday, Friday
    assert AS_OF.weekday() == 0
    assert habits(world)["weekend_share_84d"] == 3 / 4


def test_visits_have_a_length(world):
    at_hours(world, 9, 9.5, 10, session_id="s1")
    at_hours(world, 20, session_id="s2")
    at_hours(world, 12)
    row = habits(world)
    assert (row["sessions_28d"], row["session_minutes_mean_84d"]) == (2, 30.0)
