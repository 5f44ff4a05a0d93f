"""Trees grown by XGBoost, stored as its own JSON, and what each column adds to their margin."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from models.classification import device, stored_trees
from models.classification.classifier import BINS, Classifier, Rows
from models.classification.frame import Floats, Singles

if TYPE_CHECKING:
    from xgboost import Booster

# The last digits of a histogram depend on how many threads share the sum, and XGBoost's threads wait for each other
# by spinning: on a busy machine they took ten times as long as one thread took for all. So a tree grows in one
# thread, and several models beside each other.
THREADS = 1


class Trees(Classifier):
    """What the boosted trees and the forest share: growing, storing and explaining them."""

    def __init__(self, *, features: tuple[str, ...], **settings: object) -> None:
        super().__init__(features=features, **settings)
        self.grown: Booster | None = None
        self.placed = ""  # the device that `grown` predicts on
        self.json = b""

    @abstractmethod
    def _parameters(self, rows: Rows, /) -> dict[str, Any]:
        """XGBoost's parameters but for what all have."""

    @abstractmethod
    def _rounds(self) -> int: ...

    def _weight(self, setting: str, rows: Rows, /) -> float:
        """The share `setting` of what all rows weigh, at least 1."""
        base = float(rows.labels.mean())
        return max(1.0, float(self.settings[setting]) * len(rows.labels) * base * (1.0 - base))

    def _learn(self, rows: Rows, /, *, seed: int) -> None:
        import xgboost

        common = {
            "objective": "binary:logistic",
            "tree_method": "hist",
            "max_bin": BINS,
            "device": device.in_use(),
            "nthread": THREADS,
            "seed": seed,
            "verbosity": 1,
        }
        self.grown = xgboost.train({**common, **self._parameters(rows)}, rows.binned, self._rounds())
        self.json, self.placed = bytes(self.grown.save_raw("json")), ""
        self.bias = float(self._shares(rows.values[:1], exact=True)[0, -1])

    def _margins(self, values: Singles, /) -> Floats:
        import xgboost

        booster = self._booster()
        if device.in_use() == "cpu":
            margins = booster.inplace_predict(values, predict_type="margin")
        else:
            margins = booster.predict(xgboost.DMatrix(values, nthread=1), output_margin=True)
        return np.asarray(margins, dtype=np.float64)

    def _contributions(self, values: Singles, /, *, exact: bool) -> Floats:
        return self._shares(values, exact=exact)[:, :-1].astype(np.float64)

    def _shares(self, values: Singles, /, *, exact: bool) -> Singles:
        """TreeSHAP (Lundberg 2018), or Saabas' path differences; the last column is the bias."""
        import xgboost

        data = xgboost.DMatrix(values, nthread=1)
        return self._booster().predict(data, pred_contribs=True, approx_contribs=not exact)

    def _booster(self) -> "Booster":
        assert self.grown is not None
        if self.placed != device.in_use():
            self.placed = device.in_use()
            self.grown.set_param(
                {"device": self.placed, "nthread": 1}
            )  # whoever scores many has threads of their own
        return self.grown

    def _learnt(self) -> dict[str, Any]:
        return {"booster": self.json}

    def _take(self, state: Mapping[str, Any], /) -> None:
        self.json, self.placed = state["booster"], ""
        self.grown = stored_trees.read(self.json, features=len(self.kept))
