"""Three estimators that err differently, averaged."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from models.classification.boosted import Boosted
from models.classification.classifier import Classifier, Rows
from models.classification.forest import Forest
from models.classification.frame import Floats, Singles
from models.classification.logistic import Logistic

PARTS: Mapping[str, type[Classifier]] = {part.name: part for part in (Logistic, Boosted, Forest)}


class Blend(Classifier):
    """Mean of the margins of a logistic regression, of boosted trees and of a forest, fitted on the same rows.

    `logistic`, `xgboost` and `forest` are the settings of the three.
    """

    name: ClassVar[str] = "blend"

    def __init__(self, *, features: tuple[str, ...], **settings: Mapping[str, Any]) -> None:
        if unknown := sorted(settings.keys() - PARTS.keys()):
            raise TypeError(f"Not a part of a blend: {', '.join(unknown)}. Its parts are {', '.join(PARTS)}.")
        self.parts = {name: part(features=features, **settings.get(name, {})) for name, part in PARTS.items()}
        super().__init__(features=features, **{name: part.settings for name, part in self.parts.items()})

    def _learn(self, rows: Rows, /, *, seed: int) -> None:
        for part in self.parts.values():
            part.kept = self.kept
            part._learn(rows, seed=seed)
        self.bias = sum(part.bias for part in self.parts.values()) / len(PARTS)

    def _margins(self, values: Singles, /) -> Floats:
        margins = [part._margins(values) for part in self.parts.values()]
        return np.asarray(np.mean(margins, axis=0), np.float64)

    def _contributions(self, values: Singles, /, *, exact: bool) -> Floats:
        shares = np.zeros(values.shape)
        for part in self.parts.values():
            shares += part._contributions(values, exact=exact)
        shares /= len(PARTS)
        return shares

    def _learnt(self) -> dict[str, Any]:
        return {name: part.state() for name, part in self.parts.items()}

    def _take(self, state: Mapping[str, Any], /) -> None:
        self.parts = {name: part.restore(state[name]) for name, part in PARTS.items()}
