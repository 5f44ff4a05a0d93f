"""Who had what, how much: the one matrix that every recommender learns from."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_matrix

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Interactions:
    """People, items and weights.

    `users` are ordered by id, `items` by the sum of their weights, the most popular first and equal ones by
    `stable_hash`; `weights` (users x items, float32) has sorted columns and holds nothing but positive values.
    """

    users: pd.Index
    items: pd.Index
    weights: csr_matrix

    @cached_property
    def had(self) -> csr_matrix:
        """1.0 where there is a weight, float32."""
        ones = np.ones(self.weights.nnz, dtype=np.float32)
        return csr_matrix((ones, self.weights.indices, self.weights.indptr), shape=self.weights.shape)

    @cached_property
    def shares(self) -> npt.NDArray[np.float64]:
        """The share of all weight that each item has, falling: 1 in all."""
        total: npt.NDArray[np.float64] = np.asarray(self.weights.sum(axis=0, dtype=np.float64)).ravel()
        return total / total.sum() if total.any() else total


def gathered(frame: pd.DataFrame, /, *, weight: str = "weight", items: Collection[str] = ()) -> Interactions:
    """The matrix of a frame of user_id, item_id and the column `weight`.

    Repeated pairs are added up, in an order that does not depend on how the rows arrived. Pairs without a user, an
    item or a positive weight are left out. Those of `items` that nobody had come last, ordered by `stable_hash`.
    """
    known = frame[["user_id", "item_id", weight]].dropna()
    row, users = pd.factorize(known["user_id"].astype("str"), sort=True)
    column, names = pd.factorize(known["item_id"].astype("str"), sort=True)
    row, column, value = _added(row, column, known[weight].to_numpy(dtype=np.float64))
    users, row = _used(pd.Index(users, dtype="str"), row)
    names, column = _used(pd.Index(names, dtype="str"), column)
    names = names.append(pd.Index(sorted(set(items).difference(names)), dtype="str"))
    total = np.bincount(column, weights=value, minlength=len(names))
    order = np.lexsort((np.array([stable_hash(name) for name in names], dtype="U64"), -total))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    shape = (len(users), len(names))
    weights = csr_matrix((value.astype(np.float32), (row, place[column])), shape=shape)
    weights.sort_indices()
    return Interactions(users.rename(None), names[order].rename(None), weights)


def stable_hash(identity: str, /) -> str:
    """An order among equals that favours nobody and is the same on every machine."""
    return sha256(identity.encode()).hexdigest()


def _added(row: Ints, column: Ints, weight: npt.NDArray[np.float64]) -> tuple[Ints, Ints, npt.NDArray[np.float64]]:
    """One entry per pair with the sum of its weights where that is positive, ordered by row and column."""
    order = np.lexsort((weight, column, row))
    row, column, weight = row[order], column[order], weight[order]
    first = np.flatnonzero(np.diff(row, prepend=-1) | np.diff(column, prepend=-1))
    total = np.add.reduceat(weight, first) if len(first) else weight
    kept = total > 0
    return row[first][kept], column[first][kept], total[kept]


def _used(labels: pd.Index, codes: Ints) -> tuple[pd.Index, Ints]:
    """The labels that `codes` still name, and the codes among those."""
    used, codes = np.unique(codes, return_inverse=True)
    return labels[used], codes.astype(np.int64)
