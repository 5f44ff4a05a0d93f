"""Recommenders measured on what people did next: all items ranked, nothing sampled.

The caller splits by time; only items that a user had not had before count (finding those again is no feat), and only
users with at least one of them are measured.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lyceum.errors import UsageError
from models.recommendation.recommender import Recommender

_PAIR = ["user_id", "item_id"]


def ndcg_at_k(recommended: pd.DataFrame, relevant: pd.DataFrame, /, *, k: int) -> pd.Series:
    """NDCG@k of each user of `relevant`, 0 to 1, indexed by user_id.

    Sum of 1 / log2(rank + 1) over the hits among the first k, divided by that of the best list possible, which has
    min(k, number of relevant items) hits. `recommended`: user_id, item_id, rank; `relevant`: user_id, item_id.
    """
    gains = 1 / np.log2(np.arange(2, k + 2))
    best = np.cumsum(gains)
    hits = _hits(recommended, relevant, k=k)
    gained = pd.Series(gains[hits["rank"].to_numpy() - 1], index=hits["user_id"]).groupby(level=0).sum()
    wanted = _wanted(relevant)
    ideal: pd.Series = pd.Series(best[np.minimum(wanted, k) - 1], index=wanted.index)
    return gained.reindex(wanted.index, fill_value=0.0) / ideal


def recall_at_k(recommended: pd.DataFrame, relevant: pd.DataFrame, /, *, k: int) -> pd.Series:
    """Share of each user's relevant items among the first k, indexed by user_id. Arguments as in `ndcg_at_k`."""
    wanted = _wanted(relevant)
    found = _hits(recommended, relevant, k=k).groupby("user_id").size()
    return found.reindex(wanted.index, fill_value=0) / wanted


def coverage(recommended: pd.DataFrame, /, *, catalogue: int, k: int) -> float:
    """Share of `catalogue` items that somebody is shown among the first k."""
    return int(recommended.loc[recommended["rank"] <= k, "item_id"].nunique()) / catalogue if catalogue else 0.0


def compare(
    models: Sequence[Recommender],
    train: pd.DataFrame,
    test: pd.DataFrame,
    /,
    *,
    k: Sequence[int] = (10, 20),
    seed: int,
) -> pd.DataFrame:
    """Fit each model on `train` and measure it on the new items of `test`: estimator, metric, value, rows.

    Both frames: user_id, item_id, weight, `test` later than `train`. Metrics are ndcg_at_K and recall_at_K (means
    over users) for each of `k`, and coverage of the items of `train` at the largest; rows are the users measured, or
    the items. No user to measure: no rows. Raises UsageError if a model's lists are shorter than the largest of `k`.
    """
    relevant = _new_pairs(train, test)
    users = pd.Index(relevant["user_id"].unique())
    if not len(users):
        return pd.DataFrame(columns=["estimator", "metric", "value", "rows"])
    had = train.loc[train["user_id"].isin(users), _PAIR]
    without = pd.DataFrame({"user_id": users[~users.isin(had["user_id"])], "item_id": None})
    past = pd.concat([had, without.astype(had.dtypes)], ignore_index=True)
    catalogue = int(train["item_id"].nunique())
    rows: list[tuple[str, str, float, int]] = []
    for model in models:
        if model.k < max(k):
            raise UsageError(
                f"{model.name} lists {model.k} items and cannot be measured at {max(k)}.",
                remedy="Make it with a larger k.",
            )
        shown = model.fit(train, seed=seed).score(past)
        for cut in k:
            ndcg, recall = ndcg_at_k(shown, relevant, k=cut), recall_at_k(shown, relevant, k=cut)
            rows.append((model.name, f"ndcg_at_{cut}", float(ndcg.mean()), len(ndcg)))
            rows.append((model.name, f"recall_at_{cut}", float(recall.mean()), len(recall)))
        rows.append((model.name, "coverage", coverage(shown, catalogue=catalogue, k=max(k)), catalogue))
    return pd.DataFrame(rows, columns=["estimator", "metric", "value", "rows"])


def _new_pairs(train: pd.DataFrame, test: pd.DataFrame, /) -> pd.DataFrame:
    """Distinct pairs of `test` that `train` does not have."""
    later = test[_PAIR].dropna().drop_duplicates()
    before = pd.MultiIndex.from_frame(train[_PAIR])
    return later[~pd.MultiIndex.from_frame(later).isin(before)].reset_index(drop=True)


def _hits(recommended: pd.DataFrame, relevant: pd.DataFrame, /, *, k: int) -> pd.DataFrame:
    """The rows of `recommended` among the first k that are relevant."""
    first = recommended.loc[recommended["rank"] <= k, [*_PAIR, "rank"]]
    return first.merge(relevant[_PAIR].drop_duplicates(), on=_PAIR)


def _wanted(relevant: pd.DataFrame, /) -> pd.Series:
    """Distinct relevant items per user."""
    return relevant[_PAIR].drop_duplicates().groupby("user_id").size()
