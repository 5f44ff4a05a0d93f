"""From the columns of a snapshot to numbers, and what an empty cell means.

Trees take an empty cell as it is (XGBoost learns for each split to which side it belongs). What computes with numbers
needs one, and the name of the column decides which: times (`..._days`, recencies, gaps) are far, because what is null
did not happen, will not end or has not come back; everything else (counts, sums, shares, ratios) is 0.
"""

from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lyceum.errors import LyceumError

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Positions = NDArray[np.intp]
Numbers = TypeVar("Numbers", Floats, Singles)

NEVER = 10_000.0  # days: what never happened lies further away than anything that did


def raw(frame: pd.DataFrame, features: tuple[str, ...], /, *, rows: Positions | None = None) -> Singles:
    """The columns as float32 (rows, features), nulls and infinities as NaN; `rows` = positions to take, in order.

    LyceumError if a column is not there.
    """
    _require(frame, features)
    with np.errstate(over="ignore"):  # what float32 cannot hold is infinite
        columns = frame[list(features)].to_numpy(dtype=np.float32, na_value=np.nan)
    values = np.ascontiguousarray(columns if rows is None else columns[rows])
    infinite = np.isinf(values)
    if infinite.any():  # XGBoost refuses a table that holds one
        values = np.where(infinite, np.float32(np.nan), values)
    return values


def filled(values: Numbers, features: tuple[str, ...], /) -> Numbers:
    """A copy of `values` (rows, features) with a number for every NaN: 10,000 days for times, else 0."""
    instead = np.array([NEVER if is_time(name) else 0.0 for name in features], dtype=values.dtype)
    return np.where(np.isnan(values), instead, values)


def is_time(name: str, /) -> bool:
    """Whether the column says how long ago, how long until, or how long in between."""
    return name.endswith("_days") or "recency" in name or name.startswith("gap_")


def matrix(frame: pd.DataFrame, features: tuple[str, ...], /) -> Floats:
    """The columns as float64 (rows, features) with nulls filled. LyceumError if a column is not there."""
    _require(frame, features)
    columns = [frame[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in features]
    return filled(np.column_stack(columns), features) if columns else np.empty((len(frame), 0))


def signed_log1p(values: Numbers, /) -> Numbers:
    """sign(x) log(1 + |x|): tames heavy tails, keeps zero and refunds' minus sign."""
    logs = np.abs(values)
    logs += 1  # log1p would take four times as long for digits of numbers that are small beside 1
    np.log(logs, out=logs)
    return np.copysign(logs, values, out=logs)


def _require(frame: pd.DataFrame, features: tuple[str, ...], /) -> None:
    if missing := [name for name in features if name not in frame.columns]:
        raise LyceumError(
            f"The frame to learn from or score lacks the columns {', '.join(missing)}.",
            remedy="Run `lyceum featurise` for that week again.",
        )
