import copy
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lyceum.errors import HomeError
from models.classification import stored_trees
from models.classification.boosted import Boosted
from models.classification.frame import raw

from .planted import FEATURES, frame


@pytest.fixture(scope="module")
def model():
    return Boosted(features=FEATURES, rounds=8, depth=3).fit(frame(), seed=1)


def walked(tree, row):
    """The leaf's step, by hand: an empty cell goes where default_left says."""
    at = 0
    while tree["left_children"][at] != -1:
        value, left = row[tree["split_indices"][at]], tree["default_left"][at]
        goes_left = bool(left) if np.isnan(value) else value < np.float32(tree["split_conditions"][at])
        at = tree["left_children" if goes_left else "right_children"][at]
    return tree["split_conditions"][at]


def test_margins_are_the_sum_of_leaves_walked_by_hand(model):
    learner = json.loads(model.json)["learner"]
    start = float(learner["learner_model_param"]["base_score"].strip("[]"))
    later = frame(people=20, seed=2, nulls=0.5)
    steps = [
        sum(walked(tree, row) for tree in learner["gradient_booster"]["model"]["trees"])
        for row in raw(later, FEATURES)
    ]
    np.testing.assert_allclose(model.margins(later), np.log(start / (1 - start)) + steps, atol=1e-5)


def test_it_starts_from_the_share_of_positives():
    some = frame(weeks=1)
    start = json.loads(Boosted(features=FEATURES, rounds=1).fit(some, seed=1).json)
    stored = float(start["learner"]["learner_model_param"]["base_score"].strip("[]"))
    assert stored == pytest.approx(some["label"].mean(), abs=1e-6)


def test_another_seed_draws_other_rows(model):
    other = Boosted(features=FEATURES, rounds=8, depth=3).fit(frame(), seed=2)
    assert other.json != model.json


def test_what_is_stored_names_no_device_and_no_column(model):
    assert b"device" not in model.json and b"recency" not in model.json


def changed(model, change):
    content = json.loads(model.json)
    change(content["learner"])
    return json.dumps(content).encode()


def tree(learner, number=0):
    return learner["gradient_booster"]["model"]["trees"][number]


DAMAGES = {
    "child beyond the end": lambda learner: tree(learner)["left_children"].__setitem__(0, 1_000_000),
    "child that is its own parent": lambda learner: tree(learner)["left_children"].__setitem__(0, 0),
    "child of two": lambda learner: tree(learner)["left_children"].__setitem__(0, tree(learner)["right_children"][0]),
    "one child": lambda learner: tree(learner)["right_children"].__setitem__(0, -1),
    "column that is not there": lambda learner: tree(learner)["split_indices"].__setitem__(0, 3),
    "negative column": lambda learner: tree(learner)["split_indices"].__setitem__(0, -1),
    "set of categories": lambda learner: tree(learner)["split_type"].__setitem__(0, 1),
    "short list": lambda learner: tree(learner)["split_conditions"].pop(),
    "step of no size": lambda learner: tree(learner)["split_conditions"].__setitem__(0, float("nan")),
    "step beyond any": lambda learner: tree(learner)["base_weights"].__setitem__(0, 1e300),
    "fewer nodes": lambda learner: tree(learner)["tree_param"].update(num_nodes="1"),
    "more trees": lambda learner: learner["gradient_booster"]["model"]["gbtree_model_param"].update(num_trees="9"),
    "round beyond the end": lambda learner: learner["gradient_booster"]["model"]["iteration_indptr"].append(99),
    "tree of another class": lambda learner: learner["gradient_booster"]["model"]["tree_info"].__setitem__(0, 7),
    "more columns": lambda learner: learner["learner_model_param"].update(num_feature="300"),
    "another objective": lambda learner: learner["objective"].update(name="multi:softprob"),
    "linear": lambda learner: learner["gradient_booster"].update(name="gblinear"),
    "start that is no number": lambda learner: learner["learner_model_param"].update(base_score="much"),
    "nothing": lambda learner: learner.clear(),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_damaged_trees_are_refused(model, damage):
    with pytest.raises(HomeError, match="lyceum train"):
        stored_trees.read(changed(model, damage), features=3)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"{}", b"\xff", b"null", b"[" * 100_000])
def test_what_is_no_model_is_refused(text):
    with pytest.raises(HomeError, match="lyceum train"):
        stored_trees.read(text, features=3)


def test_a_chain_too_deep_to_be_walked_is_refused(model):
    count = 2_001
    at = np.arange(count)
    inner = (at % 2 == 0) & (at < count - 1)  # 0 -> 1 and 2, 2 -> 3 and 4, ...

    def change(learner):
        learner["gradient_booster"]["model"]["trees"][0] |= {
            "left_children": np.where(inner, at + 1, -1).tolist(),
            "right_children": np.where(inner, at + 2, -1).tolist(),
            "parents": [2_147_483_647, *np.repeat(at[inner], 2).tolist()],
            **{name: [0] * count for name in ("default_left", "split_indices", "split_type")},
            **{name: [0.5] * count for name in ("base_weights", "loss_changes", "split_conditions", "sum_hessian")},
        }
        tree(learner)["tree_param"]["num_nodes"] = str(count)

    with pytest.raises(HomeError, match="root to leaf"):
        stored_trees.read(changed(model, change), features=3)


@settings(max_examples=60)
@given(st.data())
def test_any_whole_number_in_a_tree_changed_is_refused_or_can_be_followed(model, data):
    content = copy.deepcopy(json.loads(model.json))
    node = tree(content["learner"], data.draw(st.integers(0, 7)))
    names = ("left_children", "right_children", "parents", "split_indices", "split_type", "default_left")
    numbers = node[data.draw(st.sampled_from(names))]
    numbers[data.draw(st.integers(0, len(numbers) - 1))] = data.draw(
        st.integers(-(2**40), 2**40) | st.integers(-2, 20)
    )
    rows = raw(frame(people=5, seed=3), FEATURES)
    try:
        booster = stored_trees.read(json.dumps(content).encode(), features=3)
    except HomeError:
        return
    assert np.isfinite(booster.inplace_predict(rows, predict_type="margin")).all()
