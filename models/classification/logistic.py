"""Logistic regression: the reference that every other estimator is held against."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from models.classification.calibration import logistic
from models.classification.classifier import Classifier, Rows
from models.classification.frame import Floats, Positions, Singles
from models.classification.scale import Scale

NORMAL_95 = 1.959963984540054  # the normal distribution's 97.5 % point


class Logistic(Classifier):
    """Logistic regression with an L2 penalty on standardised signed logs.

    `strength` is the variance of the margin that the penalty, read as a normal prior, expects of all columns
    together: that of each coefficient (scikit-learn's C) is `strength` / columns. So it means the same for three
    columns and for two hundred. (Measured in simulated worlds of 140 columns with 1,000, 4,000 and 20,000 rows: a C
    of .003 was best each time, so it goes with the columns and not with the rows.)

    Columns that say nearly the same share what they say: the penalty gives each a part of it, and a single
    coefficient and its interval then speak of that part, not of the cause they have in common.
    """

    name: ClassVar[str] = "logistic"
    exact_contributions: ClassVar[bool] = True

    def __init__(self, *, features: tuple[str, ...], strength: float = 0.5) -> None:
        super().__init__(features=features, strength=strength)

    def coefficients(self) -> pd.DataFrame:
        """One row per kept feature: the columns of lyceum.tables.prediction.MODEL_COEFFICIENTS but for `model`.

        A coefficient is the change of log-odds per standard deviation of the clipped signed log. Its 95 % interval is
        about what the penalised fit tends to with more people like these, which lies nearer to 0 than the truth.
        """
        low, high = (self.coef + side * NORMAL_95 * self.errors for side in (-1.0, 1.0))
        return pd.DataFrame(
            {
                "feature": list(self.kept),
                "coefficient": self.coef,
                "standard_error": self.errors,
                "low_95": low,
                "high_95": high,
                "odds_ratio": np.exp(self.coef),
                "odds_low_95": np.exp(low),
                "odds_high_95": np.exp(high),
            }
        )

    def _learn(self, rows: Rows, /, *, seed: int) -> None:
        from sklearn.linear_model import LogisticRegression
        from threadpoolctl import threadpool_limits

        self.scale = Scale.learn(rows.values, self.kept)
        scaled = self.scale.apply(rows.values, self.kept).astype(np.float64)
        variance = self.settings["strength"] / len(self.kept)
        estimator = LogisticRegression(C=variance, solver="newton-cholesky", tol=1e-8)
        with threadpool_limits(1):  # the order of a sum depends on the threads that share it
            estimator.fit(scaled, rows.labels)
            self.coef, self.bias = estimator.coef_[0], float(estimator.intercept_[0])
            chances = logistic(scaled @ self.coef + self.bias)
            self.errors = _errors(scaled, rows, chances, penalty=1.0 / variance)

    def _margins(self, values: Singles, /) -> Floats:
        return np.asarray(self._contributions(values, exact=True).sum(axis=1) + self.bias, dtype=np.float64)

    def _contributions(self, values: Singles, /, *, exact: bool) -> Floats:
        shares: Floats = self.scale.apply(values, self.kept) * self.coef
        return shares

    def _learnt(self) -> dict[str, Any]:
        return {"scale": self.scale.state(), "coef": self.coef, "errors": self.errors}

    def _take(self, state: Mapping[str, Any], /) -> None:
        self.scale = Scale.restore(state["scale"])
        self.coef, self.errors = state["coef"], state["errors"]


def _errors(scaled: Floats, rows: Rows, chances: Floats, /, *, penalty: float) -> Floats:
    """Standard errors of the coefficients, (columns,): the sandwich B^-1 M B^-1, clustered by person.

    B = X' W X plus the penalty (none on the intercept); M sums the outer products of each person's summed scores,
    less their mean, times G / (G - 1) for G people (Liang and Zeger 1986; Cameron and Miller 2015, section II).
    """
    from scipy.linalg import cho_factor, cho_solve

    design = np.column_stack([scaled, np.ones(len(scaled))])
    bread = design.T @ (design * (chances * (1.0 - chances))[:, None])
    columns = scaled.shape[1]
    bread[range(columns), range(columns)] += penalty
    design *= (rows.labels - chances)[:, None]
    scores = _by_person(design, rows.people)
    scores -= scores.mean(axis=0)
    half = cho_solve(cho_factor(bread), scores.T)
    people = len(scores)
    return np.asarray(np.sqrt((half[:columns] ** 2).sum(axis=1) * people / max(people - 1, 1)), dtype=np.float64)


def _by_person(scores: Floats, people: Positions, /) -> Floats:
    """Sums of the rows of each person, (people, columns)."""
    order = np.argsort(people, kind="stable")
    starts = np.flatnonzero(np.diff(people[order], prepend=-1))
    return np.add.reduceat(scores[order], starts, axis=0)
