"""Item neighbours: who had this also had that.

The similarity of items i and j is the cosine of their columns in the binary user-item matrix, c_ij / sqrt(n_i n_j),
times c_ij / (c_ij + shrinkage), so that a few people in common do not make a near neighbour. A user's score of an
item is the sum of the similarities to the items of the history. Only each item's nearest neighbours are kept.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, vstack

from models.recommendation.popularity import REASON, Popularity
from models.recommendation.recommender import (
    Floats,
    Histories,
    Ints,
    Recommender,
    first_free,
    histories,
    interactions,
    recommendations,
)

_BATCH_USERS = 4096
_BATCH_WORK = 4_000_000  # products of one batch: what bounds the memory


class ItemNeighbours(Recommender):
    """Cosine neighbours; lists that stay shorter than `k` are filled up with popular items."""

    name: ClassVar[str] = "item_neighbours"

    def __init__(self, *, k: int = 20, neighbours_kept: int = 100, shrinkage: float = 10.0) -> None:
        super().__init__(k=k)
        self.neighbours_kept = neighbours_kept
        self.shrinkage = shrinkage
        self._popular = Popularity()
        self._users = np.empty(0, dtype=np.int64)  # people who had each item
        self._together = csr_matrix((0, 0), dtype=np.int64)  # people who had both, nearest neighbours only

    @property
    def items(self) -> pd.Index:
        """The items of the fit, the most popular first."""
        return self._popular.items

    def fit(self, frame: pd.DataFrame, /, *, seed: int) -> Self:
        """Count who had what together; nothing here is random, whatever the seed."""
        pairs = interactions(frame)
        self._popular = Popularity().count(pairs)
        row, users = pd.factorize(pairs["user_id"])
        place = self.items.get_indexer(pd.Index(pairs["item_id"]))
        had = csr_matrix((np.ones(len(pairs), dtype=np.int64), (row, place)), shape=(len(users), len(self.items)))
        self._users = np.bincount(place, minlength=len(self.items)).astype(np.int64)
        by_item = had.T.tocsr()
        work = by_item @ np.diff(had.indptr).astype(np.int64)
        parts = [self._nearest((by_item[part] @ had).tocsr(), part.start) for part in _batches(work)]
        self._together = vstack(parts, format="csr") if parts else csr_matrix((0, 0), dtype=np.int64)
        return self

    def score(self, frame: pd.DataFrame, /) -> pd.DataFrame:
        """Neighbours of each history by summed similarity, then popular items up to `k`.

        The reason is because_of:<the item of the history that contributes most>, or popular. The scores of filled-up
        places are shares of all weight, scaled to stay below the user's last neighbour.
        """
        past = histories(frame, items=self.items, repeatable=self.repeatable)
        similar = self._similarity()
        work = past.had @ np.diff(similar.indptr).astype(np.int64) + np.diff(past.had.indptr) * self.k
        shelf = self.shelf()
        parts = [self._list(past, part, similar=similar, shelf=shelf) for part in _batches(work)]
        nobody = recommendations(
            past.users, self.items, row=_NONE, place=_NONE, score=_NONE.astype(float), reason=[], model=[]
        )
        return pd.concat(parts, ignore_index=True) if parts else nobody

    def neighbours(self, k: int = 20, /) -> pd.DataFrame:
        """Each item's `k` nearest: item_id, rank, other_item_id, similarity (plain cosine), users_in_common.

        Out of the neighbours kept (which shrinkage chose), by cosine, then by people in common, then by popularity;
        ordered by item_id and rank.
        """
        common = self._together.tocoo()
        rows = pd.DataFrame({"item": common.row, "other": common.col, "users_in_common": common.data})
        rows["similarity"] = common.data / np.sqrt((self._users[common.row] * self._users[common.col]).astype(float))
        rows["item_id"] = pd.array(self.items.to_numpy(dtype=object)[common.row], dtype="str")
        rows["other_item_id"] = pd.array(self.items.to_numpy(dtype=object)[common.col], dtype="str")
        order = ["item_id", "similarity", "users_in_common", "other"]
        rows = rows.sort_values(order, ascending=[True, False, False, True], ignore_index=True)
        rows["rank"] = rows.groupby("item").cumcount().astype("int64") + 1
        columns = ["item_id", "rank", "other_item_id", "similarity", "users_in_common"]
        return rows.loc[rows["rank"] <= k, columns].reset_index(drop=True)

    def state(self) -> dict[str, Any]:
        """The settings, the items with their weights, and the counts of people."""
        return {
            **self._popular.state(),
            **self.settings(),
            "neighbours_kept": self.neighbours_kept,
            "shrinkage": self.shrinkage,
            "users": self._users,
            "together_counts": self._together.data,
            "together_indices": self._together.indices,
            "together_indptr": self._together.indptr,
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any], /) -> Self:
        """The recommender that `state` was taken from."""
        model = cls(k=state["k"], neighbours_kept=state["neighbours_kept"], shrinkage=state["shrinkage"])
        model.settle(state)
        model._popular = Popularity.restore(state)
        model._users = np.asarray(state["users"])
        size = len(model.items)
        parts = (state["together_counts"], state["together_indices"], state["together_indptr"])
        model._together = csr_matrix(tuple(np.asarray(part) for part in parts), shape=(size, size))
        return model

    def _shrunk(self, together: csr_matrix, first: int, /) -> csr_matrix:
        """Similarities from the counts of the items `first`, `first` + 1, ..."""
        count = together.data.astype(np.float64)
        row = np.repeat(np.arange(together.shape[0]), np.diff(together.indptr)) + first
        norm = np.sqrt(self._users[row].astype(np.float64) * self._users[together.indices])
        data = count / norm * (count / (count + self.shrinkage))
        return csr_matrix((data, together.indices, together.indptr), shape=together.shape)

    def _similarity(self) -> csr_matrix:
        return self._shrunk(self._together, 0)

    def _nearest(self, together: csr_matrix, first: int, /) -> csr_matrix:
        """The counts of each row's nearest neighbours, itself left out."""
        together.sort_indices()
        similar = self._shrunk(together, first)
        row = np.repeat(np.arange(together.shape[0]), np.diff(together.indptr))
        similar.data[row + first == together.indices] = 0.0
        row, kept, _ = _top(similar, self.neighbours_kept)
        near = csr_matrix((together.data[kept], (row, together.indices[kept])), shape=together.shape)
        near.sort_indices()
        return near

    def _list(self, past: Histories, part: slice, /, *, similar: csr_matrix, shelf: Ints) -> pd.DataFrame:
        """The lists of one batch of users."""
        had, barred = past.had[part], past.barred[part]
        row, place, score = self._placed(had, barred, similar=similar, shelf=shelf)
        near = csr_matrix((np.ones(len(row)), (row, place)), shape=had.shape)
        free = first_free((barred + near)[:, shelf], k=self.k)
        spare = np.arange(self.k) < (self.k - np.bincount(row, minlength=had.shape[0]))[:, None]
        fill_row, fill_column = np.nonzero((free >= 0) & spare)
        fill = shelf[free[fill_row, fill_column]]
        floor = np.ones(had.shape[0])
        np.minimum.at(floor, row, score)
        order = np.argsort(np.concatenate([row, fill_row]), kind="stable")
        because = self.items.to_numpy(dtype=object)[_because(had, row, place, similar=similar)]
        reasons = [*(f"because_of:{item}" for item in because), *[REASON] * len(fill)]
        return recommendations(
            past.users[part],
            self.items,
            row=np.concatenate([row, fill_row])[order],
            place=np.concatenate([place, fill])[order],
            score=np.concatenate([score, self._popular.shares[fill] * floor[fill_row]])[order],
            reason=[reasons[at] for at in order],
            model=[self.name if at < len(row) else self._popular.name for at in order],
        )

    def _placed(
        self, had: csr_matrix, barred: csr_matrix, /, *, similar: csr_matrix, shelf: Ints
    ) -> tuple[Ints, Ints, Floats]:
        """User, item and score of the neighbours to show, ordered by user and falling score."""
        candidates = had @ similar
        candidates = (candidates - candidates.multiply(barred)).tocsr()
        candidates.sort_indices()
        shown = np.zeros(len(self.items), dtype=bool)
        shown[shelf] = True
        candidates.data[~shown[candidates.indices]] = 0.0
        row, kept, score = _top(candidates, self.k)
        return row, candidates.indices[kept].astype(np.int64), score


_NONE = np.empty(0, dtype=np.int64)


def _batches(work: Ints, /) -> Iterator[slice]:
    """Consecutive rows of at most `_BATCH_USERS` and `_BATCH_WORK`, at least one row each."""
    total = np.concatenate([[0], np.cumsum(work)])
    start = 0
    while start < len(work):
        fits = int(np.searchsorted(total, total[start] + _BATCH_WORK, side="right")) - 1
        stop = min(max(fits, start + 1), start + _BATCH_USERS)
        yield slice(start, stop)
        start = stop


def _top(matrix: csr_matrix, k: int, /) -> tuple[Ints, Ints, Floats]:
    """The `k` largest positive entries of each row, falling; equal ones by column.

    Returns row, place in `matrix.data`, and value. Columns must be in order within their rows.
    """
    kept = [_top_of_row(matrix.data[a:b], k) + a for a, b in zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True)]
    place = np.concatenate([_NONE, *kept])
    row = np.repeat(np.arange(len(kept)), [len(part) for part in kept]).astype(np.int64)
    return row, place, matrix.data[place]


def _top_of_row(values: Floats, k: int, /) -> Ints:
    """Places of the `k` largest positive values, falling; equal ones in order (a partition would not see to that)."""
    least = np.partition(values, len(values) - k)[len(values) - k] if len(values) > k else 0.0
    large = np.flatnonzero((values >= least) & (values > 0))
    return large[np.argsort(-values[large], kind="stable")][:k].astype(np.int64)


def _because(had: csr_matrix, row: Ints, place: Ints, /, *, similar: csr_matrix) -> Ints:
    """For each user `row` and item `place` shown, the item of the history with the largest similarity to it."""
    if not len(row):
        return _NONE
    lengths = np.diff(had.indptr)[row]
    ends = np.cumsum(lengths)
    pair = np.repeat(np.arange(len(row)), lengths)
    source = had.indices[np.arange(ends[-1]) - np.repeat(ends - lengths, lengths) + had.indptr[row][pair]]
    size = similar.shape[1]
    keys = np.repeat(np.arange(size), np.diff(similar.indptr)) * size + similar.indices
    wanted = source.astype(np.int64) * size + place[pair]
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    value = np.where(keys[at] == wanted, similar.data[at], 0.0)
    best = np.maximum.reduceat(value, ends - lengths)
    first = np.unique(pair[value == best[pair]], return_index=True)[1]
    because: Ints = source[value == best[pair]][first].astype(np.int64)
    return because
