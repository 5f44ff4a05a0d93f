from collections import Counter
from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lyceum.errors import LyceumError
from models.lifecycle import ACTIVE_STATES, STATES, UNSEEN, moves, state_history, states, transitions

MONDAY = date(2024, 1, 1)


def week(number):
    return MONDAY + timedelta(weeks=number)


def log(**active):
    pairs = [(user, week(number)) for user, numbers in active.items() for number in numbers]
    return pd.DataFrame(pairs, columns=["user_id", "week"]).astype({"user_id": "str", "week": "datetime64[us]"})


def state_of(numbers, at):
    found = states(log(a=numbers), week=week(at))["lifecycle_state"].tolist()
    return found[0] if found else None


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([20], "new"),
        ([19, 20], "active"),
        ([18, 20], "returned"),
        ([16, 20], "returned"),  # absent 3 weeks, seen 4 weeks ago
        ([15, 20], "resurrected"),  # absent 4 weeks
        ([2, 20], "resurrected"),
        ([19], "at_risk"),
        ([18], "dormant"),  # absent 2 weeks
        ([12], "dormant"),  # absent 8 weeks
        ([11], "churned"),  # absent 9 weeks
        ([0], "churned"),
        ([21], None),
        ([15, 19, 20, 21, 30], "active"),  # what comes later changes nothing
    ],
)
def test_state_at_each_boundary(numbers, expected):
    assert state_of(numbers, 20) == expected


def by_the_words(numbers, at):
    past = [number for number in numbers if number <= at]
    if not past:
        return None
    before = [number for number in past if number < at]
    gap = at - max(before) if before else 0
    if at in past:
        return "new" if not before else "active" if gap == 1 else "returned" if gap <= 4 else "resurrected"
    return "at_risk" if gap == 1 else "dormant" if gap <= 8 else "churned"


LIVES = st.lists(st.sets(st.integers(0, 25), min_size=1), min_size=1, max_size=12)


@settings(max_examples=40)
@given(LIVES)
def test_history_is_complete_exclusive_and_exact(lives):
    user_weeks = log(**{f"u{n}": life for n, life in enumerate(lives)})
    history = state_history(user_weeks, weeks=[week(number) for number in range(28)])
    wide = history.pivot(index="week", columns="state", values="users")
    for number in range(28):
        counted = wide.loc[pd.Timestamp(week(number))]
        expected = Counter(by_the_words(life, number) for life in lives)
        assert {state: counted[state] for state in STATES} == {state: expected[state] for state in STATES}
        assert counted[list(ACTIVE_STATES)].sum() == sum(number in life for life in lives)


@settings(max_examples=30)
@given(LIVES, st.integers(1, 27), st.integers(1, 10))
def test_transitions_count_every_move_once(lives, last, weeks):
    user_weeks = log(**{f"u{n}": life for n, life in enumerate(lives)})
    chain = transitions(user_weeks, last_week=week(last), weeks=weeks)
    moves = Counter(
        (by_the_words(life, number), by_the_words(life, number + 1))
        for life in lives
        for number in range(max(last - weeks, min(min(life) for life in lives)), last)
        if by_the_words(life, number)
    )
    found = {(row.from_state, row.to_state): row.users for row in chain.itertuples()}
    assert found == dict(moves)
    assert chain.groupby("from_state")["probability"].sum().map(lambda total: abs(total - 1) < 1e-12).all()


@settings(max_examples=30)
@given(LIVES, st.integers(0, 27))
def test_the_moves_of_a_week_hold_everybody_seen_by_its_end_once(lives, number):
    found = moves(log(**{f"u{n}": life for n, life in enumerate(lives)}), week=week(number))
    expected = Counter(
        ((by_the_words(life, number - 1) if number else None) or UNSEEN, now)
        for life in lives
        if (now := by_the_words(life, number))
    )
    assert {(row.from_state, row.to_state): row.users for row in found.itertuples()} == dict(expected)


def test_in_the_first_week_of_a_log_everybody_comes_from_nowhere():
    found = moves(log(a=[0, 1], b=[0]), week=week(0))
    assert found.values.tolist() == [[UNSEEN, "new", 2]]
    assert moves(log(), week=week(0)).empty


def test_order_repetition_and_type_of_the_weeks_change_nothing():
    user_weeks = log(b=[1, 2, 9], a=[0, 3], c=[4])
    shuffled = pd.concat([user_weeks, user_weeks]).sample(frac=1, random_state=3)
    as_dates = shuffled.assign(week=shuffled["week"].dt.date)
    for other in (shuffled, as_dates):
        pd.testing.assert_frame_equal(states(other, week=week(9)), states(user_weeks, week=week(9)))
    assert states(user_weeks, week=week(9))["user_id"].tolist() == ["a", "b", "c"]


def test_a_move_needs_two_weeks_of_log():
    assert transitions(log(a=[0]), last_week=week(0)).empty
    chain = transitions(log(a=[0, 1], b=[0]), last_week=week(1))
    assert chain[["from_state", "to_state", "users", "probability", "weeks"]].values.tolist() == [
        ["new", "active", 1, 0.5, 1],
        ["new", "at_risk", 1, 0.5, 1],
    ]


def test_nobody_gives_empty_tables():
    nobody = log()
    assert states(nobody, week=MONDAY).empty
    assert transitions(nobody, last_week=MONDAY).empty
    assert state_history(nobody, weeks=[MONDAY])["users"].tolist() == [0] * 7


def test_a_week_begins_on_a_monday():
    with pytest.raises(LyceumError, match="Monday"):
        states(log(a=[0]), week=date(2024, 1, 2))
    with pytest.raises(LyceumError, match="Monday"):
        states(log(a=[0]).assign(week=pd.Timestamp("2024-01-03")), week=MONDAY)
