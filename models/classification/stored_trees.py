"""Reading XGBoost's JSON so that a damaged file cannot crash the process.

XGBoost follows children and columns without looking whether they exist. So every tree is walked here first, and what
it then loads is what was walked, written out again: not a text that two parsers could read in two ways.
"""

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lyceum.errors import HomeError

if TYPE_CHECKING:
    from xgboost import Booster

DEEPEST = 64  # levels; XGBoost walks them recursively
NO_PARENT = 2_147_483_647  # XGBoost's mark of the root
LARGEST = float(np.finfo(np.float32).max)
LEAF = -1

Whole = NDArray[np.int64]


class _UnsoundError(Exception):
    """Something in the file is not what this project writes."""


def read(text: bytes, /, *, features: int) -> "Booster":
    """The booster of binary trees on `features` columns in `text`; HomeError if it is not soundly one."""
    from xgboost import Booster
    from xgboost.core import XGBoostError

    try:
        content = json.loads(text)
        _check(content["learner"], features)
        return Booster(model_file=bytearray(json.dumps(content, allow_nan=False).encode()))
    except (_UnsoundError, LookupError, TypeError, ValueError, RecursionError, XGBoostError):
        raise HomeError(
            "The stored trees of a model are damaged: they cannot be followed from root to leaf.",
            remedy="Remove that version's folder and run `lyceum train`.",
        ) from None


def _check(learner: dict[str, Any], features: int, /) -> None:
    shape, grown = learner["learner_model_param"], learner["gradient_booster"]
    model = grown["model"]
    trees = model["trees"]
    _expect(learner["objective"]["name"] == "binary:logistic" and grown["name"] == "gbtree")
    _expect((shape["num_feature"], shape["num_class"], shape["num_target"]) == (str(features), "0", "1"))
    _expect(not learner["feature_names"] and not learner["feature_types"])
    _expect(not any(model["cats"][name] for name in ("enc", "feature_segments", "sorted_idx")))
    _expect(model["gbtree_model_param"]["num_trees"] == str(len(trees)))
    _expect(bool((_whole(model["tree_info"], len(trees)) == 0).all()))
    rounds = _whole(model["iteration_indptr"], len(model["iteration_indptr"]))
    _expect(len(rounds) > 1 and rounds[0] == 0 and rounds[-1] == len(trees) and bool((np.diff(rounds) > 0).all()))
    for at, tree in enumerate(trees):
        _expect(tree["id"] == at)
        _check_tree(tree, features)


def _check_tree(tree: dict[str, Any], features: int, /) -> None:
    count = len(tree["left_children"])
    shape = {"num_deleted": "0", "num_feature": str(features), "num_nodes": str(count), "size_leaf_vector": "1"}
    _expect(count > 0 and tree["tree_param"] == shape)
    _expect(not any(tree[f"categories{part}"] for part in ("", "_nodes", "_segments", "_sizes")))
    for name in ("base_weights", "loss_changes", "split_conditions", "sum_hessian"):
        numbers = np.asarray(tree[name])
        _expect(numbers.shape == (count,) and numbers.dtype.kind in "if" and bool((abs(numbers) <= LARGEST).all()))
    columns = _whole(tree["split_indices"], count)
    _expect(bool(((columns >= 0) & (columns < features)).all()))
    _expect(bool((_whole(tree["split_type"], count) == 0).all()))
    _expect(bool(np.isin(_whole(tree["default_left"], count), (0, 1)).all()))
    left, right, parents = (_whole(tree[name], count) for name in ("left_children", "right_children", "parents"))
    _walk(left, right, parents)


def _walk(left: Whole, right: Whole, parents: Whole, /) -> None:
    """From the root, level by level: every node is reached once, from its parent, and has two children or none."""
    _expect(bool(((left == LEAF) == (right == LEAF)).all()) and parents[0] == NO_PARENT)
    here, reached = np.zeros(1, dtype=np.int64), 1
    for _ in range(DEEPEST):
        inner = here[left[here] != LEAF]
        if not len(inner):
            break
        here = np.concatenate([left[inner], right[inner]])
        reached += len(here)
        _expect(bool(((here > 0) & (here < len(left))).all()) and reached <= len(left))
        _expect(bool((parents[here] == np.tile(inner, 2)).all()) and len(np.unique(here)) == len(here))
    _expect(reached == len(left) and bool((left[here] == LEAF).all()))


def _whole(values: object, count: int, /) -> Whole:
    found = np.asarray(values)
    _expect(found.shape == (count,) and (found.dtype.kind == "i" or count == 0))
    return found.astype(np.int64)


def _expect(sound: bool, /) -> None:
    if not sound:
        raise _UnsoundError
