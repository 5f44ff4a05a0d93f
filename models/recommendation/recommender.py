"""What every recommender shares: what has been had, what may be shown, and which places are still free."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_matrix

from models.contract import Model

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Recommender(Model):
    """Recommends at most `k` items to each user of a frame of histories.

    `fit` takes interactions: user_id, item_id, weight. Repeated pairs are added up; pairs without a user, an item or
    a positive weight are left out.

    `score` takes histories: user_id, item_id and optionally `owned` (true or false). A user without a history has one
    row whose item_id is null. All of a history is taste, known items or not; and none of it is shown again, except
    items named `repeatable` in `restrict` and not marked as `owned`, which means "has it right now". One row per user
    and place, ordered by user_id and rank (1, 2, ... without gaps); score falls with rank and compares within one
    user only; `model` is the recommender that placed the row.
    """

    inputs: ClassVar[tuple[str, ...]] = ("user_id", "item_id", "weight")
    outputs: ClassVar[tuple[str, ...]] = ("user_id", "item_id", "rank", "score", "reason", "model")

    def __init__(self, *, k: int = 20) -> None:
        self.k = k
        self.allowed: frozenset[str] | None = None
        self.repeatable: frozenset[str] = frozenset()

    def restrict(self, allowed: Collection[str] | None, /, *, repeatable: Collection[str] = ()) -> Self:
        """A copy that shows nothing but `allowed` (None = everything), and `repeatable` items again."""
        restricted = copy(self)
        restricted.allowed = None if allowed is None else frozenset(allowed)
        restricted.repeatable = frozenset(repeatable)
        return restricted

    @property
    @abstractmethod
    def items(self) -> pd.Index:
        """The items it knows, the most popular first."""

    def settings(self) -> dict[str, Any]:
        """What was set rather than learnt, as JSON values."""
        allowed = None if self.allowed is None else sorted(self.allowed)
        return {"k": self.k, "allowed": allowed, "repeatable": sorted(self.repeatable)}

    def settle(self, state: Mapping[str, Any], /) -> Self:
        """Itself, restricted as `state` says."""
        self.allowed = None if state["allowed"] is None else frozenset(state["allowed"])
        self.repeatable = frozenset(state["repeatable"])
        return self

    def shelf(self) -> Ints:
        """Places of the items that may be shown, in the order of `items`."""
        if self.allowed is None:
            return np.arange(len(self.items))
        return np.flatnonzero(self.items.isin(list(self.allowed)))


@dataclass(frozen=True)
class Histories:
    """Whom to recommend to, and over `items`: what each had (1.0), and what must not be shown (above 0)."""

    users: pd.Index
    had: csr_matrix
    barred: csr_matrix


def interactions(frame: pd.DataFrame, /) -> pd.DataFrame:
    """One row per pair of user and item, ordered, with the sum of its weights where that is positive."""
    known = frame[["user_id", "item_id", "weight"]].dropna()
    known = known.astype({"user_id": "str", "item_id": "str", "weight": "float64"})
    ordered = known.sort_values(["user_id", "item_id", "weight"])  # so that float sums do not depend on arrival
    pairs = ordered.groupby(["user_id", "item_id"])["weight"].sum().reset_index()
    return pairs.loc[pairs["weight"] > 0].reset_index(drop=True)


def histories(frame: pd.DataFrame, /, *, items: pd.Index, repeatable: Collection[str]) -> Histories:
    """The frame of histories as two sparse matrices, users ordered by id."""
    known = frame.dropna(subset=["user_id"]).astype({"user_id": "str"})
    row, users = pd.factorize(known["user_id"], sort=True)
    place = items.get_indexer(pd.Index(known["item_id"]))
    owned = known["owned"].to_numpy(dtype=bool) if "owned" in known else np.zeros(len(known), dtype=bool)
    barred = owned | ~known["item_id"].isin(list(repeatable)).to_numpy(dtype=bool)
    shape = (len(users), len(items))
    return Histories(
        pd.Index(users),
        _incidence(row[place >= 0], place[place >= 0], shape=shape),
        _incidence(row[(place >= 0) & barred], place[(place >= 0) & barred], shape=shape),
    )


def first_free(taken: csr_matrix, /, *, k: int) -> Ints:
    """The first `k` columns of each row that hold nothing, -1 where there are no more: rows x k.

    With the taken columns of a row in order, e_0 < e_1 < ..., the free column number j is j plus the number of taken
    ones with e_i - i <= j: one binary search per place instead of a walk.
    """
    rows, columns = taken.shape
    lengths = np.diff(taken.indptr)
    row = np.repeat(np.arange(rows), lengths)
    within = np.arange(len(row)) - np.repeat(taken.indptr[:-1], lengths)
    span = columns + k + 1
    keys = row * span + taken.indices.astype(np.int64) - within
    asked = (np.arange(rows) * span)[:, None] + np.arange(k)
    free = np.arange(k) + np.searchsorted(keys, asked, side="right") - taken.indptr[:-1, None]
    return np.where(free < columns, free, -1)


def recommendations(
    users: pd.Index, items: pd.Index, *, row: Ints, place: Ints, score: Floats, reason: list[str], model: list[str]
) -> pd.DataFrame:
    """The output frame of rows that are ordered by user and rank already."""
    start = np.searchsorted(row, row, side="left")
    return pd.DataFrame(
        {
            "user_id": pd.array(users.to_numpy(dtype=object)[row], dtype="str"),
            "item_id": pd.array(items.to_numpy(dtype=object)[place], dtype="str"),
            "rank": np.arange(len(row), dtype=np.int64) - start + 1,
            "score": score.astype(np.float64),
            "reason": pd.array(reason, dtype="str"),
            "model": pd.array(model, dtype="str"),
        }
    )


def _incidence(row: npt.NDArray[np.intp], column: npt.NDArray[np.intp], /, *, shape: tuple[int, int]) -> csr_matrix:
    """A sparse matrix with 1.0 at the given places, however often they are given."""
    matrix = csr_matrix((np.ones(len(row)), (row, column)), shape=shape)
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix
