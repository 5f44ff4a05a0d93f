"""What values a column takes, and whether they have moved since the week before."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64] | NDArray[np.object_]  # null = NaN or None

BINS = 10
LEAST_IN_BIN = 50  # people; below that a difference is chance (SCIENCE, "Drift")
LEAST_IN_CELL = 10  # people; a smaller group of them is not shown
TOP = 5
STEADY, SHIFTED = 0.1, 0.25  # of the population stability index (Siddiqi 2006, "Credit risk scorecards")
POINTS = {"minimum": 0.0, "p25": 0.25, "median": 0.5, "p75": 0.75, "maximum": 1.0}


@dataclass(frozen=True)
class Drift:
    """How far a column has moved: the stability index less its mean without any drift, and the verdict in words."""

    index: float | None
    verdict: str


def spread(values: Values, /) -> dict[str, object]:
    """null_share and, for numbers, POINTS; for texts `categories`, the most frequent ones with their shares."""
    known = values[~missing(values)]
    found: dict[str, object] = {"null_share": 1 - len(known) / len(values) if len(values) else None}
    if len(known) == 0:
        return found
    if known.dtype == object:
        return {**found, "categories": _categories(known, people=len(values))}
    points = np.quantile(known, list(POINTS.values()), method="inverted_cdf")
    return {**found, **{name: float(point) for name, point in zip(POINTS, points, strict=True)}}


def missing(values: Values, /) -> NDArray[np.bool_]:
    """Where there is no value."""
    if values.dtype == object:
        return np.array([value is None for value in values], dtype=bool)
    return np.isnan(values.astype(np.float64))


def drift(before: Values, now: Values, /) -> Drift:
    """The population stability index of a column from one week to the next, less its null mean, and what it means.

    PSI = sum over bins of (p - q) ln(p / q), on tenths of the week before (or its categories), null a bin of its own;
    half a person is added to each bin. Without drift its mean is (B - 1)(1/n + 1/m) (Yurdakul 2018, "Statistical
    properties of population stability index"). Below 50 people a bin nothing is said.
    """
    first, second = _binned(before, now)
    if len(first) < 2 or first.sum() == 0 or second.sum() == 0:
        return Drift(None, _silence(before, now))
    p, q = ((counts + 0.5) / (counts + 0.5).sum() for counts in (second, first))
    null_mean = (len(first) - 1) * (1 / first.sum() + 1 / second.sum())
    index = float(((p - q) * np.log(p / q)).sum() - null_mean)
    word = "steady" if index < STEADY else "shifted" if index < SHIFTED else "shifted strongly"
    return Drift(index, word if word == "steady" else f"{word}: {_effect(before, now)}")


def _silence(before: Values, now: Values) -> str:
    if min(len(before), len(now)) < 2 * LEAST_IN_BIN:
        return "too few people to tell" if len(before) else "no week before to compare with"
    return "nearly everybody has the same value"


def _binned(before: Values, now: Values) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Counts per bin of the two weeks; bins with fewer than LEAST_IN_BIN people in both are joined."""
    bins = min(BINS, len(before) // LEAST_IN_BIN, len(now) // LEAST_IN_BIN)
    if bins < 2:
        return np.empty(0), np.empty(0)
    cut = _categorised if object in (before.dtype, now.dtype) else _cut
    places = cut(before, now, bins)
    size = 1 + max(int(part.max()) for part in places)
    return _joined(*(np.bincount(part, minlength=size).astype(np.float64) for part in places))


def _cut(before: Values, now: Values, bins: int) -> list[NDArray[np.int64]]:
    known = before[~missing(before)].astype(np.float64)
    inner = np.linspace(0, 1, bins + 1)[1:-1]
    edges = np.unique(np.quantile(known, inner)) if len(known) else np.empty(0)
    return [
        np.where(missing(part), len(edges) + 1, np.searchsorted(edges, part.astype(np.float64), side="left"))
        for part in (before, now)
    ]


def _categorised(before: Values, now: Values, _bins: int) -> list[NDArray[np.int64]]:
    counted = [Counter(value for value in part if value is not None) for part in (before, now)]
    frequent = sorted({name for each in counted for name, count in each.items() if count >= LEAST_IN_BIN})
    place = {name: number for number, name in enumerate((*frequent, None))}
    rest = len(place)
    return [np.array([place.get(value, rest) for value in part], dtype=np.int64) for part in (before, now)]


def _joined(
    first: NDArray[np.float64], second: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Neighbouring bins together until each holds enough people in one of the weeks; a small last one joins, too."""
    groups, group, held = [], 0, 0.0
    for count in np.maximum(first, second):
        if held >= LEAST_IN_BIN:
            group, held = group + 1, 0.0
        groups.append(group)
        held += count
    if held < LEAST_IN_BIN and group:
        groups = [min(each, group - 1) for each in groups]
    size = max(groups) + 1
    one, two = (np.bincount(groups, counts, size).astype(np.float64) for counts in (first, second))
    return one, two


def _effect(before: Values, now: Values) -> str:
    nulls = [float(missing(part).mean()) for part in (before, now)]
    known = [part[~missing(part)] for part in (before, now)]
    said = [f"null {nulls[0]:.0%} -> {nulls[1]:.0%}"] if abs(nulls[0] - nulls[1]) >= 0.01 else []
    if all(len(part) and part.dtype != object for part in known):
        medians, means = ([float(point(part)) for part in known] for point in (np.median, np.mean))
        word, pair = ("median", medians) if medians[0] != medians[1] else ("mean", means)
        said = [f"{word} {pair[0]:.4g} -> {pair[1]:.4g}", *said]
    return ", ".join(said) or "other shares of the same values"


def _categories(known: Values, *, people: int) -> str:
    counted = sorted(Counter(known.tolist()).items(), key=lambda pair: (-pair[1], str(pair[0])))
    shown = [(name, count) for name, count in counted[:TOP] if count >= LEAST_IN_CELL]
    text = ", ".join(f"{name} {count / people:.0%}" for name, count in shown)
    more = len(counted) - len(shown)
    return f"{text}; {more} more" if text and more else text or f"{more} values, each of fewer than {LEAST_IN_CELL}"
