"""The denoising autoencoder: its slopes against differences, its sampled sum against the whole one, what it keeps."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from models.recommendation import denoising
from models.recommendation.denoising import (
    Denoising,
    Layer,
    as_chances,
    begun,
    corrected,
    inclusion,
    kept_apart,
    scaled,
    thinned,
)
from models.recommendation.interactions import gathered


def random_pairs(people=80, items=30, seed=1):
    """Two tastes: even people prefer even items."""
    rng = np.random.default_rng(seed)
    liking = np.where((np.arange(people)[:, None] + np.arange(items)) % 2 == 0, 0.4, 0.05)
    row, column = np.nonzero(rng.random((people, items)) < liking)
    told = {"user_id": [f"u{at:02d}" for at in row], "item_id": [f"i{at:02d}" for at in column]}
    return pd.DataFrame(told).assign(weight=1.0)


@pytest.fixture(scope="module")
def known():
    return gathered(random_pairs())


def loss(network, histories):
    """Minus the log chances of the whole histories, mean over people: the formula of the paper, densely."""
    had = histories.toarray()
    inner = np.tanh((had / np.sqrt(had.sum(axis=1, keepdims=True))) @ network.encoder.values + network.shift.values)
    logits = inner @ network.decoder.values.T + network.bias.values
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return -(had * logs).sum() / len(had)


class Slopes(Layer):
    """A layer that keeps the slope instead of moving."""

    def move(self, rows, slope, /, *, rate):
        self.seen = np.zeros_like(self.values)
        self.seen[rows] = slope


def test_the_slopes_are_those_of_the_loss():
    rng = np.random.default_rng(2)
    histories = csr_matrix((rng.random((6, 9)) < 0.5).astype(np.float32))
    histories = histories[np.diff(histories.indptr) > 0]
    model = Denoising(dropped=0.0, sampled=9)
    layers = [rng.normal(size=shape) for shape in ((9, 3), (1, 3), (9, 3), (9,))]
    model._network = denoising.Network(*(Slopes.of(values) for values in layers))
    model._step(histories, np.ones(9, dtype=np.float32), rng, rate=1.0)
    for layer in (
        model._network.encoder,
        model._network.shift,
        model._network.decoder,
        model._network.bias,
    ):
        for place in (0, layer.values.size // 2, layer.values.size - 1):
            at = np.unravel_index(place, layer.values.shape)
            held, ends = layer.values[at], []
            for step in (1e-5, -1e-5):
                layer.values[at] = held + step
                ends.append(loss(model._network, histories))
            layer.values[at] = held
            assert layer.seen[at] == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=1e-4)


def test_adam_by_hand():
    layer = Layer.of(np.array([1.0, 1.0], dtype=np.float32))
    layer.move(np.array([1]), np.array([4.0], dtype=np.float32), rate=corrected(0.1, 1))
    # The first step is the rate whatever the slope: mean 0.4 / 0.1, root of the square sqrt(0.016 / 0.001).
    np.testing.assert_allclose(layer.values, [1.0, 0.9], atol=1e-5)
    layer.move(np.array([1]), np.array([0.0], dtype=np.float32), rate=corrected(0.1, 2))
    # mean 0.36 / 0.19, square 0.015984 / 0.001999: 0.1 * 1.8947 / 2.8277 = 0.0670
    np.testing.assert_allclose(layer.values, [1.0, 0.833], atol=1e-4)


def test_sampled_chances_estimate_the_sum_over_all_items():
    """Each item counts by the reciprocal of its chance to be drawn: over many draws the sum is the whole."""
    rng = np.random.default_rng(3)
    people, items, batch, sampled = 400, 60, 20, 15
    seen = csr_matrix((rng.random((people, items)) < rng.uniform(0.005, 0.15, items)).astype(np.float32))
    chances = inclusion(seen, batch=batch, sampled=sampled)
    worth = rng.uniform(0.5, 2.0, items)
    totals = []
    for _ in range(3_000):
        rows = rng.permutation(people)[:batch]
        drawn = rng.random(items) < sampled / items
        drawn[seen[rows].indices] = True
        totals.append((worth[drawn] / chances[drawn]).sum())
    assert np.mean(totals) == pytest.approx(worth.sum(), rel=0.02)
    assert (inclusion(seen, batch=batch, sampled=items) == 1).all()


def test_some_pairs_are_kept_apart_and_none_is_lost(known):
    seen, apart = kept_apart(known.had, np.random.default_rng(1))
    assert (seen + apart != known.had).nnz == 0 and seen.nnz + apart.nnz == known.had.nnz
    held = np.diff(apart.indptr)
    assert (held[1::2] == 0).all()  # of few people every second one
    lengths = np.diff(known.had.indptr)
    assert held[::2].tolist() == [(length + 3) // 5 for length in lengths[::2]]  # of 2 to 6 one, of 7 to 11 two
    again, _ = kept_apart(known.had, np.random.default_rng(1))
    assert (again != seen).nnz == 0


def test_what_is_dropped_is_made_up_for():
    one = csr_matrix(np.ones((1, 10_000), dtype=np.float32))
    told = thinned(scaled(one), dropped=0.5, rng=np.random.default_rng(1))
    np.testing.assert_allclose(told.data, 0.02, rtol=1e-5)
    assert told.sum() == pytest.approx(scaled(one).sum(), rel=0.05)


def test_chances_add_up_and_large_logits_do_no_harm():
    found = as_chances(np.array([[1000.0, 1000.0, -1000.0], [0.0, np.log(3.0), -np.inf]], dtype=np.float32))
    np.testing.assert_allclose(found, [[0.5, 0.5, 0.0], [0.25, 0.75, 0.0]], atol=1e-6)


def test_before_any_step_the_popular_are_likely():
    network = begun(np.zeros((3, 2), dtype=np.float32), np.array([8, 4, 0]), scale=1.0)
    chances = as_chances(network.logits(np.zeros((1, 2), dtype=np.float32)))
    np.testing.assert_allclose(chances, [[9 / 15, 5 / 15, 1 / 15]], atol=1e-6)


def test_the_round_that_was_best_is_kept(known, monkeypatch):
    """Of rounds that come out as 1, 3, 2, 2 the second is kept, and after two worse ones no more is tried."""
    figures, values = iter([0.1, 0.3, 0.2, 0.2, 0.9]), []

    def found(network, seen, apart):
        values.append(network.values())
        return next(figures)

    monkeypatch.setattr(denoising.Network, "found", found)
    model = Denoising(dimensions=5).learn(known, seed=1)
    assert len(values) == 4
    for kept, best in zip(model._network.values(), values[1], strict=True):
        np.testing.assert_array_equal(kept, best)


def test_threads_change_nothing_and_the_sampled_sum_learns_as_well(known):
    from threadpoolctl import threadpool_limits

    users = known.users
    lists = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            lists.append(Denoising(dimensions=8, sampled=10).learn(known, seed=3).recommend(users, k=5))
    pd.testing.assert_frame_equal(*lists, check_exact=True)
    own = lists[0]["item_id"].str[1:].astype(int) % 2 == lists[0]["user_id"].str[1:].astype(int) % 2
    assert own.mean() > 0.8  # half of the items by chance


@pytest.mark.parametrize("rows", [[], [("u", "a")], [("u", "a"), ("v", "a")]])
def test_next_to_nothing_is_no_error(rows):
    frame = pd.DataFrame(rows, columns=["user_id", "item_id"]).assign(weight=1.0)
    model = Denoising().fit(frame, seed=1)
    assert model.score(frame).empty  # all items that there are were had
