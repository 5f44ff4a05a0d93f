"""How good probabilities and rankings are, as plain functions of numpy arrays.

`labels` are 0 or 1, `scores` any real numbers of the same length (n,). A figure that is not defined is nan.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[Any]


def auc(labels: Labels, scores: Floats, /) -> float:
    """Area under the ROC curve: chance that a positive outranks a negative, ties one half. nan for one class."""
    order, starts = _ties(scores)
    positive = labels[order].astype(np.float64)
    return _weighted_auc(positive, 1.0 - positive, starts)


def pr_auc(labels: Labels, scores: Floats, /) -> float:
    """Average precision: precision at each distinct score, weighted by the recall gained there. nan for one class."""
    if not _both_classes(labels):
        return float("nan")
    order, starts = _ties(-scores)
    positive = labels[order].astype(np.float64)
    gained = np.add.reduceat(positive, starts)
    seen = np.append(starts[1:], len(order))
    return float((gained * np.cumsum(gained) / seen).sum() / positive.sum())


def brier(labels: Labels, probabilities: Floats, /) -> float:
    """Mean squared error of the probabilities (Brier 1950). nan for no rows or one class."""
    if not _both_classes(labels):
        return float("nan")
    return float(np.mean((probabilities - labels) ** 2))


def ece(labels: Labels, probabilities: Floats, /, *, bins: int = 15) -> float:
    """Expected calibration error: mean |mean probability - share of positives| over `bins` bins of equal mass.

    Rows with the same probability share their mean label, so the order in which they arrive changes nothing.
    nan for no rows or one class.
    """
    if not _both_classes(labels):
        return float("nan")
    order, starts = _ties(probabilities)
    sizes = np.diff(np.append(starts, len(order)))
    shared = np.repeat(np.add.reduceat(labels[order].astype(np.float64), starts) / sizes, sizes)
    gaps = np.array_split(probabilities[order] - shared, bins)
    return float(sum(abs(float(gap.sum())) for gap in gaps) / len(order))


def auc_difference(
    labels: Labels,
    scores: Floats,
    others: Floats,
    /,
    *,
    users: NDArray[Any],
    seed: int,
    replicates: int = 200,
) -> tuple[float, float, float]:
    """AUC of `scores` less AUC of `others`, with the ends of its paired 95 % bootstrap interval.

    Whole users are drawn with replacement, because rows of one user are not independent; both scores see the same
    draws. nan, nan, nan for one class; draws that hold one class are left out.
    """
    difference = auc(labels, scores) - auc(labels, others)
    if np.isnan(difference):
        return difference, difference, difference
    drawn = _draws(labels, scores, users, seed=seed, replicates=replicates)
    drawn -= _draws(labels, others, users, seed=seed, replicates=replicates)
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return difference, float(low), float(high)


def _draws(labels: Labels, scores: Floats, users: NDArray[Any], /, *, seed: int, replicates: int) -> Floats:
    rng = np.random.default_rng(seed)
    names, person = np.unique(users, return_inverse=True)
    order, starts = _ties(scores)
    positive, person = labels[order].astype(np.float64), person[order]
    found = np.empty(replicates)
    for index in range(replicates):
        times = np.bincount(rng.integers(0, len(names), len(names)), minlength=len(names))[person]
        found[index] = _weighted_auc(positive * times, (1.0 - positive) * times, starts)
    return found


def _weighted_auc(positive: Floats, negative: Floats, starts: NDArray[np.intp], /) -> float:
    """AUC of rows in ascending order of score, whose ties begin at `starts`, from each row's weight in its class."""
    total = float(positive.sum()) * float(negative.sum())
    if total == 0.0:
        return float("nan")
    up, down = np.add.reduceat(positive, starts), np.add.reduceat(negative, starts)
    return float((up * (np.cumsum(down) - down / 2)).sum() / total)


def _ties(scores: Floats, /) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The ascending order of `scores`, and where in that order each distinct value begins."""
    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    return order, np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1])[: len(ranked)])


def _both_classes(labels: Labels, /) -> bool:
    return bool(len(labels)) and 0 < labels.sum() < len(labels)
