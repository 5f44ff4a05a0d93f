"""The most popular items of a window: the baseline of every recommender."""

from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from models.recommendation.interactions import Floats, Interactions, Ints, gathered
from models.recommendation.recommender import FALLBACK, Recommender


class Popularity(Recommender):
    """Items by the sum of a column, equal ones by a hash of their ids.

    The window is that of the column `by`: the weight of all days, or one that fades with time. It scores nothing for
    anybody: its lists are what fills up the lists of all others.
    """

    name: ClassVar[str] = FALLBACK

    def __init__(self, *, k: int = 20, by: str = "weight") -> None:
        super().__init__(k=k)
        self.by = by

    def settings(self) -> dict[str, Any]:
        """The arguments of its constructor, as JSON values."""
        return {**super().settings(), "by": self.by}

    def fit(self, frame: pd.DataFrame, /, *, seed: int) -> Self:
        """Add up `frame`: user_id, item_id and the column `by`."""
        return self.learn(gathered(frame, weight=self.by), seed=seed)

    def _learn(self, known: Interactions, seed: int, /) -> None:
        pass

    def _scores(self, rows: Ints, /) -> Floats:
        return np.zeros((len(rows), len(self.items)), dtype=np.float32)

    def _top(self, rows: Ints, _hidden: object, k: int, /) -> tuple[Ints, Floats]:
        return np.full((len(rows), k), -1, dtype=np.int64), np.zeros((len(rows), k), dtype=np.float32)
