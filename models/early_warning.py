"""Whom to contact first: people at risk by what is at stake, a share of them left alone to measure the effect.

Risk is not benefit (Ascarza 2018): only the comparison with the people left alone tells whether contacting helped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import pandas as pd

COLUMNS = ["user_id", "rank", "risk", "value_at_stake", "reasons", "suggested_action", "holdout"]


@dataclass(frozen=True)
class Action:
    """What to do for people of at least this value (currency) who have been silent this long (days)."""

    action: str
    value_from: float = 0.0
    silent_from: float = 0.0


# The first line that fits counts. People write to the few of high value; long silence needs a reason to come back.
ACTIONS = (
    Action("mentor_call", value_from=500.0),
    Action("activity", silent_from=14.0),
    Action("reminder"),
)


def rank(
    frame: pd.DataFrame,
    /,
    *,
    capacity: int,
    holdout_share: float,
    salt: str,
    threshold: float = 0.5,
    actions: Sequence[Action] = ACTIONS,
) -> pd.DataFrame:
    """The early warnings (marts.early_warnings): one row per person with a risk of at least `threshold`.

    `frame` has user_id, churn_28d (probability, null = not scored), spend_84d (currency; null everywhere = nothing is
    sold), recency_days and churn_reasons. Order: risk times max(value, 1), then user_id. The list ends with the
    `capacity`-th person who may be contacted; people held out stand between them and use up no capacity.
    """
    people = frame[frame["churn_28d"].astype("float64") >= threshold].sort_values("user_id", kind="stable")
    sells = bool(frame["spend_84d"].notna().any())
    risk, value = people["churn_28d"].astype("float64"), people["spend_84d"].astype("float64").fillna(0.0)
    listed = pd.DataFrame(
        {
            "user_id": people["user_id"],
            "risk": risk,
            "value_at_stake": value if sells else np.nan,
            "reasons": people["churn_reasons"],
            "suggested_action": _actions(value, people["recency_days"].astype("float64"), actions),
            "holdout": is_held_out(people["user_id"], salt=salt, share=holdout_share),
        }
    )
    first = listed.iloc[np.argsort(-(risk * value.clip(lower=1.0)).to_numpy(), kind="stable")]
    within = first[_fits(first["holdout"], capacity=capacity)].reset_index(drop=True)
    return within.assign(rank=np.arange(1, len(within) + 1))[COLUMNS]


def is_held_out(users: "pd.Series[str]", /, *, salt: str, share: float) -> "pd.Series[bool]":
    """Whether each person is left alone: the first 64 bits of SHA-256(salt + user_id) as a fraction, below `share`.

    It depends on the person alone, so it does not change with the list, the rank or the week.
    """
    draws = [int.from_bytes(sha256((salt + user).encode()).digest()[:8], "big") / 2**64 for user in users]
    return pd.Series([draw < share for draw in draws], index=users.index, dtype=bool)


def _actions(
    value: "pd.Series[float]", silent: "pd.Series[float]", actions: Sequence[Action], /
) -> "np.ndarray[tuple[int], np.dtype[np.str_]]":
    fits = [(value >= line.value_from) & (silent.fillna(np.inf) >= line.silent_from) for line in actions]
    return np.asarray(np.select(fits, [line.action for line in actions], default="none"))


def _fits(holdout: "pd.Series[bool]", /, *, capacity: int) -> "pd.Series[bool]":
    contacts = (~holdout).cumsum()
    return (contacts < capacity) | ((contacts == capacity) & ~holdout)
