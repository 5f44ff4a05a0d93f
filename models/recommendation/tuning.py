"""Settings of a recommender by validation: one at a time, around a start, within a budget.

Coordinate search: the values of one setting are tried while the others stay, the best is kept, then the next setting.
That is enough because these settings hardly interact, and its cost is the number of values, not their product. The
figure is NDCG@k, which sees both whether and where the held-out items come, on the same users for every trial (at
most `USERS` of them), so that differences are paired. The budget is in nominal seconds, by a measured formula and not
by a clock, so that the same data choose alike on every machine; what it no longer pays for is left as it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from models.recommendation.evaluation import ndcg_at_k, recall_at_k
from models.recommendation.interactions import Interactions
from models.recommendation.recommender import Recommender

USERS = 5_000  # measured on
PER_PRODUCT = 6e-9  # nominal seconds of one product of a sparse filter, two quiet cores
PER_CELL = 4e-9  # and of one score, placed
PER_TRIAL = 0.05
COLUMNS = ("settings", "ndcg", "recall", "nominal_seconds", "chosen")


@dataclass(frozen=True)
class Tuned:
    """The settings with the best figure and every trial (COLUMNS), in the order tried."""

    settings: Mapping[str, Any]
    trials: pd.DataFrame


class _Trial(NamedTuple):
    settings: dict[str, Any]
    ndcg: float
    recall: float


def tuned(
    model: Recommender,
    known: Interactions,
    held_out: pd.DataFrame,
    /,
    *,
    moves: Sequence[tuple[str, Sequence[Any]]],
    k: int,
    budget_seconds: float,
    seed: int,
) -> Tuned:
    """Search from the settings of `model`: each of `moves` is a setting and the values to try, in order of promise.

    `held_out`: user_id, item_id, pairs that `known` does not have. A setting that is tried may appear again later.
    Nothing to measure on, or a budget below one trial: the start's settings.
    """
    wanted = few(held_out[held_out["user_id"].isin(known.users)])
    users = pd.Index(wanted["user_id"].unique())
    cost = nominal_seconds(known, users=len(users))
    paid = int(budget_seconds / cost) if len(users) else 0
    best, tried = model.settings(), dict[str, _Trial]()
    for name, values in (("k", [best["k"]]), *moves):
        for value in values:
            settings = {**best, name: value}
            if repr(settings) in tried or len(tried) >= paid:
                continue
            model = model.varied(settings).learn(known, seed=seed)
            shown = model.listed(users, k=k)
            ndcg, recall = (float(measure(shown, wanted, k=k).mean()) for measure in (ndcg_at_k, recall_at_k))
            tried[repr(settings)] = _Trial(settings, ndcg, recall)
        best = max(tried.values(), key=lambda trial: trial.ndcg).settings if tried else best
    rows = [(one.settings, one.ndcg, one.recall, cost, one.settings == best) for one in tried.values()]
    return Tuned(best, pd.DataFrame(rows, columns=list(COLUMNS)))


def nominal_seconds(known: Interactions, /, *, users: int) -> float:
    """What one trial costs: the products of items that people had together, and the scores of `users`."""
    lengths = np.diff(known.weights.indptr).astype(np.float64)
    return float(PER_PRODUCT * (lengths**2).sum() + PER_CELL * users * len(known.items)) + PER_TRIAL


def few(held_out: pd.DataFrame, /) -> pd.DataFrame:
    """The pairs user_id, item_id of at most `USERS` people, spread over all by id."""
    users = np.sort(held_out["user_id"].unique())
    return held_out[held_out["user_id"].isin(users[:: max(1, -(-len(users) // USERS))])]
