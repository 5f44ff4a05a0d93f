"""The baselines that every classifier must beat, and the rules that ship where nothing may be trained."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from models.classification.frame import Floats, matrix
from models.classification.logistic import Logistic
from models.contract import Model

SILENT_AFTER_DAYS = 7
DENOMINATOR = 30  # people: below it a rate is not shown, and not used


class BaseRate(Model):
    """The same probability for everybody: the share of positives, (k + 1) / (n + 2)."""

    name: ClassVar[str] = "base_rate"
    inputs: ClassVar[tuple[str, ...]] = ("user_id", "as_of", "label")
    outputs: ClassVar[tuple[str, ...]] = ("user_id", "probability")

    def __init__(self) -> None:
        self.rate = 0.5

    def fit(self, frame: pd.DataFrame, /, *, seed: int) -> Self:
        """Count the positives."""
        self.rate = _smoothed(frame["label"])
        return self

    def score(self, frame: pd.DataFrame, /) -> pd.DataFrame:
        """user_id and probability, one row per row."""
        return _scored(frame, np.full(len(frame), self.rate))

    def state(self) -> dict[str, Any]:
        """What was learnt."""
        return {"rate": self.rate}

    @classmethod
    def restore(cls, state: Mapping[str, Any], /) -> Self:
        """The model that `state` was taken from."""
        model = cls()
        model.rate = float(state["rate"])
        return model


class SilenceRule(Model):
    """Two probabilities: for people whose last act is more than 7 days ago (or unknown), and for the others."""

    name: ClassVar[str] = "silence_rule"
    inputs: ClassVar[tuple[str, ...]] = ("user_id", "as_of", "label", "recency_days")
    outputs: ClassVar[tuple[str, ...]] = ("user_id", "probability")

    def __init__(self) -> None:
        self.silent, self.heard, self.overall = 0.5, 0.5, 0.5

    def fit(self, frame: pd.DataFrame, /, *, seed: int) -> Self:
        """Count the positives on either side, (k + 1) / (n + 2)."""
        silent = is_silent(frame)
        self.silent, self.heard = _smoothed(frame["label"][silent]), _smoothed(frame["label"][~silent])
        self.overall = _smoothed(frame["label"])
        return self

    def score(self, frame: pd.DataFrame, /) -> pd.DataFrame:
        """user_id and probability, one row per row."""
        return _scored(frame, np.where(is_silent(frame), self.silent, self.heard))

    def state(self) -> dict[str, Any]:
        """What was learnt."""
        return {"silent": self.silent, "heard": self.heard, "overall": self.overall}

    @classmethod
    def restore(cls, state: Mapping[str, Any], /) -> Self:
        """The model that `state` was taken from."""
        model = cls()
        model.silent, model.heard = float(state["silent"]), float(state["heard"])
        model.overall = float(state["overall"])
        return model


class RecencyLogistic(Logistic):
    """Logistic regression on the days since the last act alone."""

    name: ClassVar[str] = "recency_logistic"

    def __init__(self, *, features: tuple[str, ...] = ("recency_days",), strength: float = 0.5) -> None:
        super().__init__(features=features, strength=strength)


class RfmLogistic(Logistic):
    """Logistic regression on recency, frequency and money, or the first two where nothing is sold."""

    name: ClassVar[str] = "rfm_logistic"

    def __init__(
        self, *, features: tuple[str, ...] = ("recency_days", "active_days_28d", "spend_84d"), strength: float = 0.5
    ) -> None:
        super().__init__(features=features, strength=strength)


BASELINES: Mapping[str, Callable[[], Model]] = {
    kind.name: kind for kind in (BaseRate, SilenceRule, RecencyLogistic, RfmLogistic)
}


def is_silent(frame: pd.DataFrame, /) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Which rows were silent for more than 7 days; unknown counts as silent."""
    return np.asarray(matrix(frame, ("recency_days",))[:, 0] > SILENT_AFTER_DAYS)


def affordable(frame: pd.DataFrame, /) -> tuple[str | None, str]:
    """The richest counting rule that `frame`'s labelled rows can carry, or None, and a sentence that says why.

    The silence rule needs 30 people on each side, the base rate 30 in all.
    """
    people = frame["user_id"].nunique()
    silent = is_silent(frame) if "recency_days" in frame else np.zeros(len(frame), dtype=bool)
    sides = [frame["user_id"][side].nunique() for side in (silent, ~silent)]
    counts = f"{sides[0]} people silent for more than {SILENT_AFTER_DAYS} days and {sides[1]} others"
    if min(sides) >= DENOMINATOR:
        return SilenceRule.name, f"The silence rule counts {counts}."
    if people >= DENOMINATOR:
        return BaseRate.name, f"The base rate counts {people} people; {counts} are too few for two rates."
    return None, f"{people} people with a known outcome are fewer than the {DENOMINATOR} that a rate needs."


def _smoothed(labels: "pd.Series[Any]", /) -> float:
    return (int(labels.sum()) + 1) / (len(labels) + 2)


def _scored(frame: pd.DataFrame, probability: Floats, /) -> pd.DataFrame:
    return pd.DataFrame({"user_id": frame["user_id"].reset_index(drop=True), "probability": probability})
