"""What columns hold, and whether they moved: figures worked out by hand, and drift that was planted or was not."""

import math

import numpy as np
import pytest

from features.distribution import drift, spread


def test_numbers_by_hand():
    found = spread(np.array([4.0, 1.0, math.nan, 3.0, 2.0, 10.0]))
    assert found["null_share"] == pytest.approx(1 / 6)
    assert [found[name] for name in ("minimum", "p25", "median", "p75", "maximum")] == [1, 2, 3, 4, 10]
    assert "categories" not in found


def test_texts_show_no_small_group():
    values = np.array(["a"] * 60 + ["b"] * 30 + ["c"] * 9 + [None], dtype=object)
    assert spread(values) == {"null_share": pytest.approx(0.01), "categories": "a 60%, b 30%; 1 more"}
    assert spread(values[90:])["categories"] == "1 values, each of fewer than 10"


def test_nothing_known_has_a_null_share_alone():
    assert spread(np.array([math.nan, math.nan])) == {"null_share": 1.0}
    assert spread(np.array([], dtype=float)) == {"null_share": None}


def test_without_drift_the_index_is_zero_on_average():
    rng = np.random.default_rng(1)
    draws = [drift(*np.exp(rng.normal(size=(2, 600)))) for _ in range(300)]
    indices = np.array([each.index for each in draws])
    assert abs(indices.mean()) < 3 * indices.std() / math.sqrt(len(indices)) + 1e-3
    assert {each.verdict for each in draws} == {"steady"}


def test_planted_shift_is_said_with_its_size():
    rng = np.random.default_rng(2)
    before = rng.poisson(3, 2_000).astype(float)
    found = drift(before, before + 2)
    assert found.index > 0.25
    assert found.verdict == "shifted strongly: median 3 -> 5"


def test_nulls_are_a_bin_of_their_own():
    before = np.arange(1_000.0)
    now = before.copy()
    now[::3] = math.nan
    found = drift(before, now)
    assert found.index > 0.25
    assert "null 0% -> 33%" in found.verdict


def test_psi_by_hand():
    # Two bins, 0 and 1 (70 / 30 of 100, then 40 / 60 of 100), with half a person added to each.
    before, now = (np.repeat([0.0, 1.0], counts) for counts in ((70, 30 + 40), (40, 60 + 40)))
    p, q = (np.array([first + 0.5, second + 0.5]) / 141 for first, second in ((40, 100), (70, 70)))
    expected = ((p - q) * np.log(p / q)).sum() - (1 / 140 + 1 / 140)
    assert drift(before, now).index == pytest.approx(expected)


def test_silence_where_nothing_can_be_told():
    few, many = np.arange(80.0), np.arange(1_000.0)
    assert drift(few, many).verdict == "too few people to tell"
    assert drift(np.array([]), many).verdict == "no week before to compare with"
    assert drift(np.zeros(1_000), np.zeros(1_000)) == drift(np.full(1_000, 5.0), np.full(1_000, 5.0))
    assert drift(np.zeros(1_000), np.zeros(1_000)).verdict == "nearly everybody has the same value"


def test_categories_that_nobody_had_before_are_drift():
    before = np.array(["a", "b"] * 200, dtype=object)
    now = np.array(["a", "c"] * 200, dtype=object)
    assert drift(before, before).verdict == "steady"
    assert drift(before, now).index > 0.25
