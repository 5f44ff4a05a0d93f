"""Which segment of now is which of before, by the people they share; what keeps its number."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.classification.frame import Floats

SAME = 0.5  # Jaccard from which on a segment is still the same


@dataclass(frozen=True)
class Match:
    """A segment before and now and the Jaccard of their people; None where a segment is new or gone."""

    before: int | None
    now: int | None
    jaccard: float


def match(before: pd.Series, now: pd.Series, /) -> tuple[Match, ...]:
    """The pairing of segments with the greatest sum of Jaccards (Kuhn 1955), ordered by number.

    Both hold segment ids by user_id; people in both are compared. Segments without a partner, or with one that shares
    nobody, stand alone with a Jaccard of 0.
    """
    from scipy.optimize import linear_sum_assignment

    both = pd.concat([before.rename("before"), now.rename("now")], axis=1, join="inner").dropna()
    olds, old = np.unique(both["before"].to_numpy(dtype=np.int64), return_inverse=True)
    news, new = np.unique(both["now"].to_numpy(dtype=np.int64), return_inverse=True)
    jaccard = overlap(old, new, len(olds), len(news))
    pairs = [(at, to) for at, to in zip(*linear_sum_assignment(-jaccard), strict=True) if jaccard[at, to] > 0]
    found = [Match(int(olds[at]), int(news[to]), float(jaccard[at, to])) for at, to in pairs]
    gone = set(olds.tolist()) - {each.before for each in found}
    found += [Match(int(number), None, 0.0) for number in sorted(gone)]
    fresh = set(news.tolist()) - {each.now for each in found}
    return (*found, *(Match(None, int(number), 0.0) for number in sorted(fresh)))


def persistent(matches: Sequence[Match], /, *, taken: Collection[int] = (), floor: float = SAME) -> dict[int, int]:
    """For each segment of now the number it goes by: that of its match from `floor` on, else one never used.

    `taken` are numbers that segments had in earlier times and that no other segment may get.
    """
    used = {*taken, 0, *(each.before for each in matches if each.before is not None)}
    kept = {each.now: each.before for each in matches if each.jaccard >= floor}
    free = (number for number in count(1) if number not in used)
    numbers = {}
    for now in sorted(each.now for each in matches if each.now is not None):
        old = kept.get(now)
        numbers[now] = next(free) if old is None else old
    return numbers


def overlap(before: NDArray[np.int64], now: NDArray[np.int64], k: int, other: int | None = None, /) -> Floats:
    """Jaccards (k, other or k) of groups numbered from 0 that the same people are in."""
    columns = k if other is None else other
    both = np.bincount(before * columns + now, minlength=k * columns).reshape(k, columns).astype(np.float64)
    either = both.sum(axis=1)[:, None] + both.sum(axis=0) - both
    return np.asarray(both / np.maximum(either, 1.0))
