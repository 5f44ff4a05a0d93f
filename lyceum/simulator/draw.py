"""Draws from weights, for many rows at once, and the array type used throughout."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def choose(weights: Array, /, *, rng: np.random.Generator, times: int = 1) -> Array:
    """For each row of `weights` (rows x options) draw `times` options with replacement: rows x times.

    A row whose weights are all zero gives -1.
    """
    reach = np.cumsum(weights, axis=1)
    total = reach[:, -1:]
    mark = rng.random((len(weights), times)) * total
    picked = (reach[:, None, :] <= mark[:, :, None]).sum(axis=2)
    chosen: Array = np.where(total > 0, np.minimum(picked, weights.shape[1] - 1), -1)
    return chosen


def one_of(shares: Array, size: int, /, *, rng: np.random.Generator) -> Array:
    """`size` draws of an index with probabilities proportional to `shares`."""
    reach = np.cumsum(np.asarray(shares, dtype=float))
    picked: Array = np.searchsorted(reach, rng.random(size) * reach[-1], side="right")
    return picked.clip(max=len(reach) - 1)


def objects(values: list[Any], /) -> Array:
    """The values as an array of Python objects, so that they can be picked by index and printed as they are."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def choose_each(weights: Array, row: Array, /, *, rng: np.random.Generator) -> Array:
    """For each element of `row` one column of `weights`, drawn by the weights of that row."""
    reach = np.cumsum(weights, axis=1)
    mark = rng.random(len(row)) * reach[row, -1]
    picked: Array = (reach[row] <= mark[:, None]).sum(axis=1)
    return picked.clip(max=weights.shape[1] - 1)
