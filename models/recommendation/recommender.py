"""What all recommenders share: whom they know, what may be shown, filling up, and a reason for every row."""

from abc import abstractmethod
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from models.contract import Model
from models.recommendation.because import because
from models.recommendation.interactions import Floats, Interactions, Ints, gathered
from models.recommendation.placing import first_true, largest

CELLS = 2**23  # of one batch's dense scores: what bounds the memory of a thread
THREADS = 2
POPULAR, SIMILAR_PEOPLE = "popular", "similar_people"
FALLBACK = "popularity"  # the recommender that fills lists up

_NOBODY = Interactions(pd.Index([], dtype="str"), pd.Index([], dtype="str"), csr_matrix((0, 0), dtype=np.float32))


@dataclass(frozen=True)
class Ranking:
    """Lists without reasons: the places of items, `users` x k (-1 where a list ends), and their scores.

    `own` says how many of each list the recommender placed itself; what follows is filled up with popular items.
    """

    users: pd.Index
    places: Ints
    scores: Floats
    own: Ints


class Rules(Protocol):
    """What a person must not be shown because of what that person had."""

    def barred(self, had: csr_matrix, items: pd.Index, /) -> NDArray[np.bool_]:
        """True where an item must not be shown: `had` is people x items, as is the answer."""


class Recommender(Model):
    """Recommends at most `k` items to each user.

    `fit` takes interactions: user_id, item_id, weight. A recommender places items whose score is above 0; a list that
    stays short, and that of a user it does not know, is filled up with popular items. Score falls with rank and
    compares within one user only. What differs between recommenders is how they learn (`_learn`), how they score
    (`_scores`) and how much an item of the history speaks for one that is shown (`_links`); some also score people
    whom the fit did not know (`_newcomers`), or give reasons of their own (`_reasons`).
    """

    inputs: ClassVar[tuple[str, ...]] = ("user_id", "item_id", "weight")
    outputs: ClassVar[tuple[str, ...]] = ("user_id", "item_id", "rank", "score", "reason", "model")

    def __init__(self, *, k: int = 20) -> None:
        self.k = k
        self.known = _NOBODY
        self._seed = 0
        self._allowed: frozenset[str] | None = None
        self._rules: Rules | None = None

    @property
    def items(self) -> pd.Index:
        """The items of the fit, the most popular first."""
        return self.known.items

    def fit(self, frame: pd.DataFrame, /, *, seed: int) -> Self:
        """Learn from `frame` (user_id, item_id, weight), forgetting any earlier fit."""
        return self.learn(gathered(frame, items=self._catalogued()), seed=seed)

    def learn(self, known: Interactions, /, *, seed: int) -> Self:
        """`fit` on interactions that are gathered already."""
        self.known, self._seed = known, seed
        self._learn(known, seed)
        return self

    def has_learnt(self, known: Interactions, /, *, seed: int) -> bool:
        """Whether its last fit was to these very interactions."""
        return self.known is known and self._seed == seed

    def restrict(self, allowed: Collection[str] | None, /, *, rules: Rules | None = None) -> Self:
        """A copy that shows nothing but `allowed` (None = everything), and to nobody what `rules` bar.

        The rules are not part of `state`.
        """
        restricted = copy(self)
        restricted._allowed = None if allowed is None else frozenset(allowed)
        restricted._rules = rules
        return restricted

    def recommend(
        self, users: "pd.Index | pd.Series", /, *, k: int, exclude: pd.DataFrame | None = None
    ) -> pd.DataFrame:
        """One row per user and place, ordered by user_id and rank (1, 2, ... without gaps): the columns `outputs`.

        `users` are ids; those that the fit did not know get popular items. `exclude` are the pairs user_id, item_id
        that are never shown; None = everything that they had in the fit. `model` is the recommender that placed the
        row; `reason` is because_of:<item of the user's history that speaks most for it>, similar_people where none
        does, or popular.
        """
        ranking = self.rank(users, k=k, exclude=exclude)
        row, at = np.nonzero(ranking.places >= 0)
        places = ranking.places[row, at]
        own = at < ranking.own[row]
        return pd.DataFrame(
            {
                "user_id": pd.array(ranking.users.to_numpy(dtype=object)[row], dtype="str"),
                "item_id": pd.array(self.items.to_numpy(dtype=object)[places], dtype="str"),
                "rank": at + 1,
                "score": ranking.scores[row, at].astype(np.float64),
                "reason": pd.array(self._all_reasons(ranking.users[row], places, own), dtype="str"),
                "model": pd.array(np.where(own, self.name, FALLBACK).astype(object), dtype="str"),
            }
        )

    def rank(self, users: "pd.Index | pd.Series", /, *, k: int, exclude: pd.DataFrame | None = None) -> Ranking:
        """`recommend` without its reasons, as places in `items`: what measuring needs."""
        from threadpoolctl import threadpool_limits

        ids = pd.Index(users, dtype="str").unique().sort_values().rename(None)
        rows = self.known.users.get_indexer(ids).astype(np.int64)
        barred = self._barred(ids, rows, exclude)
        shelf = self._shelf()
        with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(THREADS) as threads:
            parts = list(
                threads.map(
                    lambda part: self._lists(ids[part], rows[part], self._hidden(rows[part], barred[part], shelf), k),
                    self._batches(len(ids)),
                )
            )
        if not parts:
            return Ranking(ids, np.empty((0, k), np.int64), np.empty((0, k), np.float32), np.empty(0, np.int64))
        return Ranking(ids, *(np.concatenate(each) for each in zip(*parts, strict=True)))

    def listed(
        self, users: "pd.Index | pd.Series", /, *, k: int, exclude: pd.DataFrame | None = None
    ) -> pd.DataFrame:
        """`rank` as a frame user_id, item_id, rank: what the figures of evaluation are made of."""
        ranking = self.rank(users, k=k, exclude=exclude)
        row, at = np.nonzero(ranking.places >= 0)
        return pd.DataFrame(
            {"user_id": ranking.users[row], "item_id": self.items[ranking.places[row, at]], "rank": at + 1}
        )

    def score(self, frame: pd.DataFrame, /) -> pd.DataFrame:
        """`recommend` for the users of `frame`, as many as `k` says, without what they had in the fit."""
        return self.recommend(frame["user_id"].dropna(), k=self.k)

    def settings(self) -> dict[str, Any]:
        """The arguments of its constructor, as JSON values."""
        return {"k": self.k}

    def varied(self, settings: Mapping[str, Any], /) -> Self:
        """An unfitted recommender of these settings, which may hand over what does not depend on them."""
        return type(self)(**settings)

    def state(self) -> dict[str, Any]:
        """The settings and what it learnt from; with these learning again is exact."""
        return {
            "settings": self.settings(),
            "seed": self._seed,
            "allowed": None if self._allowed is None else sorted(self._allowed),
            "users": self.known.users.tolist(),
            "items": self.known.items.tolist(),
            "weights": self.known.weights.data,
            "columns": self.known.weights.indices,
            "ends": self.known.weights.indptr,
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any], /) -> Self:
        """The recommender that `state` was taken from."""
        users, items = (pd.Index(state[name], dtype="str") for name in ("users", "items"))
        parts = tuple(np.asarray(state[name]) for name in ("weights", "columns", "ends"))
        known = Interactions(users, items, csr_matrix(parts, shape=(len(users), len(items))))
        return cls(**state["settings"]).learn(known, seed=state["seed"]).restrict(state["allowed"])

    @abstractmethod
    def _learn(self, known: Interactions, seed: int, /) -> None:
        """Learn from `known`, forgetting any earlier fit; also from no people and no items."""

    @abstractmethod
    def _scores(self, rows: Ints, /) -> Floats:
        """Scores of all items for the people in these rows of the fit: a new array, rows x items, float32.

        Only values above 0 are placed.
        """

    def _links(self, had: Ints, shown: Ints, /) -> Floats:
        """How much each item of a history speaks for the one that is shown beside it; at most 0 = not at all."""
        return np.zeros(len(had), dtype=np.float32)

    def _reasons(self, rows: Ints, shown: Ints, /) -> list[str]:
        """Why the people of these rows of the fit are shown these places, which this recommender chose."""
        names = self.items.to_numpy(dtype=object)
        items = because(self.known, rows, shown, links=self._links)
        return [f"because_of:{names[item]}" if item >= 0 else SIMILAR_PEOPLE for item in items]

    def _newcomers(self, ids: pd.Index, /) -> Floats | None:
        """`_scores` for people whom the fit did not know; None = they get popular items."""
        return None

    def _newcomer_reasons(self, ids: pd.Index, shown: Ints, /) -> list[str]:
        """Why newcomers are shown these places, which `_newcomers` placed."""
        return [POPULAR] * len(ids)

    def _catalogued(self) -> Collection[str]:
        """Items that may be shown although nobody had them."""
        return ()

    def _top(self, rows: Ints, hidden: Floats, k: int, /) -> tuple[Ints, Floats]:
        """The `k` best places of each of `rows` and their scores, -1 and 0 where there are no more.

        `hidden` (rows x items) is -inf where an item must not be shown, else 0.
        """
        scores = self._scores(rows)
        scores += hidden
        return largest(scores, k)

    def _lists(self, ids: pd.Index, rows: Ints, hidden: Floats, k: int) -> tuple[Ints, Floats, Ints]:
        """Places, scores and the number of own ones of a batch of users, -1 in `rows` for those not known."""
        places = np.full((len(rows), k), -1, dtype=np.int64)
        scores = np.zeros((len(rows), k), dtype=np.float32)
        here, new = np.flatnonzero(rows >= 0), np.flatnonzero(rows < 0)
        if len(here):
            # Most batches know everybody: hidden is as large as all scores, and need not be copied then.
            places[here], scores[here] = self._top(rows[here], hidden if not len(new) else hidden[here], k)
        if len(new) and (guess := self._newcomers(ids[new])) is not None:
            places[new], scores[new] = largest(guess + hidden[new], k)
        own: Ints = (places >= 0).sum(axis=1)
        self._fill(places, scores, own, hidden)
        return places, scores, own

    def _fill(self, places: Ints, scores: Floats, own: Ints, hidden: Floats) -> None:
        """Popular items behind the own ones; their scores are shares of all weight, scaled to stay below."""
        k = places.shape[1]
        short = np.flatnonzero(own < k)
        if not len(short):
            return
        free = hidden[short] == 0
        row, at = np.nonzero(places[short] >= 0)
        free[row, places[short][row, at]] = False
        fill = first_true(free, k=k)
        row, at = np.nonzero((fill >= 0) & (np.arange(k) + own[short, None] < k))
        to_row, to_at, item = short[row], own[short[row]] + at, fill[row, at]
        floor = np.where(own > 0, scores[np.arange(len(own)), np.maximum(own - 1, 0)], 1.0)
        places[to_row, to_at] = item
        scores[to_row, to_at] = self.known.shares[item] * floor[to_row]

    def _all_reasons(self, ids: pd.Index, places: Ints, own: NDArray[np.bool_]) -> list[str]:
        """A reason for each place, whoever chose it."""
        rows = self.known.users.get_indexer(ids)
        reasons = np.full(len(places), POPULAR, dtype=object)
        known, new = np.flatnonzero(own & (rows >= 0)), np.flatnonzero(own & (rows < 0))
        reasons[known] = self._reasons(rows[known].astype(np.int64), places[known])
        reasons[new] = self._newcomer_reasons(ids[new], places[new])
        return [str(reason) for reason in reasons]

    def _batches(self, users: int) -> Iterator[slice]:
        size = max(1, CELLS // max(1, len(self.items)))
        return (slice(begin, min(begin + size, users)) for begin in range(0, users, size))

    def _barred(self, ids: pd.Index, rows: Ints, exclude: pd.DataFrame | None) -> csr_matrix:
        """What each of `ids` must not be shown, ids x items."""
        if exclude is None:
            return self._histories(rows)
        row = ids.get_indexer(pd.Index(exclude["user_id"], dtype="str"))
        place = self.items.get_indexer(pd.Index(exclude["item_id"], dtype="str"))
        both = (row >= 0) & (place >= 0)
        ones = np.ones(int(both.sum()), dtype=np.float32)
        return csr_matrix((ones, (row[both], place[both])), shape=(len(ids), len(self.items)))

    def _shelf(self) -> Floats:
        """0 for the items that may be shown, -inf for the others."""
        if self._allowed is None:
            return np.zeros(len(self.items), dtype=np.float32)
        return np.where(self.items.isin(list(self._allowed)), 0.0, -np.inf).astype(np.float32)

    def _hidden(self, rows: Ints, barred: csr_matrix, shelf: Floats) -> Floats:
        """-inf where an item must not be shown to the people of a batch (-1 in `rows` = not known), else 0."""
        hidden = np.tile(shelf, (len(rows), 1))
        hidden[np.repeat(np.arange(len(rows)), np.diff(barred.indptr)), barred.indices] = -np.inf
        if self._rules is not None:
            hidden[self._rules.barred(self._histories(rows), self.items)] = -np.inf
        return hidden

    def _histories(self, rows: Ints) -> csr_matrix:
        """What the people of these rows had, 1.0 each; nothing where the row is -1."""
        known = np.flatnonzero(rows >= 0)
        ones = np.ones(len(known), dtype=np.float32)
        chosen = csr_matrix((ones, (known, rows[known])), shape=(len(rows), len(self.known.users)))
        return (chosen @ self.known.had).tocsr()
