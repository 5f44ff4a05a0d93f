"""The figures of recommenders, worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.recommendation.comparing import compare
from models.recommendation.evaluation import (
    average_precision_at_k,
    coverage,
    list_similarity,
    ndcg_at_k,
    novelty,
    popularity_bias,
    precision_at_k,
    recall_at_k,
)
from models.recommendation.interactions import gathered
from models.recommendation.item_neighbours import ItemNeighbours
from models.recommendation.popularity import Popularity


def pairs(baskets):
    rows = [(user, item, 1.0) for user, items in baskets.items() for item in items]
    return pd.DataFrame(rows, columns=["user_id", "item_id", "weight"]).astype({"user_id": "str", "item_id": "str"})


def ranked(items, user="u"):
    return pd.DataFrame({"user_id": user, "item_id": list(items), "rank": range(1, len(items) + 1)})


WANTED = pairs({"u": "abz"})


def test_figures_of_one_list_by_hand():
    found = ranked("axb")
    ideal = 1 + 1 / np.log2(3) + 1 / np.log2(4)
    assert ndcg_at_k(found, WANTED, k=3).tolist() == pytest.approx([(1 + 1 / np.log2(4)) / ideal])
    assert ndcg_at_k(found, WANTED, k=1).tolist() == [1.0]  # one place, one hit: the best list there is
    assert recall_at_k(found, WANTED, k=3).tolist() == pytest.approx([2 / 3])
    assert precision_at_k(found, WANTED, k=2).tolist() == [0.5]
    assert precision_at_k(found, WANTED, k=10).tolist() == [0.2]  # places that are not filled count
    assert average_precision_at_k(found, WANTED, k=3).tolist() == pytest.approx([(1 + 2 / 3) / 3])
    assert average_precision_at_k(found, WANTED, k=2).tolist() == [0.5]
    assert coverage(found, catalogue=10, k=2) == 0.2


def test_no_hits_and_no_lists_are_zero():
    nothing = ranked("").astype({"user_id": "str", "item_id": "str"})
    for figure in (ndcg_at_k, recall_at_k, precision_at_k, average_precision_at_k):
        assert figure(nothing, WANTED, k=3).tolist() == [0.0]
        assert figure(ranked("xy"), WANTED, k=3).tolist() == [0.0]


@settings(max_examples=25)
@given(st.permutations("abcdefgh"), st.sets(st.sampled_from("abcdefgh"), min_size=1), st.integers(1, 8))
def test_figures_stay_between_nothing_and_the_best_list(order, relevant, k):
    wanted = pairs({"u": sorted(relevant)})
    found, best = ranked(order), ranked(sorted(order, key=lambda item: item not in relevant))
    for figure in (ndcg_at_k, recall_at_k, precision_at_k, average_precision_at_k):
        assert 0 <= figure(found, wanted, k=k).item() <= figure(best, wanted, k=k).item() + 1e-12
    assert ndcg_at_k(best, wanted, k=k).item() == pytest.approx(1)
    assert average_precision_at_k(best, wanted, k=k).item() == pytest.approx(1)


def test_novelty_and_bias_by_hand():
    shares = pd.Series({"a": 0.5, "b": 0.25, "c": 0.25})
    assert novelty(ranked("ab"), shares, k=2) == 1.5  # 1 bit and 2 bits
    assert novelty(ranked("n"), shares, k=2) == 2  # one that nobody had counts as the rarest
    assert popularity_bias(ranked("ab"), shares, k=2) == pytest.approx(0.375 / (0.25 + 2 / 16))
    assert popularity_bias(ranked("a"), shares, k=2) > 1 > popularity_bias(ranked("n"), shares, k=2)
    assert np.isnan(novelty(ranked(""), shares, k=2)) and np.isnan(popularity_bias(ranked(""), shares, k=2))


def test_similarity_within_a_list_by_hand():
    known = gathered(pairs({"1": "abc", "2": "ab", "3": "a", "4": "d"}))
    a_b, a_c, b_c = 2 / np.sqrt(3 * 2), 1 / np.sqrt(3), 1 / np.sqrt(2)
    assert list_similarity(ranked("abc"), known, k=3) == pytest.approx((a_b + a_c + b_c) / 3)
    assert list_similarity(ranked("ad"), known, k=3) == pytest.approx(0)
    two = pd.concat([ranked("ab", "v"), ranked("ad", "w"), ranked("a", "x")])
    assert list_similarity(two, known, k=3) == pytest.approx(a_b / 2)
    assert np.isnan(list_similarity(ranked("a"), known, k=3))


def test_only_new_pairs_are_measured():
    train, test = pairs({"1": "ab", "2": "b"}), pairs({"1": "a", "2": "ba", "3": "b"})
    figures = compare([Popularity()], train, test, k=(1,), seed=0).figures
    rows = figures[figures["slice"] == "all"].set_index("metric")
    assert rows.loc["recall_at_1", ["value", "rows"]].tolist() == [1.0, 2]  # 2 finds a, 3 (new) finds b
    nobody = compare([Popularity()], train, pairs({"1": "a"}), seed=0)
    assert nobody.figures.empty and nobody.by_user.empty


def test_slices_by_history_and_by_the_age_of_items():
    train = pairs({"1": "abcde", "2": "ab", "3": "a"})
    test = pairs({"1": "f", "2": "c", "3": "b", "4": "a"})
    ages = pd.Series({"c": 3, "f": 3, "a": 300, "b": 300})
    found = compare([Popularity()], train, test, k=(2,), ages=ages, seed=0).figures
    rows = found[found["metric"] == "ndcg_at_2"].set_index("slice")
    assert rows.loc["history_0", ["value", "rows"]].tolist() == [1.0, 1]
    assert rows.loc["history_5_19", ["value", "rows"]].tolist() == [0.0, 1]
    assert rows.loc["history_1_4", "rows"] == 2
    assert rows.loc["new_items", "rows"] == 2 and rows.loc["older_items", ["value", "rows"]].tolist() == [1.0, 2]
    assert "history_20_up" not in rows.index


def test_everything_is_measured_for_every_model():
    train = pairs({str(user): "abcdef"[user % 3 :] for user in range(9)})
    test = pairs({str(user): "abcdef" for user in range(9)})
    found = compare([Popularity(), ItemNeighbours()], train, test, k=(3, 5), seed=0)
    per_k = {f"{name}_at_{k}" for name in ("ndcg", "recall", "precision", "map") for k in (3, 5)}
    wanted = per_k | {"coverage", "novelty", "popularity_bias", "list_similarity"}
    for name in ("popularity", "item_neighbours"):
        own = found.figures[(found.figures["estimator"] == name) & (found.figures["slice"] == "all")]
        assert set(own["metric"]) == wanted
    assert list(found.by_user.columns) == ["popularity", "item_neighbours"]
    assert found.gain("popularity", "popularity", seed=0) == (0, 0, 0)
