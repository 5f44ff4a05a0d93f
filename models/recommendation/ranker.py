"""A learned ranker: trees that put the best candidates of the weighed evidence into a better order.

LambdaMART (Burges 2010) as XGBoost has it (`rank:ndcg`), started at the utility of the weighed evidence, so that the
trees learn only what a sum cannot say. Candidates are what the evidence would show and never what was chosen: a
choice that is not among them teaches nothing.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from models.recommendation.interactions import Floats, Ints
from models.recommendation.weighing import Lesson

CANDIDATES = 60
ROUNDS = 120
SETTINGS = {
    "objective": "rank:ndcg",
    "lambdarank_pair_method": "topk",
    "lambdarank_num_pair_per_sample": 20,
    "eta": 0.05,
    "max_depth": 4,
    "min_child_weight": 20.0,
    "subsample": 0.8,
    "colsample_bytree": 0.6,
    "max_bin": 64,
    "nthread": 1,  # on so few rows a second thread costs more waiting than it saves
}


def grown(lessons: Sequence[Lesson], weights: Mapping[str, float], /, *, seed: int) -> str:
    """The trees as JSON text; empty where no choice is among the candidates."""
    import xgboost as xgb

    frames = [candidates(each, weights) for each in lessons]
    labels = np.concatenate([taken.ravel() for _, _, taken in frames])
    if not labels.any():
        return ""
    data = xgb.DMatrix(
        np.concatenate([cells.reshape(-1, cells.shape[2]) for cells, _, _ in frames]), label=labels, nthread=1
    )
    data.set_group([taken.shape[1] for _, _, taken in frames for _ in range(len(taken))])
    data.set_base_margin(np.concatenate([utility.ravel() for _, utility, _ in frames]))
    trees = xgb.train({**SETTINGS, "seed": seed}, data, ROUNDS)
    return bytes(trees.save_raw("json")).decode()


def candidates(lesson: Lesson, weights: Mapping[str, float], /) -> tuple[Floats, Floats, Ints]:
    """Evidence, utility and whether it was taken of the best items for each person who took any of them."""
    utility = lesson.cells @ np.array([weights[name] for name in lesson.names], dtype=np.float32)
    utility[lesson.hidden] = -np.inf
    places = np.argsort(-utility, axis=1, kind="stable")[:, :CANDIDATES]
    best: Floats = np.take_along_axis(utility, places, axis=1)
    taken = np.take_along_axis(lesson.taken & ~lesson.hidden, places, axis=1)
    rows = np.flatnonzero(taken.any(axis=1) & np.isfinite(best).all(axis=1))
    return lesson.cells[rows[:, None], places[rows]], best[rows], taken[rows].astype(np.int64)


class Trees:
    """Grown trees, read once."""

    def __init__(self, text: str, /) -> None:
        import xgboost as xgb

        self._trees = xgb.Booster()
        self._trees.load_model(bytearray(text.encode()))
        self._trees.set_param({"nthread": 1})

    def utility(self, cells: Floats, utility: Floats, /) -> Floats:
        """The utility of candidates (people x candidates) from evidence (people x candidates x names) and theirs."""
        import xgboost as xgb

        data = xgb.DMatrix(cells.reshape(-1, cells.shape[2]), nthread=1)
        data.set_base_margin(utility.ravel())
        found: Floats = self._trees.predict(data, output_margin=True).reshape(utility.shape)
        return found
