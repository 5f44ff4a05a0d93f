"""Probabilities of a yes-or-no outcome from a snapshot: retention within 28 days, a purchase within 14, ...

A training frame has one row per user and week: user_id, as_of, label (0 or 1) and the feature columns given to the
constructor. The newest week of it calibrates and is left out of the estimator's fit, so that calibration is never
learnt from the rows that the estimator has seen.
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lyceum.errors import LyceumError
from models.contract import Model

Floats = NDArray[np.float64]

NEVER = 10_000.0  # days: what never happened lies longer ago than anything that did
ISOTONIC_FROM = 1_000  # rows
RAW_SHARE = 0.001  # of the uncalibrated probability: keeps the order within the flat steps of an isotonic fit
EDGE = 1e-6  # probabilities stay this far inside (0, 1)


def matrix(frame: pd.DataFrame, features: tuple[str, ...], /) -> Floats:
    """The columns as float64 (rows, features). Null recency means never (10,000 days), any other null 0.

    LyceumError if a column is not there.
    """
    if missing := [name for name in features if name not in frame.columns]:
        raise LyceumError(
            f"The frame to learn from or score lacks the columns {', '.join(missing)}.",
            remedy="Run `lyceum featurise` for that week again.",
        )
    columns = [
        frame[name].astype("float64").fillna(NEVER if "recency" in name else 0.0).to_numpy() for name in features
    ]
    return np.column_stack(columns) if columns else np.empty((len(frame), 0))


def signed_log1p(values: Floats, /) -> Floats:
    """sign(x) log(1 + |x|): tames heavy tails, keeps zero and refunds' minus sign."""
    return np.sign(values) * np.log1p(np.abs(values))


class Classifier(Model):
    """What the classifiers share: order, columns that hold nothing, and calibration."""

    inputs: ClassVar[tuple[str, ...]] = ("user_id", "as_of", "label")
    outputs: ClassVar[tuple[str, ...]] = ("user_id", "probability")

    def __init__(self, *, features: tuple[str, ...]) -> None:
        self.features = features
        self.kept: tuple[str, ...] = ()
        self.calibration = "none"
        self.knots = np.empty((0, 2))
        self.note = ""

    def fit(self, frame: pd.DataFrame, /, *, seed: int) -> Self:
        """Learn from `frame`; LyceumError if it holds one class only, or no feature with a value."""
        ordered = frame.sort_values(["as_of", "user_id"], kind="stable")
        self.kept = tuple(name for name in self.features if name in frame and bool(frame[name].notna().any()))
        if ordered["label"].nunique() < 2 or not self.kept:
            raise LyceumError(
                f"{self.name} cannot learn: {ordered['label'].nunique()} of 2 outcomes and "
                f"{len(self.kept)} of {len(self.features)} features occur in {len(ordered)} rows.",
                remedy="Give it more weeks, or let the rule speak.",
            )
        earlier, latest, self.note = _hold_latest(ordered)
        self._learn(matrix(earlier, self.kept), earlier["label"].to_numpy(np.int64), seed=seed)
        self.calibration, self.knots = _calibrate(self.margins(latest), latest["label"].to_numpy(np.int64))
        return self

    def score(self, frame: pd.DataFrame, /) -> pd.DataFrame:
        """user_id and probability in (0, 1), one row per row, in the order given."""
        probability = _apply(self.calibration, self.knots, self.margins(frame))
        return pd.DataFrame({"user_id": frame["user_id"].reset_index(drop=True), "probability": probability})

    def margins(self, frame: pd.DataFrame, /) -> Floats:
        """Log-odds of label 1 before calibration, (rows,)."""
        return self._margins(matrix(frame, self.kept)) if len(frame) else np.empty(0)

    def state(self) -> dict[str, Any]:
        """What was learnt."""
        return {
            "features": list(self.features),
            "kept": list(self.kept),
            "calibration": self.calibration,
            "knots": self.knots,
            "note": self.note,
            **self._learnt(),
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any], /) -> Self:
        """The model that `state` was taken from."""
        model = cls(features=tuple(state["features"]))
        model.kept = tuple(state["kept"])
        model.calibration, model.knots, model.note = state["calibration"], state["knots"], state["note"]
        model._take(state)
        return model

    @abstractmethod
    def _learn(self, values: Floats, labels: NDArray[np.int64], /, *, seed: int) -> None: ...

    @abstractmethod
    def _margins(self, values: Floats, /) -> Floats: ...

    @abstractmethod
    def _learnt(self) -> dict[str, Any]: ...

    @abstractmethod
    def _take(self, state: Mapping[str, Any], /) -> None: ...


class Logistic(Classifier):
    """Logistic regression with an L2 penalty on standardised signed logs."""

    name: ClassVar[str] = "logistic"

    def contributions(self, frame: pd.DataFrame, /) -> Floats:
        """Coefficient times standardised value, (rows, kept features); a row's sum plus `intercept` is its margin."""
        scaled = (signed_log1p(matrix(frame, self.kept)) - self.mean) / self.scale
        return np.asarray(scaled * self.coef, dtype=np.float64)

    def coefficients(self) -> pd.DataFrame:
        """feature, coefficient (log-odds per standard deviation of the signed log), odds_ratio = exp of it."""
        return pd.DataFrame({"feature": list(self.kept), "coefficient": self.coef, "odds_ratio": np.exp(self.coef)})

    def _learn(self, values: Floats, labels: NDArray[np.int64], /, *, seed: int) -> None:
        from sklearn.linear_model import LogisticRegression

        logs = signed_log1p(values)
        self.mean, spread = logs.mean(axis=0), logs.std(axis=0)
        self.scale = np.where(spread < 1e-12, 1.0, spread)
        estimator = LogisticRegression(C=1.0, max_iter=1_000, random_state=seed)
        estimator.fit((logs - self.mean) / self.scale, labels)
        self.coef, self.intercept = estimator.coef_[0], float(estimator.intercept_[0])

    def _margins(self, values: Floats, /) -> Floats:
        scaled = (signed_log1p(values) - self.mean) / self.scale
        return np.asarray((scaled * self.coef).sum(axis=1) + self.intercept, dtype=np.float64)

    def _learnt(self) -> dict[str, Any]:
        return {"mean": self.mean, "scale": self.scale, "coef": self.coef, "intercept": self.intercept}

    def _take(self, state: Mapping[str, Any], /) -> None:
        self.mean, self.scale, self.coef = state["mean"], state["scale"], state["coef"]
        self.intercept = float(state["intercept"])


class Forest(Classifier):
    """Random forest (Breiman 2001) of 100 trees with leaves of at least 20 rows."""

    name: ClassVar[str] = "forest"

    def _learn(self, values: Floats, labels: NDArray[np.int64], /, *, seed: int) -> None:
        from sklearn.ensemble import RandomForestClassifier

        forest = RandomForestClassifier(100, max_depth=12, min_samples_leaf=20, n_jobs=2, random_state=seed).fit(
            values, labels
        )
        # Threads add up the trees' votes in the order in which they end, which moves the last digits from run to run.
        self.forest = forest.set_params(n_jobs=1)

    def _margins(self, values: Floats, /) -> Floats:
        votes = np.clip(self.forest.predict_proba(values)[:, 1], 0.001, 0.999)
        return np.asarray(np.log(votes / (1.0 - votes)), dtype=np.float64)

    def _learnt(self) -> dict[str, Any]:
        return {"forest": self.forest}

    def _take(self, state: Mapping[str, Any], /) -> None:
        self.forest = state["forest"]


def _hold_latest(ordered: pd.DataFrame, /) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """Rows to fit, rows to calibrate on, and why there are none of the latter."""
    newest = ordered["as_of"] == ordered["as_of"].max()
    earlier, latest = ordered[~newest], ordered[newest]
    if earlier.empty:
        return ordered, latest.head(0), "Not calibrated: there is one week only."
    if earlier["label"].nunique() < 2 or latest["label"].nunique() < 2:
        return ordered, latest.head(0), "Not calibrated: a week is needed that holds both outcomes."
    return earlier, latest, ""


def _calibrate(margins: Floats, labels: NDArray[np.int64], /) -> tuple[str, Floats]:
    """Isotonic from 1,000 rows on: knots (margin, probability); else Platt: one knot (slope, intercept)."""
    if len(margins) == 0:
        return "none", np.empty((0, 2))
    if len(margins) < ISOTONIC_FROM:
        return "platt", _platt(margins, labels)
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(out_of_bounds="clip").fit(margins, labels)
    return "isotonic", np.column_stack([fitted.X_thresholds_, fitted.y_thresholds_])


def _platt(margins: Floats, labels: NDArray[np.int64], /) -> Floats:
    """Slope and intercept of a logistic curve through Platt's smoothed targets (Platt 1999, section 2.2)."""
    from sklearn.linear_model import LogisticRegression

    positive = int(labels.sum())
    high, low = (positive + 1.0) / (positive + 2.0), 1.0 / (len(labels) - positive + 2.0)
    target = np.where(labels == 1, high, low)
    fitted = LogisticRegression(C=1e6, max_iter=1_000).fit(
        np.concatenate([margins, margins])[:, None],
        np.repeat([1, 0], len(margins)),
        sample_weight=np.concatenate([target, 1.0 - target]),
    )
    return np.array([[fitted.coef_[0][0], fitted.intercept_[0]]])


def _apply(calibration: str, knots: Floats, margins: Floats, /) -> Floats:
    raw = _logistic(margins)
    if calibration == "platt":
        raw = _logistic(margins * knots[0, 0] + knots[0, 1])
    elif calibration == "isotonic":
        raw = (1.0 - RAW_SHARE) * np.interp(margins, knots[:, 0], knots[:, 1]) + RAW_SHARE * raw
    return np.clip(raw, EDGE, 1.0 - EDGE)


def _logistic(margins: Floats, /) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(margins, -500.0, 500.0))), dtype=np.float64)
