"""How far this week's people lie from those that a model learnt from, column by column.

The population stability index (PSI) over ten bins of the training rows: the sum of (a - e) log(a / e) over the bins'
shares then (e) and now (a). Without any drift its mean is (B - 1)(1/n + 1/m), not 0, and that is taken off. Some
columns move every week because time passes (days since the first act, totals so far). That is drift too and is
shown, but it is no news: a column has `drifted` only if it also lies elsewhere once everybody's value is moved, then
and now, by the steady weekly step that its mean took through the training weeks.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.classification.frame import raw

Floats = NDArray[np.float64]

COLUMNS = ("feature", "psi", "psi_excess", "effect_size", "people", "drifted")
BINS = 10
SLIVER = 0.05  # a smaller share of the rows is no bin of its own
ALARM = 0.1  # of the PSI less its null: the custom of the trade for a moderate shift
EXPECTED = 50  # people in the smallest bin; below it the null's mean is wrong
STEADY_WEEKS = 4  # fewer tell no weekly step from noise
DAYS = 7.0


def profile(frame: pd.DataFrame, /, *, features: tuple[str, ...]) -> dict[str, Any]:
    """What `drift` needs to know of the training rows: lists and arrays, to be stored with the model.

    frame: user_id, as_of and the features; a column without a value is left out. Nulls count as the lowest value.
    """
    kept = tuple(name for name in features if bool(frame[name].notna().any()))
    values, days = raw(frame, kept).astype(np.float64), _days(frame)
    step = _steps(values, days)
    edges, counts = _bins(values)
    steady_edges, steady_counts = _bins(values - step * (days - days.mean())[:, None] / DAYS)
    return {
        "features": list(kept),
        "edges": edges,
        "counts": counts,
        "steady_edges": steady_edges,
        "steady_counts": steady_counts,
        "mean": np.nanmean(values, axis=0) if kept else np.empty(0),
        "spread": np.nanstd(values, axis=0) if kept else np.empty(0),
        "step": step,
        "day": float(days.mean()),
        "people": int(frame["user_id"].nunique()),
    }


def drift(known: Mapping[str, Any], frame: pd.DataFrame, /, *, as_of: date) -> pd.DataFrame:
    """One row of COLUMNS per column of the profile `known` that `frame`, the people of a week, has; widest first.

    effect_size = difference of the means in standard deviations of the training rows, null where these are all alike.
    drifted = null where a bin expects fewer than 50 people, on either side.
    """
    there = [at for at, name in enumerate(known["features"]) if name in frame.columns]
    values = raw(frame, tuple(known["features"][at] for at in there)).astype(np.float64)
    weeks = (as_of.toordinal() - known["day"]) / DAYS
    rows = [_row(known, at, column, weeks) for at, column in zip(there, values.T, strict=True)]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"drifted": "boolean"})
    return table.sort_values(["psi_excess", "feature"], ascending=[False, True], ignore_index=True)


def _row(known: Mapping[str, Any], at: int, column: Floats, weeks: float, /) -> tuple[Any, ...]:
    people, size, spread = known["people"], len(column), known["spread"][at]
    then, now = _both(known["edges"][at], known["counts"][at], column)
    steady = _both(known["steady_edges"][at], known["steady_counts"][at], column - known["step"][at] * weeks)
    excess, beyond = (_psi(*sides) - _null(sides[0], people, size) for sides in ((then, now), steady))
    there = bool(spread > 0) and not np.isnan(column).all()
    effect = (float(np.nanmean(column)) - known["mean"][at]) / spread if there else float("nan")
    told = _expected(then, now, people) >= EXPECTED
    drifted = bool(min(excess, beyond) > ALARM) if told else None
    return known["features"][at], _psi(then, now), excess, effect, size, drifted


def _bins(values: Floats, /) -> tuple[Floats, Floats]:
    """For each column the upper ends of its bins but the last (columns, 9), padded with nan, and rows in each."""
    edges = np.full((values.shape[1], BINS - 1), np.nan)
    counts = np.zeros((values.shape[1], BINS))
    for at, column in enumerate(values.T):
        ordered = np.sort(_ranked(column))
        cuts = _cuts(ordered)
        sizes = np.diff(np.searchsorted(ordered, cuts, side="right"), prepend=0, append=len(ordered))
        edges[at, : len(cuts)], counts[at, : len(sizes)] = cuts, sizes
    return edges, counts


def _cuts(ordered: Floats, /) -> Floats:
    """Distinct deciles, less those that would cut off a sliver; one cut at least, unless all values are alike."""
    rows = len(ordered)
    deciles = np.unique(ordered[[-(-rows * tenth // BINS) - 1 for tenth in range(1, BINS)]])
    deciles = deciles[deciles < ordered[-1]]
    kept: list[float] = []
    below = 0.0
    for cut, share in zip(deciles, np.searchsorted(ordered, deciles, side="right") / rows, strict=True):
        if min(share - below, 1.0 - share) >= SLIVER:
            kept.append(float(cut))
            below = share
    return np.array(kept or deciles[:1], np.float64)


def _both(edges: Floats, counts: Floats, column: Floats, /) -> tuple[Floats, Floats]:
    """Training rows and this week's people by the bins in use."""
    cuts = edges[~np.isnan(edges)]
    return counts[: len(cuts) + 1], _counts(column, cuts)[: len(cuts) + 1]


def _counts(column: Floats, cuts: Floats, /) -> Floats:
    found = np.bincount(np.searchsorted(cuts, _ranked(column), side="left"), minlength=BINS)
    return found.astype(np.float64)


def _ranked(column: Floats, /) -> Floats:
    return np.where(np.isnan(column), -np.inf, column)


def _null(then: Floats, people: int, size: int, /) -> float:
    return (len(then) - 1) * (1.0 / people + 1.0 / size) if size else float("nan")


def _psi(then: Floats, now: Floats, /) -> float:
    """Half a person is put into each bin, so that an empty one is no infinite surprise."""
    before, after = ((part + 0.5) / (part.sum() + 0.5 * len(part)) for part in (then, now))
    return float(((after - before) * np.log(after / before)).sum())


def _expected(then: Floats, now: Floats, people: int, /) -> float:
    """People whom the smallest bin should hold on the smaller side, by the share then or by that of both sides."""
    share, size = then / then.sum(), now.sum()
    pooled = (share * people + now) / (people + size)
    return float(np.maximum(share, pooled).min() * min(people, size))


def _steps(values: Floats, days: Floats, /) -> Floats:
    """By how much each column's mean moves per week: least squares over the training weeks, 0 for fewer than four."""
    weeks, at = np.unique(days, return_inverse=True)
    if len(weeks) < STEADY_WEEKS:
        return np.zeros(values.shape[1])
    seen = ~np.isnan(values)
    found = np.where(seen, values, 0.0)
    sums, sizes = (np.array([part[at == week].sum(axis=0) for week in range(len(weeks))]) for part in (found, seen))
    means = np.divide(sums, sizes, out=np.full(sums.shape, np.nan), where=sizes > 0)
    time = (weeks - weeks.mean()) / DAYS
    slope = (time[:, None] * means).sum(axis=0) / (time**2).sum()
    return np.asarray(np.nan_to_num(slope), np.float64)  # where a week has no value, there is no steady step


def _days(frame: pd.DataFrame, /) -> Floats:
    return np.asarray((pd.to_datetime(frame["as_of"]) - pd.Timestamp(date.min)).dt.days + 1, np.float64)
