"""A small neural network."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from models.classification.classifier import Classifier, Rows
from models.classification.frame import Floats, Singles
from models.classification.scale import Scale

FLAT = 1e-6  # a push too small for the secant of tanh; its tangent is as good
WEIGHTS = ("inner", "inner_bias", "outer", "outer_bias")


class Network(Classifier):
    """One hidden layer of `units` tanh units on standardised signed logs.

    `penalty` is scikit-learn's alpha; a fixed number of `epochs` is part of keeping it from learning people by heart.
    """

    name: ClassVar[str] = "network"
    exact_contributions: ClassVar[bool] = True

    def __init__(self, *, features: tuple[str, ...], units: int = 32, penalty: float = 3.0, epochs: int = 10) -> None:
        super().__init__(features=features, units=units, penalty=penalty, epochs=epochs)

    def _learn(self, rows: Rows, /, *, seed: int) -> None:
        import warnings

        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPClassifier
        from threadpoolctl import threadpool_limits

        self.scale = Scale.learn(rows.values, self.kept)
        network = MLPClassifier(
            (self.settings["units"],),
            activation="tanh",
            alpha=self.settings["penalty"],
            batch_size=min(256, len(rows.labels)),
            max_iter=self.settings["epochs"],
            random_state=seed,
        )
        with threadpool_limits(1), warnings.catch_warnings():  # the order of a sum depends on who shares it
            warnings.simplefilter("ignore", ConvergenceWarning)
            network.fit(self._scaled(rows.values), rows.labels)
        self.inner, self.inner_bias = network.coefs_[0], network.intercepts_[0]
        self.outer, self.outer_bias = network.coefs_[1][:, 0], network.intercepts_[1]
        self.bias = float(self._out(self.inner_bias))

    def _margins(self, values: Singles, /) -> Floats:
        return self._out(_product(self._scaled(values), self.inner) + self.inner_bias)

    def _contributions(self, values: Singles, /, *, exact: bool) -> Floats:
        """Integrated gradients (Sundararajan and others 2017) on the straight way from the mean person, who is at 0.

        A unit whose input has risen by a from b on the way has there the mean slope (tanh(b + a) - tanh(b)) / a, so
        the integral is known and needs no sum over steps.
        """
        scaled = self._scaled(values)
        pushed = _product(scaled, self.inner)
        start = np.tanh(self.inner_bias)
        secant = (np.tanh(pushed + self.inner_bias) - start) / np.where(np.abs(pushed) < FLAT, 1.0, pushed)
        slopes = np.where(np.abs(pushed) < FLAT, 1.0 - start**2, secant)
        scaled *= _product(slopes * self.outer, self.inner.T)
        return scaled

    def _scaled(self, values: Singles) -> Floats:
        return self.scale.apply(values, self.kept).astype(np.float64)

    def _out(self, pushed: Floats) -> Floats:
        return np.asarray((np.tanh(pushed) * self.outer).sum(axis=-1) + self.outer_bias[0], dtype=np.float64)

    def _learnt(self) -> dict[str, Any]:
        return {"scale": self.scale.state(), **{name: getattr(self, name) for name in WEIGHTS}}

    def _take(self, state: Mapping[str, Any], /) -> None:
        self.scale = Scale.restore(state["scale"])
        for name in WEIGHTS:
            setattr(self, name, state[name])


def _product(left: Floats, right: Floats, /) -> Floats:
    """The matrix product, row by row: BLAS would let the last digits of a row depend on the rows beside it."""
    return np.asarray(np.einsum("ij,jk->ik", left, right), dtype=np.float64)
