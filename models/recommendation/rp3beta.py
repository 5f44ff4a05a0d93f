"""RP3beta: three random steps from a person over items and people to items, popular ends made less likely.

Paudel, Christoffel, Newell and Bernstein 2017, "Updatable, accurate, diverse, and scalable recommendations for
interactive applications". With A the binary user-item matrix, n_u and n_j the degrees, a step from x to y has the
probability (A_xy / n_x)^alpha; the score of item j for user u is
sum_i A_ui sum_v (1 / n_i)^alpha (1 / n_v)^alpha A_vi A_vj / n_j^beta. Only each item's nearest neighbours are kept.
"""

from typing import Any, ClassVar

from scipy.sparse import csr_matrix

from models.recommendation.interactions import Interactions
from models.recommendation.item_neighbours import SimilarItems, nearest
from models.recommendation.spectrum import stepped


class RP3Beta(SimilarItems):
    """Three-step random walks."""

    name: ClassVar[str] = "rp3beta"

    def __init__(self, *, k: int = 20, neighbours_kept: int = 400, alpha: float = 0.5, beta: float = 0.3) -> None:
        super().__init__(k=k, neighbours_kept=neighbours_kept)
        self.alpha = alpha
        self.beta = beta

    def settings(self) -> dict[str, Any]:
        """The arguments of its constructor, as JSON values."""
        return {**super().settings(), "alpha": self.alpha, "beta": self.beta}

    def _similarity(self, known: Interactions, /) -> csr_matrix:
        away, back = stepped(known, item=self.alpha, person=self.alpha, popularity=self.beta)
        return nearest(away, back, kept=self.neighbours_kept)
