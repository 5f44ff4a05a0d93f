"""The most popular items of a window: the baseline of every recommender, and what fills their lists up."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from models.recommendation.recommender import (
    Floats,
    Recommender,
    first_free,
    histories,
    interactions,
    recommendations,
)

REASON = "popular"


def stable_hash(identity: str, /) -> str:
    """An order among equals that favours nobody and is the same on every machine."""
    return sha256(identity.encode()).hexdigest()


class Popularity(Recommender):
    """Items by the sum of their weights, equal ones by a hash of their ids; the caller chooses the window."""

    name: ClassVar[str] = "popularity"

    def __init__(self, *, k: int = 20) -> None:
        super().__init__(k=k)
        self._items = pd.Index([], dtype="str")
        self._weights: Floats = np.empty(0)

    @property
    def items(self) -> pd.Index:
        """The items of the window, the most popular first."""
        return self._items

    @property
    def shares(self) -> Floats:
        """The share of all weight that each of `items` has: their scores, above 0 and at most 1."""
        return self._weights / self._weights.sum() if len(self._weights) else self._weights

    def fit(self, frame: pd.DataFrame, /, *, seed: int) -> Self:
        """Add the weights up; nothing here is random, whatever the seed."""
        return self.count(interactions(frame))

    def count(self, pairs: pd.DataFrame, /) -> Self:
        """`fit` on pairs that `interactions` has made already."""
        total = pairs.groupby("item_id")["weight"].sum().reset_index()
        total["tie"] = total["item_id"].map(stable_hash)
        total = total.sort_values(["weight", "tie"], ascending=[False, True])
        self._items = pd.Index(total["item_id"], dtype="str", name=None)
        self._weights = total["weight"].to_numpy(dtype=np.float64)
        return self

    def score(self, frame: pd.DataFrame, /) -> pd.DataFrame:
        """The first `k` popular items that each user may be shown; score is the item's share of all weight."""
        past = histories(frame, items=self._items, repeatable=self.repeatable)
        shelf = self.shelf()
        free = first_free(past.barred[:, shelf], k=self.k)
        row, column = np.nonzero(free >= 0)
        place = shelf[free[row, column]]
        reason, model = [REASON] * len(row), [self.name] * len(row)
        return recommendations(
            past.users, self._items, row=row, place=place, score=self.shares[place], reason=reason, model=model
        )

    def state(self) -> dict[str, Any]:
        """The settings, the items in order and their weights."""
        return {**self.settings(), "items": self._items.tolist(), "weights": self._weights}

    @classmethod
    def restore(cls, state: Mapping[str, Any], /) -> Self:
        """The recommender that `state` was taken from."""
        model = cls(k=state["k"]).settle(state)
        model._items = pd.Index(state["items"], dtype="str")
        model._weights = np.asarray(state["weights"], dtype=np.float64)
        return model
