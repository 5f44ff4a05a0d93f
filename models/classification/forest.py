"""A random forest."""

from typing import Any, ClassVar

from models.classification.classifier import Rows
from models.classification.frame import Floats
from models.classification.trees import Trees

EVEN = 0.25  # the weight of a row in XGBoost's sums when the chance is one half


class Forest(Trees):
    """Random forest (Breiman 2001), grown by XGBoost in one round of many parallel trees.

    From an even start a leaf's step is 4 (share of positives - 1/2), and the margin is the mean step: the trees' mean
    vote on a straight scale, the log-odds of the vote to first order. So people are ordered by the vote, splits are
    those of Gini's index, and contributions add up. `leaf_share` is the least number of rows in a leaf, as a share of
    rows x base rate x (1 - base rate); `column_share` of the columns are tried at each split.
    """

    name: ClassVar[str] = "forest"

    def __init__(
        self,
        *,
        features: tuple[str, ...],
        trees: int = 40,
        depth: int = 8,
        row_share: float = 0.63,
        column_share: float = 0.4,
        leaf_share: float = 0.02,
    ) -> None:
        super().__init__(
            features=features,
            trees=trees,
            depth=depth,
            row_share=row_share,
            column_share=column_share,
            leaf_share=leaf_share,
        )

    def _parameters(self, rows: Rows, /) -> dict[str, Any]:
        return {
            "num_parallel_tree": self.settings["trees"],
            "max_depth": self.settings["depth"],
            "learning_rate": 1.0,
            "subsample": self.settings["row_share"],
            "colsample_bynode": self.settings["column_share"],
            "min_child_weight": EVEN * self._weight("leaf_share", rows),
            "reg_lambda": 1e-4,
            "base_score": 0.5,
        }

    def _rounds(self) -> int:
        return 1

    def _uncalibrated(self, margins: Floats, /) -> Floats:
        return (margins * EVEN + 0.5).clip(0.0, 1.0)
