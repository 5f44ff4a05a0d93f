"""Differences of shares against published examples."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.differences import difference


@pytest.mark.parametrize(  # Newcombe 1998, table II, method 10
    ("counts", "low", "high"),
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0),
    ],
)
def test_intervals_are_those_of_newcombe(counts, low, high):
    found = difference(*counts)
    assert found.value == pytest.approx(counts[0] / counts[1] - counts[2] / counts[3])
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_nobody_on_one_side_is_no_difference():
    assert all(math.isnan(value) for value in difference(1, 2, 0, 0))
    assert all(math.isnan(value) for value in difference(0, 0, 1, 2))


@given(st.integers(1, 500), st.integers(1, 500), st.data())
def test_an_interval_holds_its_value_and_turns_with_its_sides(people, others, data):
    found, other = data.draw(st.integers(0, people)), data.draw(st.integers(0, others))
    here, there = difference(found, people, other, others), difference(other, others, found, people)
    slack = 1e-12
    assert -1 - slack <= here.low <= here.value + slack
    assert here.value - slack <= here.high <= 1 + slack
    assert (here.low, here.high) == pytest.approx((-there.high, -there.low))
