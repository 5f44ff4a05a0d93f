"""Two estimators that err differently, averaged."""

from collections.abc import Mapping
from typing import Any, ClassVar

from models.classification.boosted import Boosted
from models.classification.classifier import Classifier, Rows
from models.classification.frame import Floats, Singles
from models.classification.logistic import Logistic


class Blend(Classifier):
    """Mean of the margins of a logistic regression and of boosted trees, fitted on the same rows.

    `logistic` and `xgboost` are the settings of the two.
    """

    name: ClassVar[str] = "blend"

    def __init__(
        self,
        *,
        features: tuple[str, ...],
        logistic: Mapping[str, Any] | None = None,
        xgboost: Mapping[str, Any] | None = None,
    ) -> None:
        self.logistic = Logistic(features=features, **(logistic or {}))
        self.boosted = Boosted(features=features, **(xgboost or {}))
        super().__init__(features=features, logistic=self.logistic.settings, xgboost=self.boosted.settings)

    def _learn(self, rows: Rows, /, *, seed: int) -> None:
        for part in (self.logistic, self.boosted):
            part.kept = self.kept
            part._learn(rows, seed=seed)
        self.bias = (self.logistic.bias + self.boosted.bias) / 2.0

    def _margins(self, values: Singles, /) -> Floats:
        return (self.logistic._margins(values) + self.boosted._margins(values)) / 2.0

    def _contributions(self, values: Singles, /, *, exact: bool) -> Floats:
        shares = self.logistic._contributions(values, exact=exact)
        shares += self.boosted._contributions(values, exact=exact)
        shares /= 2.0
        return shares

    def _learnt(self) -> dict[str, Any]:
        return {"logistic": self.logistic.state(), "xgboost": self.boosted.state()}

    def _take(self, state: Mapping[str, Any], /) -> None:
        self.logistic, self.boosted = Logistic.restore(state["logistic"]), Boosted.restore(state["xgboost"])
