"""How many ways of taking part there are: crowds of one kind are never split, planted kinds are counted."""

import numpy as np
import pytest

from models.segmentation.behaviour_choice import Tried, chosen, mean_mix, one_kind, overdispersion, tried

STYLES = np.array(
    [
        [0.03, 0.02, 0.05, 0.1, 0.8],
        [0.45, 0.05, 0.1, 0.1, 0.3],
        [0.05, 0.5, 0.15, 0.1, 0.2],
        [0.05, 0.05, 0.5, 0.1, 0.3],
    ]
)


def crowd(seed, *, kinds, people=500, alike=20.0):
    """Counts of people of the first `kinds` styles, each with a mix of their own around it, few and many acts."""
    rng = np.random.default_rng(seed)
    totals = 5 + rng.geometric(0.06, people)
    mixes = rng.standard_gamma(alike * STYLES[np.arange(people) % kinds])
    return rng.multinomial(totals, mixes / mixes.sum(axis=1, keepdims=True)).astype(float)


def roots(counts):
    return np.sqrt((counts + 0.4) / (counts.sum(axis=1, keepdims=True) + 2))


def number(counts):
    return chosen(tried(counts, roots, seed=7), people=len(counts))


@pytest.mark.parametrize("kinds", [2, 3, 4])
@pytest.mark.parametrize("people", [200, 1000])
def test_planted_kinds_are_counted(kinds, people):
    assert number(crowd(kinds, kinds=kinds, people=people)) == kinds


@pytest.mark.parametrize("alike", [3.0, 10.0, 1e6])
def test_a_crowd_of_one_kind_is_not_split_however_its_people_differ(alike):
    """From mixes that differ very much (few acts, corners) to none that do (only the chance of few acts)."""
    assert [number(crowd(seed, kinds=1, alike=alike)) for seed in range(3)] == [1, 1, 1]


def test_a_handful_of_spammers_is_no_way_of_taking_part():
    counts = crowd(1, kinds=1)
    counts[:4] = [200, 0, 0, 0, 0]
    assert number(counts) == 1


def test_the_null_world_does_as_much_and_differs_as_much():
    counts = crowd(5, kinds=3, people=4000)
    drawn = one_kind(counts, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(drawn.sum(axis=1), counts.sum(axis=1))
    np.testing.assert_allclose(mean_mix(drawn), mean_mix(counts), atol=0.02)
    own, other = (overdispersion(each, mean_mix(each)) for each in (counts, drawn))
    assert own == pytest.approx(other, rel=0.1)


def test_overdispersion_by_hand():
    """Two parts, mean one half. All of one part or all of the other: 1 (here its bound); always half and half: 0."""
    half = np.array([0.5, 0.5])
    assert overdispersion(np.array([[10.0, 0.0], [0.0, 10.0]]), half) == 0.95
    assert overdispersion(np.array([[5.0, 5.0]] * 3), half) == pytest.approx(1e-3)


def test_one_who_does_very_much_counts_once():
    mean = mean_mix(np.array([[1e6, 0.0], [0.0, 1.0], [0.0, 1.0]]))
    assert mean == pytest.approx([1.5 / 4, 2.5 / 4])
    assert mean_mix(np.empty((0, 4))) == pytest.approx([0.25] * 4)


def test_a_gain_must_be_large_and_beyond_its_noise():
    one = Tried(1, 0.0, 0.01, 1.0)
    assert chosen((one, Tried(2, 0.5, 0.02, 0.3)), people=1000) == 2
    assert chosen((one, Tried(2, 0.1, 0.001, 0.3)), people=1000) == 1
    assert chosen((one, Tried(2, 0.5, 0.2, 0.3)), people=1000) == 1
    assert chosen((one, Tried(2, 0.5, 0.02, 0.005)), people=1000) == 1  # five people are no group


@pytest.mark.parametrize("shape", ["equal", "two"])
def test_people_who_are_all_the_same_are_one_kind(shape):
    counts = np.tile([5.0, 0.0, 0.0, 0.0, 5.0], (60, 1))
    if shape == "two":
        counts[:30] = [0.0, 9.0, 0.0, 0.0, 1.0]
    assert number(counts) == (1 if shape == "equal" else 2)
