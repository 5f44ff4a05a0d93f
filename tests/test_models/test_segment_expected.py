"""Segments by what people are expected to do: borders where they belong, and more told than by equal columns."""

import numpy as np
import pandas as pd
import pytest

from models.segmentation.expected import by_expectation
from models.segmentation.explaining import by_cells, quintiles
from models.segmentation.kmeans import KMeansSegments

FEATURES = ("orders_84d", "visits_84d", "noise_one", "noise_two")


def world(seed, people=1_200):
    """Orders follow a rate of one's own; visits and two other columns say little or nothing of it."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(0.6, 2.5, people)
    table = pd.DataFrame({"user_id": [f"u{at:04}" for at in range(people)], "orders_84d": rng.poisson(rate)})
    table["visits_84d"] = rng.poisson(3 + rate / 2)
    table["noise_one"], table["noise_two"] = rng.lognormal(2, 1, (2, people))
    return table, rng.poisson(rate).astype(float)


@pytest.fixture(scope="module")
def fitted():
    past, outcome = world(1)
    now, later = world(2)
    return by_expectation(past, outcome, now, features=FEATURES, k=None, seed=7), now, later


def test_segments_by_expectation_tell_more_than_quintiles_and_equal_columns(fitted):
    model, now, later = fitted

    def told(ids):
        return by_cells(later, np.asarray(ids), kind="count", seed=3).share

    own = told(model.score(now)["segment_id"])
    assert own > 1.05 * told(quintiles(now["orders_84d"].to_numpy(dtype=float)))
    assert own > 1.03 * told(KMeansSegments(features=FEATURES, k=5).fit(now, seed=7).score(now)["segment_id"])


def test_they_are_numbered_from_the_most_expected_and_none_is_small(fitted):
    model, now, later = fitted
    ids = model.score(now)["segment_id"]
    means = pd.Series(later).groupby(ids.to_numpy()).mean()
    assert means.is_monotonic_decreasing
    assert ids.value_counts().min() >= 20
    assert (model.kind, model.numbers) == ("constructed", tuple(range(1, model.k + 1)))
    assert f"these {model.k} are constructed" in model.why


def test_the_borders_lie_in_the_middle_of_the_roots(fitted):
    """Stored as distances and handicaps on the index, they must cut where K-Means on the roots cuts."""
    model, now, _ = fitted
    index = model.points(now)[:, 0]
    ids = model.score(now)["segment_id"].to_numpy()
    order = np.argsort(-index, kind="stable")
    assert (np.diff(ids[order]) >= 0).all()  # each segment is one stretch of the index
    roots = np.exp(model.centroids[:, 0] / 2)
    borders = 2 * np.log((roots[1:] + roots[:-1]) / 2)
    np.testing.assert_array_equal(ids, 1 + (index[:, None] < borders).sum(axis=1))


def test_the_order_of_rows_changes_nothing_and_neither_does_storing():
    past, outcome = world(3, people=400)
    now, _ = world(4, people=400)
    model = by_expectation(past, outcome, now, features=FEATURES, k=4, seed=7)
    mixed = np.random.default_rng(1).permutation(400)
    again = by_expectation(past.iloc[mixed], outcome[mixed], now.iloc[mixed], features=FEATURES, k=4, seed=7)
    for other in (again, KMeansSegments.restore(model.state())):
        pd.testing.assert_frame_equal(other.score(now), model.score(now))


def test_where_little_differs_groups_join_instead_of_being_small():
    past, outcome = world(5, people=100)
    model = by_expectation(past, outcome, past, features=FEATURES, k=8, seed=7)
    sizes = model.score(past)["segment_id"].value_counts()
    assert sizes.min() >= 20 and len(sizes) == model.k < 8
