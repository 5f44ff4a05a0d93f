"""Whether segments tell what people do next, beyond what quintiles of recency, frequency and money tell.

Explained deviance of an outcome: 1 - D / D0, with D the deviance of a prediction and D0 that of the mean alone
(McCullagh & Nelder 1989). A prediction is made of groups alone and cross-fitted: nobody's own outcome is in it.
Outcomes that are counts take the Poisson deviance, those that are 0 or 1 the binomial one, and money that of a
compound Poisson (Tweedie, power 1.5), under which most people may spend nothing and a few much.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from models.bootstrap import Interval
from models.classification.frame import Floats

Kind = Literal["count", "money", "binary"]

FOLDS = 10
REPLICATES = 200
SHRUNK = 0.5  # people of the overall mean that each cell holds beside its own: an empty cell is not impossible
RIDGE = 0.5  # as if each coefficient were drawn from a normal of variance 2
STEPS = 50
POWER = 1.5
FLOOR = 0.01  # of the overall mean: nobody is so sure to do nothing
TINY = 1e-9
NEGLIGIBLE = 1e-6  # deviance a person: nothing varies
QUINTILES = 5


@dataclass(frozen=True)
class Explained:
    """The deviance of each person under the prediction, and under the mean alone, (n,) each."""

    own: Floats
    null: Floats

    @property
    def share(self) -> float:
        """1 - D / D0; nan where the outcome does not vary."""
        whole = float(self.null.sum())
        return 1.0 - float(self.own.sum()) / whole if whole > NEGLIGIBLE * len(self.own) else float("nan")

    def drawn(self, *, seed: int, replicates: int = REPLICATES) -> Floats:
        """The same of people drawn with replacement, (replicates,); equal seeds draw equal people."""
        rng, people = np.random.default_rng(seed), len(self.own)
        times = (np.bincount(rng.integers(0, people, people), minlength=people) for _ in range(replicates))
        sums = np.array([(each @ self.own, each @ self.null) for each in times])
        return np.asarray(1.0 - sums[:, 0] / np.maximum(sums[:, 1], TINY))

    def interval(self, *, seed: int) -> Interval:
        """The share with its 95 % interval, drawn by person."""
        return _interval(self.share, self.drawn(seed=seed))

    def less(self, other: "Explained", *, seed: int) -> Interval:
        """This share less the other's, the same people drawn for both."""
        return _interval(self.share - other.share, self.drawn(seed=seed) - other.drawn(seed=seed))


def _interval(value: float, drawn: Floats, /) -> Interval:
    low, high = np.percentile(drawn, [2.5, 97.5]) if np.isfinite(drawn).all() else (float("nan"), float("nan"))
    return Interval(value, float(low), float(high))


def by_cells(outcome: Floats, cells: NDArray[Any], /, *, kind: Kind, seed: int) -> Explained:
    """What groups explain: each person is predicted the mean of the group's other people (ten folds by `seed`).

    `outcome` and `cells` (n,), in the order of people's ids. A group's mean is drawn a little to the overall one.
    """
    _, place = np.unique(cells, return_inverse=True)

    def means(train: NDArray[np.intp], test: NDArray[np.intp]) -> Floats:
        size = int(place.max()) + 1
        total = np.bincount(place[train], weights=outcome[train], minlength=size)
        count = np.bincount(place[train], minlength=size)
        return np.asarray(((total + SHRUNK * outcome[train].mean()) / (count + SHRUNK))[place[test]])

    return _crossed(outcome, means, kind=kind, seed=seed)


def additively(outcome: Floats, groups: Sequence[NDArray[Any]], /, *, kind: Kind, seed: int) -> Explained:
    """What several groupings explain together: a regression with a log link (binary: logit) on their dummies.

    `groups` are arrays (n,) of labels; ten folds by `seed`, a slight ridge. Money is fitted like a count, in units of
    its mean (which is consistent for any variance), and judged by its own deviance.
    """
    dummies = np.hstack([_dummies(labels) for labels in groups])
    mean: Callable[[Floats], Floats] = _logistic if kind == "binary" else _exponential

    def fitted(train: NDArray[np.intp], test: NDArray[np.intp]) -> Floats:
        unit = max(float(outcome[train].mean()), TINY) if kind == "money" else 1.0
        told = unit * mean(_linear(dummies[train], outcome[train] / unit, dummies[test], kind=kind))
        return told if kind == "binary" else np.maximum(told, FLOOR * outcome[train].mean())

    return _crossed(outcome, fitted, kind=kind, seed=seed)


def quintiles(values: Floats, /) -> NDArray[np.int64]:
    """0 (lowest) to 4 by rank; equal values stay together, in the group in which their middle lies."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    middles = np.cumsum(count) - (count + 1) / 2
    return np.asarray((middles * QUINTILES // max(len(values), 1)).astype(np.int64)[place])


def beyond_rfm(
    outcome: Floats, segments: NDArray[Any], rfm: Sequence[NDArray[Any]], /, *, kind: Kind, seed: int
) -> Mapping[str, Explained]:
    """What segments explain, RFM quintiles (the stronger of 125 cells and of 5 + 5 + 5 dummies), and both together.

    `rfm` holds the quintiles of recency, frequency and money, (n,) each. Keys: "segments", "rfm" and
    "rfm_with_segments".
    """
    cells = np.ravel_multi_index([np.asarray(each) for each in rfm], [QUINTILES] * len(rfm))
    baselines = (
        by_cells(outcome, cells, kind=kind, seed=seed),
        additively(outcome, rfm, kind=kind, seed=seed),
    )
    return {
        "segments": by_cells(outcome, segments, kind=kind, seed=seed),
        "rfm": max(baselines, key=lambda each: each.share),
        "rfm_with_segments": additively(outcome, [*rfm, segments], kind=kind, seed=seed),
    }


def deviances(outcome: Floats, mean: Floats, /, *, kind: Kind) -> Floats:
    """Twice the log-likelihood lost to a perfect prediction, (n,): Poisson, Tweedie of power 1.5, or binomial.

    The money outcome must not be negative: who got back more than was paid counts as 0.
    """
    if kind == "binary":
        clipped = np.clip(mean, TINY, 1 - TINY)
        return np.asarray(-2 * (outcome * np.log(clipped) + (1 - outcome) * np.log1p(-clipped)))
    clipped = np.maximum(mean, TINY)
    if kind == "count":
        logs = outcome * np.log(np.where(outcome > 0, outcome, 1.0) / np.where(outcome > 0, clipped, 1.0))
        return np.asarray(2 * (logs - outcome + clipped))
    first = outcome ** (2 - POWER) / ((1 - POWER) * (2 - POWER))
    second = outcome * clipped ** (1 - POWER) / (1 - POWER)
    return np.asarray(2 * (first - second + clipped ** (2 - POWER) / (2 - POWER)))


def _crossed(
    outcome: Floats,
    predict: Callable[[NDArray[np.intp], NDArray[np.intp]], Floats],
    /,
    *,
    kind: Kind,
    seed: int,
) -> Explained:
    folds = np.random.default_rng(seed).permutation(len(outcome)) % FOLDS
    own, null = np.empty(len(outcome)), np.empty(len(outcome))
    for fold in range(FOLDS):
        train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        own[test], null[test] = predict(train, test), outcome[train].mean() if len(train) else np.nan
    return Explained(deviances(outcome, own, kind=kind), deviances(outcome, null, kind=kind))


def _dummies(labels: NDArray[Any], /) -> Floats:
    _, place = np.unique(labels, return_inverse=True)
    return np.eye(int(place.max()) + 1)[place]


def _linear(dummies: Floats, outcome: Floats, asked: Floats, /, *, kind: Kind) -> Floats:
    """The linear predictor of `asked` rows, by penalised iteratively reweighted least squares."""
    level = max(float(outcome.mean()), TINY)
    constant = np.log(level / max(1 - level, TINY)) if kind == "binary" else np.log(level)
    weights = np.zeros(dummies.shape[1])
    penalty = np.eye(dummies.shape[1]) * RIDGE
    for _ in range(STEPS):
        linear = np.clip(constant + dummies @ weights, -30, 30)
        mean = _logistic(linear) if kind == "binary" else _exponential(linear)
        slope = np.maximum(mean * (1 - mean) if kind == "binary" else mean, TINY)
        gradient = dummies.T @ (outcome - mean) - penalty @ weights
        step = np.linalg.solve((dummies * slope[:, None]).T @ dummies + penalty, gradient)
        weights += np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-8:
            break
    return np.asarray(constant + asked @ weights)


def _exponential(linear: Floats, /) -> Floats:
    return np.asarray(np.exp(np.clip(linear, -30, 30)))


def _logistic(linear: Floats, /) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(linear, -30, 30))))
