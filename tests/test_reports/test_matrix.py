from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.matrix import withheld
from reports.query import WITHHELD, withhold

TABLES = st.integers(2, 4).flatmap(
    lambda columns: st.lists(st.lists(st.integers(0, 60), min_size=columns, max_size=columns), min_size=2, max_size=4)
)


def others_with_the_same_sums(counts, hidden):
    """The hidden cells around which people can be shifted without touching a sum or what is told."""
    rows, columns = range(len(counts)), range(len(counts[0]))
    free = set()
    for r, c in hidden:
        for below, other in product(rows, columns):
            corners = {(r, c), (r, other), (below, c), (below, other)}
            if below != r and other != c and corners <= hidden and min(counts[a][b] for a, b in corners) > 0:
                free.add((r, c))
    return free


@given(TABLES)
@settings(max_examples=300)
def test_no_withheld_count_is_the_only_solution_of_the_sums(counts):
    hidden = withheld(counts, smallest=10)
    if hidden is None:
        return
    small = {(r, c) for r, row in enumerate(counts) for c, count in enumerate(row) if 0 < count < 10}
    assert small <= hidden
    assert others_with_the_same_sums(counts, hidden) == hidden


def test_the_cheapest_rectangle_is_withheld():
    counts = [[3, 40, 50], [20, 30, 90], [100, 35, 80]]
    assert withheld(counts, smallest=10) == {(0, 0), (0, 1), (1, 0), (1, 1)}


def test_nothing_small_nothing_withheld():
    assert withheld([[10, 0], [20, 30]], smallest=10) == set()
    assert withheld([], smallest=10) == set()


def test_a_table_that_nothing_can_guard_is_not_told():
    assert withheld([[3, 0], [0, 50]], smallest=10) is None
    assert withheld([[3, 50]], smallest=10) is None
    rows = [{"name": "a", "low": 3, "high": 0}, {"name": "b", "low": 0, "high": 50}]
    assert withhold(rows, cells={}, unit=None, total_known=False, matrix=("low", "high")) == []


@pytest.mark.parametrize("small", [1, 9])
def test_small_counts_and_their_guards_look_alike(small):
    rows = [{"name": "a", "low": small, "high": 40}, {"name": "b", "low": 70, "high": 30}]
    told = withhold(rows, cells={}, unit=None, total_known=False, matrix=("low", "high"))
    assert {row[name] for row in told for name in ("low", "high")} == {WITHHELD}
