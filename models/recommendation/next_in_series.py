"""The next part of a series that somebody has begun: the plainest rule of a platform that sells courses."""

from typing import ClassVar

import numpy as np

from models.recommendation.interactions import Floats, Interactions, Ints
from models.recommendation.on_platform import OnPlatform

NEXT = "next_in_series:"


class NextInSeries(OnPlatform):
    """The part after one that a person has had; of several the one after the part that weighs most.

    The score is w / (w + 1), w the weight of the part before, plus the item's share of all weight, which is small.
    """

    name: ClassVar[str] = "next_in_series"

    def _learn(self, known: Interactions, seed: int, /) -> None:
        self._later = np.flatnonzero(self.side.previous >= 0).astype(np.int64)

    def _scores(self, rows: Ints, /) -> Floats:
        scores = np.zeros((len(rows), len(self.items)), dtype=np.float32)
        before = self.known.weights[rows][:, self.side.previous[self._later]].toarray()
        share = self.known.shares.astype(np.float32)[self._later]
        scores[:, self._later] = np.where(before > 0, before / (before + 1) + share, 0)
        return scores

    def _reasons(self, rows: Ints, shown: Ints, /) -> list[str]:
        return [f"{NEXT}{item}" for item in self.items[self.side.previous[shown]]]
