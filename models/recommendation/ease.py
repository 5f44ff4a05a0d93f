"""EASE: the linear model of an item by all others, in closed form.

Steck 2019, "Embarrassingly shallow autoencoders for sparse data": with G = A'A and P = (G + l I)^-1, the weight of
item i for item j is B_ij = -P_ij / P_jj, and 0 on the diagonal. The inverse costs n^3 operations and 4 n^2 bytes, so
that it is taken over the `most_items` most popular items only; the others are never placed.
"""

from typing import Any, ClassVar

import numpy as np

from models.recommendation.interactions import Floats, Interactions, Ints
from models.recommendation.recommender import Recommender


class EASE(Recommender):
    """Item weights from the inverse of the regularised Gram matrix."""

    name: ClassVar[str] = "ease"

    def __init__(self, *, k: int = 20, regularisation: float = 200.0, most_items: int = 6_000) -> None:
        super().__init__(k=k)
        self.regularisation = regularisation
        self.most_items = most_items
        self._weights = np.empty((0, 0), dtype=np.float32)

    def settings(self) -> dict[str, Any]:
        """The arguments of its constructor, as JSON values."""
        return {**super().settings(), "regularisation": self.regularisation, "most_items": self.most_items}

    def _learn(self, known: Interactions, seed: int, /) -> None:
        from scipy.linalg import cho_factor, cho_solve

        had = known.had[:, : self.most_items]
        size = had.shape[1]
        gram = (had.T @ had).toarray()
        gram[np.arange(size), np.arange(size)] += self.regularisation
        if not size:
            self._weights = gram
            return
        identity = np.eye(size, dtype=np.float32)
        inverse = cho_solve(cho_factor(gram, overwrite_a=True, check_finite=False), identity, overwrite_b=True)
        inverse /= -np.diagonal(inverse).copy()
        inverse[np.arange(size), np.arange(size)] = 0.0
        self._weights = inverse

    def _scores(self, rows: Ints, /) -> Floats:
        scores = np.zeros((len(rows), len(self.items)), dtype=np.float32)
        scores[:, : len(self._weights)] = self.known.had[rows][:, : len(self._weights)] @ self._weights
        return scores

    def _links(self, had: Ints, shown: Ints, /) -> Floats:
        inside = (had < len(self._weights)) & (shown < len(self._weights))
        links = np.zeros(len(had), dtype=np.float32)
        links[inside] = self._weights[had[inside], shown[inside]]
        return links
