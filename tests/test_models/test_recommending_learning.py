from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from models.recommendation.evidence import by_largest, centred
from models.recommendation.exploring import explored
from models.recommendation.interactions import gathered
from models.recommendation.on_platform import narrowed, widened
from models.recommendation.ranker import CANDIDATES, Trees, candidates, grown
from models.recommendation.reranking import Aims, attention_gap, diverse, reranked, with_new
from models.recommendation.side import COLUMNS, aligned
from models.recommendation.weighing import Lesson, weighed


def lesson(truth, people=1500, items=30, seed=1, names=("a", "b", "c"), bend=None):
    """Choices drawn from the logit of `truth`; a fifth of the items are hidden."""
    rng = np.random.default_rng(seed)
    cells = rng.normal(0, 1, (people, items, len(names))).astype(np.float32)
    utility = cells @ np.array(truth) + (bend(cells) if bend else 0)
    hidden = rng.random((people, items)) < 0.2
    noisy = np.where(hidden, -np.inf, utility + rng.gumbel(size=utility.shape))
    taken = np.zeros(hidden.shape, dtype=bool)
    taken[np.arange(people), noisy.argmax(axis=1)] = True
    return Lesson(names, cells, hidden, taken)


def test_the_logit_finds_planted_weights():
    weights = weighed([lesson([1.0, -0.5, 0.0], seed=1), lesson([1.0, -0.5, 0.0], seed=2)])
    assert [weights[name] for name in "abc"] == pytest.approx([1.0, -0.5, 0.0], abs=0.08)


def test_the_scale_of_evidence_changes_its_weight_alone():
    one = lesson([0.8, 0.3, 0.0])
    other = Lesson(one.names, one.cells * np.float32([10, 1, 1]), one.hidden, one.taken)
    first, second = weighed([one]), weighed([other])
    assert second["a"] == pytest.approx(first["a"] / 10, rel=0.01)
    assert second["b"] == pytest.approx(first["b"], rel=0.01)


def test_constant_evidence_has_no_weight_and_hidden_choices_teach_nothing():
    flat = lesson([1.0, 0.0, 0.0])
    flat.cells[:, :, 2] = 4.0
    assert weighed([flat])["c"] == 0.0
    assert weighed([Lesson(flat.names, flat.cells, np.ones_like(flat.hidden), flat.taken)]) == {}


def test_trees_learn_what_a_sum_cannot():
    def bend(cells):
        return 2.0 * (np.abs(cells[:, :, 2]) > 1.2)  # on both sides: no weight says so

    learnt, later = (lesson([0.5, 0.0, 0.0], items=80, seed=seed, bend=bend) for seed in (1, 2))
    weights = weighed([learnt])
    trees = Trees(grown([learnt], weights, seed=1))
    cells, utility, taken = candidates(later, weights)
    found = trees.utility(cells, utility)
    rows = np.arange(len(taken))
    place = taken.argmax(axis=1)
    before = (utility > utility[rows, place][:, None]).sum(axis=1)
    after = (found > found[rows, place][:, None]).sum(axis=1)
    assert after.mean() < 0.8 * before.mean()


def test_candidates_are_what_the_evidence_shows_and_never_hold_the_label_by_force():
    one = lesson([1.0, 0.0, 0.0], people=400, items=CANDIDATES + 40)
    cells, utility, taken = candidates(one, {"a": -1.0, "b": 0.0, "c": 0.0})  # the wrong way round: bad candidates
    assert len(cells) < 400  # of those whose choice is not among them nothing is learnt
    assert cells.shape[1] == CANDIDATES
    assert (taken.sum(axis=1) == 1).all()
    assert (np.diff(utility, axis=1) <= 0).all()


def test_grown_of_nothing_is_no_trees():
    one = lesson([1.0, 0.0, 0.0], people=20)
    hidden = Lesson(one.names, one.cells, np.ones_like(one.hidden), one.taken)
    assert grown([hidden], {"a": 1.0, "b": 0.0, "c": 0.0}, seed=1) == ""


def test_rows_over_their_largest():
    scores = np.array([[2.0, 4.0, -1.0], [0.0, 0.0, 0.0]], dtype=np.float32)
    assert by_largest(scores).tolist() == [[0.5, 1.0, 0.0], [0.0, 0.0, 0.0]]
    assert by_largest(np.empty((2, 0), dtype=np.float32)).shape == (2, 0)


def test_centred_means_by_hand():
    value = np.array([4.0, 6.0, 2.0, 8.0], dtype=np.float32)
    numbers = np.array([0, 0, 1, -1])
    among = np.array([True, True, True, False])
    # The mean of those among is 4; of group 0 the gaps are 0 and 2, of group 1 -2; three more count as 0.
    assert centred(value, numbers, among=among).tolist() == pytest.approx([0.4, 0.4, -0.5, 0.0])


def test_widened_and_narrowed_undo_each_other():
    frame = pd.DataFrame({"user_id": ["b", "d", "d"], "item_id": ["x", "x", "y"], "weight": [1.0, 2.0, 4.0]})
    known = gathered(frame)
    wide = widened(known, users=pd.Index(["a", "b", "c", "d"]), items=known.items.append(pd.Index(["z"])))
    assert wide.weights.toarray().tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0], [4, 2, 0]]
    back = narrowed(wide)
    assert back.users.equals(known.users) and back.items.equals(known.items)
    assert (back.weights != known.weights).nnz == 0


def test_the_quota_replaces_the_last_old_items():
    utility = np.array([[5.0, 4.0, 3.0, 2.0, 1.0, -np.inf]], dtype=np.float32)
    young = np.array([False, False, False, False, True, True])
    places = np.array([[0, 1, 2]])
    nothing = np.zeros_like(utility)
    assert explored(places, utility, nothing, young=young, quota=1).tolist() == [[0, 1, 4]]
    assert explored(places, utility, nothing, young=young, quota=2).tolist() == [[0, 1, 4]]  # 5 may not be shown
    assert explored(np.array([[0, 4, 1]]), utility, nothing, young=young, quota=1).tolist() == [[0, 4, 1]]
    assert explored(np.array([[0, -1, -1]]), utility, nothing, young=young, quota=1).tolist() == [[4, -1, -1]]


SHOWN = pd.DataFrame(
    {
        "user_id": ["u"] * 4 + ["v"] * 2,
        "item_id": ["a", "b", "c", "d", "a", "c"],
        "rank": [1, 2, 3, 4, 1, 2],
        "score": [1.0, 0.9, 0.6, 0.5, 1.0, 0.99],
    }
)
ITEMS = pd.Index(["a", "b", "c", "d"])
VECTORS = csr_matrix(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]))


def after(aims, k=2, authors=(0, 0, 1, 1)):
    return reranked(SHOWN, items=ITEMS, vectors=VECTORS, authors=np.array(authors), aims=aims, k=k)


def test_without_aims_the_first_stay():
    kept = after(Aims())
    assert kept[["user_id", "item_id", "rank"]].to_numpy().tolist() == [
        ["u", "a", 1],
        ["u", "b", 2],
        ["v", "a", 1],
        ["v", "c", 2],
    ]


def test_variety_by_hand():
    # After a: b is worth 0.5 * 0.9 - 0.5 * 1, c 0.5 * 0.6 - 0, d 0.5 * 0.5 - 0.5 * 0.6.
    kept = after(Aims(variety=0.5))
    assert kept.loc[kept["user_id"] == "u", "item_id"].tolist() == ["a", "c"]


def test_fairness_puts_forward_who_got_less_than_deserved():
    # From u author 0 got all of the attention for 1.9 of 3.0 of the relevance: with v author 1 is owed.
    kept = after(Aims(fairness=0.3))
    assert kept.loc[kept["user_id"] == "v", "item_id"].tolist() == ["c", "a"]
    authors = pd.Series([0, 0, 1, 1], index=ITEMS)
    gaps = [attention_gap(each, SHOWN, authors=authors) for each in (after(Aims()), kept)]
    assert gaps[1] < gaps[0]


def test_attention_gap_by_hand():
    one = SHOWN[SHOWN["user_id"] == "v"]
    # Attention 1 and 1 / log2(3) = 0.63093: shares 0.61315 and 0.38685; relevance 1 and 0.99: 0.50251 and 0.49749.
    gap = attention_gap(one, one, authors=pd.Series([0, 1], index=["a", "c"]))
    assert gap == pytest.approx(0.61315 - 0.50251, abs=1e-4)


def test_items_of_nobody_are_owed_nothing_and_no_lists_are_no_error():
    kept = after(Aims(fairness=0.3), authors=(-1, -1, -1, -1))
    assert kept["item_id"].tolist() == ["a", "b", "a", "c"]
    assert reranked(SHOWN.head(0), items=ITEMS, vectors=VECTORS, authors=np.zeros(4, int), aims=Aims(0.5), k=2).empty


LONGER = pd.DataFrame(
    {
        "user_id": ["u"] * 5 + ["v"] * 4 + ["w"],
        "item_id": ["a", "b", "c", "n", "m", "n", "a", "b", "m", "a"],
        "rank": [1, 2, 3, 4, 5, 1, 2, 3, 4, 1],
    }
)


def held(places, k=3):
    kept = with_new(LONGER[LONGER["rank"] <= k], LONGER, young=pd.Index(["n", "m"]), places=places)
    return {user: rows["item_id"].tolist() for user, rows in kept.groupby("user_id")}, kept


def test_places_for_what_is_new_are_the_last_ones():
    assert held(0)[0] == {"u": ["a", "b", "c"], "v": ["n", "a", "b"], "w": ["a"]}
    lists, kept = held(1)
    assert lists == {"u": ["a", "b", "n"], "v": ["n", "a", "b"], "w": ["a"]}
    assert kept["rank"].tolist() == [1, 2, 3, 1, 2, 3, 1]
    assert held(2)[0] == {"u": ["a", "n", "m"], "v": ["n", "a", "m"], "w": ["a"]}
    assert held(1, k=1)[0] == {"u": ["n"], "v": ["n"], "w": ["a"]}


def test_diverse_lists_have_falling_scores_and_all_that_a_row_told():
    catalogue = pd.DataFrame({name: [None] * 4 for name in COLUMNS})
    catalogue = catalogue.assign(item_id=list("abcd"), title=["rock", "rock", "jazz", "rock and jazz"])
    side = aligned(catalogue, ITEMS, as_of=date(2026, 1, 5))
    longer = SHOWN.assign(reason=SHOWN["item_id"] + " because")
    found = diverse(longer, side=side, k=2, share=0.5)
    assert found.loc[found["user_id"] == "u", "item_id"].tolist() == ["a", "c"]  # b says the same as a
    assert (found["reason"] == found["item_id"] + " because").all()
    assert (found.groupby("user_id")["score"].diff().fillna(0) <= 0).all()
    assert found["rank"].tolist() == [1, 2, 1, 2]
