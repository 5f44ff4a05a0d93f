"""Intervals by person: whole users are drawn with replacement, because the rows of one user are not independent.

Percentile intervals of the bootstrap (Efron 1979), clustered by user. What is compared sees the same draws (paired),
so that what moves both scores alike cancels. Calibration error grows with every draw's extra noise, so that its plain
interval lies too high; in a paired difference that noise cancels.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.metrics import FIGURES, Counted, Floats, Labels, counted

REPLICATES = 200
LEVELS = 2_000  # distinct scores that the draws tell apart; more move no end of an interval
AT_ONCE = 2_000_000  # counts of users drawn at once, 8 bytes each


class Interval(NamedTuple):
    """A figure and the ends of its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Resampled:
    """The figures of one score on some rows, and on draws of their users (replicates,) each."""

    values: Mapping[str, float]
    drawn: Mapping[str, Floats]

    def interval(self, metric: str, /) -> Interval:
        """The figure with its interval; nan where the rows hold one class."""
        return _interval(self.values[metric], self.drawn[metric])

    def less(self, other: "Resampled", metric: str, /) -> Interval:
        """This figure less the other's, paired: both must come from the same rows, users and seed."""
        return _interval(self.values[metric] - other.values[metric], self.drawn[metric] - other.drawn[metric])


def paired(
    labels: Labels,
    scores: Floats,
    others: Floats,
    /,
    *,
    users: NDArray[Any],
    metrics: Sequence[str] = ("auc",),
    seed: int,
    replicates: int = REPLICATES,
) -> dict[str, Interval]:
    """For each metric of FIGURES that of `scores` less that of `others`, with its paired 95 % interval by user.

    All arrays (n,). nan where the rows hold one class; draws that hold one class are left out.
    """
    first = resampled(labels, scores, users=users, metrics=metrics, seed=seed, replicates=replicates)
    second = resampled(labels, others, users=users, metrics=metrics, seed=seed, replicates=replicates)
    return {metric: first.less(second, metric) for metric in metrics}


def intervals(
    labels: Labels,
    scores: Floats,
    /,
    *,
    users: NDArray[Any],
    metrics: Sequence[str],
    seed: int,
    replicates: int = REPLICATES,
) -> dict[str, Interval]:
    """Each metric of FIGURES with its 95 % interval by user; nan where the rows hold one class."""
    found = resampled(labels, scores, users=users, metrics=metrics, seed=seed, replicates=replicates)
    return {metric: found.interval(metric) for metric in metrics}


def resampled(
    labels: Labels,
    scores: Floats,
    /,
    *,
    users: NDArray[Any],
    metrics: Sequence[str],
    seed: int,
    replicates: int = REPLICATES,
) -> Resampled:
    """The metrics of one score (n,) on the rows as they are and on `replicates` draws of their users."""
    if not 0 < labels.sum() < len(labels):
        nothing = np.full((len(metrics), replicates), np.nan)
        return Resampled(dict.fromkeys(metrics, float("nan")), dict(zip(metrics, nothing, strict=True)))
    rows = counted(labels, scores)
    drawn = [
        [FIGURES[metric](draw) if draw.up.any() and draw.down.any() else float("nan") for metric in metrics]
        for draw in _draws(rows, labels, scores, users, seed=seed, replicates=replicates)
    ]
    values = {metric: FIGURES[metric](rows) for metric in metrics}
    return Resampled(values, dict(zip(metrics, np.array(drawn).T, strict=True)))


def _draws(
    rows: Counted, labels: Labels, scores: Floats, users: NDArray[Any], /, *, seed: int, replicates: int
) -> Iterator[Counted]:
    """The rows of drawn users, counted by score: how often each user was drawn times what each user's rows hold."""
    from scipy.sparse import csr_array

    level, shown = _levels(rows)
    cell = 2 * level[np.searchsorted(rows.scores, scores)] + (labels == 0)
    names, person = np.unique(users, return_inverse=True)
    held = csr_array((np.ones(len(cell)), (cell, person)), shape=(2 * len(shown), len(names)))
    rng = np.random.default_rng(seed)
    for begin in range(0, replicates, (step := max(1, AT_ONCE // len(names)))):
        times = [rng.integers(0, len(names), len(names)) for _ in range(min(step, replicates - begin))]
        counts = np.column_stack([np.bincount(drawn, minlength=len(names)) for drawn in times]).astype(np.float64)
        for found in (held @ counts).T:
            yield Counted(shown, np.ascontiguousarray(found[0::2]), np.ascontiguousarray(found[1::2]))


def _levels(rows: Counted, /) -> tuple[NDArray[np.intp], Floats]:
    """Which level each distinct score is drawn as, and the mean score of each: at most LEVELS of equal mass."""
    mass = rows.up + rows.down
    if len(mass) <= LEVELS:
        return np.arange(len(mass)), rows.scores
    place = np.cumsum(mass) - mass / 2
    _, level = np.unique((place * (LEVELS / mass.sum())).astype(np.intp), return_inverse=True)
    return level, np.bincount(level, rows.scores * mass) / np.bincount(level, mass)


def _interval(value: float, drawn: Floats, /) -> Interval:
    known = drawn[~np.isnan(drawn)]
    if np.isnan(value) or len(known) == 0:
        return Interval(value, float("nan"), float("nan"))
    low, high = np.percentile(known, [2.5, 97.5])
    return Interval(value, float(low), float(high))
