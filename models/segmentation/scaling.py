"""The space in which people are compared: columns made symmetric and put on one scale, then principal components.

A column becomes its signed log, but for one that lies on both sides of nought, whose logs would tear it in two and
which stays nearly as it is; what lies further than eight robust standard deviations out is read as lying there; a
power (Yeo & Johnson 2000, the likeliest of a grid) takes out what skew is left; then mean 0 and standard deviation 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.classification.frame import Floats, matrix, signed_log1p

FAR = 8.0  # robust standard deviations
TRIMMED = 0.005  # of the people on either side who cannot make a column vary by themselves
NORMAL_QUARTILES = 1.349  # distance of the quartiles of a normal, in standard deviations
POWERS = np.arange(-2.0, 4.01, 0.25)
LOOKED_AT = 2_000  # people for the powers
AT_ONCE = 50_000  # people scaled at a time, to save memory
SAME = 1e-9
HUGE = 1e150  # what is larger is as good as infinite
BOTH_SIDES = 0.05  # of the people on either side of nought
NEARLY = 10.0  # distances of the quartiles that are read as one unit of a log


@dataclass(frozen=True)
class Space:
    """Where people lie: (columns,) each, and `components` (dimensions, columns)."""

    kept: tuple[str, ...]
    unit: Floats  # by which a column is divided before its log is taken
    low: Floats  # of the logs: what lies beyond is read as lying at the edge
    high: Floats
    centre: Floats
    spread: Floats
    power: Floats
    mean: Floats
    scale: Floats
    components: Floats

    @classmethod
    def learn(cls, frame: pd.DataFrame, features: tuple[str, ...], /, *, variance_kept: float) -> Self:
        """The space of these people; `kept` is empty where no column tells them apart."""
        there = tuple(name for name in features if name in frame and bool(frame[name].notna().any()))
        values = matrix(frame, there)
        unit = np.array([_unit(column) for column in values.T])
        logs = _logs(values, unit)
        inner = np.sort(logs, axis=0)[_trim(len(logs))]
        varies = inner.std(axis=0) > SAME if len(inner) else np.zeros(len(there), dtype=bool)
        logs, inner = logs[:, varies], inner[:, varies]
        centre, spread = np.median(inner, axis=0), _spread(inner)
        low, high = np.maximum(logs.min(axis=0, initial=np.inf), centre - FAR * spread), centre + FAR * spread
        standard = (np.clip(logs, low, high) - centre) / spread
        power = np.array([_likeliest(column) for column in standard[_some(len(standard))].T])
        shaped = yeo_johnson(standard, power)
        mean, scale = shaped.mean(axis=0), np.maximum(shaped.std(axis=0), SAME)
        kept = tuple(name for name, use in zip(there, varies, strict=True) if use)
        parts = (unit[varies], low, high, centre, spread, power, mean, scale)
        return cls(kept, *parts, _components((shaped - mean) / scale, variance_kept=variance_kept))

    def scaled(self, frame: pd.DataFrame, /) -> Floats:
        """The columns, symmetric and on one scale (people, columns)."""
        logs = _logs(matrix(frame, self.kept), self.unit)
        standard = (np.clip(logs, self.low, self.high) - self.centre) / self.spread
        return np.asarray((yeo_johnson(standard, self.power) - self.mean) / self.scale)

    def points(self, frame: pd.DataFrame, /) -> Floats:
        """Where people lie (people, dimensions)."""
        found = np.empty((len(frame), len(self.components)))
        for first in range(0, len(frame), AT_ONCE):
            part = self.scaled(frame.iloc[first : first + AT_ONCE])
            # einsum adds in a fixed order, whatever the number of threads and of people.
            found[first : first + AT_ONCE] = np.einsum("ij,kj->ik", part, self.components)
        return found

    def turned(self, projection: Floats, /) -> Self:
        """The same space seen through `projection` (new dimensions, dimensions)."""
        return replace(self, components=projection @ self.components)

    def state(self) -> dict[str, Any]:
        """What was learnt."""
        return {**vars(self), "kept": list(self.kept)}

    @classmethod
    def restore(cls, state: Mapping[str, Any], /) -> Self:
        """The space that `state` was taken from; without bounds and powers where it has none."""
        mean = state["mean"]
        plain = {"unit": 1.0, "low": -np.inf, "high": np.inf, "centre": 0.0, "spread": 1.0, "power": 1.0}
        shape = {name: state.get(name, np.full(len(mean), value)) for name, value in plain.items()}
        learnt = {"mean": mean, "scale": state["scale"], "components": state["components"]}
        return cls(kept=tuple(state["kept"]), **shape, **learnt)

    @classmethod
    def nowhere(cls) -> Self:
        """The space of nobody."""
        none = np.empty(0)
        return cls((), none, none, none, none, none, none, none, none, np.empty((0, 0)))


def yeo_johnson(values: Floats, power: Floats, /) -> Floats:
    """The power transform of Yeo & Johnson (2000) of each column (people, columns) with its own power."""
    found = np.empty_like(values)
    for at, each in enumerate(power):
        found[:, at] = _bent(values[:, at], float(each))
    return found


def _bent(column: Floats, power: float) -> Floats:
    """Powers of 1 + |x| by logs and exponentials, on either side of nought; a power of 1 changes nothing."""
    if power == 1.0:
        return column
    exponent = np.where(column >= 0, power, 2.0 - power)
    logs = np.log1p(np.abs(column))
    with np.errstate(divide="ignore", invalid="ignore"):
        grown = np.where(np.abs(exponent) < SAME, logs, np.expm1(exponent * logs) / exponent)
    return np.asarray(np.copysign(grown, column))


def _likeliest(column: Floats) -> float:
    """The power under which the column looks most like a normal."""
    logs = np.sign(column) * np.log1p(np.abs(column))

    def likelihood(power: float) -> float:
        variance = _bent(column, power).var()
        return float(-len(column) / 2 * np.log(max(variance, SAME)) + (power - 1.0) * logs.sum())

    return float(max(POWERS, key=likelihood))


def _logs(values: Floats, unit: Floats) -> Floats:
    """Signed logs, in which infinities are the largest number there is, which the bounds then take in."""
    with np.errstate(over="ignore"):
        logs = signed_log1p(values / unit)
    return np.nan_to_num(logs, posinf=np.finfo(np.float64).max, neginf=np.finfo(np.float64).min)


def _unit(column: Floats) -> float:
    """1, or for a column on both sides of nought so much that its log is nearly itself."""
    if min((column < 0).mean(), (column > 0).mean()) < BOTH_SIDES:
        return 1.0
    low, high = np.quantile(np.clip(column, -HUGE, HUGE), [0.25, 0.75])
    return max(NEARLY * float(high - low), SAME)


def _trim(people: int) -> slice:
    cut = max(1, int(np.ceil(TRIMMED * people)))
    return slice(cut, max(people - cut, cut))


def _spread(inner: Floats) -> Floats:
    """Robust standard deviations; the plain one where half the people are the same."""
    low, high = np.quantile(inner, [0.25, 0.75], axis=0) if len(inner) else np.empty((2, 0))
    quartiles = (high - low) / NORMAL_QUARTILES
    plain = inner.std(axis=0) if len(inner) else np.empty(0)
    return np.where(quartiles > SAME, quartiles, plain)


def _some(people: int) -> NDArray[np.int64]:
    return np.linspace(0, people - 1, min(people, LOOKED_AT)).astype(np.int64)


def _components(scaled: Floats, /, *, variance_kept: float) -> Floats:
    """The principal axes (components, columns) that hold that share of the variance, each with its sign fixed."""
    if scaled.shape[1] == 0:
        return np.empty((0, 0))
    values, axes = np.linalg.eigh(np.einsum("ij,ik->jk", scaled, scaled) / len(scaled))
    values, axes = np.maximum(values[::-1], 0.0), axes[:, ::-1].T
    enough = int(np.searchsorted(np.cumsum(values) / values.sum(), variance_kept - SAME)) + 1
    axes = axes[:enough]
    largest = axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)]
    return np.asarray(axes * np.sign(largest)[:, None])
