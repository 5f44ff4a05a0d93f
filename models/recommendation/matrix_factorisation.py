"""Matrix factorisation of implicit feedback by exact alternating least squares.

The loss is that of Rendle, Krichene, Zhang and Koren 2022, "Revisiting the performance of iALS on item recommendation
benchmarks": sum over pairs that were (w_u h_i - 1)^2 + unobserved * sum over all pairs (w_u h_i)^2
+ sum over u of regularisation (n_u + unobserved * items)^scaling |w_u|^2, and the same of items. Frequency scaling of
the regularisation is what libraries leave out, and what makes the model strong.

A row with n entries and d dimensions needs (G + r I + H'H) w = H'1, G = unobserved * sum of h h'. With G = Q L Q'
once for all rows and n <= d, w = D H' (H D H' + I)^-1 1 in rotated coordinates, D = 1 / (L + r) diagonal: n^2 d + n^3
operations in place of n d^2 + d^3 (the matrix inversion lemma), so that most rows cost next to nothing. It begins at
the truncated singular value decomposition, where other starts need many rounds to come.
"""

from typing import Any, ClassVar

import numpy as np
from scipy.sparse import csr_matrix

from models.recommendation.interactions import Floats, Interactions, Ints
from models.recommendation.recommender import Recommender
from models.recommendation.spectrum import decomposed, normalised

_AT_ONCE = 4_000_000  # numbers in one batch of equations


class MatrixFactorisation(Recommender):
    """Factors of people and items; an item's score is their product."""

    name: ClassVar[str] = "matrix_factorisation"

    def __init__(
        self,
        *,
        k: int = 20,
        dimensions: int = 128,
        rounds: int = 4,
        unobserved: float = 0.1,
        regularisation: float = 0.003,
        scaling: float = 1.0,
    ) -> None:
        super().__init__(k=k)
        self.dimensions = dimensions
        self.rounds = rounds
        self.unobserved = unobserved
        self.regularisation = regularisation
        self.scaling = scaling
        self._people = np.empty((0, 0), dtype=np.float32)
        self._things = np.empty((0, 0), dtype=np.float32)

    def settings(self) -> dict[str, Any]:
        """The arguments of its constructor, as JSON values."""
        own = ("dimensions", "rounds", "unobserved", "regularisation", "scaling")
        return {**super().settings(), **{name: getattr(self, name) for name in own}}

    def _learn(self, known: Interactions, seed: int, /) -> None:
        by_person, by_item = known.had, known.had.T.tocsr()
        values, vectors = decomposed(normalised(known, person=0.5, item=0.5), dimensions=self.dimensions, seed=seed)
        self._things = vectors * np.sqrt(values)
        for _ in range(self.rounds):
            self._people = self._solved(by_person, self._things)
            self._things = self._solved(by_item, self._people)
        self._people = self._solved(by_person, self._things)

    def _scores(self, rows: Ints, /) -> Floats:
        scores: Floats = self._people[rows] @ self._things.T
        return scores

    def _links(self, had: Ints, shown: Ints, /) -> Floats:
        """The cosine of the factors of both items."""
        unit = self._things / np.maximum(np.linalg.norm(self._things, axis=1, keepdims=True), 1e-12)
        links: Floats = np.einsum("nd,nd->n", unit[had], unit[shown])
        return links

    def _solved(self, pairs: csr_matrix, others: Floats) -> Floats:
        """The factors of the rows of `pairs` that are best for the factors of its columns."""
        gram = self.unobserved * (others.T @ others)
        values, rotation = np.linalg.eigh(gram)
        values = np.maximum(values, 0).astype(np.float32)
        rotated = others @ rotation
        counts = np.diff(pairs.indptr)
        shrink = self.regularisation * (counts + self.unobserved * pairs.shape[1]) ** self.scaling
        found = np.zeros((pairs.shape[0], others.shape[1]), dtype=np.float32)
        for rows, beside in _of_one_length(pairs, others.shape[1]):
            diagonal = values + shrink[rows, None].astype(np.float32)
            found[rows] = _rows(rotated[beside], diagonal)
        solved: Floats = found @ rotation.T
        return solved


def _of_one_length(pairs: csr_matrix, dimensions: int) -> "list[tuple[Ints, Ints]]":
    """Batches of rows with equally many entries: row numbers (n,) and their columns (n, entries)."""
    counts = np.diff(pairs.indptr)
    batches: list[tuple[Ints, Ints]] = []
    for count in np.unique(counts[counts > 0]):
        rows = np.flatnonzero(counts == count)
        size = max(1, int(_AT_ONCE // (count * dimensions + min(count, dimensions) ** 2)))
        for begin in range(0, len(rows), size):
            some = rows[begin : begin + size]
            batches.append((some, pairs.indices[pairs.indptr[some][:, None] + np.arange(count)]))
    return batches


def _rows(beside: Floats, diagonal: Floats) -> Floats:
    """Solutions w (n, d) of (diag + H'H) w = H'1 for H (n, entries, d) and diag (n, d)."""
    _, entries, dimensions = beside.shape
    across = np.swapaxes(beside, 1, 2)
    if entries > dimensions:
        square = across @ beside
        square[:, np.arange(dimensions), np.arange(dimensions)] += diagonal
        direct: Floats = np.linalg.solve(square, beside.sum(axis=1)[:, :, None])[:, :, 0]
        return direct
    scaled = beside / diagonal[:, None, :]
    small = scaled @ across
    small[:, np.arange(entries), np.arange(entries)] += 1
    weight = np.linalg.solve(small, np.ones((len(beside), entries, 1), dtype=np.float32))
    inverted: Floats = (scaled * weight).sum(axis=1)
    return inverted
