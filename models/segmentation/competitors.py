"""What the finding of segments is held against in the same run: the usual ways to cluster people."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.classification.frame import Floats
from models.segmentation.choosing import MOST, some_of
from models.segmentation.mixture import lloyd

if TYPE_CHECKING:
    from sklearn.mixture import GaussianMixture

Labels = NDArray[np.int64]
LOOKED_AT = 1_500  # people for the silhouette, whose cost is quadratic
SHAPES = ("full", "tied")


def single_start(points: Floats, k: int, /, *, seed: int) -> Labels:
    """K-Means that knows k, from one start."""
    return lloyd(points, k, seed=seed)[0]


def by_silhouette(points: Floats, /, *, seed: int, starts: int = 4) -> Labels:
    """K-Means with the k from 2 on of the highest silhouette (Rousseeuw 1987)."""
    from sklearn.metrics import silhouette_score

    some = some_of(len(points), LOOKED_AT, seed=seed)
    tried = [lloyd(points, k, seed=seed, starts=starts)[0] for k in range(2, MOST + 1)]
    return max(tried, key=lambda labels: float(silhouette_score(points[some], labels[some])))


def gaussian(points: Floats, k: int, /, *, shape: str, seed: int) -> Labels:
    """The Gaussian mixture that knows k, with `shape` of SHAPES for its covariances."""
    return np.asarray(_gaussian(points, k, shape=shape, seed=seed, starts=2).predict(points), dtype=np.int64)


def gaussian_by_bic(points: Floats, /, *, seed: int) -> Labels:
    """The Gaussian mixture (own covariances) whose k, from 1 on, has the best BIC."""
    some = points[some_of(len(points), LOOKED_AT, seed=seed)]
    tried = [_gaussian(some, k, shape="full", seed=seed, starts=1) for k in range(1, MOST + 1)]
    best = min(tried, key=lambda each: float(each.bic(some)))
    return np.asarray(best.predict(points), dtype=np.int64)


def _gaussian(points: Floats, k: int, /, *, shape: str, seed: int, starts: int) -> "GaussianMixture":
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    mixture = GaussianMixture(k, covariance_type=shape, n_init=starts, random_state=seed, reg_covar=1e-4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return mixture.fit(points)
