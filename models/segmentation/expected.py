"""Segments by what people are expected to do next, learnt from what they did: constructed ones that tell most.

An index of a person's columns, weighted by what these told of a count (purchases, active days) in days that are over,
is frozen, and K-Means cuts people by the square root of what it expects. There K-Means loses as little as it can: the
Poisson deviance between a person's mean and the group's is nearly four times the squared difference of their roots.
Beside these, segments of equal columns are blind to which of their differences matter.

The cuts are stored as borders on the index, so that a model of them is one of `KMeansSegments` like any other.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.classification.frame import Floats, matrix, signed_log1p
from models.segmentation.choosing import PEOPLE_PER_SEGMENT
from models.segmentation.explaining import by_cells
from models.segmentation.kmeans import KMeansSegments
from models.segmentation.scaling import Space

COUNTS = (3, 4, 5, 6, 7, 8)  # segments that are thought of
STARTS = 10
RIDGE = 0.1
TINY = 1e-9
WHY = "No natural segments: these {} are constructed, by what people like them did in the days that followed."


def by_expectation(
    past: pd.DataFrame, outcome: Floats, now: pd.DataFrame, /, *, features: tuple[str, ...], k: int | None, seed: int
) -> KMeansSegments:
    """Segments of `now`, 1 = the most is expected, from people as they were (`past`) and what they did then.

    `past` and `now` have user_id and `features`; `outcome` (n,) is a count of each row of `past`. Each frame is
    standardised by itself: a log that grows longer makes all older. With `k` None there are as many segments, of
    3 to 8, as tell most of the outcome. Groups of fewer than 20 people join their neighbours.
    """
    order = past["user_id"].to_numpy().argsort(kind="stable")
    past, counts = past.iloc[order], np.asarray(outcome, dtype=np.float64)[order]
    constant, weights = _weighed(past, counts, features)
    space = _space(now, features, weights)
    then = _roots(_space(past, features, weights).points(past), constant)
    today = _roots(space.points(now), constant)
    roots = _cut(np.sort(today), k or _telling(then, counts, seed=seed), seed=seed)
    return _stored(space, roots, constant, features)


def _space(frame: pd.DataFrame, features: tuple[str, ...], weights: Floats, /) -> Space:
    """The line of the index: signed logs, each with mean 0 and standard deviation 1 in `frame`, times `weights`."""
    mean, scale = _moments(frame, features)
    return Space.restore({"kept": features, "mean": mean, "scale": scale, "components": weights[None, :]})


def _moments(frame: pd.DataFrame, features: tuple[str, ...], /) -> tuple[Floats, Floats]:
    logs = signed_log1p(matrix(frame, features))
    return logs.mean(axis=0), np.maximum(logs.std(axis=0), TINY)


def _weighed(past: pd.DataFrame, outcome: Floats, features: tuple[str, ...], /) -> tuple[float, Floats]:
    """The constant and the weights of a Poisson regression with a ridge."""
    from sklearn.linear_model import PoissonRegressor
    from threadpoolctl import threadpool_limits

    mean, scale = _moments(past, features)
    standard = (signed_log1p(matrix(past, features)) - mean) / scale
    with threadpool_limits(limits=1):
        fitted = PoissonRegressor(alpha=RIDGE, max_iter=2_000).fit(standard, outcome)
    return float(fitted.intercept_), np.asarray(fitted.coef_, dtype=np.float64)


def _roots(points: Floats, constant: float, /) -> Floats:
    """Square roots of what is expected of people at `points` (n, 1) on the index."""
    return np.asarray(np.exp(np.clip(constant + points[:, 0], -30, 30) / 2))


def _telling(then: Floats, outcome: Floats, /, *, seed: int) -> int:
    """The number of segments that tells most of the outcome, cross-fitted."""
    placed = {k: _nearest(then, _cut(np.sort(then), k, seed=seed)) for k in COUNTS}
    told = {k: by_cells(outcome, ids, kind="count", seed=seed).share for k, ids in placed.items()}
    return max(COUNTS, key=lambda k: told[k])


def _cut(roots: Floats, k: int, /, *, seed: int) -> Floats:
    """Centroids (at most k,), the highest first, of roots in order."""
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    different = len(np.unique(roots.round(9)))
    with threadpool_limits(limits=1):
        fitted = KMeans(min(k, different), n_init=STARTS, random_state=seed).fit(roots[:, None])
    centroids = np.sort(fitted.cluster_centers_[:, 0])[::-1]
    while len(centroids) > 1:
        sizes = np.bincount(_nearest(roots, centroids), minlength=len(centroids))
        if sizes.min() >= PEOPLE_PER_SEGMENT:
            break
        centroids = np.delete(centroids, sizes.argmin())
    return np.asarray(centroids)


def _nearest(roots: Floats, centroids: Floats, /) -> NDArray[np.int64]:
    return np.asarray(np.abs(roots[:, None] - centroids).argmin(axis=1), dtype=np.int64)


def _stored(space: Space, roots: Floats, constant: float, features: tuple[str, ...], /) -> KMeansSegments:
    """The model whose borders on the index are the middles between `roots`.

    With squared distances to centroids c and handicaps h the border of two neighbours lies at b where
    (b - c)^2 + h is the same for both, which gives each handicap from the one before.
    """
    centroids = 2 * np.log(np.maximum(roots, TINY)) - constant
    borders = 2 * np.log(np.maximum((roots[1:] + roots[:-1]) / 2, TINY)) - constant
    steps = (borders - centroids[:-1]) ** 2 - (borders - centroids[1:]) ** 2
    return KMeansSegments.restore(
        {
            **{
                "features": features,
                "k": None,
                "kind": "constructed",
                "why": WHY.format(len(roots)),
                "ordered_by": "",
            },
            **{"numbers": range(1, len(roots) + 1), "centroids": centroids[:, None]},
            **{"handicap": np.concatenate([[0.0], np.cumsum(steps)]), **space.state()},
        }
    )
