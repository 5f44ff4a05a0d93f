import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lyceum.errors import UsageError
from models.recommendation import item_neighbours
from models.recommendation.evaluation import compare, coverage, ndcg_at_k, recall_at_k
from models.recommendation.item_neighbours import ItemNeighbours
from models.recommendation.popularity import Popularity

RECOMMENDERS = [Popularity, ItemNeighbours]
# Five people had a and b, four of them c as well; d and e go together; f stands alone.
BASKETS = {"1": "abc", "2": "abc", "3": "abc", "4": "abc", "5": "ab", "6": "de", "7": "de", "8": "f"}


def pairs(baskets, weight=1.0):
    rows = [(user, item, weight) for user, items in baskets.items() for item in items]
    return pd.DataFrame(rows, columns=["user_id", "item_id", "weight"]).astype({"user_id": "str", "item_id": "str"})


def past(**baskets):
    rows = [(user, item) for user, items in baskets.items() for item in (items or [None])]
    return pd.DataFrame(rows, columns=["user_id", "item_id"])


def shown(rows, user="u"):
    return rows.loc[rows["user_id"] == user, "item_id"].tolist()


def test_popular_items_in_order_without_what_is_had():
    rows = Popularity(k=3).fit(pairs({"1": "ab", "2": "ab", "3": "a", "4": "ac"}), seed=0).score(past(u="b", v=""))
    assert shown(rows, "v") == ["a", "b", "c"]
    assert shown(rows) == ["a", "c"]
    assert rows["rank"].tolist() == [1, 2, 1, 2, 3]
    assert rows["score"].tolist() == [4 / 7, 1 / 7, 4 / 7, 2 / 7, 1 / 7]
    assert set(rows["reason"]) == {"popular"}


def test_popularity_counts_weight():
    heavy = pd.concat([pairs({"1": "a"}, weight=5.0), pairs({"1": "b", "2": "b"}), pairs({"3": "c"}, weight=0.0)])
    assert shown(Popularity().fit(heavy, seed=0).score(past(u=""))) == ["a", "b"]


def test_ties_do_not_follow_the_ids():
    items = [f"item{n:02d}" for n in range(20)]
    order = shown(Popularity().fit(pairs({"1": items}), seed=0).score(past(u="")))
    assert sorted(order) == items
    assert order != items
    assert order != items[::-1]


def test_neighbours_by_hand():
    model = ItemNeighbours().fit(pairs(BASKETS), seed=0)
    rows = model.neighbours().set_index(["item_id", "rank"])
    assert rows.loc[("a", 1)].tolist() == ["b", 1.0, 5]
    assert rows.loc[("a", 2)].tolist() == ["c", pytest.approx(4 / np.sqrt(20)), 4]
    assert rows.loc[("d", 1)].tolist() == ["e", 1.0, 2]
    assert "f" not in rows.index.get_level_values("item_id")
    assert model.neighbours(1)["rank"].unique().tolist() == [1]


def test_score_and_reason_by_hand():
    model = ItemNeighbours(shrinkage=10).fit(pairs(BASKETS), seed=0)
    rows = model.score(past(u="cd"))
    c_to_a = 4 / np.sqrt(20) * 4 / 14
    d_to_e = 2 / 2 * 2 / 12
    near = rows.iloc[:3]
    assert sorted(near["item_id"].tolist()[:2]) == ["a", "b"]
    assert near["item_id"].tolist()[2] == "e"
    assert near["score"].tolist() == pytest.approx([c_to_a, c_to_a, d_to_e])
    assert near["reason"].tolist() == ["because_of:c", "because_of:c", "because_of:d"]
    assert rows.iloc[3][["item_id", "reason", "model"]].tolist() == ["f", "popular", "popularity"]
    assert rows["score"].is_monotonic_decreasing


def test_scores_add_up_over_the_history():
    model = ItemNeighbours(shrinkage=0).fit(pairs(BASKETS), seed=0)
    top = model.score(past(u="ab")).iloc[0]
    assert top["item_id"] == "c"
    assert top["score"] == pytest.approx(2 * 4 / np.sqrt(20))


def test_shrinkage_prefers_many_people_in_common():
    baskets = {**{str(n): "ab" for n in range(9)}, "9": "a", "x": "ay"}
    model = ItemNeighbours(shrinkage=10).fit(pairs({**baskets, "z": "a"}), seed=0)
    assert shown(model.score(past(u="a")))[0] == "b"


def test_users_without_history_get_popular_items():
    model = ItemNeighbours(k=2).fit(pairs(BASKETS), seed=0)
    rows = model.score(past(u="", w=["unheard of"]))
    assert sorted(shown(rows)) == ["a", "b"]
    assert shown(rows) == shown(rows, "w")
    assert set(rows["model"]) == {"popularity"}


@pytest.mark.parametrize("kind", RECOMMENDERS)
def test_only_allowed_items_and_repeatable_ones_again(kind):
    model = kind().fit(pairs(BASKETS), seed=0)
    restricted = model.restrict(["a", "c", "d"], repeatable=["a"])
    assert set(shown(restricted.score(past(u="ab")))) == {"a", "c", "d"}
    assert set(shown(model.score(past(u="ab")))) == {"c", "d", "e", "f"}
    assert model.restrict([]).score(past(u="ab")).empty
    owned = past(u="ab").assign(owned=[True, False])
    assert set(shown(restricted.score(owned))) == {"c", "d"}
    again = kind.restore(restricted.state()).score(past(u="ab"))
    pd.testing.assert_frame_equal(again, restricted.score(past(u="ab")))


@pytest.mark.parametrize("kind", RECOMMENDERS)
@pytest.mark.parametrize(
    "baskets", [{}, {"1": "a"}, {"1": "a", "2": "a"}, {"1": "abc"}, {"1": ["x,y", 'z\n"']}, {"1": "aab", "2": "ab"}]
)
def test_small_worlds(kind, baskets):
    model = kind().fit(pairs(baskets), seed=0)
    items = {item for had in baskets.values() for item in had}
    rows = model.score(past(u="", v=sorted(items)[:1]))
    assert set(shown(rows)) == items
    assert set(shown(rows, "v")) == items - set(sorted(items)[:1])
    assert rows.columns.tolist() == list(kind.outputs)
    assert model.score(past()).empty


def test_repeated_pairs_are_one_person():
    once, twice = pairs(BASKETS), pd.concat([pairs(BASKETS)] * 2)
    one, two = ItemNeighbours().fit(once, seed=0), ItemNeighbours().fit(twice, seed=0)
    pd.testing.assert_frame_equal(one.neighbours(), two.neighbours())


WORLD = st.dictionaries(
    st.sampled_from([f"p{n}" for n in range(9)]), st.lists(st.sampled_from("abcdefghij"), max_size=8), max_size=9
)


@pytest.mark.parametrize("kind", RECOMMENDERS)
@settings(max_examples=15)
@given(world=WORLD, asked=WORLD, k=st.integers(1, 12), random=st.randoms(use_true_random=False))
def test_lists_are_whole_ranked_new_and_blind_to_the_order_of_rows(kind, world, asked, k, random):
    frame, history = pairs(world), past(**asked)
    model = kind(k=k).fit(frame, seed=0)
    rows = model.score(history)
    items = {item for had in world.values() for item in had}
    for user, had in asked.items():
        mine = rows[rows["user_id"] == user]
        assert mine["rank"].tolist() == list(range(1, len(mine) + 1))
        assert len(mine) == min(k, len(items - set(had)))
        assert set(mine["item_id"]) <= items - set(had)
        assert mine["item_id"].is_unique
        assert mine["score"].is_monotonic_decreasing
    order = random.sample(range(len(frame)), len(frame))
    other = random.sample(range(len(history)), len(history))
    shuffled = kind(k=k).fit(frame.iloc[order], seed=1).score(history.iloc[other])
    pd.testing.assert_frame_equal(shuffled, rows)


def test_batches_change_nothing(monkeypatch):
    rng = np.random.default_rng(5)
    frame = pairs({f"u{n}": {f"i{item}" for item in rng.integers(0, 60, 8)} for n in range(80)})
    whole = ItemNeighbours(neighbours_kept=10).fit(frame, seed=0)
    rows, near = whole.score(frame), whole.neighbours()
    monkeypatch.setattr(item_neighbours, "_BATCH_WORK", 50)
    monkeypatch.setattr(item_neighbours, "_BATCH_USERS", 7)
    parts = ItemNeighbours(neighbours_kept=10).fit(frame, seed=0)
    pd.testing.assert_frame_equal(parts.score(frame), rows)
    pd.testing.assert_frame_equal(parts.neighbours(), near)


def test_against_dense_matrices():
    rng = np.random.default_rng(6)
    had = rng.random((40, 15)) < 0.25
    had[0] = True
    frame = pairs({f"u{n:02d}": [f"i{item:02d}" for item in np.flatnonzero(row)] for n, row in enumerate(had)})
    rows = ItemNeighbours(k=15, shrinkage=3).fit(frame, seed=0).score(frame)
    together = had.T.astype(float) @ had
    similar = together**2 / np.sqrt(np.outer(had.sum(0), had.sum(0))) / (together + 3)
    np.fill_diagonal(similar, 0)
    for row in rows[rows["model"] == "item_neighbours"].itertuples():
        user, item, cause = int(row.user_id[1:]), int(row.item_id[1:]), int(row.reason[-2:])
        assert row.score == pytest.approx(similar[had[user], item].sum())
        assert had[user, cause]
        assert similar[cause, item] == pytest.approx(similar[had[user], item].max())


def ranked(*items):
    return pd.DataFrame({"user_id": "u", "item_id": list(items), "rank": range(1, len(items) + 1)})


def test_metrics_by_hand():
    wanted = pd.DataFrame({"user_id": ["u"] * 3, "item_id": ["a", "b", "z"]})
    found = ranked("a", "x", "b")
    ideal = 1 + 1 / np.log2(3) + 1 / np.log2(4)
    assert ndcg_at_k(found, wanted, k=3).tolist() == pytest.approx([(1 + 1 / np.log2(4)) / ideal])
    assert ndcg_at_k(found, wanted, k=1).tolist() == [1.0]  # one place, one hit: the best list there is
    assert recall_at_k(found, wanted, k=3).tolist() == pytest.approx([2 / 3])
    assert coverage(found, catalogue=10, k=2) == 0.2
    nothing = ranked().astype({"user_id": "str"})
    assert ndcg_at_k(nothing, wanted, k=3).tolist() == [0.0]


def test_neighbours_beat_popularity_where_taste_is_planted():
    rng = np.random.default_rng(7)
    baskets = {}
    for user in range(200):
        shelf = [f"{user % 4}-{item}" for item in range(12)]
        baskets[f"u{user}"] = rng.permutation(shelf)[:8].tolist()
    train, test = pairs({u: b[:5] for u, b in baskets.items()}), pairs({u: b[5:] for u, b in baskets.items()})
    rows = compare([Popularity(), ItemNeighbours()], train, test, seed=1)
    value = rows.set_index(["estimator", "metric"])["value"]
    assert value["item_neighbours", "ndcg_at_10"] > 2 * value["popularity", "ndcg_at_10"]
    assert set(rows["metric"]) == {"ndcg_at_10", "recall_at_10", "ndcg_at_20", "recall_at_20", "coverage"}


def test_only_new_items_are_measured():
    train, test = pairs({"1": "ab", "2": "b"}), pairs({"1": "a", "2": "ba", "3": "b"})
    rows = compare([Popularity()], train, test, k=(1,), seed=0).set_index("metric")
    assert rows.loc["recall_at_1", ["value", "rows"]].tolist() == [1.0, 2]  # 2 finds a, 3 (new) finds b
    assert compare([Popularity()], train, pairs({"1": "a"}), seed=0).empty
    with pytest.raises(UsageError, match="larger k"):
        compare([Popularity(k=5)], train, test, seed=0)
