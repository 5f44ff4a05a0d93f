import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lyceum.simulator.crowds import crowd
from models.segmentation.kmeans import KMeansSegments
from models.segmentation.matching import Match, match, overlap, persistent
from models.segmentation.migration import composition, flows, model_change


def ids(*numbers):
    return pd.Series(numbers, index=[f"u{at}" for at in range(len(numbers))])


def test_overlap_by_hand():
    # Groups {0, 1}, {2, 3} before, {0}, {1, 2, 3} now.
    found = overlap(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), 2)
    np.testing.assert_allclose(found, [[1 / 2, 1 / 4], [0, 2 / 3]])


def test_match_by_hand():
    found = match(ids(1, 1, 1, 2, 2, 3), ids(5, 5, 4, 4, 4, 4))
    # 1 and 5 share two of three; 2 and 4 two of four; 3 and 4 one of four, so that 3 has nobody left.
    assert found == (Match(1, 5, 2 / 3), Match(2, 4, 0.5), Match(3, None, 0.0))
    assert match(ids(1, 1), ids(2, 3)) == (Match(1, 2, 0.5), Match(None, 3, 0.0))


def test_people_of_one_week_only_do_not_count():
    now = pd.Series({"u0": 8, "u9": 9})
    assert match(ids(1, 2), now) == (Match(1, 8, 1.0),)


def test_numbers_persist_from_a_half_on_and_new_ones_were_never_used():
    found = (Match(3, 1, 0.9), Match(1, 2, 0.49), Match(2, None, 0.0), Match(None, 3, 0.0))
    assert persistent(found, taken=(4, 6)) == {1: 3, 2: 5, 3: 7}
    assert persistent(found, floor=0.0) == {1: 3, 2: 1, 3: 4}


@given(st.permutations(range(1, 6)), st.lists(st.integers(1, 5), min_size=5, max_size=60))
@settings(max_examples=60, deadline=None)
def test_new_names_for_the_same_groups_are_seen_through(order, groups):
    before = ids(*groups)
    found = match(before, before.map(dict(enumerate(order, start=1))))
    assert all(each.jaccard == 1.0 for each in found)
    assert all(order[each.before - 1] == each.now for each in found)


def test_flows_by_hand():
    before, now = pd.Series({"a": 1, "b": 1, "c": 2}), pd.Series({"a": 1, "b": 2, "d": 0})
    rows = flows(before, now).to_numpy().tolist()
    assert rows == [[-1, 0, 1, 1.0], [1, 1, 1, 0.5], [1, 2, 1, 0.5], [2, -1, 1, 1.0]]


@pytest.fixture(scope="module")
def lived():
    made = crowd(users=1_500, seed=11)
    columns = tuple(made.before.frame.columns[1:])
    return made, KMeansSegments(features=columns, k=len(made.plan.shares)).fit(made.before.frame, seed=1)


def test_true_moves_are_told_from_measurement(lived):
    made, model = lived
    again = (made.again(made.before, seed=1), made.again(made.before, seed=2))
    truth = float((made.before.group != made.now.group).mean())
    found = composition(model, made.before.frame, made.now.frame, again=again)
    assert found.people == 1_500
    assert found.moved > 1.4 * truth  # more cross than move
    assert found.moved_truly == pytest.approx(truth, rel=0.2)
    assert found.low_95 < truth < found.high_95
    assert found == composition(model, made.before.frame.sample(frac=1, random_state=1), made.now.frame, again=again)


def test_where_nobody_moves_nothing_is_told(lived):
    made, model = lived
    again = (made.again(made.before, seed=1), made.again(made.before, seed=2))
    still = composition(model, again[0], again[1], again=(made.again(made.before, seed=3), again[0]))
    assert still.moved > 0.01  # by measurement alone
    assert still.moved_truly < 0.004 and still.low_95 == 0.0


def test_where_it_cannot_be_told_it_is_not(lived):
    made, model = lived
    few = made.before.frame.head(10)
    assert np.isnan(composition(model, few, few, again=(few, few)).moved_truly)
    none = few.head(0)
    assert composition(model, none, few, again=(few, few)).people == 0


def test_the_model_changes_where_borders_move(lived):
    made, model = lived
    same = model_change(model, model.renumbered({n: n + 3 for n in model.numbers}), made.now.frame)
    assert (same.share, same.jaccard_min) == (0.0, 1.0)
    other = KMeansSegments(features=model.features, k=2).fit(made.now.frame, seed=1)
    changed = model_change(model, other, made.now.frame)
    assert changed.share > 0.1 and changed.jaccard_min < 1.0
