"""What a knowledge platform never shows, whatever a model says: series out of order, bundles that are no bargain."""

from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_matrix

from models.recommendation.side import Flags, Side, aligned, in_order


class ShelfRules:
    """The rules of a catalogue as `Recommender.restrict(allowed, rules=...)` takes them.

    Nothing is shown that is not out on `as_of`. A part of a series is shown only to those who had the one before it.
    What a bundle brought counts as had. A bundle is shown only where it costs less than those of its parts that a
    person lacks.
    """

    def __init__(self, catalogue: pd.DataFrame, /, *, as_of: date) -> None:
        self.catalogue, self.as_of = catalogue, as_of
        self._side = aligned(catalogue, pd.Index([], dtype="str"), as_of=as_of)

    def barred(self, had: csr_matrix, items: pd.Index, /) -> Flags:
        """Which items must not be shown to people who `had` those: people x items."""
        side = self._side
        if not side.items[: len(items)].equals(items):
            every = in_order(self.catalogue, items)  # a part may follow one, or belong to a bundle, that nobody had
            side = self._side = aligned(self.catalogue, every, as_of=self.as_of)
        whole = np.zeros((had.shape[0], len(side.items)), dtype=bool)
        whole[:, : len(items)] = had.toarray() > 0
        return against_rules(whole, side)[:, : len(items)]


def against_rules(had: Flags, side: Side, /) -> Flags:
    """Which items the rules forbid to people who `had` those: people x items."""
    owned, forbidden = had.copy(), np.zeros_like(had)
    forbidden[:, side.age < 0] = True
    inside = np.flatnonzero(side.bundle >= 0)
    brought = had[:, side.bundle[inside]]
    forbidden[:, inside] |= brought
    owned[:, inside] |= brought
    later = np.flatnonzero(side.previous >= 0)
    forbidden[:, later] |= ~owned[:, side.previous[later]]
    for bundle, parts in side.parts.items():
        forbidden[:, bundle] |= _no_bargain(owned[:, parts], side.price[parts], float(side.price[bundle]))
    return forbidden


def _no_bargain(owned: Flags, prices: npt.NDArray[np.float64], price: float, /) -> Flags:
    """Whether nothing of a bundle at `price` is lacking, or something is had and the rest is cheaper one by one.

    Where a price is not known only the former counts.
    """
    rest = (np.nan_to_num(prices) * ~owned).sum(axis=1)
    priced = not (np.isnan(prices).any() or np.isnan(price))
    dear = owned.any(axis=1) & (rest <= price) if priced else np.zeros(len(owned), dtype=bool)
    no_bargain: Flags = owned.all(axis=1) | dear
    return no_bargain
