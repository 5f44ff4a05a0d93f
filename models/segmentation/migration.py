"""Who moved between segments: people, or only their measurement, or only the borders.

Composition changes where the same borders hold for both weeks and people cross them. Most who cross did not change:
they live near a border and every week is a noisy measurement. Two bootstraps of the log of one and the same week show
how many cross by that alone. Somebody who truly moved goes the whole way from one centroid to another, somebody near
a border a small part of it; so crossings of more than half the way are counted, less those that bootstraps show, and
divided by the share of all true moves that go so far. Measured on planted crowds, the share of true moves is wrong by
4 % so, by 10 % as crossings less crossings of bootstraps, by 60 % with the usual correction of a misclassified share
(Rogan & Gladen 1978), and by 90 % as crossings.

The model changes where borders move and people stay: the old and the new model on the very same week.
"""

from dataclasses import dataclass
from math import nan

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.classification.frame import Floats
from models.segmentation.choosing import PEOPLE_PER_SEGMENT
from models.segmentation.kmeans import KMeansSegments
from models.segmentation.matching import match, persistent

FAR = 0.5  # of the way from one centroid to the other
STRANGERS = 20_000  # pairs of different people, for what a true move looks like
INTERVAL = (2.5, 97.5)


@dataclass(frozen=True)
class Moved:
    """Shares of the people segmented in both weeks: all that crossed a border, those that would by chance, and the
    estimate of those that truly moved, with its 95 % interval; nan where it cannot be told."""

    people: int
    moved: float
    moved_by_chance: float
    moved_truly: float
    low_95: float
    high_95: float


@dataclass(frozen=True)
class Changed:
    """Share of the same week's people whose segment differs between two models, and the worst Jaccard of a match."""

    share: float
    jaccard_min: float


def composition(
    model: KMeansSegments,
    before: pd.DataFrame,
    now: pd.DataFrame,
    /,
    *,
    again: tuple[pd.DataFrame, pd.DataFrame],
    seed: int = 0,
    draws: int = 1_000,
) -> Moved:
    """What share of people truly moved from one week to the next under one frozen model.

    Each frame has user_id and the model's features; `again` is one and the same week (of `before` or `now`) measured
    twice, each by a bootstrap of its log: every person's days drawn with replacement. Two, because two bootstraps lie
    apart as two weeks do, and one bootstrap lies nearer to its week. The interval comes from drawing people.
    """
    first, second = _both(before, now)
    if model.kind == "rules" or len(first) < PEOPLE_PER_SEGMENT:
        return _by_rules(model, first, second)
    start, end = model.points(first), model.points(second)
    ways = _ways(model, start, end)
    chance = _ways(model, *(model.points(frame) for frame in _both(*again)))
    rng = np.random.default_rng(seed)
    one, other = rng.integers(0, len(start), (2, STRANGERS))
    strangers = _ways(model, start[one], end[other])
    counts = np.array([(ways > FAR).sum(), (chance > FAR).sum(), (strangers > FAR).sum()])
    totals = np.array([len(ways), max(len(chance), 1), max(int((strangers > 0).sum()), 1)])
    drawn = rng.binomial(totals, counts / totals, (draws, 3)) / totals
    low, high = np.percentile(_truly(drawn), INTERVAL)
    truly = float(_truly(counts[None] / totals)[0])
    return Moved(len(ways), _crossed(ways), _crossed(chance), truly, float(low), float(high))


def model_change(old: KMeansSegments, new: KMeansSegments, frame: pd.DataFrame, /) -> Changed:
    """How many people of one week the refitted model, numbered by its match, puts elsewhere than the old."""
    before, now = (model.score(frame).set_index("user_id")["segment_id"] for model in (old, new))
    matches = match(before, now)
    paired = [each.jaccard for each in matches if each.now is not None]
    renamed = now.map(persistent(matches, floor=0.0))
    if not len(renamed):
        return Changed(nan, nan)
    return Changed(float((before != renamed).mean()), min(paired))


def flows(before: pd.Series, now: pd.Series, /) -> pd.DataFrame:
    """from_segment_id, to_segment_id, users and share (of those who come from there), from segment ids by user_id.

    -1 stands for people who are in one of the weeks only.
    """
    both = pd.concat([before.rename("from_segment_id"), now.rename("to_segment_id")], axis=1)
    both = both.fillna(-1).astype("int64")
    found = both.value_counts(sort=False).rename("users").reset_index()
    found = found.sort_values(["from_segment_id", "to_segment_id"], ignore_index=True)
    found["share"] = found["users"] / found.groupby("from_segment_id")["users"].transform("sum")
    return found


def _both(one: pd.DataFrame, other: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The people who are in both, in the same order."""
    ids = np.intersect1d(one["user_id"].to_numpy(dtype=object), other["user_id"].to_numpy(dtype=object))
    first, second = (frame.set_index("user_id").loc[ids].reset_index() for frame in (one, other))
    return first, second


def _by_rules(model: KMeansSegments, first: pd.DataFrame, second: pd.DataFrame) -> Moved:
    """All that can be said where there are no centroids, or too few people."""
    if first.empty:
        return Moved(0, nan, nan, nan, nan, nan)
    labels = [model.score(frame)["segment_id"].to_numpy() for frame in (first, second)]
    return Moved(len(first), float((labels[0] != labels[1]).mean()), nan, nan, nan, nan)


def _ways(model: KMeansSegments, start: Floats, end: Floats) -> Floats:
    """How much of the way between the centroids of their segments people went (people,); 0 who stayed in one.

    At least a hair's breadth for those who crossed a border, whatever their direction.
    """
    at, to = model.nearest(start), model.nearest(end)
    between = model.centroids[to] - model.centroids[at]
    length = np.maximum((between**2).sum(axis=1), 1e-300)
    went = ((end - start) * between).sum(axis=1) / length
    return np.where(at == to, 0.0, np.maximum(went, 1e-12))


def _crossed(ways: Floats) -> float:
    return float((ways > 0).mean()) if len(ways) else nan


def _truly(shares: Floats) -> NDArray[np.float64]:
    """Shares of true moves (draws,) from those that went far: people, bootstraps, moves between strangers."""
    people, chance, strangers = shares.T
    return np.asarray(np.clip((people - chance) / np.maximum(strangers - chance, 1e-9), 0.0, 1.0))
