"""What sells in the categories that a person takes from."""

from typing import ClassVar

import numpy as np

from models.recommendation.interactions import Floats, Interactions, Ints
from models.recommendation.on_platform import OnPlatform
from models.recommendation.recommender import POPULAR
from models.recommendation.side import Flags

POPULAR_IN, IN_CATEGORY = "popular_in:", "in_category:"
_PRIOR = 1.0  # interactions that the platform's own mix of categories is worth against a person's


class PopularInCategory(OnPlatform):
    """P(category | person) x P(item | category), both from weights.

    The first is (w_uc + m p_c) / (w_u + m), p_c the category's share of all weight: a Dirichlet prior worth m = 1
    interaction, so that one course does not tie a person to a shelf. Items of no category are one more. The second
    is the item's share of its category. The reason is popular_in:<category> for the better half of a category,
    in_category:<category> for the rest, and only if the person has had something of it; otherwise popular.
    """

    name: ClassVar[str] = "popular_in_category"

    def _learn(self, known: Interactions, seed: int, /) -> None:
        category, share = self.side.category, known.shares.astype(np.float32)
        self._belongs = np.zeros((len(known.items), len(self.side.categories) + 1), dtype=np.float32)
        self._belongs[np.arange(len(category)), category] = 1  # -1, no category, is the last column
        self.mix = share @ self._belongs
        self._within = share / np.maximum(self.mix[category], 1e-12)
        self._better = _better_half(share, category)

    def _scores(self, rows: Ints, /) -> Floats:
        chance = self.affinity(rows)
        scores: Floats = (chance @ self._belongs.T * self._within).astype(np.float32)
        return scores

    def affinity(self, rows: Ints, /) -> Floats:
        """P(category | person) for the people in these rows: rows x categories and, last, none."""
        weights = self.known.weights[rows]
        total = np.asarray(weights.sum(axis=1)).ravel()
        chance: Floats = (weights @ self._belongs + _PRIOR * self.mix) / (total + _PRIOR)[:, None]
        return chance.astype(np.float32)

    def _reasons(self, rows: Ints, shown: Ints, /) -> list[str]:
        category = self.side.category[shown]
        liked = self.known.had[rows] @ self._belongs
        named = (category >= 0) & (liked[np.arange(len(rows)), category] > 0)
        return [
            f"{POPULAR_IN if better else IN_CATEGORY}{self.side.categories[at]}" if of_own else POPULAR
            for at, better, of_own in zip(category.tolist(), self._better[shown], named, strict=True)
        ]


def _better_half(share: Floats, category: Ints) -> Flags:
    """Whether an item has some weight and at least the median of its category."""
    better = np.zeros(len(share), dtype=bool)
    for each in np.unique(category[category >= 0]):
        of = category == each
        better[of] = (share[of] > 0) & (share[of] >= np.median(share[of]))
    return better
