"""Weights of evidence from what people chose: a conditional logit (McFadden 1974).

The chance that a person's choice is item j is exp(w x_j) / sum_i exp(w x_i) over all items that could be shown; the
weights maximise the likelihood of the choices of weeks that come after everything the evidence was made of. On large
shelves the sum runs over a uniform sample of them and the items chosen, which leaves the estimate consistent
(McFadden 1978, "Modelling the choice of residential location").
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.recommendation.interactions import Floats
from models.recommendation.side import Flags

PENALTY = 3.0  # half of it times the square of a weight (per standard deviation) is taken from the log likelihood
STOP = {"maxiter": 150, "ftol": 1e-7}
_FLAT = 1e-6  # evidence that varies less than this says nothing


@dataclass(frozen=True)
class Lesson:
    """What people chose in one week: evidence (people x items x names), what was hidden from them, what they took."""

    names: tuple[str, ...]
    cells: Floats
    hidden: Flags
    taken: Flags


def weighed(lessons: Sequence[Lesson], /) -> dict[str, float]:
    """The weight of each name; empty where nobody took anything that could be shown."""
    from scipy.optimize import minimize
    from threadpoolctl import threadpool_limits

    if not any((each.taken & ~each.hidden).any() for each in lessons):
        return {}
    names = lessons[0].names
    spread = np.sqrt(np.mean([each.cells.reshape(-1, len(names)).var(axis=0) for each in lessons], axis=0))
    scale = np.where(spread > _FLAT, 1 / np.maximum(spread, _FLAT), 0).astype(np.float32)
    scaled = [(each.cells * scale, each.hidden, each.taken & ~each.hidden) for each in lessons]

    def loss(weights: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        value, slope = 0.5 * PENALTY * float(weights @ weights), PENALTY * weights
        for cells, hidden, taken in scaled:
            more, steeper = _log_loss(weights.astype(np.float32), cells, hidden, taken)
            value, slope = value + more, slope + steeper
        return value, slope

    with threadpool_limits(1, user_api="blas"):
        found = minimize(loss, np.zeros(len(names)), jac=True, method="L-BFGS-B", options=STOP)
    return dict(zip(names, (found.x * scale).tolist(), strict=True))


def _log_loss(weights: Floats, cells: Floats, hidden: Flags, taken: Flags) -> tuple[float, npt.NDArray[np.float64]]:
    """Minus the log likelihood of the choices, and its slope by the weights."""
    utility = np.where(hidden, -np.inf, cells @ weights)
    utility -= np.maximum(utility.max(axis=1, keepdims=True), np.finfo(np.float32).min)
    chance = np.exp(utility)
    total = chance.sum(axis=1, keepdims=True)
    value = float((np.log(total) * taken.sum(axis=1, keepdims=True)).sum() - utility[taken].sum())
    surplus = chance / np.maximum(total, 1e-30) * taken.sum(axis=1, keepdims=True) - taken
    slope = surplus.reshape(-1).astype(np.float32) @ cells.reshape(-1, cells.shape[2])
    return value, slope.astype(np.float64)
