"""How good probabilities and rankings are, as plain functions of numpy arrays.

`labels` are 0 or 1, `scores` any real numbers, `probabilities` numbers in [0, 1], all of the same length (n,). Every
figure is nan for no rows or one class. Rows of equal score count as one step, so that their order changes nothing.
"""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[Any]

TOP = 0.1  # the share of people at the top of a list
BINS = 15
EDGE = 1e-12  # a probability of exactly 0 or 1 that was wrong would cost infinitely much


class Counted(NamedTuple):
    """Rows counted by score: the distinct scores, ascending, and how many positives and negatives have each."""

    scores: Floats
    up: Floats
    down: Floats


def counted(labels: Labels, scores: Floats, /) -> Counted:
    """What every figure is computed from."""
    distinct, at = np.unique(np.asarray(scores, np.float64), return_inverse=True)
    positive = np.asarray(labels, np.float64)
    up, down = (np.bincount(at, part, len(distinct)).astype(np.float64) for part in (positive, 1.0 - positive))
    return Counted(distinct, up, down)


def auc(labels: Labels, scores: Floats, /) -> float:
    """Area under the ROC curve: chance that a positive outranks a negative, ties one half."""
    return _plain(_auc, labels, scores)


def pr_auc(labels: Labels, scores: Floats, /) -> float:
    """Average precision: precision at each distinct score, weighted by the recall gained there."""
    return _plain(_pr_auc, labels, scores)


def brier(labels: Labels, probabilities: Floats, /) -> float:
    """Mean squared error of the probabilities (Brier 1950)."""
    return _plain(_brier, labels, probabilities)


def log_loss(labels: Labels, probabilities: Floats, /) -> float:
    """Mean of -log of the probability given to what happened; a coin scores log 2 = 0.693."""
    return _plain(_log_loss, labels, probabilities)


def lift(labels: Labels, scores: Floats, /, *, share: float = TOP) -> float:
    """Share of positives among the top `share` of the rows, over their share among all."""
    return _plain(lambda rows: _lift(rows, share), labels, scores)


def ece(labels: Labels, probabilities: Floats, /, *, bins: int = BINS) -> float:
    """Expected calibration error: mean |mean probability - share of positives| over `bins` bins of equal mass.

    Rows with the same probability share their mean label; a row at the edge of a bin counts in both by its parts.
    """
    return _plain(lambda rows: _ece(rows, bins), labels, probabilities)


def null_ece(probabilities: Floats, /, *, bins: int = BINS) -> float:
    """What `ece` would be on average if every probability were exact: the noise of the labels alone.

    A bin's summed gap is then a sum of independent (label - p), each of variance p(1-p): near enough normal, so that
    the mean of its size is sqrt(2/pi) times its standard deviation. Rows of equal p that lie in several bins bring
    the same gap to each, by their parts. 0 for no rows.
    """
    if len(probabilities) == 0:
        return 0.0
    distinct, sizes = np.unique(probabilities, return_counts=True)
    variance = sizes * distinct * (1.0 - distinct)
    ends = np.cumsum(sizes)
    edges = np.arange(bins + 1) * (len(probabilities) / bins)
    spread = 0.0
    for low, high in pairwise(edges):
        part = np.clip(np.minimum(ends, high) - np.maximum(ends - sizes, low), 0.0, None) / sizes
        spread += float(np.sqrt((part**2 * variance).sum()))
    return float(np.sqrt(2.0 / np.pi) * spread / len(probabilities))


def ece_excess(labels: Labels, probabilities: Floats, /) -> float:
    """`ece` less `null_ece`: about 0 for a calibrated model of any size, and below it half the time."""
    return ece(labels, probabilities) - null_ece(probabilities)


def _plain(figure: "Figure", labels: Labels, scores: Floats, /) -> float:
    return figure(counted(labels, scores)) if 0 < np.sum(labels) < len(labels) else float("nan")


def _auc(rows: Counted, /) -> float:
    pairs = float(rows.up.sum()) * float(rows.down.sum())
    return float(rows.up @ (np.cumsum(rows.down) - rows.down / 2)) / pairs


def _pr_auc(rows: Counted, /) -> float:
    gained = rows.up[::-1]
    found, seen = np.cumsum(gained), np.cumsum((rows.up + rows.down)[::-1])
    # A draw may hold none of the highest scores: nothing is seen there, and nothing gained.
    return float(gained @ (found / np.maximum(seen, EDGE)) / found[-1])


def _brier(rows: Counted, /) -> float:
    return float(rows.up @ (1.0 - rows.scores) ** 2 + rows.down @ rows.scores**2) / _mass(rows)


def _log_loss(rows: Counted, /) -> float:
    happened, not_happened = (np.log(np.clip(given, EDGE, 1.0)) for given in (rows.scores, 1.0 - rows.scores))
    return -float(rows.up @ happened + rows.down @ not_happened) / _mass(rows)


def _precision(rows: Counted, share: float = TOP, /) -> float:
    found, seen = np.cumsum(rows.up[::-1]), np.cumsum((rows.up + rows.down)[::-1])
    size = share * seen[-1]
    return float(np.interp(size, np.append(0.0, seen), np.append(0.0, found)) / size)


def _lift(rows: Counted, share: float = TOP, /) -> float:
    return _precision(rows, share) * _mass(rows) / float(rows.up.sum())


def _ece(rows: Counted, bins: int = BINS, /) -> float:
    gap = rows.scores * (rows.up + rows.down) - rows.up
    ends = np.append(0.0, np.cumsum(rows.up + rows.down))
    edges = np.arange(bins + 1) * (ends[-1] / bins)
    gaps = np.diff(np.interp(edges, ends, np.append(0.0, np.cumsum(gap))))
    return float(np.abs(gaps).sum() / ends[-1])


def _mass(rows: Counted, /) -> float:
    return float(rows.up.sum() + rows.down.sum())


Figure = Callable[[Counted], float]
FIGURES: Mapping[str, Figure] = {
    "auc": _auc,
    "pr_auc": _pr_auc,
    "brier": _brier,
    "log_loss": _log_loss,
    "ece": _ece,
    "precision_top_10pct": _precision,
    "lift_top_10pct": _lift,
}
