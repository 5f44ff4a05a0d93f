"""Item neighbours: who had this also had that.

The similarity of items i and j is the cosine of their columns in the binary user-item matrix, c_ij / sqrt(n_i n_j),
times c_ij / (c_ij + shrinkage), so that a few people in common do not make a near neighbour; or the product of their
columns weighted as BM25 weights words (Robertson and Zaragoza 2009, in the form of the library implicit: an item is a
document, a person a word), so that people who had everything say little. A user's score of an item is the sum of the
similarities to the items of the history. Only each item's nearest neighbours are kept.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, diags, vstack

from models.recommendation.interactions import Floats, Interactions, Ints
from models.recommendation.recommender import THREADS, Recommender

Weigh = Callable[[csr_matrix, Ints], Floats]

_BATCH_WORK = 8_000_000  # products of one batch: what bounds the memory
_BM25_SATURATION, _BM25_LENGTH = 100.0, 0.8  # implicit's K1 and B


class SimilarItems(Recommender):
    """Scores by a sparse matrix of similarities, items x items: a history times the matrix."""

    def __init__(self, *, k: int = 20, neighbours_kept: int = 100) -> None:
        super().__init__(k=k)
        self.neighbours_kept = neighbours_kept
        self.similar = csr_matrix((0, 0), dtype=np.float32)

    def settings(self) -> dict[str, Any]:
        """The arguments of its constructor, as JSON values."""
        return {**super().settings(), "neighbours_kept": self.neighbours_kept}

    def _learn(self, known: Interactions, seed: int, /) -> None:
        self.similar = self._similarity(known)

    @abstractmethod
    def _similarity(self, known: Interactions, /) -> csr_matrix:
        """Row i: how much having item i speaks for each other item; sorted columns, float32, no diagonal."""

    def _scores(self, rows: Ints, /) -> Floats:
        scores: Floats = (self.known.had[rows] @ self.similar).toarray()
        return scores

    def _links(self, had: Ints, shown: Ints, /) -> Floats:
        return entries(self.similar, had, shown)


class ItemNeighbours(SimilarItems):
    """Cosine or BM25 neighbours."""

    name: ClassVar[str] = "item_neighbours"

    def __init__(
        self,
        *,
        k: int = 20,
        neighbours_kept: int = 100,
        shrinkage: float = 10.0,
        weighting: Literal["cosine", "bm25"] = "cosine",
    ) -> None:
        super().__init__(k=k, neighbours_kept=neighbours_kept)
        self.shrinkage = shrinkage
        self.weighting = weighting

    def settings(self) -> dict[str, Any]:
        """The arguments of its constructor, as JSON values."""
        return {**super().settings(), "shrinkage": self.shrinkage, "weighting": self.weighting}

    def neighbours(self, k: int = 20, /) -> pd.DataFrame:
        """Each item's `k` nearest: item_id, rank, other_item_id, similarity (plain cosine), users_in_common.

        Out of the neighbours kept (which the weighting chose), by cosine, then by people in common, then by
        popularity; ordered by item_id and rank.
        """
        near = self.similar.tocoo()
        had = self.known.had
        users = np.diff(had.tocsc().indptr)
        names = self.items.to_numpy(dtype=object)
        rows = pd.DataFrame({"item": near.row, "other": near.col})
        rows["users_in_common"] = _in_common(had, near.row, near.col)
        rows["similarity"] = rows["users_in_common"] / np.sqrt((users[near.row] * users[near.col]).astype(float))
        rows["item_id"] = pd.array(names[near.row], dtype="str")
        rows["other_item_id"] = pd.array(names[near.col], dtype="str")
        order = ["item_id", "similarity", "users_in_common", "other"]
        rows = rows.sort_values(order, ascending=[True, False, False, True], ignore_index=True)
        rows["rank"] = rows.groupby("item").cumcount().astype("int64") + 1
        columns = ["item_id", "rank", "other_item_id", "similarity", "users_in_common"]
        return rows.loc[rows["rank"] <= k, columns].reset_index(drop=True)

    def _similarity(self, known: Interactions, /) -> csr_matrix:
        if self.weighting == "bm25":
            weighted = _bm25(known)
            return nearest(weighted.T.tocsr(), weighted, kept=self.neighbours_kept)
        users = np.bincount(known.weights.indices, minlength=len(known.items)).astype(np.float32)

        def shrunk(together: csr_matrix, row: Ints) -> Floats:
            count = together.data
            cosine: Floats = count / np.sqrt(users[row] * users[together.indices])
            cosine *= count / (count + np.float32(self.shrinkage))
            return cosine

        return nearest(known.had.T.tocsr(), known.had, kept=self.neighbours_kept, weigh=shrunk)


def nearest(left: csr_matrix, right: csr_matrix, /, *, kept: int, weigh: Weigh | None = None) -> csr_matrix:
    """The product of `left` (items x users) and `right` (users x items), each row's `kept` largest values above 0.

    `weigh` turns the values of a batch of the product into similarities, given the row of each; the diagonal is left
    out. Equal values stay in the order of their columns.
    """
    work = left @ np.diff(right.indptr).astype(np.int64) if left.nnz else np.zeros(left.shape[0])

    def cut(part: slice) -> csr_matrix:
        block = (left[part] @ right).tocsr()
        block.sort_indices()
        row = np.repeat(np.arange(part.start, part.stop), np.diff(block.indptr))
        if weigh is not None:
            block.data = weigh(block, row)
        block.data[row == block.indices] = 0.0
        return rows_cut(block, kept)

    with ThreadPoolExecutor(THREADS) as threads:  # scipy's products let go of the interpreter
        parts = list(threads.map(cut, batches(work)))
    return vstack(parts, format="csr", dtype=np.float32) if parts else csr_matrix((0, 0), dtype=np.float32)


def batches(work: "np.ndarray[Any, Any]", /) -> Iterator[slice]:
    """Consecutive rows of at most `_BATCH_WORK` products, at least one row each."""
    total = np.concatenate([[0], np.cumsum(work)])
    start = 0
    while start < len(work):
        stop = max(start + 1, int(np.searchsorted(total, total[start] + _BATCH_WORK, side="right")) - 1)
        yield slice(start, stop)
        start = stop


def entries(matrix: csr_matrix, row: Ints, column: Ints, /) -> Floats:
    """The values of a matrix with sorted columns at these places, 0 where it holds none."""
    width = matrix.shape[1]
    keys = np.repeat(np.arange(matrix.shape[0]) * width, np.diff(matrix.indptr)) + matrix.indices
    if not len(keys):
        return np.zeros(len(row), dtype=np.float32)
    wanted = row * width + column
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    found: Floats = np.where(keys[at] == wanted, matrix.data[at], np.float32(0)).astype(np.float32)
    return found


def _bm25(known: Interactions) -> csr_matrix:
    """The weights, users x items, saturated, by the length of the item's column and the rarity of the user."""
    weights = known.weights.tocsr()
    total = np.asarray(weights.sum(axis=0)).ravel()
    length = (1 - _BM25_LENGTH) + _BM25_LENGTH * total / (total.mean() if len(total) else 1.0)
    rarity = np.log(max(1, weights.shape[1])) - np.log1p(np.diff(weights.indptr))
    saturated = weights.copy()
    saturated.data *= (_BM25_SATURATION + 1) / (_BM25_SATURATION * length[weights.indices] + weights.data)
    return (diags(np.maximum(rarity, 0)) @ saturated).tocsr().astype(np.float32)


def rows_cut(block: csr_matrix, kept: int) -> csr_matrix:
    """The `kept` largest positive values of each row; of equal ones the first that it holds."""
    starts, ends = block.indptr[:-1], block.indptr[1:]
    places = [_largest(block.data[a:b], kept) + a for a, b in zip(starts, ends, strict=True)]
    at = np.concatenate(places) if places else np.empty(0, dtype=np.int64)
    lengths = np.array([len(each) for each in places], dtype=np.int64)
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    return csr_matrix((block.data[at], block.indices[at], indptr), shape=block.shape)


def _largest(values: Floats, k: int) -> Ints:
    """Places of the `k` largest positive values in order; of equal ones the first."""
    if len(values) <= k:
        return np.flatnonzero(values > 0).astype(np.int64)
    least = np.partition(values, len(values) - k)[len(values) - k]
    large = np.flatnonzero((values >= least) & (values > 0))
    best: Ints = np.sort(large[np.argsort(-values[large], kind="stable")][:k]).astype(np.int64)
    return best


def _in_common(had: csr_matrix, row: Ints, column: Ints) -> Ints:
    """How many people had both items, for each pair of items; `row` in order."""
    by_item = had.T.tocsr()
    counts = np.zeros(len(row), dtype=np.int64)
    for part in batches(by_item @ np.diff(had.indptr).astype(np.int64) if had.nnz else np.zeros(had.shape[1])):
        block = (by_item[part] @ had).tocsr()
        block.sort_indices()
        at = slice(*np.searchsorted(row, [part.start, part.stop]))
        counts[at] = entries(block, row[at] - part.start, column[at])
    return counts
