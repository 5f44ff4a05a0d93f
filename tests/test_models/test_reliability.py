import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.reliability import COLUMNS, reliability, wilson


def test_wilson_by_hand():
    """2 of 10: Newcombe 1998 writes 0.0567 to 0.5098; 0 of 20 ends at z2 / (20 + z2) = 0.1611."""
    low, high = wilson(np.array([2.0, 0.0]), np.array([10.0, 20.0]))
    np.testing.assert_allclose(low, [0.0567, 0.0], atol=5e-5)
    np.testing.assert_allclose(high, [0.5098, 0.1611], atol=5e-5)


def test_bins_by_hand():
    # 60 people are two bins of 30: the lower half was given 0.1 or 0.2 and 3 had it, the upper 0.7 and 20 had it.
    given = np.repeat([0.1, 0.2, 0.7], [10, 20, 30])
    labels = np.r_[np.zeros(9), 1, np.zeros(18), 1, 1, np.ones(20), np.zeros(10)].astype(int)
    table = reliability(labels, given)
    assert tuple(table.columns) == COLUMNS
    assert table["bin"].tolist() == [1, 2] and table["people"].tolist() == [30, 30]
    np.testing.assert_allclose(table["predicted"], [5 / 30, 0.7])
    np.testing.assert_allclose(table["observed"], [3 / 30, 20 / 30])
    assert (table["low_95"] < table["observed"]).all() and (table["observed"] < table["high_95"]).all()


def test_people_of_one_probability_share_a_bin():
    table = reliability(np.tile([0, 1], 500), np.full(1_000, 0.5))
    assert table["people"].tolist() == [1_000] and table["observed"].tolist() == [0.5]


@pytest.mark.parametrize(("people", "bins"), [(0, 0), (1, 1), (59, 1), (60, 2), (299, 9), (300, 10), (5_000, 10)])
def test_a_bin_has_thirty_people(people, bins):
    table = reliability(np.zeros(people, int), np.linspace(0.1, 0.9, people))
    assert len(table) == bins
    assert (table["people"] >= min(people, 30)).all()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20)), min_size=1, max_size=200), st.randoms())
def test_nobody_is_lost_and_the_order_does_not_matter(rows, random):
    labels, given = (np.array(column) for column in zip(*rows, strict=True))
    table = reliability(labels, given / 20)
    assert table["people"].sum() == len(rows)
    assert (table["people"] * table["observed"]).sum() == pytest.approx(labels.sum())
    random.shuffle(rows)
    labels, given = (np.array(column) for column in zip(*rows, strict=True))
    np.testing.assert_allclose(reliability(labels, given / 20), table, atol=1e-12)
