"""Recommenders measured on what people did next: all items ranked, nothing sampled.

The caller splits by time; only items that a user had not had before count (finding those again is no feat), and only
users with at least one of them are measured. Frames: `recommended` has user_id, item_id, rank; `relevant` user_id,
item_id.
"""

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, diags

from models.recommendation.interactions import Interactions

PAIR = ["user_id", "item_id"]
_SIMILARITY_USERS = 2_000  # whose lists are looked at for the similarity within a list


def ndcg_at_k(recommended: pd.DataFrame, relevant: pd.DataFrame, /, *, k: int) -> pd.Series:
    """NDCG@k of each user of `relevant`, 0 to 1, indexed by user_id.

    Sum of 1 / log2(rank + 1) over the hits among the first k, divided by that of the best list possible, which has
    min(k, number of relevant items) hits.
    """
    gains = 1 / np.log2(np.arange(2, k + 2))
    best = np.cumsum(gains)
    hits = _hits(recommended, relevant, k=k)
    gained = pd.Series(gains[hits["rank"].to_numpy() - 1], index=hits["user_id"]).groupby(level=0).sum()
    wanted = _wanted(relevant)
    ideal: pd.Series = pd.Series(best[np.minimum(wanted, k) - 1], index=wanted.index)
    return gained.reindex(wanted.index, fill_value=0.0) / ideal


def recall_at_k(recommended: pd.DataFrame, relevant: pd.DataFrame, /, *, k: int) -> pd.Series:
    """Share of each user's relevant items among the first k, indexed by user_id."""
    wanted = _wanted(relevant)
    return _found(recommended, relevant, k=k) / wanted


def precision_at_k(recommended: pd.DataFrame, relevant: pd.DataFrame, /, *, k: int) -> pd.Series:
    """Relevant items among the first k, divided by k, indexed by user_id."""
    return _found(recommended, relevant, k=k) / k


def average_precision_at_k(recommended: pd.DataFrame, relevant: pd.DataFrame, /, *, k: int) -> pd.Series:
    """The precisions at the hits among the first k, added up and divided by min(k, relevant items), by user_id.

    Its mean over users is MAP@k.
    """
    hits = _hits(recommended, relevant, k=k).sort_values(["user_id", "rank"])
    precision = (hits.groupby("user_id").cumcount() + 1) / hits["rank"]
    wanted = _wanted(relevant)
    return precision.groupby(hits["user_id"]).sum().reindex(wanted.index, fill_value=0.0) / np.minimum(wanted, k)


def coverage(recommended: pd.DataFrame, /, *, catalogue: int, k: int) -> float:
    """Share of `catalogue` items that somebody is shown among the first k."""
    return int(_first(recommended, k)["item_id"].nunique()) / catalogue if catalogue else 0.0


def novelty(recommended: pd.DataFrame, shares: pd.Series, /, *, k: int) -> float:
    """Mean self-information of the first k, -log2(share), in bits (Zhou et al. 2010); nan of no lists.

    `shares`: the share of all weight that each item had before, by item_id; one that had none counts as the least.
    """
    shown = _shown_shares(recommended, shares, k)
    least = shares[shares > 0].min()
    return float(-np.log2(np.maximum(shown, least)).mean()) if len(shown) else float("nan")


def popularity_bias(recommended: pd.DataFrame, shares: pd.Series, /, *, k: int) -> float:
    """Mean share of what is shown among the first k over that of what people take, sum of share squared.

    1 = as popular as what people take by themselves, above 1 = more popular; nan of no lists.
    """
    shown = _shown_shares(recommended, shares, k)
    taken = float((shares**2).sum() / shares.sum()) if len(shares) else 0.0
    return float(shown.mean() / taken) if len(shown) and taken else float("nan")


def list_similarity(recommended: pd.DataFrame, known: Interactions, /, *, k: int) -> float:
    """Mean cosine (by people who had both) of two items of one list, the first k (Ziegler et al. 2005), 0 to 1.

    Of at most 2,000 lists, spread over the users by id; nan where no list has two items. With unit columns c_i, the
    sum over pairs i < j of c_i c_j is (|sum c_i|^2 - sum |c_i|^2) / 2.
    """
    first = _first(recommended, k)
    users = np.sort(first["user_id"].unique())
    users = users[:: max(1, -(-len(users) // _SIMILARITY_USERS))]
    first = first[first["user_id"].isin(users)]
    row, place = pd.factorize(first["user_id"])[0], known.items.get_indexer(pd.Index(first["item_id"]))
    row, place = row[place >= 0], place[place >= 0]
    had = known.had
    people = np.bincount(had.indices, minlength=len(known.items))
    unit = (diags(np.maximum(people, 1) ** -0.5) @ had.T).tocsr()
    lists = csr_matrix((np.ones(len(row)), (row, place)), shape=(len(users), len(known.items)))
    together = (lists @ unit).power(2).sum(axis=1) - (lists @ (people > 0).astype(float))[:, None]
    length = np.diff(lists.indptr)
    pairs = length * (length - 1)
    return float((np.asarray(together).ravel()[pairs > 0] / pairs[pairs > 0]).mean()) if pairs.any() else float("nan")


def new_pairs(train: pd.DataFrame, test: pd.DataFrame, /) -> pd.DataFrame:
    """Distinct pairs user_id, item_id of `test` that `train` does not have."""
    later = test[PAIR].dropna().drop_duplicates()
    before = pd.MultiIndex.from_frame(train[PAIR])
    return later[~pd.MultiIndex.from_frame(later).isin(before)].reset_index(drop=True)


def _first(recommended: pd.DataFrame, k: int) -> pd.DataFrame:
    return recommended.loc[recommended["rank"] <= k, [*PAIR, "rank"]]


def _shown_shares(recommended: pd.DataFrame, shares: pd.Series, k: int) -> pd.Series:
    return _first(recommended, k)["item_id"].map(shares).fillna(0.0).astype(float)


def _hits(recommended: pd.DataFrame, relevant: pd.DataFrame, /, *, k: int) -> pd.DataFrame:
    """The rows of `recommended` among the first k that are relevant."""
    return _first(recommended, k).merge(relevant[PAIR].drop_duplicates(), on=PAIR)


def _found(recommended: pd.DataFrame, relevant: pd.DataFrame, /, *, k: int) -> pd.Series:
    """Relevant items among the first k per user of `relevant`."""
    found = _hits(recommended, relevant, k=k).groupby("user_id").size()
    return found.reindex(_wanted(relevant).index, fill_value=0)


def _wanted(relevant: pd.DataFrame, /) -> pd.Series:
    """Distinct relevant items per user."""
    return relevant[PAIR].drop_duplicates().groupby("user_id").size()
