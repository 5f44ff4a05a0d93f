"""Recommenders side by side: fitted on the same weeks, measured on the same people of the weeks after."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.bootstrap import REPLICATES, Interval
from models.recommendation.evaluation import (
    average_precision_at_k,
    coverage,
    list_similarity,
    ndcg_at_k,
    new_pairs,
    novelty,
    popularity_bias,
    precision_at_k,
    recall_at_k,
)
from models.recommendation.interactions import gathered
from models.recommendation.recommender import Recommender

COLUMNS = ("estimator", "metric", "slice", "value", "rows")
PER_USER = {"ndcg": ndcg_at_k, "recall": recall_at_k, "precision": precision_at_k, "map": average_precision_at_k}
HISTORIES = {"history_0": (0, 0), "history_1_4": (1, 4), "history_5_19": (5, 19), "history_20_up": (20, np.inf)}
NEW_DAYS = 28  # an item that went on sale so recently is new


@dataclass(frozen=True)
class Comparison:
    """`figures` (COLUMNS) and the NDCG of every user at the first k, a column per estimator (`by_user`)."""

    figures: pd.DataFrame
    by_user: pd.DataFrame

    def gain(self, first: str, second: str, /, *, seed: int) -> Interval:
        """Mean NDCG of `first` less that of `second` with its 95 % interval, whole users drawn (paired bootstrap)."""
        return mean_interval((self.by_user[first] - self.by_user[second]).to_numpy(), seed=seed)


def compare(
    models: Sequence[Recommender],
    train: pd.DataFrame,
    test: pd.DataFrame,
    /,
    *,
    k: Sequence[int] = (10, 20),
    ages: pd.Series | None = None,
    seed: int,
) -> Comparison:
    """Fit each model on `train` and measure it on the new pairs of `test`.

    Both frames: user_id, item_id, weight, `test` later than `train`; `ages`: days since each item went on sale, by
    item_id. Metrics are ndcg_at_K, recall_at_K, precision_at_K, map_at_K (means over users; rows = users) for each
    of `k`; of the lists up to the largest also coverage (rows = items of `train`), novelty, popularity_bias and
    list_similarity. Slices: all; NDCG also by length of history (history_...) and by age (new_items, older_items:
    only such items count as relevant). No user to measure: no rows.
    """
    relevant = new_pairs(train, test)
    users = pd.Index(relevant["user_id"].unique())
    rows: list[tuple[str, str, str, float, int]] = []
    by_user: dict[str, pd.Series] = {}
    for model in models if len(users) else ():
        shown = model.fit(train, seed=seed).listed(users, k=max(k))
        found = [*_per_user(shown, relevant, k=k), *_slices(shown, relevant, train, ages, k=k[0])]
        rows += [
            (model.name, metric, part, float(each.mean()), len(each)) for metric, part, each in found if len(each)
        ]
        rows += [
            (model.name, metric, "all", value, size) for metric, value, size in _of_lists(shown, train, k=max(k))
        ]
        by_user[model.name] = found[0][2]
    return Comparison(pd.DataFrame(rows, columns=list(COLUMNS)), pd.DataFrame(by_user))


def mean_interval(values: "np.ndarray[tuple[int], np.dtype[np.float64]]", /, *, seed: int) -> Interval:
    """The mean of one value per user with its 95 % percentile interval over draws of users; nan of nobody."""
    if not len(values):
        return Interval(float("nan"), float("nan"), float("nan"))
    rng = np.random.default_rng(seed)
    drawn = [values[rng.integers(0, len(values), len(values))].mean() for _ in range(REPLICATES)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Interval(float(values.mean()), float(low), float(high))


def _per_user(
    shown: pd.DataFrame, relevant: pd.DataFrame, /, *, k: Sequence[int]
) -> Iterator[tuple[str, str, pd.Series]]:
    for cut in k:
        for metric, measure in PER_USER.items():
            yield f"{metric}_at_{cut}", "all", measure(shown, relevant, k=cut)


def _slices(
    shown: pd.DataFrame, relevant: pd.DataFrame, train: pd.DataFrame, ages: pd.Series | None, /, *, k: int
) -> Iterator[tuple[str, str, pd.Series]]:
    """NDCG@k by length of history, and with only new or only older items counted as relevant."""
    gained = ndcg_at_k(shown, relevant, k=k)
    history = train.groupby("user_id")["item_id"].nunique().reindex(gained.index, fill_value=0)
    for part, (least, most) in HISTORIES.items():
        yield f"ndcg_at_{k}", part, gained[history.between(least, most)]
    if ages is None:
        return
    new = relevant["item_id"].map(ages) <= NEW_DAYS
    for part, wanted in (("new_items", relevant[new]), ("older_items", relevant[~new])):
        yield f"ndcg_at_{k}", part, ndcg_at_k(shown, wanted, k=k)


def _of_lists(shown: pd.DataFrame, train: pd.DataFrame, /, *, k: int) -> Iterator[tuple[str, float, int]]:
    """What the lists are like, whoever takes what: metric, value, rows."""
    known = gathered(train)
    shares = pd.Series(known.shares, index=known.items)
    yield "coverage", coverage(shown, catalogue=len(known.items), k=k), len(known.items)
    yield "novelty", novelty(shown, shares, k=k), len(shown)
    yield "popularity_bias", popularity_bias(shown, shares, k=k), len(shown)
    yield "list_similarity", list_similarity(shown, known, k=k), int(shown["user_id"].nunique())
