"""Mixtures of multivariate t with one scatter matrix for all: heavy tails, correlated columns, groups of any size.

A mixture of t forgives odd people, whom a Gaussian mixture would give a group of their own (Peel & McLachlan 2000).
Groups share the shape of the scatter and differ in how wide it is: so few parameters that hundreds of people tell
them, and what is found can be said by a projection and, for each group, a centroid, a width and a share. Mixtures for
every k come from one: fitted with many groups, the pair whose union loses least is joined, fitted again, and so on.
"""

from dataclasses import dataclass
from math import lgamma, log, pi

import numpy as np
from numpy.typing import NDArray

from models.classification.frame import Floats

START = 16  # groups to begin with: twice as many as there are likely to be
TAILS = (3.0, 4.0, 5.0, 6.0, 8.0, 12.0, 20.0, 50.0)  # degrees of freedom
FIRST_ROUNDS, ROUNDS = 60, 40
ENOUGH = 1e-5  # mean gain in log-likelihood at which a fit has come to rest
TINY = 0.01  # share of people who are odd and no group
FEW, WIDEST = 50.0, log(4.0)  # people who do not tell how wide a group is, and bounds of log widths
RIDGE = 1e-4  # of the variance of a column: what is told apart by rounding alone is the same


@dataclass(frozen=True)
class Mixture:
    """k groups in p dimensions: means (k, p), shares (k,), the scatter (p, p) they share, degrees of freedom."""

    means: Floats
    shares: Floats
    scatter: Floats
    tails: float
    widths: Floats  # (k,) by how much each group's own scatter is the shared one's multiple
    likelihood: float = float("nan")  # log, of all people learnt from
    confusion: float = float("nan")  # entropy of who belongs where, summed over people
    people: int = 0

    @property
    def k(self) -> int:
        """The number of groups."""
        return len(self.shares)

    @property
    def bic(self) -> float:
        """Schwarz's criterion; lower is better."""
        dimensions = self.means.shape[1]
        parameters = self.k * (dimensions + 2) - 2 + dimensions * (dimensions + 1) / 2 + 1
        return float(log(max(self.people, 2)) * parameters - 2.0 * self.likelihood)

    @property
    def icl(self) -> float:
        """BIC plus twice the confusion (Biernacki, Celeux & Govaert 2000): groups that overlap do not pay."""
        return self.bic + 2.0 * self.confusion

    @property
    def separation(self) -> float:
        """Distance of the nearest two means in standard deviations of the scatter; nan for one group."""
        return float(np.sqrt(self.distances().min())) if self.k > 1 else float("nan")

    def distances(self) -> Floats:
        """Squared distances between means under the mean scatter of both (k, k), infinite on the diagonal."""
        white = self.means @ self.whitening().T
        found = ((white[:, None, :] - white[None, :, :]) ** 2).sum(axis=2)
        found /= (self.widths[:, None] + self.widths) / 2
        found[np.diag_indices(self.k)] = np.inf
        return np.asarray(found)

    def whitening(self) -> Floats:
        """The matrix that makes the scatter the identity."""
        return np.asarray(np.linalg.inv(np.linalg.cholesky(self.scatter)))

    def discriminant(self) -> Floats:
        """The projection (at most k - 1, p) onto the directions in which means differ, with scatter 1 (Fisher)."""
        whitening = self.whitening()
        apart = (self.means - self.shares @ self.means) @ whitening.T * np.sqrt(self.shares)[:, None]
        _, sizes, directions = np.linalg.svd(apart, full_matrices=False)
        used = directions[: max(1, min(self.k - 1, int((sizes > 1e-6 * sizes.max()).sum())))]
        largest = used[np.arange(len(used)), np.abs(used).argmax(axis=1)]
        return np.asarray((used * np.sign(largest)[:, None]) @ whitening)

    def joined(self) -> "Mixture":
        """With one group less: without one that is tiny, else with the two as one whose union loses least (Ward)."""
        if self.shares.min() < TINY:
            kept = np.arange(self.k) != self.shares.argmin()
            shares = self.shares[kept] / self.shares[kept].sum()
            return Mixture(self.means[kept], shares, self.scatter, self.tails, self.widths[kept])
        weight = self.shares[:, None] * self.shares / (self.shares[:, None] + self.shares)
        first, second = np.unravel_index(np.argmin(weight * self.distances()), (self.k, self.k))
        shares, means, widths = self.shares.copy(), self.means.copy(), self.widths.copy()
        both = shares[first] + shares[second]
        means[first] = (shares[first] * means[first] + shares[second] * means[second]) / both
        widths[first] = (shares[first] * widths[first] + shares[second] * widths[second]) / both
        shares[first] = both
        kept = np.arange(self.k) != second
        return Mixture(means[kept], shares[kept], self.scatter, self.tails, widths[kept])


def fit(points: Floats, start: Mixture, /, *, rounds: int = ROUNDS) -> Mixture:
    """The mixture that EM reaches from `start` (Peel & McLachlan 2000; degrees of freedom from a grid)."""
    now, before = start, -np.inf
    for at in range(rounds):
        squared, logs = _densities(points, now)
        top = logs.max(axis=1)
        belongs = np.exp(logs - top[:, None])
        total = belongs.sum(axis=1)
        belongs /= total[:, None]
        likelihood = float((top + np.log(total)).sum())
        if at == rounds - 1 or likelihood - before < ENOUGH * len(points):
            break
        before = likelihood
        now = _improved(points, belongs, squared, now)
    confusion = -float((belongs * np.log(np.maximum(belongs, 1e-300))).sum())
    return Mixture(now.means, now.shares, now.scatter, now.tails, now.widths, likelihood, confusion, len(points))


def one(points: Floats, /) -> Mixture:
    """The single t that fits best: a world without groups."""
    scatter = np.atleast_2d(np.cov(points.T)) + RIDGE * np.eye(points.shape[1])
    return fit(points, Mixture(points.mean(axis=0)[None], np.ones(1), scatter, 8.0, np.ones(1)))


def ladder(points: Floats, /, *, most: int = START, seed: int) -> dict[int, Mixture]:
    """The mixtures with 1 to `most` groups, each joined and fitted again from the next larger."""
    now = fit(points, _start(points, most, seed=seed), rounds=FIRST_ROUNDS)
    found = {}
    while now.k > 1:
        found[now.k] = now
        now = fit(points, now.joined())
    return {1: one(points), **found}


def lloyd(points: Floats, k: int, /, *, seed: int, starts: int = 1) -> tuple[NDArray[np.int64], Floats]:
    """Labels and centroids of K-Means; fewer different people than k leave some groups empty."""
    import warnings

    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = KMeans(k, n_init=starts, random_state=seed).fit(points)
    return fitted.labels_.astype(np.int64), np.asarray(fitted.cluster_centers_, dtype=np.float64)


def belonging(points: Floats, mixture: Mixture, /) -> NDArray[np.int64]:
    """The likeliest group of each person, from 0."""
    return np.asarray(_densities(points, mixture)[1].argmax(axis=1), dtype=np.int64)


def _start(points: Floats, most: int, /, *, seed: int) -> Mixture:
    labels, means = lloyd(points, most, seed=seed)
    rest = points - means[labels]
    scatter = rest.T @ rest / len(points) + RIDGE * np.eye(points.shape[1])
    shares = np.maximum(np.bincount(labels, minlength=most) / len(points), 1e-8)
    return Mixture(means, shares, scatter, 8.0, np.ones(most))


def _densities(points: Floats, mixture: Mixture) -> tuple[Floats, Floats]:
    """Squared distances to each mean under its own scatter, and log densities times shares, both (people, k)."""
    whitening, dimensions, tails = mixture.whitening(), points.shape[1], mixture.tails
    white, means = points @ whitening.T, mixture.means @ whitening.T
    squared = (white**2).sum(axis=1)[:, None] - 2.0 * white @ means.T + (means**2).sum(axis=1)
    np.maximum(squared, 0.0, out=squared)
    squared /= mixture.widths
    height = _height(tails, dimensions) + np.log(np.diag(whitening)).sum() - dimensions / 2 * np.log(mixture.widths)
    return squared, np.log(mixture.shares) + height - (tails + dimensions) / 2 * np.log1p(squared / tails)


def _height(tails: float, dimensions: int) -> float:
    """The log density of a standard multivariate t at its centre."""
    return lgamma((tails + dimensions) / 2) - lgamma(tails / 2) - dimensions / 2 * log(tails * pi)


def _improved(points: Floats, belongs: Floats, squared: Floats, before: Mixture) -> Mixture:
    """The M step; people far from a centre weigh less."""
    people, dimensions = points.shape
    tails = before.tails
    weights = belongs * ((tails + dimensions) / (tails + squared))
    sums = np.maximum(weights.sum(axis=0), 1e-12)
    means = (weights.T @ points) / sums[:, None]
    inner = weights / before.widths
    scatter = (points * inner.sum(axis=1)[:, None]).T @ points - (means * inner.sum(axis=0)[:, None]).T @ means
    nearest = squared[np.arange(people), belongs.argmax(axis=1)]
    return Mixture(
        means,
        np.maximum(belongs.mean(axis=0), 1e-8),
        scatter / people + RIDGE * np.eye(dimensions),
        max(TAILS, key=lambda each: _fits(nearest, each, dimensions)),
        _widths(before.widths, belongs.sum(axis=0), (weights * squared).sum(axis=0) / dimensions),
    )


def _widths(before: Floats, people: Floats, far: Floats) -> Floats:
    """The widths that the distances ask for, drawn towards 1 where few people speak, with mean 1 in logs."""
    logs = np.log(before * np.maximum(far, 1e-9) / np.maximum(people, 1e-9))
    logs -= (logs * people).sum() / people.sum()
    return np.asarray(np.exp(np.clip(logs * people / (people + FEW), -WIDEST, WIDEST)))


def _fits(squared: Floats, tails: float, dimensions: int) -> float:
    return _height(tails, dimensions) - (tails + dimensions) / 2 * float(np.log1p(squared / tails).mean())
