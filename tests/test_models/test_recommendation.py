"""The contract of all recommenders, and the simple ones against numbers worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.recommendation import item_neighbours, recommender
from models.recommendation.blend import Blend
from models.recommendation.ease import EASE
from models.recommendation.graph_filter import GraphFilter
from models.recommendation.interactions import gathered
from models.recommendation.item_neighbours import ItemNeighbours
from models.recommendation.matrix_factorisation import MatrixFactorisation
from models.recommendation.placing import first_true, largest
from models.recommendation.popularity import Popularity
from models.recommendation.recommender import Recommender
from models.recommendation.rp3beta import RP3Beta
from models.recommendation.user_neighbours import UserNeighbours

SMALL_PARTS = [("rp3beta", {}), ("user_neighbours", {"neighbours_kept": 3})]
RECOMMENDERS = [
    Popularity,
    ItemNeighbours,
    lambda: ItemNeighbours(weighting="bm25"),
    RP3Beta,
    EASE,
    lambda: MatrixFactorisation(dimensions=4, rounds=2),
    lambda: GraphFilter(dimensions=4),
    UserNeighbours,
    lambda: Blend(parts=SMALL_PARTS, weights=(1.0, 0.5), retrieved=3),
]
# Five people had a and b, four of them c as well; d and e go together; f stands alone.
BASKETS = {"1": "abc", "2": "abc", "3": "abc", "4": "abc", "5": "ab", "6": "de", "7": "de", "8": "f"}
ODD = ["x,y", 'z\n"', "课程", "=1+1", "'; --"]


def pairs(baskets, weight=1.0):
    rows = [(user, item, weight) for user, items in baskets.items() for item in items]
    return pd.DataFrame(rows, columns=["user_id", "item_id", "weight"]).astype({"user_id": "str", "item_id": "str"})


def users(*names):
    return pd.Index(names, dtype="str")


def shown(rows, user):
    return rows.loc[rows["user_id"] == user, "item_id"].tolist()


class Fixed(Recommender):
    """Scores given in advance: what the base makes of them is visible by eye."""

    name = "fixed"
    table = None

    def _learn(self, known, seed):
        pass

    def _scores(self, rows):
        return np.array([self.table[self.known.users[row]] for row in rows], dtype=np.float32)


def test_the_matrix_by_hand():
    rows = [("u", "b", 2.0), ("u", "a", 1.0), ("u", "b", 1.0), ("v", "a", 1.0), ("v", "c", 0.0), (None, "a", 9.0)]
    known = gathered(pd.DataFrame([*rows, ("w", None, 9.0)], columns=["user_id", "item_id", "weight"]))
    assert known.users.tolist() == ["u", "v"]
    assert known.items.tolist() == ["b", "a"]  # 3 against 2; c has no weight
    assert known.weights.toarray().tolist() == [[3.0, 1.0], [0.0, 1.0]]
    assert known.had.toarray().tolist() == [[1.0, 1.0], [0.0, 1.0]]
    assert known.shares.tolist() == [0.6, 0.4]
    nothing = gathered(pd.DataFrame(columns=["user_id", "item_id", "weight"]))
    assert nothing.weights.shape == (0, 0) and len(nothing.shares) == 0


def test_weights_that_cancel_out_leave_no_pair():
    frame = pd.concat([pairs({"1": "a", "2": "ab"}), pairs({"1": "a"}, weight=-1.0)])
    known = gathered(frame)
    assert known.users.tolist() == ["2"]
    assert known.weights.nnz == 2


def test_popular_items_in_order_without_what_was_had():
    model = Popularity().fit(pairs({"1": "ab", "2": "ab", "3": "a", "4": "ac"}), seed=0)
    rows = model.recommend(users("3", "nobody"), k=3)
    assert shown(rows, "nobody") == ["a", "b", "c"]
    assert shown(rows, "3") == ["b", "c"]
    assert rows["rank"].tolist() == [1, 2, 1, 2, 3]
    assert rows["score"].tolist() == pytest.approx([2 / 7, 1 / 7, 4 / 7, 2 / 7, 1 / 7])
    assert set(rows["reason"]) == {"popular"} and set(rows["model"]) == {"popularity"}


def test_popularity_counts_weight():
    heavy = pd.concat([pairs({"1": "a"}, weight=5.0), pairs({"1": "b", "2": "b"}), pairs({"3": "c"}, weight=0.0)])
    assert shown(Popularity().fit(heavy, seed=0).recommend(users("new"), k=9), "new") == ["a", "b"]


def test_ties_do_not_follow_the_ids():
    items = [f"item{n:02d}" for n in range(20)]
    order = shown(Popularity().fit(pairs({"1": items}), seed=0).recommend(users("new"), k=20), "new")
    assert sorted(order) == items
    assert order != items
    assert order != items[::-1]


def test_own_places_first_then_popular_ones_below():
    model = Fixed().fit(pairs({"1": "a", "2": "ab", "3": "abc", "4": "abcd"}), seed=0)
    assert model.items.tolist() == ["a", "b", "c", "d"]
    model.table = {"1": [9.0, 0.0, -1.0, 0.5]}
    rows = model.recommend(users("1"), k=4)
    assert shown(rows, "1") == ["d", "b", "c"]
    assert rows["score"].tolist() == pytest.approx([0.5, 0.5 * 3 / 10, 0.5 * 2 / 10])
    assert rows["model"].tolist() == ["fixed", "popularity", "popularity"]
    assert rows["reason"].tolist() == ["similar_people", "popular", "popular"]


def test_equal_scores_stay_in_the_order_of_popularity():
    model = Fixed().fit(pairs({"1": "d", "2": "abcd", "3": "abc", "4": "ab", "5": "a"}), seed=0)
    order = model.items.tolist()
    model.table = {"1": [1.0] * 4}
    assert shown(model.recommend(users("1"), k=3), "1") == [item for item in order if item != "d"]


@pytest.mark.parametrize("kind", RECOMMENDERS)
def test_only_allowed_items_and_never_excluded_ones(kind):
    model = kind().fit(pairs(BASKETS), seed=0)
    assert set(shown(model.recommend(users("5"), k=9), "5")) == {"c", "d", "e", "f"}
    again = pd.DataFrame({"user_id": ["5", "1"], "item_id": ["a", "b"]})
    restricted = model.restrict(["a", "b", "d", "not sold yet"])
    assert set(shown(restricted.recommend(users("5"), k=9, exclude=again), "5")) == {"b", "d"}
    assert model.restrict([]).recommend(users("5"), k=9).empty
    assert set(shown(restricted.restrict(None).recommend(users("5"), k=9), "5")) == {"c", "d", "e", "f"}
    same = type(model).restore(restricted.state()).recommend(users("5"), k=9, exclude=again)
    pd.testing.assert_frame_equal(same, restricted.recommend(users("5"), k=9, exclude=again))


def test_cosine_neighbours_by_hand():
    model = ItemNeighbours().fit(pairs(BASKETS), seed=0)
    rows = model.neighbours().set_index(["item_id", "rank"])
    assert rows.loc[("a", 1)].tolist() == ["b", 1.0, 5]
    assert rows.loc[("a", 2)].tolist() == ["c", pytest.approx(4 / np.sqrt(20)), 4]
    assert rows.loc[("d", 1)].tolist() == ["e", 1.0, 2]
    assert "f" not in rows.index.get_level_values("item_id")
    assert model.neighbours(1)["rank"].unique().tolist() == [1]


def test_cosine_scores_and_reasons_by_hand():
    model = ItemNeighbours(shrinkage=10).fit(pairs({**BASKETS, "u": "cd"}), seed=0)
    rows = model.recommend(users("u"), k=9)
    c_to_a = 4 / np.sqrt(5 * 5) * 4 / 14
    d_to_e = 2 / np.sqrt(3 * 2) * 2 / 12
    assert sorted(rows["item_id"].tolist()[:2]) == ["a", "b"]
    assert rows["item_id"].tolist()[2:] == ["e", "f"]
    assert rows["score"].tolist()[:3] == pytest.approx([c_to_a, c_to_a, d_to_e])
    assert rows["reason"].tolist() == ["because_of:c", "because_of:c", "because_of:d", "popular"]
    assert rows["model"].tolist() == ["item_neighbours"] * 3 + ["popularity"]


def test_bm25_neighbours_by_hand():
    baskets = {"1": "ab", "2": "abc", "3": "ac", "4": "d", "5": "e"}
    model = ItemNeighbours(weighting="bm25").fit(pairs(baskets), seed=0)
    a, b = model.items.get_loc("a"), model.items.get_loc("b")
    lengths = {"a": 0.2 + 0.8 * 3 / (9 / 5), "b": 0.2 + 0.8 * 2 / (9 / 5)}
    weight = {item: 101 / (100 * length + 1) for item, length in lengths.items()}
    # Persons 1 and 2 had both: the rarity of a person is log(5 items) - log(1 + own items).
    persons = (np.log(5) - np.log(3)) ** 2 + (np.log(5) - np.log(4)) ** 2
    assert model.similar[a, b] == pytest.approx(weight["a"] * weight["b"] * persons, rel=1e-5)


def test_rp3beta_by_hand():
    baskets = {"1": "ab", "2": "abc", "3": "a"}
    model = RP3Beta(alpha=1.0, beta=0.5).fit(pairs(baskets), seed=0)
    a, b, c = (model.items.get_loc(item) for item in "abc")
    # From a to one of 3 people, from there to one of 2 or 3 items; b is divided by sqrt(2 people).
    assert model.similar[a, b] == pytest.approx(1 / 3 * (1 / 2 + 1 / 3) / np.sqrt(2))
    assert model.similar[c, b] == pytest.approx(1 / 3 / np.sqrt(2))
    assert model.similar[b, a] == pytest.approx(1 / 2 * (1 / 2 + 1 / 3) / np.sqrt(3))
    assert model.similar[a, a] == 0
    top = model.recommend(users("3"), k=1).iloc[0]
    assert (top["item_id"], top["reason"]) == ("b", "because_of:a")


@pytest.mark.parametrize("kind", RECOMMENDERS)
@pytest.mark.parametrize(
    "baskets", [{}, {"1": "a"}, {"1": "a", "2": "a"}, {"1": "abc"}, {"1": ODD, "2": ODD[:2]}, {"1": "aab", "2": "ab"}]
)
def test_small_worlds(kind, baskets):
    model = kind().fit(pairs(baskets), seed=0)
    items = {item for had in baskets.values() for item in had}
    rows = model.recommend(users("nobody", *baskets), k=20)
    assert set(shown(rows, "nobody")) == items
    for user, had in baskets.items():
        assert set(shown(rows, user)) == items - set(had)
    assert rows.columns.tolist() == list(Recommender.outputs)
    assert model.recommend(users(), k=5).empty


def test_ten_items_that_everybody_had():
    model = ItemNeighbours().fit(pairs({str(user): "abcdefghij" for user in range(5)}), seed=0)
    assert model.recommend(users("1"), k=20).empty
    assert len(model.recommend(users("1", "nobody"), k=20)) == 10


def test_repeated_pairs_are_one_person():
    once, twice = pairs(BASKETS), pd.concat([pairs(BASKETS)] * 2)
    one, two = ItemNeighbours().fit(once, seed=0), ItemNeighbours().fit(twice, seed=0)
    pd.testing.assert_frame_equal(one.neighbours(), two.neighbours())


WORLD = st.dictionaries(
    st.sampled_from([f"p{n}" for n in range(9)]), st.lists(st.sampled_from("abcdefghij"), max_size=8), max_size=9
)


@pytest.mark.parametrize("kind", RECOMMENDERS)
@settings(max_examples=15)
@given(world=WORLD, barred=WORLD, k=st.integers(1, 12), random=st.randoms(use_true_random=False))
def test_lists_are_whole_ranked_new_and_blind_to_the_order_of_rows(kind, world, barred, k, random):
    frame, never = pairs(world), pairs(barred)[["user_id", "item_id"]]
    model = kind().fit(frame, seed=0)
    items = {item for had in world.values() for item in had}
    asked = users(*world, "nobody")
    for exclude, had in [(None, world), (never, barred)]:
        rows = model.recommend(asked, k=k, exclude=exclude)
        for user in asked:
            mine = rows[rows["user_id"] == user]
            own = set(had.get(user, []))
            assert mine["rank"].tolist() == list(range(1, len(mine) + 1))
            assert len(mine) == min(k, len(items - own))
            assert set(mine["item_id"]) <= items - own
            assert mine["item_id"].is_unique
            assert mine["score"].is_monotonic_decreasing
            for reason in mine["reason"][mine["reason"].str.startswith("because_of:")]:
                assert reason.removeprefix("because_of:") in world[user]
    order = random.sample(range(len(frame)), len(frame))
    shuffled = kind().fit(frame.iloc[order], seed=0).recommend(asked[::-1], k=k, exclude=never)
    pd.testing.assert_frame_equal(shuffled, rows)


def test_batches_change_nothing(monkeypatch):
    rng = np.random.default_rng(5)
    frame = pairs({f"u{n}": {f"i{item}" for item in rng.integers(0, 60, 8)} for n in range(80)})
    whole = ItemNeighbours(neighbours_kept=10).fit(frame, seed=0)
    rows, near = whole.recommend(frame["user_id"], k=20), whole.neighbours()
    monkeypatch.setattr(item_neighbours, "_BATCH_WORK", 50)
    monkeypatch.setattr(recommender, "CELLS", 400)
    parts = ItemNeighbours(neighbours_kept=10).fit(frame, seed=0)
    pd.testing.assert_frame_equal(parts.recommend(frame["user_id"], k=20), rows)
    pd.testing.assert_frame_equal(parts.neighbours(), near)


def test_against_dense_matrices():
    rng = np.random.default_rng(6)
    had = rng.random((40, 15)) < 0.25
    had[0] = True
    frame = pairs({f"u{n:02d}": [f"i{item:02d}" for item in np.flatnonzero(row)] for n, row in enumerate(had)})
    rows = ItemNeighbours(shrinkage=3).fit(frame, seed=0).recommend(frame["user_id"], k=15)
    together = had.T.astype(float) @ had
    similar = together**2 / np.sqrt(np.outer(had.sum(0), had.sum(0))) / (together + 3)
    np.fill_diagonal(similar, 0)
    for row in rows[rows["model"] == "item_neighbours"].itertuples():
        user, item, cause = int(row.user_id[1:]), int(row.item_id[1:]), int(row.reason[-2:])
        assert row.score == pytest.approx(similar[had[user], item].sum(), rel=1e-5)
        assert had[user, cause]
        assert similar[cause, item] == pytest.approx(similar[had[user], item].max(), rel=1e-5)


@settings(max_examples=60)
@given(
    rows=st.integers(1, 5),
    columns=st.integers(0, 40),
    k=st.integers(1, 12),
    kinds=st.integers(1, 30),
    seed=st.integers(0, 99),
)
def test_the_largest_are_those_of_a_full_sort(rows, columns, k, kinds, seed):
    rng = np.random.default_rng(seed)
    scores = (rng.integers(0, kinds, (rows, columns)) - kinds // 3).astype(
        np.float32
    )  # many equal ones, some negative
    scores[rng.random(scores.shape) < 0.1] = -np.inf
    places, values = largest(scores.copy(), k)
    for row in range(rows):
        order = [at for at in np.argsort(-scores[row], kind="stable") if scores[row, at] > 0][:k]
        assert places[row].tolist() == order + [-1] * (k - len(order))
        assert values[row].tolist() == scores[row, order].tolist() + [0] * (k - len(order))


def test_first_true_columns_by_hand():
    free = np.array([[0, 1, 0, 1], [1, 1, 1, 1], [0, 0, 0, 0]], dtype=bool)
    assert first_true(free, k=3).tolist() == [[1, 3, -1], [0, 1, 2], [-1, -1, -1]]


class OddMonths:
    """Nobody is shown what stands beside something they had; newcomers no `f`."""

    def barred(self, had, items):
        barred = np.zeros(had.shape, dtype=bool)
        barred[:, 1:] = had.toarray()[:, :-1] > 0
        barred[had.getnnz(axis=1) == 0, items.get_loc("f")] = True
        return barred


@pytest.mark.parametrize("kind", RECOMMENDERS)
def test_rules_hold_for_own_and_filled_up_places(kind):
    model = kind().fit(pairs(BASKETS), seed=0)
    order = model.items.tolist()
    ruled = model.restrict(None, rules=OddMonths())
    rows = ruled.recommend(users("8", "new"), k=9)
    beside = order[order.index("f") + 1] if order[-1] != "f" else None
    assert set(shown(rows, "8")) == set(order) - {"f", beside}
    assert set(shown(rows, "new")) == set(order) - {"f"}


class ByLetter(Fixed):
    """People whom the fit did not know get what is called like them."""

    def _newcomers(self, ids):
        return np.array([[float(item == name[0]) for item in self.items] for name in ids], dtype=np.float32)

    def _newcomer_reasons(self, ids, places):
        return [f"called_like:{self.items[place]}" for place in places]


def test_newcomers_may_have_lists_of_their_own():
    model = ByLetter().fit(pairs(BASKETS), seed=0)
    model.table = {"1": [0.0] * 6}
    rows = model.recommend(users("d2", "z", "1"), k=2).set_index(["user_id", "rank"])
    assert rows.loc[("d2", 1), ["item_id", "reason", "model"]].tolist() == ["d", "called_like:d", "fixed"]
    assert rows.loc[("d2", 2), "reason"] == "popular"
    assert set(rows.loc["z", "item_id"]) == {"a", "b"} and set(rows.loc["z", "reason"]) == {"popular"}


def test_items_that_nobody_had_come_last_and_may_be_shown():
    known = gathered(pairs({"1": "ab", "2": "a"}), items=["new", "a", "newer"])
    assert known.items[:2].tolist() == ["a", "b"]
    assert set(known.items[2:]) == {"new", "newer"}
    for kind in RECOMMENDERS:
        rows = kind().learn(known, seed=0).recommend(users("1", "2"), k=9)
        assert set(shown(rows, "2")) == {"b", "new", "newer"}
        assert rows["score"].iloc[-1] == 0


def test_popularity_of_another_column():
    frame = pairs({"1": "ab", "2": "a"}).assign(decayed=[0.1, 3.0, 0.2])
    assert shown(Popularity(by="decayed").fit(frame, seed=0).recommend(users("n"), k=2), "n") == ["b", "a"]
