"""What people like somebody take: popularity by segment and by channel, for those of whom nothing else is known."""

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from models.recommendation.interactions import Floats, Interactions, Ints
from models.recommendation.on_platform import OnPlatform, widened
from models.recommendation.recommender import POPULAR
from models.recommendation.side import heard, told

TRAITS = ("channel", "segment")
PRIOR = 30.0  # interactions that everybody's shares are worth against a group's own


class Audience(OnPlatform):
    """Shares of items among people of the same channel and of the same segment.

    The share of item i in a group is (w_ig + m s_i) / (w_g + m), s_i its share among all and m = 30: a small group
    says little. A person's score of an item is s_i times the lifts (group's share over s_i) of both groups, as if
    they were independent. It knows people who had nothing yet. `people`: user_id, channel, segment (null = not said).
    """

    name: ClassVar[str] = "audience"

    def __init__(self, *, catalogue: pd.DataFrame, people: pd.DataFrame, as_of: date, k: int = 20) -> None:
        super().__init__(catalogue=catalogue, as_of=as_of, k=k)
        self.people = people[["user_id", *TRAITS]].dropna(subset="user_id").drop_duplicates("user_id")

    def settings(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().settings(), "people": told(self.people)}

    @classmethod
    def restore(cls, state: Mapping[str, Any], /) -> Self:
        """The recommender that `state` was taken from."""
        held = state["settings"]
        people = heard(held["people"])
        return super().restore({**state, "settings": {**held, "people": people}})

    def learn(self, known: Interactions, /, *, seed: int) -> Self:
        """Learn from interactions that are gathered already; people without any are added."""
        users = known.users.union(pd.Index(self.people["user_id"], dtype="str")).sort_values().rename(None)
        return super().learn(widened(known, users=users, items=known.items), seed=seed)

    def _learn(self, known: Interactions, seed: int, /) -> None:
        rows = self.people.set_index("user_id").reindex(known.users)
        self._groups = [pd.factorize(rows[trait], sort=True)[0].astype(np.int64) for trait in TRAITS]
        self._lifts = [group_lifts(known, numbers) for numbers in self._groups]

    def _scores(self, rows: Ints, /) -> Floats:
        scores: Floats = (np.exp(self.lifts(rows)) * self.known.shares).astype(np.float32)
        return scores

    def lifts(self, rows: Ints, /) -> Floats:
        """log of the product of both lifts for the people in these rows: rows x items; 0 = as everybody."""
        found = np.zeros((len(rows), len(self.items)), dtype=np.float32)
        for lift, numbers in zip(self._lifts, self._groups, strict=True):
            found += lift[numbers[rows]]
        return found

    def _reasons(self, rows: Ints, shown: Ints, /) -> list[str]:
        return [POPULAR] * len(rows)


def group_lifts(known: Interactions, numbers: Ints, /) -> Floats:
    """log of a group's share of each item over that of all: groups x items; the last row, of no group, is 0."""
    groups, share = int(numbers.max(initial=-1)) + 2, known.shares
    found = np.zeros((groups, len(known.items)), dtype=np.float32)
    for group in range(groups - 1):
        own = np.asarray(known.weights[numbers == group].sum(axis=0)).ravel()
        found[group] = np.log((own + PRIOR * share + 1e-9) / (own.sum() + PRIOR)) - np.log(share + 1e-9)
    return found
