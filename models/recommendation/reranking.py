"""Lists put into another order for variety and for fairness to authors, and what that costs.

Variety is maximal marginal relevance (Carbonell and Goldstein 1998): places are given one after another, each to the
item with the largest (1 - v) relevance - v similarity, similarity being that to the nearest item placed before.
Fairness keeps an account of the attention that each author got from all lists so far, a place at rank r being worth
1 / log2(r + 1), and of what the author's items deserved by their relevance, as Biega, Gummadi and Weikum 2018
("Equity of attention") do: who got less than deserved is put forward.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from models.recommendation.content import vectors
from models.recommendation.exploring import YOUNG_DAYS
from models.recommendation.interactions import Ints
from models.recommendation.recommender import Recommender
from models.recommendation.side import Numbers, Side

_COMPARED_AT_ONCE = 4_000  # items: their likeness fills 64 MB


@dataclass(frozen=True)
class Aims:
    """How much is given up for what, each 0 (nothing) to 1 (everything): variety in a list, fairness to authors."""

    variety: float = 0.0
    fairness: float = 0.0


def diverse(longer: pd.DataFrame, /, *, side: Side, k: int, share: float, new_places: int = 0) -> pd.DataFrame:
    """The `k` rows of each of the `longer` lists that are best with `share` as both aims; scores fall with rank.

    `longer`: user_id, item_id, rank, score and whatever else, ordered by user_id and rank, of items of `side`, whose
    texts, authors and categories say how alike they are. `new_places` of each list stay with new items if the longer
    one has so many: the last ones where variety would take them away.
    """
    aims = Aims(variety=share, fairness=share)
    kept = reranked(longer, items=side.items, vectors=vectors(side), authors=side.author, aims=aims, k=k)
    if new_places:
        young = side.items[(side.age >= 0) & (side.age < YOUNG_DAYS)]
        kept = with_new(kept, longer, young=young, places=new_places)
    return kept.assign(score=kept.groupby("user_id")["score"].cummin())


def with_new(kept: pd.DataFrame, longer: pd.DataFrame, /, *, young: pd.Index, places: int) -> pd.DataFrame:
    """`kept` with the best `young` items of `longer` in place of the last others, up to `places` of them a list."""
    pair = ["user_id", "item_id"]
    held = kept["item_id"].isin(young)
    lacking = (places - held.groupby(kept["user_id"]).sum()).clip(lower=0)
    there = pd.MultiIndex.from_frame(longer[pair]).isin(pd.MultiIndex.from_frame(kept[pair]))
    spare = longer[longer["item_id"].isin(young) & ~there]
    spare = spare[spare.groupby("user_id").cumcount() < spare["user_id"].map(lacking)]
    room = kept["user_id"].map(spare.groupby("user_id").size()).fillna(0)
    last = (~held).iloc[::-1].groupby(kept["user_id"]).cumsum().iloc[::-1]  # 1 = the last one that is not new
    both = pd.concat([kept[held | (last > room)], spare], ignore_index=True)
    both = both.sort_values("user_id", kind="stable", ignore_index=True)
    return both.assign(rank=both.groupby("user_id").cumcount() + 1)


def reranked(
    shown: pd.DataFrame, /, *, items: pd.Index, vectors: csr_matrix, authors: Ints, aims: Aims, k: int
) -> pd.DataFrame:
    """The best `k` of longer lists by these aims: the rows of `shown` that stay, with new ranks.

    `shown`: user_id, item_id, rank, score and whatever else, ordered by user_id and rank. `vectors` (a row of length
    1 or 0 per item of `items`) say how alike two items are, `authors` whose they are (-1 = nobody's, whom nothing is
    owed). Lists are taken in the order of their users, as the account of attention goes from one to the next. With no
    aims the first `k` stay as they are.
    """
    places = items.get_indexer(pd.Index(shown["item_id"]))
    users = shown["user_id"].to_numpy()
    begins = np.flatnonzero(users[1:] != users[:-1]) + 1 if len(users) else np.empty(0, dtype=np.int64)
    got, earned = (np.zeros(int(authors.max(initial=-1)) + 2) for _ in range(2))  # the last one is nobody's
    kept, alike = list[Ints](), _alike(vectors)
    for rows in np.split(np.arange(len(shown)), begins):
        relevance = _relevance(shown["score"].to_numpy()[rows])
        owner = authors[places[rows]]
        np.add.at(earned, owner, relevance / max(relevance.sum(), 1e-12))
        picked = _picked(relevance, alike(places[rows]), _owed(got, earned)[owner], aims, k)
        attention = 1 / np.log2(np.arange(len(picked)) + 2)
        np.add.at(got, owner[picked], attention / max(attention.sum(), 1e-12))
        kept.append(rows[picked])
    chosen = shown.iloc[np.concatenate(kept)] if len(shown) else shown
    ranks = np.concatenate([np.arange(1, len(rows) + 1) for rows in kept]) if len(shown) else np.empty(0, dtype=int)
    return chosen.assign(rank=ranks).reset_index(drop=True)


def scored_lists(
    model: Recommender, users: "pd.Index | pd.Series", /, *, k: int, exclude: pd.DataFrame | None = None
) -> pd.DataFrame:
    """`Recommender.listed` with the column score: user_id, item_id, rank, score."""
    ranking = model.rank(users, k=k, exclude=exclude)
    row, at = np.nonzero(ranking.places >= 0)
    told = {"user_id": ranking.users[row], "item_id": model.items[ranking.places[row, at]]}
    return pd.DataFrame({**told, "rank": at + 1, "score": ranking.scores[row, at]})


def attention_gap(shown: pd.DataFrame, deserved: pd.DataFrame, /, *, authors: pd.Series) -> float:
    """Half the sum over authors of |share of attention - share deserved|, 0 = everybody gets what is deserved, to 1.

    Attention is 1 / log2(rank + 1) of the places in `shown` (user_id, item_id, rank); what is deserved are the shares
    of relevance in the longer lists `deserved` (user_id, item_id, score), every list counting alike. `authors`: by
    item_id.
    """
    attention = pd.Series(1 / np.log2(shown["rank"].to_numpy() + 1), index=shown["user_id"])
    got = _shares(attention, shown["item_id"].map(authors))
    merit = (
        pd.Series(deserved["score"].to_numpy(), index=deserved["user_id"])
        .groupby(level=0)
        .transform(lambda scores: _relevance(scores.to_numpy()))
    )
    earned = _shares(merit, deserved["item_id"].map(authors))
    return float(got.sub(earned, fill_value=0.0).abs().sum() / 2)


def _alike(vectors: csr_matrix) -> Callable[[Ints], Numbers]:
    """How alike the items at some places are; on a small shelf all of them are compared once."""
    if vectors.shape[0] > _COMPARED_AT_ONCE:
        return lambda places: (vectors[places] @ vectors[places].T).toarray()
    whole = (vectors @ vectors.T).toarray()
    return lambda places: whole[places[:, None], places]


def _shares(worth: pd.Series, owner: pd.Series) -> pd.Series:
    """The share of each owner when every user's worth is 1 in all."""
    even = worth.to_numpy() / worth.groupby(level=0).transform("sum").to_numpy()
    total = pd.Series(even).groupby(owner.to_numpy()).sum()
    return total / total.sum()


def _relevance(scores: Numbers) -> Numbers:
    """Scores of one list over the largest."""
    top = scores.max(initial=0)
    found: Numbers = scores / top if top > 0 else np.ones(len(scores))
    return found


def _owed(got: Numbers, earned: Numbers) -> Numbers:
    """By which share of what was earned each author got too little: -1 to 1; nothing to nobody."""
    owed: Numbers = np.clip((earned - got) / np.maximum(earned, 1e-12), -1, 1)
    owed[-1] = 0
    return owed


def _picked(relevance: Numbers, alike: Numbers, owed: Numbers, aims: Aims, k: int) -> Ints:
    """The places of the `k` picked, one after another; of equal ones the first."""
    worth = (1 - aims.fairness) * relevance + aims.fairness * owed
    nearest = np.zeros(len(relevance))
    free = np.ones(len(relevance), dtype=bool)
    picked: list[int] = []
    for _ in range(min(k, len(relevance))):
        value = np.where(free, (1 - aims.variety) * worth - aims.variety * nearest, -np.inf)
        best = int(value.argmax())
        picked.append(best)
        free[best] = False
        nearest = np.maximum(nearest, alike[best])
    return np.array(picked, dtype=np.int64)
