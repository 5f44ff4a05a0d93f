from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.validation import judged, origins, some_users

WEEKS = [date(2024, 1, 1) + timedelta(weeks=at) for at in range(12)]


def frame(*, people=6, weeks=WEEKS):
    rows = [(f"u{person}", week, (person + at) % 2) for at, week in enumerate(weeks) for person in range(people)]
    return pd.DataFrame(rows, columns=["user_id", "as_of", "label"])


@pytest.mark.parametrize(("delay", "newest_known"), [(28, WEEKS[7]), (29, WEEKS[6]), (7, WEEKS[10])])
def test_the_judged_week_is_the_newest_and_its_training_ends_a_delay_before(delay, newest_known):
    origin = judged(frame(), delay_days=delay)
    assert origin.week == WEEKS[11] and set(origin.test["as_of"]) == {WEEKS[11]}
    assert set(origin.train["as_of"]) == {week for week in WEEKS if week <= newest_known}


def test_rows_whose_outcome_is_unknown_are_in_neither():
    some = frame()
    some["label"] = some["label"].where((some["as_of"] != WEEKS[11]) & (some["user_id"] != "u0"))
    origin = judged(some, delay_days=28)
    assert origin.week == WEEKS[10]
    assert "u0" not in {*origin.train["user_id"], *origin.test["user_id"]}


def test_origins_are_the_newest_usable_weeks_newest_first():
    found = origins(frame(), delay_days=28, count=3)
    assert [origin.week for origin in found] == [WEEKS[11], WEEKS[10], WEEKS[9]]
    assert [origin.train["as_of"].max() for origin in found] == [WEEKS[7], WEEKS[6], WEEKS[5]]
    # Two weeks to learn from are asked: the first that has them lies 28 days after the second.
    assert [origin.week for origin in origins(frame(), delay_days=28, count=99)][-1] == WEEKS[5]


def test_an_origin_needs_both_outcomes_on_either_side():
    some = frame()
    one_sided = some.assign(label=some["label"].where(some["as_of"] != WEEKS[11], 1))
    assert origins(one_sided, delay_days=28, count=1)[0].week == WEEKS[10]
    rare = some.assign(label=((some["as_of"] >= WEEKS[6]) & (some["user_id"] == "u1")).astype(int))
    assert {origin.week for origin in origins(rare, delay_days=28, count=99)} == {WEEKS[10], WEEKS[11]}


def test_too_few_weeks_have_no_origin():
    assert origins(frame(weeks=WEEKS[:5]), delay_days=28, count=3) == []
    assert judged(frame(weeks=WEEKS[:3]), delay_days=28).train.empty
    assert origins(frame().assign(label=None), delay_days=28, count=3) == []
    assert len(judged(frame().assign(label=None), delay_days=28).test) == 0


@settings(max_examples=15, deadline=None)
@given(st.integers(6, 11), st.integers(1, 5), st.sampled_from([7, 14, 28]))
def test_appending_later_weeks_changes_no_origin(weeks, added, delay):
    """What an origin learns from is the same whether or not the weeks after it have been lived."""
    before = {origin.week: origin for origin in origins(frame(weeks=WEEKS[:weeks]), delay_days=delay, count=99)}
    after = {
        origin.week: origin for origin in origins(frame(weeks=WEEKS[: weeks + added]), delay_days=delay, count=99)
    }
    assert before.keys() <= after.keys()
    for week, origin in before.items():
        pd.testing.assert_frame_equal(origin.train, after[week].train)
        pd.testing.assert_frame_equal(origin.test, after[week].test)
        assert origin.train["as_of"].max() + timedelta(days=delay) <= week


@pytest.mark.parametrize("kind", [str, int])
def test_some_users_are_whole_and_stay_the_same(kind):
    some = pd.DataFrame({"user_id": [kind(at) for at in range(5_000)] * 3, "week": np.repeat([1, 2, 3], 5_000)})
    assert some_users(some, rows=15_000) is some
    part = some_users(some, rows=6_000)
    assert 5_400 < len(part) < 6_600
    assert set(part.groupby("user_id").size()) == {3}
    assert set(part["user_id"]) == set(some_users(some.sample(frac=1, random_state=1), rows=6_000)["user_id"])
    assert set(some_users(some, rows=3_000)["user_id"]) < set(part["user_id"])
