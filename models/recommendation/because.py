"""Which item of a history speaks most for one that is shown."""

from collections.abc import Callable, Iterator

import numpy as np

from models.recommendation.interactions import Floats, Interactions, Ints

_PAIRS_AT_ONCE = 2**20


def because(known: Interactions, rows: Ints, shown: Ints, /, *, links: Callable[[Ints, Ints], Floats]) -> Ints:
    """For each row of the fit and the place shown to it, the place in its history with the largest link above 0.

    `links(had, shown)` says how much each item of a history speaks for the one shown beside it. -1 where none does;
    of equal links that of the most popular item.
    """
    chosen = np.full(len(rows), -1, dtype=np.int64)
    indptr = known.weights.indptr.astype(np.int64)
    told = np.flatnonzero(np.diff(indptr)[rows])
    rows, shown = rows[told], shown[told]
    lengths = np.diff(indptr)[rows]
    for part in _spans(lengths):
        ends = np.cumsum(lengths[part])
        pair = np.repeat(np.arange(len(ends)), lengths[part])
        at = np.arange(len(pair)) - np.repeat(ends - lengths[part], lengths[part]) + indptr[rows[part]][pair]
        had = known.weights.indices[at].astype(np.int64)
        link = links(had, shown[part][pair])
        best = np.maximum.reduceat(link, ends - lengths[part])
        first = np.flatnonzero((link == best[pair]) & (link > 0))
        found, where = np.unique(pair[first], return_index=True)
        chosen[told[part][found]] = had[first[where]]
    return chosen


def _spans(lengths: Ints) -> Iterator[slice]:
    """Consecutive entries of about `_PAIRS_AT_ONCE` in all, at least one each."""
    total = np.concatenate([[0], np.cumsum(lengths)])
    begin = 0
    while begin < len(lengths):
        end = max(begin + 1, int(np.searchsorted(total, total[begin] + _PAIRS_AT_ONCE, side="right")) - 1)
        yield slice(begin, end)
        begin = end
