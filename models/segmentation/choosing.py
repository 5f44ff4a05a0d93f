"""Whether people fall into groups at all, and into how many: what is found, against a world without groups.

For each k the mixture of the ladder is held to its null: crowds drawn from the one t that fits all people best, with
the same correlations, tails and rounding, and no groups. What they show too (groups that come back from any
resampling of a blob cut in k) proves nothing. Groups stand out where the nearest two lie further apart than those of
any null crowd, where they come back with a good Jaccard and a better one than there, and where none is too small. Of
such k the one with the lowest ICL is found, if that is lower than for one group and if the groups of every smaller k
lie as far apart: small counts and bent clouds can be tiled for ever, and the first tile that is no group ends it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from models.classification.frame import Floats
from models.segmentation.matching import overlap
from models.segmentation.mixture import START, Mixture, belonging, fit, ladder, one

PEOPLE_PER_SEGMENT = 20  # fewer are noise
MOST = 10  # segments that somebody could still keep apart
SMALLEST_SHARE = 0.02
FURTHER = 1.25  # times the distance in the null world
LOST, FLOOR = 0.5, 0.7  # what the worst Jaccard lacks to 1, over what it lacks in the null world; and at least
NULLS, NULL_PEOPLE = 3, 2_000
DRAWS, DRAWN_PEOPLE, AGAIN_ROUNDS = 3, 1_500, 20
ATOM = 0.01  # share of people with the very same value

Evidence = dict[str, float]


@dataclass(frozen=True)
class Choice:
    """The mixtures of every k, what speaks for each, and the k found (None where there are no natural groups)."""

    mixtures: Mapping[int, Mixture]
    evidence: tuple[Evidence, ...]
    k: int | None

    def stands_out(self, k: int, /) -> bool:
        """Whether groups of that number differ from those of a null world."""
        return any(row["k"] == k and _stands_out(row) for row in self.evidence)


def choose(scaled: Floats, components: Floats, /, *, ks: Sequence[int], seed: int) -> Choice:
    """Groups of people at `scaled` (people, columns) seen through `components`; `ks` are thought of."""
    points = np.einsum("ij,kj->ik", spread_out(scaled, rng=np.random.default_rng(seed)), components)
    start = min(max(START, *ks), max(*ks, len(points) // PEOPLE_PER_SEGMENT))
    found = ladder(points, most=start, seed=seed)
    rows = [_measured(points, found[k], seed=seed) for k in ks]
    evidence = tuple(_beside(rows, _null_rows(scaled, components, ks=ks, most=start, seed=seed)))
    apart = takewhile(_far_apart, evidence)
    better = [row for row in apart if row["icl"] < found[1].icl and _stands_out(row)]
    k = int(min(better, key=lambda row: row["icl"])["k"]) if better else None
    return Choice(found, evidence, k)


def null_crowd(scaled: Floats, /, *, rng: np.random.Generator) -> Floats:
    """People drawn from the one t that fits `scaled` best, rounded to a value as often as there."""
    blob = one(scaled)
    odd = np.sqrt(blob.tails / rng.chisquare(blob.tails, len(scaled)))
    drawn = rng.normal(size=scaled.shape) @ np.linalg.cholesky(blob.scatter).T * odd[:, None] + blob.means[0]
    for at, column in enumerate(scaled.T):
        _round_like(column, drawn[:, at])
    return np.asarray(drawn)


def spread_out(scaled: Floats, /, *, rng: np.random.Generator) -> Floats:
    """The columns with people of equal values spread evenly over the room that the value has to itself.

    Counts are few: nobody is between none and one, and that is no valley between two groups.
    """
    found = scaled.copy()
    for at, column in enumerate(scaled.T):
        values, which, counts = np.unique(column, return_inverse=True, return_counts=True)
        gaps = np.minimum(np.diff(values), 1.0) if len(values) > 1 else np.zeros(1)
        below, above = np.append(gaps[:1], gaps)[: len(values)] / 2, np.append(gaps, gaps[-1:])[: len(values)] / 2
        room = rng.uniform(-below[which], above[which])
        found[:, at] += np.where(counts[which] > 1, room, 0.0)
    return found


def some_of(people: int, at_most: int, /, *, seed: int) -> NDArray[np.int64]:
    """Positions of at most so many people, in order."""
    return np.sort(np.random.default_rng(seed).permutation(people)[:at_most])


def _far_apart(row: Evidence) -> bool:
    return row["separation"] > FURTHER * row["null_separation"]


def _stands_out(row: Evidence) -> bool:
    better = 1.0 - row["jaccard_min"] < min(LOST * (1.0 - row["null_jaccard_min"]), 1.0 - FLOOR)
    return _far_apart(row) and better and row["smallest_share"] >= SMALLEST_SHARE


def _null_rows(
    scaled: Floats, components: Floats, /, *, ks: Sequence[int], most: int, seed: int
) -> list[list[Evidence]]:
    """The same measured in each null crowd."""
    rng = np.random.default_rng(seed)
    some = scaled[some_of(len(scaled), NULL_PEOPLE, seed=seed)]
    worlds = []
    for _ in range(NULLS):
        points = np.einsum("ij,kj->ik", spread_out(null_crowd(some, rng=rng), rng=rng), components)
        steps = ladder(points, most=most, seed=seed)
        worlds.append([_measured(points, steps[k], seed=seed) for k in ks])
    return worlds


def _beside(rows: list[Evidence], worlds: list[list[Evidence]]) -> list[Evidence]:
    """What was measured, with the furthest separation and the mean stability and Jaccard of null worlds."""
    found = []
    for at, row in enumerate(rows):
        null = [world[at] for world in worlds]
        means = {
            f"null_{name}": float(np.mean([each[name] for each in null])) for name in ("stability", "jaccard_min")
        }
        told = [each["separation"] for each in null if each["smallest_share"] >= SMALLEST_SHARE]
        found.append({**row, "null_separation": max(told, default=0.0), **means})
    return found


def _measured(points: Floats, mixture: Mixture, /, *, seed: int) -> Evidence:
    """Size and distance of the groups, and how well they come back from bootstraps of the people."""
    labels = belonging(points, mixture)
    some = some_of(len(points), DRAWN_PEOPLE, seed=seed)
    again = [_again(points[some], labels[some], mixture, seed=seed + at) for at in range(DRAWS)]
    jaccards = np.mean([each.max(axis=1) for _, each in again], axis=0)
    return {
        "k": float(mixture.k),
        "icl": mixture.icl,
        "smallest_share": float(np.bincount(labels, minlength=mixture.k).min() / len(labels)),
        "separation": mixture.separation,
        "stability": float(np.mean([agreement for agreement, _ in again])),
        "jaccard_min": float(jaccards.min()),
    }


def _again(seen: Floats, labels: NDArray[np.int64], start: Mixture, /, *, seed: int) -> tuple[float, Floats]:
    """Adjusted Rand index and Jaccards (groups, groups) with the groups of a bootstrap, carried over to everybody."""
    from sklearn.metrics import adjusted_rand_score

    drawn = np.random.default_rng(seed).integers(0, len(seen), len(seen))
    now = belonging(seen, fit(seen[drawn], start, rounds=AGAIN_ROUNDS))
    return float(adjusted_rand_score(labels, now)), overlap(labels, now, start.k)


def _round_like(column: Floats, drawn: Floats) -> None:
    """Give to `drawn`, in place, each value that many people of `column` share, at the same ranks."""
    values, counts = np.unique(column, return_counts=True)
    upper = np.cumsum(counts)
    ranks = np.argsort(np.argsort(drawn, kind="stable"), kind="stable")
    for at in np.flatnonzero(counts >= ATOM * len(column)):
        drawn[(ranks >= upper[at] - counts[at]) & (ranks < upper[at])] = values[at]
