"""Everything that speaks for an item, weighed by what people chose in weeks that came after: the list that ships.

Collaborative parts, content, categories, series, authors, prices, launches and audiences give evidence
(`models.recommendation.evidence`); a conditional logit weighs it (`weighing`), trees may reorder the best candidates
(`ranker`), and the last places are for what is new (`exploring`). Which of them ship is for validation to say.
"""

from collections.abc import Iterator, Mapping
from copy import copy
from datetime import date
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from models.recommendation.audience import TRAITS, Audience
from models.recommendation.content import Content
from models.recommendation.evidence import Evidence
from models.recommendation.exploring import YOUNG_DAYS, explored, gumbel, seeds
from models.recommendation.interactions import Floats, Interactions, Ints, gathered
from models.recommendation.item_neighbours import entries
from models.recommendation.on_platform import OnPlatform, narrowed, widened
from models.recommendation.placing import largest
from models.recommendation.popular_in_category import PopularInCategory
from models.recommendation.ranker import CANDIDATES, Trees
from models.recommendation.reasoning import reasons
from models.recommendation.recommender import CELLS, POPULAR, Recommender
from models.recommendation.side import Flags, Numbers, heard, told
from models.recommendation.weighing import Lesson

RECENT = "decayed_14d"  # the column of a frame whose weights fade with time
PARTS: Mapping[str, Mapping[str, Any]] = {
    "item_neighbours": {},
    "rp3beta": {},
    "ease": {},
    "matrix_factorisation": {},
    "graph_filter": {},
}
PLAIN = {"recent_demand": 1.0}  # the weights before any are learnt: what sells
LEARNT_FROM, ALTERNATIVES = 4_000, 1_000  # people and items of one lesson
PEOPLE = ("user_id", *TRAITS, "refused")


class Hybrid(OnPlatform):
    """Recommends by weighed evidence to everybody in the fit or in `people`.

    `people`: user_id, channel, segment (null = not said) and refused, true for those who want nothing recommended by
    what they did: they get the general list, what sells now. `weights` are those of `weighing.weighed`, `trees` the
    text of `ranker.grown` ("" = none), `quota` the places for new items. `fit` takes a column decayed_14d as well;
    without it all days count alike.
    """

    name: ClassVar[str] = "hybrid"

    def __init__(
        self,
        *,
        catalogue: pd.DataFrame,
        people: pd.DataFrame,
        as_of: date,
        parts: Mapping[str, Mapping[str, Any]] = PARTS,
        weights: Mapping[str, float] = PLAIN,
        trees: str = "",
        quota: int = 1,
        k: int = 20,
    ) -> None:
        super().__init__(catalogue=catalogue, as_of=as_of, k=k)
        self.people = people[list(PEOPLE)].dropna(subset="user_id").drop_duplicates("user_id")
        self.parts = {name: dict(settings) for name, settings in parts.items()}
        self.quota = quota
        self._faded: Floats | None = None
        self._taught(weights, trees)

    def settings(self) -> dict[str, Any]:
        """The arguments of its constructor, as JSON values; the frames are JSON texts."""
        people = told(self.people)
        return {**super().settings(), "people": people, **self._learnt()}

    def state(self) -> dict[str, Any]:
        """Settings, interactions, and their weights that fade."""
        return {**super().state(), "faded": self._faded}

    @classmethod
    def restore(cls, state: Mapping[str, Any], /) -> Self:
        """The recommender that `state` was taken from."""
        held = state["settings"]
        people = heard(held["people"])
        model = super().restore({**state, "settings": {**held, "people": people}})
        if state["faded"] is not None:
            model._faded = np.asarray(state["faded"], dtype=np.float32)
            model._learn(model.known, state["seed"])
        return model

    def taught(self, weights: Mapping[str, float], /, *, trees: str = "") -> Self:
        """A copy with the same fit that weighs evidence so."""
        copied = copy(self)
        copied._taught(weights, trees)
        return copied

    def fit(self, frame: pd.DataFrame, /, *, seed: int) -> Self:
        """Learn from `frame` (user_id, item_id, weight and decayed_14d), forgetting any earlier fit."""
        known = gathered(frame)
        lately = gathered(frame, weight=RECENT) if RECENT in frame else known
        return self._learn_both(known, faded_like(known, lately), seed)

    def learn(self, known: Interactions, /, *, seed: int) -> Self:
        """Learn from interactions that are gathered already, in which all days count alike."""
        return self._learn_both(known, known.weights.data, seed)

    def lesson(self, taken: pd.DataFrame, /, *, exclude: pd.DataFrame) -> Lesson:
        """What people of the fit chose afterwards (user_id, item_id): what `weighed` and `grown` learn from.

        Of at most `LEARNT_FROM` people, and on a large shelf of the items chosen and a sample of the others.
        """
        ids = pd.Index(taken["user_id"].unique(), dtype="str")
        ids = ids[ids.isin(self.known.users)].sort_values()
        ids = ids[:: max(1, -(-len(ids) // LEARNT_FROM))]
        rows = self.known.users.get_indexer(ids).astype(np.int64)
        hidden: Flags = self._hidden(rows, self._barred(ids, rows, exclude), self._shelf()) < 0
        chosen = np.zeros(hidden.shape, dtype=bool)
        row, place = ids.get_indexer(pd.Index(taken["user_id"])), self.items.get_indexer(pd.Index(taken["item_id"]))
        both = (row >= 0) & (place >= 0)
        chosen[row[both], place[both]] = True
        sample = sampled(np.atleast_1d((~hidden).any(axis=0)), seed=self._seed)
        hidden |= ~(sample | chosen)
        kept = np.flatnonzero((~hidden | chosen).any(axis=0))
        parts = [self.evidence.cells(rows[part])[:, kept] for part in self._batches(len(rows))]
        cells = np.concatenate([np.empty((0, len(kept), len(self.evidence.names)), dtype=np.float32), *parts])
        return Lesson(self.evidence.names, cells, hidden[:, kept], chosen[:, kept])

    def _learn_both(self, known: Interactions, faded: Floats, seed: int) -> Self:
        self._faded = faded
        users = known.users.union(pd.Index(self.people["user_id"], dtype="str")).sort_values().rename(None)
        return super().learn(widened(known, users=users, items=known.items), seed=seed)

    def _learn(self, known: Interactions, seed: int, /) -> None:
        assert self._faded is not None
        parts = (self._faded, known.weights.indices, known.weights.indptr)
        recent = Interactions(known.users, known.items, csr_matrix(parts, shape=known.weights.shape))
        platform: dict[str, Any] = {"catalogue": self.catalogue, "as_of": self.as_of}
        self.evidence = Evidence(
            known,
            recent,
            self.side,
            parts=collaborative(self.parts, narrowed(known), seed=seed),
            content=Content(**platform).learn(known, seed=seed),
            shelf=PopularInCategory(**platform).learn(known, seed=seed),
            audience=Audience(people=self.people, **platform).learn(known, seed=seed),
        )
        refused = self.people.loc[self.people["refused"].astype("boolean").fillna(False), "user_id"]
        self._general = known.users.isin(pd.Index(refused, dtype="str"))
        self._seeds = seeds(known.users), seeds(known.items)

    def _taught(self, weights: Mapping[str, float], trees: str) -> None:
        self.weights, self.trees = dict(weights), trees
        self._ranker = Trees(trees) if trees else None

    def _learnt(self) -> dict[str, Any]:
        return {"parts": self.parts, "weights": self.weights, "trees": self.trees, "quota": self.quota}

    def _weight(self) -> Numbers:
        return np.array([self.weights.get(name, 0.0) for name in self.evidence.names], dtype=np.float64)

    def _utility(self, rows: Ints, cells: Floats) -> Floats:
        """The weighed evidence; for those who refused what sells now."""
        utility: Floats = (cells @ self._weight()).astype(np.float32)
        general = self._general[rows]
        utility[general] = cells[general, :, self.evidence.names.index("recent_demand")]
        return utility

    def _scores(self, rows: Ints, /) -> Floats:
        return positive(self._utility(rows, self.evidence.cells(rows)))

    def _top(self, rows: Ints, hidden: Floats, k: int, /) -> tuple[Ints, Floats]:
        cells = self.evidence.cells(rows)
        utility = self._utility(rows, cells) + hidden
        if self._ranker is not None:
            self._reorder(rows, cells, utility)
        places, _ = largest(positive(utility), k)
        young = (self.side.age >= 0) & (self.side.age < YOUNG_DAYS)
        own = ~self._general[rows]
        noise = gumbel(self._seeds[0][rows[own]], self._seeds[1], week=self.as_of.toordinal())
        places[own] = explored(places[own], utility[own], noise, young=young, quota=self.quota)
        scores = np.take_along_axis(positive(utility), places.clip(min=0), axis=1)
        return places, np.where(places >= 0, np.minimum.accumulate(scores, axis=1), 0).astype(np.float32)

    def _reorder(self, rows: Ints, cells: Floats, utility: Floats) -> None:
        """Put the utilities of the trees in the place of those of the best candidates, which stay the best."""
        assert self._ranker is not None
        best = np.argsort(-utility, axis=1, kind="stable")[:, :CANDIDATES]
        had = np.take_along_axis(utility, best, axis=1)
        found = self._ranker.utility(
            np.take_along_axis(cells, best[:, :, None], axis=1), np.nan_to_num(had, neginf=0)
        )
        found += (had[:, :1] - found.min(axis=1, keepdims=True)).clip(min=0)  # above whatever is no candidate
        found[~np.isfinite(had) | self._general[rows][:, None]] = -np.inf
        np.put_along_axis(utility, best, np.where(self._general[rows][:, None], had, found), axis=1)

    def _reasons(self, rows: Ints, shown: Ints, /) -> list[str]:
        said = np.full(len(rows), POPULAR, dtype=object)
        own = np.flatnonzero(~self._general[rows])
        said[own] = reasons(self.evidence, self.weights, rows[own], shown[own])
        return [str(reason) for reason in said]

    def _batches(self, users: int) -> Iterator[slice]:
        size = max(1, CELLS // max(1, len(self.items) * len(self.evidence.names)))
        return (slice(begin, min(begin + size, users)) for begin in range(0, users, size))


def collaborative(parts: Mapping[str, Mapping[str, Any]], known: Interactions, /, *, seed: int) -> list[Recommender]:
    """The parts of these names and settings, each learnt from `known`."""
    from models.registry import load_class

    made: list[Any] = [load_class(name)(**settings) for name, settings in parts.items()]
    return [part.learn(known, seed=seed) for part in made]


def sampled(shelf: Flags, /, *, seed: int) -> Flags:
    """The items on a shelf, or `ALTERNATIVES` of them drawn alike."""
    places = np.flatnonzero(shelf)
    few = np.random.default_rng(seed).permutation(places)[:ALTERNATIVES]
    found = np.zeros_like(shelf)
    found[few] = True
    return found


def faded_like(known: Interactions, recent: Interactions, /) -> Floats:
    """The weights of `recent` for each entry of `known`, in its order; 0 where it has none."""
    row = recent.users.get_indexer(known.users)
    column = recent.items.get_indexer(known.items)
    rows, columns = np.repeat(row, np.diff(known.weights.indptr)), column[known.weights.indices]
    found = entries(recent.weights, rows.clip(min=0).astype(np.int64), columns.clip(min=0).astype(np.int64))
    return np.where((rows >= 0) & (columns >= 0), found, np.float32(0))


def positive(utility: Floats, /) -> Floats:
    """exp(utility) over the largest of the row, so that what is placed is above 0; -inf gives 0."""
    top = np.maximum(utility.max(axis=1, initial=-np.inf, keepdims=True), np.finfo(np.float32).min)
    found: Floats = np.exp(utility - top).astype(np.float32)
    return found
