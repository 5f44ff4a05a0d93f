"""Recommenders that know the catalogue: items without any history can be shown."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from models.recommendation.interactions import Interactions
from models.recommendation.recommender import Recommender
from models.recommendation.side import COLUMNS, aligned, heard, in_order, told


class OnPlatform(Recommender):
    """A recommender over the items of the fit and all others of the `catalogue`, as it stands on `as_of`.

    The columns of the catalogue are those of `models.recommendation.side.COLUMNS`; prices are numbers.
    """

    def __init__(self, *, catalogue: pd.DataFrame, as_of: date, k: int = 20) -> None:
        super().__init__(k=k)
        self.catalogue, self.as_of = catalogue[list(COLUMNS)].reset_index(drop=True), as_of
        self.side = aligned(self.catalogue, self.items, as_of=as_of)

    def settings(self) -> dict[str, Any]:
        """The arguments of its constructor, as JSON values; the catalogue is a JSON text."""
        return {**super().settings(), "catalogue": told(self.catalogue), "as_of": self.as_of.isoformat()}

    @classmethod
    def restore(cls, state: Mapping[str, Any], /) -> Self:
        """The recommender that `state` was taken from."""
        held = state["settings"]
        settings = {**held, "catalogue": heard(held["catalogue"]), "as_of": date.fromisoformat(held["as_of"])}
        return super().restore({**state, "settings": settings})

    def learn(self, known: Interactions, /, *, seed: int) -> Self:
        """Learn from interactions that are gathered already; the catalogue's other items come behind theirs."""
        items = in_order(self.catalogue, known.items)
        self.side = aligned(self.catalogue, items, as_of=self.as_of)
        return super().learn(widened(known, users=known.users, items=items), seed=seed)


def widened(known: Interactions, /, *, users: pd.Index, items: pd.Index) -> Interactions:
    """The same interactions over more people (ordered by id) and items (those of `known` first)."""
    counts = np.zeros(len(users), dtype=np.int64)
    counts[users.get_indexer(known.users)] = np.diff(known.weights.indptr)
    indptr = np.concatenate([[0], np.cumsum(counts)])
    parts = (known.weights.data, known.weights.indices, indptr)
    return Interactions(users, items, csr_matrix(parts, shape=(len(users), len(items))))


def narrowed(known: Interactions, /) -> Interactions:
    """The same interactions without people and items that have none; the reverse of `widened`."""
    people = np.diff(known.weights.indptr) > 0
    items = np.bincount(known.weights.indices, minlength=len(known.items)) > 0
    weights = known.weights[people][:, items].tocsr()
    return Interactions(known.users[people], known.items[items], weights)
