"""How many ways of taking part there are, if any: what K-Means gains beyond a crowd in which all are of one kind.

The gap statistic (Tibshirani, Walther and Hastie 2001) with the null world that fits counts of acts: everybody's mix
is drawn from one Dirichlet distribution with the crowd's own mean and spread, and their acts from that mix, as many
as they really did. So neither the few values that small counts can take nor unequal scatter pass for groups.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

from models.classification.frame import Floats

MOST, NULLS = 7, 8  # ways tried, worlds drawn
LEAST_GAIN, LEAST_NOISES = 0.15, 4.0  # of log dispersion over one way: planted worlds gain 0.4 and more, others 0.03
LEAST_PEOPLE, LEAST_SHARE = 10, 0.01  # of the smallest way
STARTS = 3


@dataclass(frozen=True)
class Tried:
    """One number of ways: the gap of its log dispersion to the null worlds', its noise, the share of the smallest."""

    k: int
    gap: float
    noise: float
    smallest_share: float

    def row(self) -> dict[str, float]:
        """The same as plain numbers for the model's card."""
        return {name: float(value) for name, value in asdict(self).items()}


def tried(counts: Floats, mixes: Callable[[Floats], Floats], /, *, seed: int) -> tuple[Tried, ...]:
    """The numbers of ways from 1 on. `counts` are (people, parts), `mixes` tells where people of such counts lie."""
    rng = np.random.default_rng(seed)
    most = min(MOST, len(counts) // (2 * LEAST_PEOPLE))
    own = _dispersions(mixes(counts), most=most, seed=seed)
    drawn = np.array([_dispersions(mixes(one_kind(counts, rng=rng)), most=most, seed=seed)[0] for _ in range(NULLS)])
    gaps, noise = drawn.mean(axis=0) - own[0], drawn.std(axis=0) * np.sqrt(1 + 1 / NULLS)
    return tuple(Tried(k, float(gaps[k - 1]), float(noise[k - 1]), float(own[1][k - 1])) for k in range(1, most + 1))


def chosen(evidence: tuple[Tried, ...], /, *, people: int) -> int:
    """The number of ways with the largest gap; 1 where it gains too little over one way."""
    fit = [each for each in evidence if each.smallest_share * people >= max(LEAST_PEOPLE, LEAST_SHARE * people)]
    if not fit:
        return 1
    best = max(fit, key=lambda each: each.gap)
    gain = best.gap - evidence[0].gap
    return best.k if gain >= max(LEAST_GAIN, LEAST_NOISES * best.noise) else 1


def one_kind(counts: Floats, /, *, rng: np.random.Generator) -> Floats:
    """Counts of people who did as much, but whose mixes come from one Dirichlet distribution."""
    mean = mean_mix(counts)
    spread = overdispersion(counts, mean)
    drawn = rng.standard_gamma(np.tile((1 / spread - 1) * mean, (len(counts), 1))) + 1e-12
    return rng.multinomial(counts.sum(axis=1).astype(np.int64), drawn / drawn.sum(axis=1, keepdims=True)).astype(
        np.float64
    )


def mean_mix(counts: Floats, /) -> Floats:
    """The mean of people's shares, so that one who does very much counts once; a part that nobody did is rare."""
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts[totals[:, 0] > 0] / totals[totals[:, 0] > 0]
    mean = shares.sum(axis=0) + 1 / counts.shape[1]
    return np.asarray(mean / mean.sum(), dtype=np.float64)


def overdispersion(counts: Floats, mean: Floats, /) -> float:
    """By how much mixes differ beyond the chance of few acts, 0 to 1: the intraclass correlation, by moments."""
    totals = counts.sum(axis=1)
    shares = counts / totals[:, None]
    told = ((shares - mean) ** 2).sum() / (len(counts) * (mean * (1 - mean)).sum())
    by_chance = (1 / totals).mean()
    return float(np.clip((told - by_chance) / max(1 - by_chance, 1e-9), 1e-3, 0.95))


def centroids(points: Floats, /, *, k: int, starts: int, seed: int) -> tuple[Floats, float, float]:
    """The centres of K-Means, the sum of squares around them, and the share of people at the smallest."""
    from sklearn.cluster import KMeans

    fitted = KMeans(k, n_init=starts if k > 1 else 1, random_state=seed).fit(points)
    sizes = np.bincount(fitted.labels_, minlength=k)
    return fitted.cluster_centers_, float(fitted.inertia_), float(sizes.min() / len(points))


def _dispersions(points: Floats, *, most: int, seed: int) -> tuple[Floats, Floats]:
    """For 1 to `most` centres the logarithm of the sum of squares around them, and the share of the smallest."""
    different = len(np.unique(points, axis=0))
    found = [centroids(points, k=min(k, different), starts=STARTS, seed=seed) for k in range(1, most + 1)]
    squares, smallest = (np.array([each[at] for each in found]) for at in (1, 2))
    return np.log(squares + 1e-9), smallest
