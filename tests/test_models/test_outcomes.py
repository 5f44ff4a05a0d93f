"""Whether a list changed anything: by hand, by planted truth, and what must not matter."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from models.differences import difference, mean_difference
from models.outcomes import (
    AS_CONTACTED,
    ASSIGNED,
    CURRENCY,
    HARM,
    LIST,
    POOLED,
    STATED,
    Outcome,
    compared,
    first_listed,
)

FIRST = date(2026, 6, 1)
BACK, SPEND, COMPLAINED = Outcome("back", STATED), Outcome("spend", unit=CURRENCY), Outcome("complained", HARM)
FIGURES = ["contacted_rate", "holdout_rate", "effect", "low_95", "high_95"]


def people(contacted, held, *, back, held_back, reached=0, week=FIRST):
    """So many people on each side, the first `back` and `held_back` of them with the outcome."""
    count = contacted + held
    own, left = np.arange(contacted), np.arange(held)
    return pd.DataFrame(
        {
            "user_id": [f"{week} {number}" for number in range(count)],
            "as_of": week,
            "holdout": [0] * contacted + [1] * held,
            "reached": [*(own < reached).astype(int), *([0] * held)],
            "back": [*(own < back).astype(int), *(left < held_back).astype(int)],
        }
    )


def told(frame, *, outcomes=(BACK,), lists=4, logged=True):
    return compared(frame, outcomes=outcomes, lists=lists, logged=logged, list="early_warnings")


def one(rows, **wanted):
    for name, value in wanted.items():
        rows = rows[rows[name] == value]
    (found,) = rows.to_dict("records")
    return found


def test_a_list_by_hand():
    rows = told(people(40, 30, back=10, held_back=3, reached=32))
    found = one(rows, scope=LIST, basis=ASSIGNED)
    assert (found["contacted"], found["reached"], found["holdout"], found["holdout_reached"]) == (40, 32, 30, 0)
    assert (found["contacted_rate"], found["holdout_rate"]) == (0.25, 0.1)
    assert found["effect"] == pytest.approx(0.15)
    assert (found["low_95"], found["high_95"]) == difference(10, 40, 3, 30)[1:]
    assert (found["role"], found["unit"], found["lists"], found["list_as_of"]) == (STATED, "ratio", 1, FIRST)
    reached = one(rows, scope=LIST, basis=AS_CONTACTED)  # of the 32 reached are the 10 who came back
    assert (reached["contacted"], reached["contacted_rate"], reached["holdout"]) == (32, 10 / 32, 30)


def test_fewer_than_30_make_no_rate_and_no_effect():
    found = one(told(people(40, 29, back=10, held_back=3), logged=False), scope=LIST)
    assert found["contacted_rate"] == 0.25
    assert all(np.isnan(found[name]) for name in FIGURES[1:])
    assert found["contacted"] == 40 and found["holdout"] == 29


def test_lists_are_told_one_by_one_and_together():
    weeks = [FIRST + timedelta(days=7 * number) for number in range(3)]
    parts = [people(20 * number, 30, back=10, held_back=3, week=week) for number, week in enumerate(weeks, 1)]
    rows = told(pd.concat(parts, ignore_index=True), lists=2, logged=False)
    assert rows.loc[rows["scope"] == LIST, "list_as_of"].tolist() == weeks[1:]
    found = one(rows, scope=POOLED)
    assert (found["list_as_of"], found["lists"]) == (weeks[2], 3)
    assert (found["contacted"], found["holdout"]) == (120, 90)
    assert found["effect"] == pytest.approx(30 / 120 - 9 / 90)


def test_nobody_held_out_is_counted_as_contacted_even_if_somebody_reached_them():
    frame = people(40, 30, back=10, held_back=3, reached=40)
    frame.loc[frame.index[-5:], "reached"] = 1
    for basis in (ASSIGNED, AS_CONTACTED):
        found = one(told(frame), scope=POOLED, basis=basis)
        assert (found["contacted"], found["holdout"], found["holdout_reached"]) == (40, 30, 5)


def test_without_a_log_of_contacts_nobody_knows_who_was_reached():
    rows = told(people(40, 30, back=10, held_back=3), logged=False)
    assert set(rows["basis"]) == {ASSIGNED}
    assert rows["reached"].isna().all() and rows["holdout_reached"].isna().all()


def test_money_is_told_as_means():
    frame = people(40, 30, back=0, held_back=0).assign(spend=[100.0] * 4 + [0.0] * 36 + [50.0] * 3 + [0.0] * 27)
    found = one(told(frame, outcomes=(SPEND, COMPLAINED)[:1], logged=False), scope=LIST)
    assert (found["contacted_mean"], found["holdout_mean"], found["effect"]) == (10.0, 5.0, 5.0)
    assert found["low_95"] < 5.0 < found["high_95"] and found["unit"] == CURRENCY


def test_no_list_makes_no_row():
    assert told(people(0, 0, back=0, held_back=0)).empty


def test_the_first_list_of_each_person_counts():
    rows = [("a", 2), ("a", 1), ("b", 3), ("b", 2), ("c", 1)]
    found = first_listed(pd.DataFrame(rows, columns=["user_id", "as_of"]))
    assert list(found.itertuples(index=False, name=None)) == [("a", 1), ("c", 1), ("b", 2)]


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.floats(0, 1e4)), min_size=60, max_size=150), st.randoms())
@settings(max_examples=20, deadline=None)
def test_sides_turn_the_sign_and_the_order_of_people_does_not_matter(drawn, random):
    frame = pd.DataFrame(drawn, columns=["holdout", "back", "spend"]).assign(as_of=FIRST, reached=0)
    frame["holdout"] = frame["holdout"].astype(int)
    rows = told(frame, outcomes=(BACK, SPEND), logged=False)
    order = list(range(len(frame)))
    random.shuffle(order)
    pd.testing.assert_frame_equal(rows, told(frame.iloc[order], outcomes=(BACK, SPEND), logged=False))
    turned = told(frame.assign(holdout=1 - frame["holdout"]), outcomes=(BACK, SPEND), logged=False)
    for here, there in (("effect", "effect"), ("low_95", "high_95"), ("high_95", "low_95")):
        np.testing.assert_allclose(rows[here], -turned[there], atol=1e-9, rtol=1e-9)


def test_a_planted_effect_is_found_and_none_is_not_invented():
    rng = np.random.default_rng(3)
    inside, found = 0, []
    for effect in [0.0] * 200 + [0.15]:
        held = rng.random(2000) < 0.1
        back = rng.random(2000) < np.where(held, 0.35, 0.35 + effect)
        frame = pd.DataFrame({"as_of": FIRST, "holdout": held.astype(int), "reached": 0, "back": back.astype(int)})
        found = one(told(frame, logged=False), scope=POOLED)
        inside += int(effect == 0 and found["low_95"] <= 0 <= found["high_95"])
    assert found["low_95"] > 0 and found["effect"] == pytest.approx(0.15, abs=0.08)
    assert 180 <= inside <= 200  # 190 expected, standard deviation 3


@pytest.mark.parametrize("sides", [([1.0, 2.0, 6.0], [0.0, 1.0]), ([0.0] * 50 + [300.0], [0.0] * 9 + [10.0])])
def test_means_are_compared_as_by_students_test(sides):
    ours, others = (np.array(side) for side in sides)
    found = mean_difference(*(value for side in (ours, others) for value in (len(side), side.sum(), (side**2).sum())))
    said = ttest_ind(ours, others).confidence_interval(0.95)
    assert found.value == pytest.approx(ours.mean() - others.mean())
    assert (found.low, found.high) == pytest.approx((said.low, said.high))


def test_one_person_has_no_spread():
    assert all(np.isnan(value) for value in mean_difference(1, 5.0, 25.0, 40, 0.0, 0.0))
