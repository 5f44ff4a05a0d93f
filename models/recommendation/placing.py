"""Which places come first: the largest scores of each row, and the first columns that are still free."""

import numpy as np
from numpy.typing import NDArray

from models.recommendation.interactions import Floats, Ints

_BLOCKS_PER_PLACE = 8
_ROUNDING = 1e-6


def largest(scores: Floats, k: int, /) -> tuple[Ints, Floats]:
    """Columns and values of the `k` largest positive scores of each row, falling; equal ones by column.

    -1 and 0 where a row has no more; values below a millionth of the row's largest are rounding errors of float32 and
    count as 0. Exact, and much faster than a partition of whole rows: the k-th largest of the
    maxima of disjoint blocks is a bound that at least k values of the row reach, so that only those few are sorted.
    """
    rows = len(scores)
    enough = scores >= _bound(scores, k)[:, None]
    row, column = np.divmod(np.flatnonzero(enough), max(1, scores.shape[1]))
    value = scores[row, column]
    order = np.lexsort((-value, row))  # stable: equal values stay in the order of their columns
    row, column, value = row[order], column[order], value[order]
    at = np.arange(len(row)) - np.searchsorted(row, np.arange(rows))[row]
    kept = at < k
    places = np.full((rows, k), -1, dtype=np.int64)
    values = np.zeros((rows, k), dtype=np.float32)
    places[row[kept], at[kept]] = column[kept]
    values[row[kept], at[kept]] = value[kept]
    return places, values


def _bound(scores: Floats, k: int) -> Floats:
    """A positive value per row that at least `k` of its scores reach, where so many are positive."""
    rows, columns = scores.shape
    if not columns:
        return np.ones(rows, dtype=np.float32)
    # Block b holds the columns b, b + blocks, ...: the popular ones, which come first, are spread over all blocks.
    blocks = min(_BLOCKS_PER_PLACE * k, columns)
    maxima = scores[:, : columns // blocks * blocks].reshape(rows, columns // blocks, blocks).max(axis=1)
    least = maxima.max(axis=1) * np.float32(_ROUNDING)
    if blocks >= k:
        least = np.maximum(least, np.partition(maxima, blocks - k, axis=1)[:, blocks - k])
    bound: Floats = np.maximum(least, np.finfo(np.float32).tiny)
    return bound


def first_true(free: NDArray[np.bool_], /, *, k: int) -> Ints:
    """The first `k` columns of each row that are true, -1 where there are no more: rows x k."""
    places = np.full((len(free), k), -1, dtype=np.int64)
    row, column = np.nonzero(free & (np.cumsum(free, axis=1, dtype=np.int32) <= k))
    at = np.arange(len(row)) - np.searchsorted(row, np.arange(len(free)))[row]
    places[row, at] = column
    return places
