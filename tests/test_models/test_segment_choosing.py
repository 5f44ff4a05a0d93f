import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from models.segmentation import competitors
from models.segmentation.choosing import null_crowd, some_of, spread_out
from models.segmentation.mixture import Mixture, belonging, fit, ladder, one
from models.segmentation.rfm import cells, fifths, quintiles
from models.segmentation.scaling import Space, yeo_johnson


def groups(people=900, far=6.0, seed=1):
    """Three groups of t in four correlated dimensions, the last the smallest."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(3, people, p=[0.6, 0.3, 0.1])
    root = np.linalg.cholesky(0.6 * np.ones((4, 4)) + 0.4 * np.eye(4))
    centres = far * np.array([[0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0.0]])
    return (centres[kind] + rng.standard_t(5, (people, 1)) * 0.2 + rng.normal(size=(people, 4))) @ root.T, kind


def test_the_ladder_holds_the_planted_groups():
    points, kind = groups()
    steps = ladder(points, most=8, seed=1)
    assert sorted(steps) == list(range(1, 9))
    assert min(steps, key=lambda k: steps[k].icl) == 3
    assert adjusted_rand_score(kind, belonging(points, steps[3])) > 0.97
    np.testing.assert_allclose(np.sort(steps[3].shares), [0.1, 0.3, 0.6], atol=0.03)
    assert steps[3].separation > 4 > 2.5 > steps[4].separation


def test_distances_are_in_standard_deviations_of_the_scatter():
    wide = Mixture(
        np.array([[0.0, 0.0], [6.0, 0.0], [0.0, 9.0]]), np.full(3, 1 / 3), np.diag([4.0, 9.0]), 5.0, np.ones(3)
    )
    assert wide.separation == pytest.approx(3.0)
    white = wide.means @ wide.discriminant().T
    assert np.linalg.norm(white[0] - white[1]) == pytest.approx(3.0)
    assert np.linalg.norm(white[0] - white[2]) == pytest.approx(3.0)


def test_joining_keeps_the_middle_and_drops_the_tiny():
    means, shares = np.array([[0.0], [1.0], [9.0]]), np.array([0.3, 0.1, 0.6])
    joined = Mixture(means, shares, np.eye(1), 5.0, np.ones(3)).joined()
    np.testing.assert_allclose(np.sort(joined.means[:, 0]), [0.25, 9.0])
    tiny = Mixture(means, np.array([0.395, 0.6, 0.005]), np.eye(1), 5.0, np.ones(3)).joined()
    np.testing.assert_allclose(tiny.means[:, 0], [0.0, 1.0])
    assert tiny.shares.sum() == pytest.approx(1.0)


def test_a_fit_never_gets_less_likely():
    points, _ = groups(300)
    start = one(points)
    two = Mixture(points[:2].copy(), np.full(2, 0.5), start.scatter, 8.0, np.ones(2))
    likelihoods = [fit(points, two, rounds=rounds).likelihood for rounds in (1, 3, 6, 12)]
    assert likelihoods == sorted(likelihoods)


def test_heavy_tails_are_seen():
    rng = np.random.default_rng(1)
    normal = rng.normal(size=(4_000, 3))
    assert one(normal).tails == 50.0
    assert one(normal * np.sqrt(4 / rng.chisquare(4, (4_000, 1)))).tails <= 6.0


def test_a_null_crowd_has_the_correlations_and_atoms_but_no_groups():
    points, _ = groups(2_000)
    points[:, 3] = np.maximum(points[:, 3], np.quantile(points[:, 3], 0.3))
    drawn = null_crowd(points, rng=np.random.default_rng(1))
    assert (drawn[:, 3] == points[:, 3].min()).mean() == pytest.approx(0.3, abs=0.001)
    np.testing.assert_allclose(np.corrcoef(drawn.T), np.corrcoef(points.T), atol=0.12)
    steps = ladder(drawn[:, :3], most=6, seed=1)
    assert min(steps, key=lambda k: steps[k].icl) == 1


def test_counts_lose_their_gaps_and_nothing_else():
    counts = np.log1p(np.random.default_rng(1).integers(0, 4, (500, 2)).astype(float))
    counts[0, 0] = 50.0
    spread = spread_out(counts, rng=np.random.default_rng(1))
    assert spread[0, 0] == 50.0  # nobody else is there
    assert np.abs(spread - counts).max() <= 0.5
    assert np.diff(np.sort(spread[:, 1])).max() < 0.1 < np.diff(np.unique(counts[:, 1])).min()
    distinct = np.arange(10.0)[:, None]
    np.testing.assert_array_equal(spread_out(distinct, rng=np.random.default_rng(1)), distinct)


def test_a_sample_is_ordered_and_hangs_on_the_seed_alone():
    assert some_of(5, 10, seed=1).tolist() == [0, 1, 2, 3, 4]
    assert (np.diff(some_of(100, 10, seed=1)) > 0).all() and len(some_of(100, 10, seed=1)) == 10


@given(st.floats(-2, 4), st.lists(st.floats(-50, 50), min_size=2, max_size=20))
@settings(max_examples=80, deadline=None)
def test_powers_keep_the_order_and_nought(power, values):
    column = np.sort(np.array([0.0, *values]))[:, None]
    bent = yeo_johnson(column, np.array([power]))[:, 0]
    assert (np.diff(bent) >= -1e-9).all() and bent[column[:, 0] == 0].tolist() == [0.0] * int((column == 0).sum())
    assert (bent * column[:, 0] >= 0).all()  # the least of numbers may become nought, and none the other side


def test_powers_are_those_of_scipy():
    from scipy.stats import yeojohnson

    column = np.linspace(-3, 3, 13)
    for power in (-1.0, 0.0, 0.5, 1.0, 2.0, 3.0):
        np.testing.assert_allclose(yeo_johnson(column[:, None], np.array([power]))[:, 0], yeojohnson(column, power))


def test_skewed_columns_become_symmetric_and_standard():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"a": np.expm1(rng.gamma(2.0, 1.0, 3_000)), "b": rng.lognormal(3, 1, 3_000).round()})
    space = Space.learn(frame, ("a", "b"), variance_kept=1.0)
    scaled = space.scaled(frame)
    np.testing.assert_allclose([scaled.mean(axis=0), scaled.std(axis=0)], [[0, 0], [1, 1]], atol=1e-9)
    assert np.abs((scaled**3).mean(axis=0)).max() < 0.2
    np.testing.assert_allclose(np.var(space.points(frame), axis=0).sum(), 2.0)


@pytest.mark.parametrize("size", [0.01, 1.0, 1_000.0])
def test_what_lies_on_both_sides_of_nought_is_not_torn_in_two(size):
    """The signed log of a wide normal has two humps; a trend is no two groups."""
    from scipy.stats import kurtosis, skew

    trend = size * np.random.default_rng(1).normal(size=2_000)
    scaled = Space.learn(pd.DataFrame({"trend": trend}), ("trend",), variance_kept=1.0).scaled(
        pd.DataFrame({"trend": trend})
    )[:, 0]
    assert abs(kurtosis(scaled)) < 0.5 and abs(skew(scaled)) < 0.2  # two humps have a kurtosis towards -2
    assert np.corrcoef(scaled, trend)[0, 1] > 0.99


def test_fifths_by_hand():
    assert fifths(pd.Series([10, 20, 30, 40, 50, None])).tolist() == [1, 2, 3, 4, 5, 1]
    assert fifths(pd.Series([0, 0, 0, 0, 7])).tolist() == [3, 3, 3, 3, 5]  # the tie lies in the middle of its ranks


def test_the_best_customers_are_five_five_five():
    people = pd.DataFrame({"days": [1, 9, 30, 60, None], "orders": [9, 5, 3, 2, 1], "spent": [90, 50, 30, 20, 10]})
    found = quintiles(people, recency="days", frequency="orders", money="spent")
    assert found.iloc[0].tolist() == [5, 5, 5] and found.iloc[4].tolist() == [1, 1, 1]
    assert cells(found).iloc[[0, 4]].tolist() == [124, 0]


def test_competitors_find_what_is_plain():
    points, kind = groups(600, far=9.0)
    assert adjusted_rand_score(kind, competitors.by_silhouette(points, seed=1)) > 0.7  # it takes two for one
    assert adjusted_rand_score(kind, competitors.gaussian(points, 3, shape="tied", seed=1)) > 0.9
    assert len(np.unique(competitors.gaussian_by_bic(points, seed=1))) >= 3
    assert len(np.unique(competitors.single_start(points, 3, seed=1))) == 3
