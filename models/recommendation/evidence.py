"""What speaks for each item and each person, from all parts, on comparable scales: what a hybrid weighs.

Scores of collaborative parts are divided by the largest of their row, so that none drowns another whatever its units;
demand and taste are log shares, so that evidence adds up as log odds do.
"""

from collections.abc import Sequence

import numpy as np

from models.recommendation.audience import Audience
from models.recommendation.content import Content
from models.recommendation.interactions import Floats, Interactions, Ints
from models.recommendation.popular_in_category import PopularInCategory
from models.recommendation.recommender import Recommender
from models.recommendation.side import Flags, Side

LAUNCH_DAYS = (10.0, 40.0)  # until a third of a launch is left
RARE = 0.1  # interactions that an item without any counts as having had lately
BEND = 30.0  # log1p(BEND s) / log1p(BEND) lifts the small ones of scores between 0 and 1


class Evidence:
    """Names and values of what speaks for items, over the people and items of `known`.

    `recent` are the same interactions with weights that fade with time, over the same people and items. `parts` are
    fitted already, on fewer people and items.
    """

    def __init__(
        self,
        known: Interactions,
        recent: Interactions,
        side: Side,
        /,
        *,
        parts: Sequence[Recommender],
        content: Content,
        shelf: PopularInCategory,
        audience: Audience,
    ) -> None:
        self.known, self.recent, self.side, self.parts = known, recent, side, tuple(parts)
        self.content, self.shelf, self.audience = content, shelf, audience
        self._wrote = _membership(side.author)
        self._common = common(known, recent, side)
        self.names = (*self._common, *self.own(np.empty(0, dtype=np.int64)))

    def cells(self, rows: Ints, /) -> Floats:
        """People in these rows x items x names, float32."""
        values = np.empty((len(rows), len(self.side.items), len(self.names)), dtype=np.float32)
        for at, column in enumerate(self._common.values()):
            values[:, :, at] = column
        for at, block in enumerate(self.own(rows).values(), len(self._common)):
            values[:, :, at] = block
        return values

    def own(self, rows: Ints, /) -> dict[str, Floats]:
        """What differs between people: name -> people x items."""
        had = self.known.weights[rows].toarray()
        short = np.log1p((had > 0).sum(axis=1)).astype(np.float32)[:, None]
        found: dict[str, Floats] = {}
        for part in self.parts:
            score = by_largest(self.part_scores(part, rows))
            found |= {part.name: score, f"{part.name}_log": np.log1p(BEND * score) / np.float32(np.log1p(BEND))}
        found |= {"content": self.content._scores(rows), "category": self._category(rows)}
        found |= self._series(rows, had) | self._author(had) | self._price(had)
        lift = self.audience.lifts(rows)
        found |= {"audience": lift, "audience_of_newcomers": lift * (short == 0)}
        found["again"] = (had > 0) * self.side.repeatable.astype(np.float32)
        found["again_lately"] = found["again"] * self.recent.weights[rows].toarray()
        found["demand_by_history"] = short * self._common["recent_demand"]
        return found

    def part_scores(self, part: Recommender, rows: Ints, /) -> Floats:
        """Scores of a part that was fitted on fewer people and items, with 0 for the others."""
        own = part.known.users.get_indexer(self.known.users[rows]).astype(np.int64)
        scores = np.zeros((len(rows), len(self.side.items)), dtype=np.float32)
        here = np.flatnonzero(own >= 0)
        if len(here):
            scores[here, : len(part.items)] = part._scores(own[here])
        return scores

    def _category(self, rows: Ints) -> Floats:
        """log P(category | person) / P(category); 0 for items of no category."""
        lift = np.log(np.maximum(self.shelf.affinity(rows), 1e-6)) - np.log(np.maximum(self.shelf.mix, 1e-6))
        lift[:, -1] = 0
        found: Floats = lift[:, self.side.category].astype(np.float32)
        return found

    def _series(self, rows: Ints, had: Floats) -> dict[str, Floats]:
        """Whether the part before was had, and the share of that which is recent."""
        later = np.flatnonzero(self.side.previous >= 0)
        before = had[:, self.side.previous[later]]
        lately = self.recent.weights[rows].toarray()[:, self.side.previous[later]] / np.maximum(before, 1e-9)
        found = {name: np.zeros(had.shape, dtype=np.float32) for name in ("next_in_series", "next_lately")}
        found["next_in_series"][:, later] = before > 0
        found["next_lately"][:, later] = np.where(before > 0, lately, 0)
        return found

    def _author(self, had: Floats) -> dict[str, Floats]:
        """Whether the author is known to a person, and how many of the author's items were had."""
        count = ((had > 0).astype(np.float32) @ self._wrote) @ self._wrote.T
        return {"author_known": (count > 0).astype(np.float32), "author_count": np.log1p(count)}

    def _price(self, had: Floats) -> dict[str, Floats]:
        """By how much an item is dearer, or cheaper, than what a person paid on average; in logs, 0 if not known."""
        price = np.nan_to_num(self.side.price)
        paid, worth = (price > 0).astype(np.float32), np.log(np.maximum(price, 1e-2)).astype(np.float32)
        owned = (had > 0).astype(np.float32)
        count = owned @ paid
        usual = (owned @ (paid * worth)) / np.maximum(count, 1)
        gap = (worth - usual[:, None]) * paid * (count > 0)[:, None]
        free = (self.side.price == 0).astype(np.float32)
        likes_free = ((owned @ free + 0.5) / (owned.sum(axis=1) + 2))[:, None] * free
        return {"dearer": gap.clip(min=0), "cheaper": (-gap).clip(min=0), "free_for_those": likes_free}


def common(known: Interactions, recent: Interactions, side: Side, /) -> dict[str, Floats]:
    """What is the same for everybody: name -> items."""
    total, lately = (np.asarray(each.weights.sum(axis=0)).ravel() for each in (known, recent))
    cold = total == 0
    recent_demand = np.log((lately + RARE) / (lately.sum() + 1))
    young = side.age < LAUNCH_DAYS[1]
    found = {"demand": np.log((total + 0.5) / (total.sum() + 1)), "recent_demand": recent_demand}
    found |= {f"launched_{days:.0f}": np.exp(-side.age.clip(min=0) / days) for days in LAUNCH_DAYS}
    found |= {"cold": cold, "bundle": np.isin(np.arange(len(cold)), list(side.parts)), "repeatable": side.repeatable}
    for name, numbers in (("author", side.author), ("category", side.category)):
        usual = centred(recent_demand, numbers, among=~cold)
        found |= {f"{name}_demand": usual, f"{name}_demand_if_cold": usual * cold}
        found[f"{name}_demand_if_young"] = usual * young
    found["free"] = side.price == 0
    return {name: np.asarray(values, dtype=np.float32) for name, values in found.items()}


def centred(value: Floats, numbers: Ints, /, *, among: Flags) -> Floats:
    """For each item the mean of `value` over the items `among` with the same number, less the mean of all of them.

    Shrunk to 0 as if three items more had the mean of all; 0 where the number is not said.
    """
    if not among.any():
        return np.zeros(len(value), dtype=np.float32)
    gap = np.where(among, value - value[among].mean(), 0)
    groups = int(numbers.max(initial=-1)) + 2  # the last one holds what is not said (-1)
    total = np.bincount(numbers % groups, weights=gap, minlength=groups)
    count = np.bincount(numbers % groups, weights=among, minlength=groups)
    mean = total / (count + 3)
    mean[-1] = 0
    found: Floats = mean[numbers].astype(np.float32)
    return found


def by_largest(scores: Floats, /) -> Floats:
    """Each row divided by its largest value; rows without a positive one stay 0."""
    top = scores.max(axis=1, initial=0)[:, None]
    found: Floats = np.where(top > 0, scores.clip(min=0) / np.where(top > 0, top, 1), 0).astype(np.float32)
    return found


def _membership(numbers: Ints) -> Floats:
    """Items x groups, 1 where an item belongs to a group."""
    found: Floats = np.zeros((len(numbers), int(numbers.max(initial=-1)) + 1), dtype=np.float32)
    said = np.flatnonzero(numbers >= 0)
    found[said, numbers[said]] = 1
    return found
