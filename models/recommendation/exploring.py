"""A measured share of places for what is new: without a place a new course never gets the history it is judged by.

The last places of a list go to new items, drawn with the chances that their utilities give (a softmax; the Gumbel-max
trick of Yellott 1977), so that each new item is tried on those whom it suits and its propensity is known. The draw
hangs on the person, the item and the week alone: the same list again whoever else is asked for.
"""

import numpy as np
import numpy.typing as npt

from models.recommendation.interactions import Floats, Ints, stable_hash

YOUNG_DAYS = 28.0  # how long an item counts as new
Seeds = npt.NDArray[np.uint64]


def explored(places: Ints, utility: Floats, noise: Floats, /, *, young: "npt.NDArray[np.bool_]", quota: int) -> Ints:
    """The lists with at least `quota` new items each, where there are so many that may be shown.

    `places`: people x k, -1 where a list ends; `utility` and `noise`: people x items, utility -inf where an item must
    not be shown. What is missing replaces the last places that do not hold new items.
    """
    found = places.copy()
    for row in np.flatnonzero((young[places] & (places >= 0)).sum(axis=1) < quota).tolist():
        listed = found[row][found[row] >= 0]
        lacking = quota - int(young[listed].sum())
        drawn = np.where(young, utility[row] + noise[row], -np.inf)
        drawn[listed] = -np.inf
        new = np.argsort(-drawn, kind="stable")[:lacking]
        new = new[np.isfinite(drawn[new])]
        old = np.flatnonzero(~young[listed])[::-1][: len(new)]
        kept = np.delete(listed, old)
        found[row, : len(kept)] = kept
        found[row, len(kept) : len(kept) + len(new[: len(old)])] = new[: len(old)]
    return found


def seeds(identities: npt.ArrayLike, /) -> Seeds:
    """A number per id that is the same on every machine."""
    return np.array([int(stable_hash(str(each))[:16], 16) for each in np.asarray(identities)], dtype=np.uint64)


def gumbel(people: Seeds, items: Seeds, /, *, week: int) -> Floats:
    """Standard Gumbel noise per person and item: a hash (the finaliser of SplitMix64) of both and the week."""
    mixed = people[:, None] ^ (items[None, :] * np.uint64(0x9E3779B97F4A7C15)) ^ np.uint64(week * 0x2545F491)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    uniform = ((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) / 2.0**53
    noise: Floats = -np.log(-np.log(np.clip(uniform, 1e-12, 1 - 1e-12))).astype(np.float32)
    return noise
