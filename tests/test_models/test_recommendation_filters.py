"""Filters, factors and closed forms against numbers worked out by hand and against dense algebra."""

import numpy as np
import pandas as pd
import pytest

from models.recommendation.blend import Blend
from models.recommendation.comparing import compare, mean_interval
from models.recommendation.ease import EASE
from models.recommendation.graph_filter import GraphFilter
from models.recommendation.interactions import gathered
from models.recommendation.item_neighbours import ItemNeighbours
from models.recommendation.matrix_factorisation import MatrixFactorisation
from models.recommendation.popularity import Popularity
from models.recommendation.spectrum import decomposed, largest_value, normalised
from models.recommendation.tuning import nominal_seconds, tuned
from models.recommendation.user_neighbours import UserNeighbours

# Four people, four items: a is known to three, b and c to two, d to one.
BASKETS = {"1": "ab", "2": "ac", "3": "abc", "4": "d"}


def pairs(baskets):
    rows = [(user, item, 1.0) for user, items in baskets.items() for item in items]
    return pd.DataFrame(rows, columns=["user_id", "item_id", "weight"]).astype({"user_id": "str", "item_id": "str"})


def dense(known):
    return known.had.toarray().astype(float)


def crowd(seed=3, users=60, items=25, share=0.25):
    """Two tastes: even people prefer even items."""
    rng = np.random.default_rng(seed)
    liking = np.where((np.arange(users)[:, None] + np.arange(items)) % 2 == 0, 1.6, 0.4) * share
    had = rng.random((users, items)) < liking
    had[:, 0] |= ~had.any(axis=1)
    baskets = {f"u{row:02d}": [f"i{at:02d}" for at in np.flatnonzero(had[row])] for row in range(users)}
    return pairs(baskets)


def test_the_linear_filter_by_hand():
    model = GraphFilter(exponents=(1.0, 1.0, 0.5), low_pass=0.0).fit(pairs(BASKETS), seed=0)
    a, b = model.items.get_loc("a"), model.items.get_loc("b")
    scores = model._scores(np.array([model.known.users.get_loc("2")]))[0]
    # From a (3 people) to persons 1 (2 items) and 3 (3 items), from c (2) to person 3; over the root of b's 2.
    b_for_2 = (1 / 3 * (1 / 2 + 1 / 3) + 1 / 2 * 1 / 3) / np.sqrt(2)
    even = dense(model.known)
    even = np.diag(even.sum(1) ** -0.5) @ even @ np.diag(even.sum(0) ** -0.75)
    assert scores[b] == pytest.approx(b_for_2 / np.linalg.norm(even, 2) ** 2, rel=1e-5)
    assert model._links(np.array([a]), np.array([b]))[0] > model._links(np.array([b]), np.array([b]))[0] == 0


def test_gf_cf_is_a_graph_filter():
    """Shen et al. 2021: scores A (P + alpha D^-1/2 V V' D^1/2), P = R'R, R = A by the roots of both degrees."""
    frame = crowd()
    model = GraphFilter(
        exponents=(0.5, 1.0, 0.5), low_pass=0.3, popular_low_pass=0.5, sharpening=0.0, dimensions=4
    ).fit(frame, seed=0)
    had = dense(model.known)
    root = had.sum(0) ** 0.5
    even = had / np.sqrt(np.outer(had.sum(1), had.sum(0)))
    low = np.linalg.svd(even)[2][:4]
    linear = even.T @ even
    np.fill_diagonal(linear, 0)  # speaks only for what a person has already
    wanted = had @ (linear + 0.3 * (low.T @ low) * root / root[:, None])
    found = model._scores(np.arange(len(had)))
    np.testing.assert_allclose(found, wanted, rtol=2e-3, atol=2e-4)


def test_sharpening_takes_the_first_vectors_away():
    frame = crowd()
    settings = {"exponents": (0.5, 1.0, 0.5), "popular_low_pass": 0.5, "dimensions": 4}
    plain = GraphFilter(low_pass=1.0, sharpening=0.0, **settings).fit(frame, seed=0)
    sharp = GraphFilter(low_pass=1.0, sharpening=1.0, **settings).fit(frame, seed=0)
    had = dense(plain.known)
    root = had.sum(0) ** 0.5
    _, values, right = np.linalg.svd(had / np.sqrt(np.outer(had.sum(1), had.sum(0))))
    assert values[0] == pytest.approx(1)
    again = (right[:4].T * values[:4] ** 2) @ right[:4]
    taken = plain._scores(np.arange(len(had))) - sharp._scores(np.arange(len(had)))
    np.testing.assert_allclose(taken, had / root @ again * root, rtol=2e-3, atol=2e-4)


def test_what_is_retrieved_first_is_ranked_as_in_full():
    frame = crowd(users=80, items=60, share=0.15)
    full = GraphFilter(dimensions=8, retrieved=10**6).fit(frame, seed=0)
    some = GraphFilter(dimensions=8, retrieved=7).fit(frame, seed=0)
    users = full.known.users
    everything = full.rank(users, k=5)
    first = some.rank(users, k=5)
    linear = GraphFilter(dimensions=8, low_pass=0.0).fit(frame, seed=0).rank(users, k=7)
    for row in range(len(users)):
        inside = [at for at in everything.places[row] if at in linear.places[row]]
        kept = [at for at in first.places[row] if at in everything.places[row]]
        assert set(first.places[row]) <= set(linear.places[row])
        assert kept == inside[: len(kept)]
    assert (first.scores[:, :-1] >= first.scores[:, 1:]).all()


def test_ease_by_hand():
    """Two items that two people share, one of them alone with one: G = [[3, 2], [2, 2]], l = 1."""
    model = EASE(regularisation=1.0).fit(pairs({"1": "ab", "2": "ab", "3": "a"}), seed=0)
    a, b = model.items.get_loc("a"), model.items.get_loc("b")
    # The inverse of [[4, 2], [2, 3]] is [[3, -2], [-2, 4]] / 8: from a to b -(-2) / 4, from b to a -(-2) / 3.
    assert model._weights[a, b] == pytest.approx(0.5)
    assert model._weights[b, a] == pytest.approx(2 / 3)
    top = model.recommend(pd.Index(["3"]), k=1).iloc[0]
    assert (top["item_id"], top["score"], top["reason"]) == ("b", pytest.approx(0.5), "because_of:a")


def test_ease_places_only_the_most_popular_items():
    model = EASE(most_items=2).fit(pairs({**BASKETS, "5": "ab"}), seed=0)
    rows = model.recommend(pd.Index(["2"]), k=4)
    assert rows["item_id"].tolist() == ["b", "d"]
    assert rows["model"].tolist() == ["ease", "popularity"]


def test_user_neighbours_by_hand():
    model = UserNeighbours(neighbours_kept=1).fit(pairs({"1": "ab", "2": "abc", "3": "ad"}), seed=0)
    rows = model.recommend(pd.Index(["1", "2", "3"]), k=1).set_index("user_id")
    # Persons 1 and 2 share a and b, so that each asks the other; 2 has c, which one person had, and three items.
    alike = (3**-0.6 + 2**-0.6) / np.sqrt(2 * 3)
    assert rows.loc["1", ["item_id", "reason"]].tolist() == ["c", "similar_people"]
    assert rows.loc["1", "score"] == pytest.approx(alike * 3**-0.3, rel=1e-5)
    # Person 3 shares a with both, is nearer to person 1, who has fewer items, and is shown b.
    assert rows.loc["3", "item_id"] == "b"
    assert rows.loc["2", "reason"] == "popular"


def test_only_some_people_are_asked():
    frame = crowd(users=50)
    everybody, few = UserNeighbours().fit(frame, seed=0), UserNeighbours(asked=10).fit(frame, seed=0)
    assert few._votes.shape[0] == 10 and everybody._votes.shape[0] == 50
    people = few.known.users
    assert (few.rank(people, k=3).own > 0).all()


def test_a_blend_adds_parts_by_their_own_units():
    frame = crowd()
    names = [("rp3beta", {}), ("user_neighbours", {})]
    blend = Blend(parts=names, weights=(1.0, 0.5), retrieved=10**6).fit(frame, seed=0)
    rows = np.arange(6)
    first, second = (part._scores(rows) for part in blend.parts)
    unit = [np.sort(scores, axis=1)[:, -20:].mean(axis=1, keepdims=True) for scores in (first, second)]
    np.testing.assert_allclose(blend._scores(rows), first / unit[0] + 0.5 * second / unit[1], rtol=1e-5)
    # Retrieving everything that could come first and then weighing is the same list.
    some = Blend(parts=names, weights=(1.0, 0.5), retrieved=24).fit(frame, seed=0)
    people = blend.known.users
    assert (some.rank(people, k=3).places == blend.rank(people, k=3).places).mean() > 0.95


def test_a_part_without_weight_learns_nothing_and_changes_nothing():
    frame = crowd()
    alone = Blend(parts=[("rp3beta", {})], weights=(1.0,)).fit(frame, seed=0)
    silent = Blend(parts=[("rp3beta", {}), ("ease", {})], weights=(1.0, 0.0)).fit(frame, seed=0)
    people = alone.known.users
    pd.testing.assert_frame_equal(silent.recommend(people, k=5), alone.recommend(people, k=5))
    assert not len(silent.parts[1].items)
    found = silent.recommend(people, k=5)
    history = frame.groupby("user_id")["item_id"].agg(set)
    because = found[found["reason"].str.startswith("because_of:")]
    assert len(because)
    for row in because.itertuples():
        assert row.reason.removeprefix("because_of:") in history[row.user_id]


def test_varied_blends_share_what_they_learnt():
    frame = crowd()
    known = gathered(frame)
    blend = Blend(parts=[("rp3beta", {}), ("graph_filter", {"dimensions": 4})], weights=(1.0, 0.5)).learn(
        known, seed=0
    )
    other = blend.varied({**blend.settings(), "weights": [1.0, 0.2]}).learn(known, seed=0)
    assert other.parts[0] is blend.parts[0] and other.weights == (1.0, 0.2)
    changed = [["rp3beta", {"beta": 0.9}], blend.settings()["parts"][1]]
    third = blend.varied({**blend.settings(), "parts": changed}).learn(known, seed=0)
    assert third.parts[0] is not blend.parts[0] and third.parts[0].beta == 0.9
    assert blend.parts[0].beta == 0.3


@pytest.mark.parametrize("dimensions", [2, 6])  # rows with more entries than dimensions, and with fewer
def test_each_round_solves_its_equations(dimensions):
    model = MatrixFactorisation(dimensions=dimensions, rounds=2, unobserved=0.2, regularisation=0.05, scaling=0.7)
    model.fit(crowd(), seed=0)
    had = dense(model.known)
    things = model._things.astype(float)
    for row in (0, 7, 31):
        own = things[had[row] > 0]
        shrink = 0.05 * (len(own) + 0.2 * had.shape[1]) ** 0.7
        left = 0.2 * things.T @ things + own.T @ own + shrink * np.eye(dimensions)
        np.testing.assert_allclose(model._people[row], np.linalg.solve(left, own.sum(0)), rtol=2e-3, atol=2e-4)


def test_singular_values_are_those_of_the_dense_matrix():
    known = gathered(crowd(users=90, items=40))
    even = normalised(known, person=0.5, item=0.5)
    values, vectors = decomposed(even, dimensions=5, seed=1)
    _, wanted, right = np.linalg.svd(even.toarray())
    np.testing.assert_allclose(values, wanted[:5], rtol=5e-3)
    assert abs(vectors[:, 0] @ right[0]) == pytest.approx(1, abs=1e-3)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(5), atol=1e-4)
    assert largest_value(even) == pytest.approx(wanted[0], rel=1e-6)


def test_a_matrix_of_low_rank_has_fewer_vectors():
    known = gathered(pairs({"1": "ab", "2": "ab", "3": "cd"}))
    values, vectors = decomposed(normalised(known, person=0.5, item=0.5), dimensions=9, seed=0)
    assert values.tolist() == pytest.approx([1.0, 1.0])
    assert vectors.shape == (4, 2)
    nothing = gathered(pairs({}))
    assert decomposed(nothing.weights, dimensions=3, seed=0)[1].shape == (0, 0)


@pytest.mark.parametrize("kind", [GraphFilter, EASE, MatrixFactorisation, ItemNeighbours])
def test_they_beat_popularity_where_taste_is_planted(kind):
    frame = crowd(seed=8, users=200, items=30)
    later = frame.groupby("user_id").sample(1, random_state=0)
    train = frame.drop(later.index)
    settings = {"dimensions": 8} if kind in (GraphFilter, MatrixFactorisation) else {}
    found = compare([Popularity(), kind(**settings)], train, later, k=(5,), seed=0)
    gain = found.gain(kind.name, "popularity", seed=0)
    assert gain.low > 0
    assert gain.low < gain.value < gain.high


def test_tuning_finds_the_setting_that_was_planted():
    frame = crowd(seed=8, users=200, items=30)
    later = frame.groupby("user_id").sample(1, random_state=0)
    known = gathered(frame.drop(later.index))
    start = GraphFilter(exponents=(0.5, 0.8, 3.0), low_pass=0.0)  # divides by the cube of popularity
    search = tuned(
        start,
        known,
        later,
        moves=(("exponents", ((0.5, 0.8, 0.3), (0.5, 0.8, 4.0))),),
        k=5,
        budget_seconds=60,
        seed=0,
    )
    assert search.settings["exponents"] == (0.5, 0.8, 0.3)
    assert len(search.trials) == 3 and search.trials["chosen"].sum() == 1
    assert search.trials.loc[search.trials["chosen"], "ndcg"].item() == search.trials["ndcg"].max()


def test_tuning_keeps_to_its_budget():
    frame = crowd()
    later = frame.groupby("user_id").sample(1, random_state=0)
    known = gathered(frame.drop(later.index))
    one = nominal_seconds(known, users=later["user_id"].isin(known.users).sum())
    moves = (("low_pass", (0.1, 0.2)), ("sharpening", (0.5, 0.7)))
    start = GraphFilter(dimensions=4)
    for paid, tried in ((0.5, 0), (1.5, 1), (3.5, 3), (99, 5)):
        search = tuned(start, known, later, moves=moves, k=5, budget_seconds=paid * one, seed=0)
        assert len(search.trials) == tried
    assert (
        tuned(start, known, later.head(0), moves=moves, k=5, budget_seconds=99, seed=0).settings == start.settings()
    )


def test_the_interval_of_a_mean_holds_the_truth_about_as_often_as_said():
    rng = np.random.default_rng(2)
    inside = 0
    for world in range(60):
        low, high = mean_interval(rng.exponential(1.0, 150), seed=world)[1:]
        inside += low <= 1.0 <= high
    assert 50 <= inside <= 60
    assert np.isnan(mean_interval(np.empty(0), seed=0).value)
