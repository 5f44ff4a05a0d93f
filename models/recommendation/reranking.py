"""Lists put into another order for variety and for fairness to authors, and what that costs.

Variety is maximal marginal relevance (Carbonell and Goldstein 1998): places are given one after another, each to the
item with the largest (1 - v) relevance - v similarity, similarity being that to the nearest item placed before.
Fairness keeps an account of the attention that each author got from all lists so far, a place at rank r being worth
1 / log2(r + 1), and of what the author's items deserved by their relevance, as Biega, Gummadi and Weikum 2018
("Equity of attention") do: who got less than deserved is put forward.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from models.recommendation.interactions import Ints
from models.recommendation.side import Numbers


@dataclass(frozen=True)
class Aims:
    """How much is given up for what, each 0 (nothing) to 1 (everything): variety in a list, fairness to authors."""

    variety: float = 0.0
    fairness: float = 0.0


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
    kept: list[Ints] = []
    for rows in np.split(np.arange(len(shown)), begins):
        near = vectors[places[rows]]
        relevance = _relevance(shown["score"].to_numpy()[rows])
        owner = authors[places[rows]]
        np.add.at(earned, owner, relevance / max(relevance.sum(), 1e-12))
        picked = _picked(relevance, (near @ near.T).toarray(), _owed(got, earned)[owner], aims, k)
        attention = 1 / np.log2(np.arange(len(picked)) + 2)
        np.add.at(got, owner[picked], attention / max(attention.sum(), 1e-12))
        kept.append(rows[picked])
    chosen = shown.iloc[np.concatenate(kept)] if len(shown) else shown
    ranks = np.concatenate([np.arange(1, len(rows) + 1) for rows in kept]) if len(shown) else np.empty(0, dtype=int)
    return chosen.assign(rank=ranks).reset_index(drop=True)


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
