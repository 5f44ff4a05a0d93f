from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from features.lifetimes import lifetimes

from .conftest import AS_OF, World


def of(world, as_of=AS_OF):
    return world.frame(lifetimes(world.days, as_of=as_of), ("user_id",))


def lived(world, user, *days_before):
    for day in days_before:
        world.add(user, day, "view")


def told(rows, user):
    return rows[user]["duration_days"], rows[user]["lost"]


def test_the_first_long_silence_ends_a_stay(world):
    lived(world, "back", 100, 90, 61, 5)  # silent on the 28 days 89 to 62 days before, and back after that
    lived(world, "close", 100, 90, 62, 35, 8)  # never silent for more than 27 days
    lived(world, "once", 70)
    rows = of(world)
    assert told(rows, "back") == (11, 1)
    assert told(rows, "close") == (100 - 28, 0)
    assert told(rows, "once") == (1, 1)


def test_a_silence_that_may_still_end_is_censored(world):
    lived(world, "open", 50, 28)  # 27 silent days so far
    lived(world, "over", 50, 29)  # 28: the silence began on the last day of which that can be known
    rows = of(world)
    assert told(rows, "open") == (22, 0)
    assert told(rows, "over") == (22, 1)
    later = AS_OF + timedelta(days=1)
    assert told(of(world, later), "open") == (23, 1)


def test_only_those_of_whom_something_is_known_are_in_it(world):
    lived(world, "young", 27)
    lived(world, "just", 28, 3)
    lived(world, "later", -3)
    world.add("reader", 50, "login")  # no act
    rows = of(world)
    assert set(rows) == {"just"}
    assert told(rows, "just") == (0, 0)


def test_the_cohort_is_the_monday_of_the_first_act(world):
    lived(world, "monday", 35)
    lived(world, "sunday", 36, 35)
    rows = of(world)
    assert rows["monday"]["cohort"] == date(2024, 4, 1)
    assert rows["sunday"]["cohort"] == date(2024, 3, 25)


def test_roles_apart_are_left_out(world):
    lived(world, "teacher", 60)
    lived(world, "bot", 60)
    world.insert("roles", {"user_id": "bot", "role": "bot"})
    world.insert("roles", {"user_id": "teacher", "role": "teacher"})
    assert set(of(world)) == {"teacher"}


def by_hand(ago):
    """The same from a set of days before AS_OF, walked through day by day."""
    first, silent = max(ago), 0
    for day in range(first, 0, -1):
        silent = 0 if day in ago else silent + 1
        if silent == 28:
            return first - (day + 27), 1
    return first - 28, 0


@settings(max_examples=6)
@given(st.lists(st.sets(st.integers(1, 130), min_size=1, max_size=8), min_size=10, max_size=30))
def test_against_a_walk_through_the_days(people):
    world = World()
    for number, ago in enumerate(people):
        lived(world, f"u{number}", *sorted(ago))
    expected = {f"u{number}": by_hand(ago) for number, ago in enumerate(people) if max(ago) >= 28}
    rows = of(world)
    assert {user: told(rows, user) for user in rows} == expected
