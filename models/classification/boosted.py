"""Gradient-boosted trees."""

from typing import Any, ClassVar

from models.classification.classifier import Rows
from models.classification.trees import Trees


class Boosted(Trees):
    """XGBoost (Chen and Guestrin 2016): many shallow trees, each a small step, on shares of rows and columns.

    `leaf_share` and `penalty_share` are the least weight of a leaf and the pull of its step towards 0, as shares of
    the weight of all rows, rows x base rate x (1 - base rate). So they mean the same on small and on large platforms.
    """

    name: ClassVar[str] = "xgboost"

    def __init__(
        self,
        *,
        features: tuple[str, ...],
        rounds: int = 100,
        depth: int = 3,
        learning_rate: float = 0.05,
        row_share: float = 0.7,
        column_share: float = 0.3,
        leaf_share: float = 0.01,
        penalty_share: float = 0.005,
    ) -> None:
        super().__init__(
            features=features,
            rounds=rounds,
            depth=depth,
            learning_rate=learning_rate,
            row_share=row_share,
            column_share=column_share,
            leaf_share=leaf_share,
            penalty_share=penalty_share,
        )

    def _parameters(self, rows: Rows, /) -> dict[str, Any]:
        return {
            "max_depth": self.settings["depth"],
            "learning_rate": self.settings["learning_rate"],
            "subsample": self.settings["row_share"],
            "colsample_bytree": self.settings["column_share"],
            "min_child_weight": self._weight("leaf_share", rows),
            "reg_lambda": self._weight("penalty_share", rows),
            "base_score": float(rows.labels.mean()),
        }

    def _rounds(self) -> int:
        return int(self.settings["rounds"])
