"""Graph filters: a history smoothed over the graph of people and items.

With A the binary matrix of people and items and n_u, n_j the degrees, the linear part scores
sum_i A_ui sum_v n_i^-a n_v^-b A_vi A_vj n_j^-c, divided by the filter's spectral norm. The low-pass part adds
sum_i A_ui n_i^-1/2 sum_d V_id g(s_d) V_jd n_j^e with V and s the largest right singular vectors and values (s_1 = 1)
of n_u^-1/2 A n_i^-1/2, and g(s) = low_pass (1 - sharpening s^2).

GF-CF (Shen et al. 2021, "How powerful is graph convolution for recommendation?") is a = c = e = 1/2, b = 1, no
sharpening, 256 dimensions and low_pass = 0.3; RP3beta without its cut of neighbours is a = b = alpha, c = beta.
Taking from a smoothed signal what another smoothing leaves of it is the sharpening of Choi et al. 2023,
"Blurring-sharpening process models for collaborative filtering": the first vectors, which everybody shares, count
less. That exponents of degrees decide as much as the spectrum is what Peng et al. 2024, "How powerful is graph
filtering for recommendation?", and Kim et al. 2025, "Graph spectral filtering with Chebyshev interpolation for
recommendation", found as well.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix

from models.recommendation.interactions import Floats, Interactions, Ints
from models.recommendation.item_neighbours import entries, nearest
from models.recommendation.placing import largest
from models.recommendation.recommender import Recommender
from models.recommendation.spectrum import decomposed, degrees, largest_value, normalised, stepped

# What validation tries (see tuning.tuned), in order of promise.
MOVES: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("low_pass", (0.2, 0.0)),
    ("exponents", ((0.5, 0.7, 0.35), (0.5, 0.8, 0.35), (0.6, 0.7, 0.3), (0.5, 0.6, 0.4))),
    ("popular_low_pass", (0.4,)),
    ("low_pass", (0.1, 0.3, 0.55)),
)

_DECOMPOSED = 100_000  # people, spread over all by id, whose histories the singular vectors are learnt from
_WORTH_RETRIEVING = 8  # times as many items as are retrieved: below, all are scored as fast
_NOTHING = np.empty((0, 0), dtype=np.float32)
_SETTINGS = ("low_pass", "popular_low_pass", "sharpening", "dimensions", "neighbours_kept", "retrieved")


class GraphFilter(Recommender):
    """A linear filter and a sharpened ideal low-pass filter; `exponents` are a, b and c, `popular_low_pass` is e."""

    name: ClassVar[str] = "graph_filter"

    def __init__(
        self,
        *,
        k: int = 20,
        exponents: Sequence[float] = (0.6, 0.8, 0.3),
        low_pass: float = 0.4,
        popular_low_pass: float = 0.3,
        sharpening: float = 1.0,
        dimensions: int = 512,
        neighbours_kept: int = 300,
        retrieved: int = 150,
    ) -> None:
        super().__init__(k=k)
        self.exponents = tuple(exponents)
        self.low_pass, self.popular_low_pass, self.sharpening = low_pass, popular_low_pass, sharpening
        self.dimensions, self.neighbours_kept, self.retrieved = dimensions, neighbours_kept, retrieved
        self._similar = csr_matrix((0, 0), dtype=np.float32)
        self._spectrum: tuple[Interactions, int, Floats, Floats] | None = None
        self._analysis, self._synthesis = _NOTHING, _NOTHING

    def settings(self) -> dict[str, Any]:
        """The arguments of its constructor, as JSON values."""
        own = {name: getattr(self, name) for name in _SETTINGS}
        return {**super().settings(), "exponents": list(self.exponents), **own}

    def varied(self, settings: Mapping[str, Any], /) -> Self:
        """An unfitted filter of these settings that need not decompose the same interactions again."""
        other = super().varied(settings)
        other._spectrum = self._spectrum
        return other

    def _learn(self, known: Interactions, seed: int, /) -> None:
        item, person, popularity = self.exponents
        away, back = stepped(known, item=item, person=person, popularity=popularity)
        self._similar = nearest(away, back, kept=self.neighbours_kept)
        even = normalised(known, person=person / 2, item=(item + popularity) / 2)
        self._similar.data /= np.float32(largest_value(even) ** 2)
        if not self.low_pass:
            return
        values, vectors = self._decomposed(known, seed)
        _, items = degrees(known)
        gain = self.low_pass * (1 - self.sharpening * (values / values.max(initial=1e-12)) ** 2)
        self._analysis = (items[:, None] ** -0.5 * vectors).astype(np.float32)
        self._synthesis = (items[:, None] ** self.popular_low_pass * vectors * gain).astype(np.float32)

    def _decomposed(self, known: Interactions, seed: int) -> tuple[Floats, Floats]:
        """Singular values and vectors; those of the same interactions are not looked for twice."""
        held = self._spectrum
        if held is None or held[0] is not known or held[1] != seed or len(held[2]) < self.dimensions:
            even = normalised(known, person=0.5, item=0.5)
            even = even[:: max(1, -(-even.shape[0] // _DECOMPOSED))]
            held = self._spectrum = (known, seed, *decomposed(even, dimensions=self.dimensions, seed=seed))
        return held[2][: self.dimensions], held[3][:, : self.dimensions]

    def _scores(self, rows: Ints, /) -> Floats:
        scores = self._linear(rows)
        if self.low_pass:
            scores += (self.known.had[rows] @ self._analysis) @ self._synthesis.T
        return scores

    def _linear(self, rows: Ints) -> Floats:
        scores: Floats = (self.known.had[rows] @ self._similar).toarray()
        return scores

    def _top(self, rows: Ints, hidden: Floats, k: int, /) -> tuple[Ints, Floats]:
        """The best of the `retrieved` items that the linear filter scores highest: the rest is not multiplied out."""
        if not self.low_pass or len(self.items) <= _WORTH_RETRIEVING * max(self.retrieved, k):
            return super()._top(rows, hidden, k)
        scores = self._linear(rows)
        scores += hidden
        places, found = largest(scores, max(self.retrieved, k))
        history = self.known.had[rows] @ self._analysis
        for row, some in enumerate(places):
            found[row] += np.where(some >= 0, self._synthesis[some] @ history[row], 0)
        best, values = largest(found, k)
        return np.where(best >= 0, np.take_along_axis(places, best, axis=1), -1), values

    def _links(self, had: Ints, shown: Ints, /) -> Floats:
        """What an item of the history adds to the score by the linear filter."""
        return entries(self._similar, had, shown)
