"""Which columns a person's churn score is associated with, strongest first. Associated, not caused."""

import json
from typing import Any

import numpy as np
import pandas as pd

from models.classification import Floats, Logistic
from models.contract import Model
from models.rules import SilenceRule, is_silent


def reasons(model: Model, frame: pd.DataFrame, /, *, top: int = 3) -> "pd.Series[str]":
    """For each row a JSON list of {column, value, contribution}, strongest first, at most `top`.

    `value` is the person's own (null = unknown), `contribution` the log-odds of *not* having label 1, that is of
    leaving, against the average person of the training frame. Columns that push towards staying are left out. A
    forest and the base rate give empty lists.
    """
    if isinstance(model, Logistic):
        pushes, columns = -model.contributions(frame), list(model.kept)
    elif isinstance(model, SilenceRule):
        pushes, columns = _silence(model, frame), ["recency_days"]
    else:
        pushes, columns = np.zeros((len(frame), 0)), []
    return pd.Series(_texts(pushes, frame, columns=columns, top=top), index=frame.index, dtype="str")


def _silence(rule: SilenceRule, frame: pd.DataFrame, /) -> Floats:
    own = np.where(is_silent(frame), _logit(rule.silent), _logit(rule.heard))
    return np.asarray(_logit(rule.overall) - own, dtype=np.float64)[:, None]


def _logit(probability: float, /) -> float:
    return float(np.log(probability / (1.0 - probability)))


def _texts(pushes: Floats, frame: pd.DataFrame, /, *, columns: list[str], top: int) -> list[str]:
    order = np.argsort(-pushes, axis=1, kind="stable")[:, :top]
    values = [frame[name].astype("float64").to_numpy() for name in columns]
    return [
        json.dumps([_reason(columns[at], values[at][row], pushes[row, at]) for at in best if pushes[row, at] > 0])
        for row, best in enumerate(order)
    ]


def _reason(column: str, value: float, push: float, /) -> dict[str, Any]:
    known = None if np.isnan(value) else round(float(value), 4)
    return {"column": column, "value": known, "contribution": round(float(push), 4)}
