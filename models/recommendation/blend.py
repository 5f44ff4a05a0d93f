"""A blend: one recommender retrieves, the others have their say on what it found.

The first part lists `retrieved` items, every part scores those, each score is divided by the mean of the row's 20
largest (parts have scales of their own, and these differ from person to person), and the weighted sum decides.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from models.recommendation.interactions import Floats, Interactions, Ints
from models.recommendation.placing import largest
from models.recommendation.recommender import Recommender

_SCALED_BY = 20  # largest scores of a row whose mean is its unit
PARTS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("graph_filter", {}),
    ("user_neighbours", {}),
    ("item_neighbours", {}),
    ("ease", {}),
)

_INVERTED = 6_000  # items up to which EASE sees all: beyond, it costs more time than it adds


def moves(items: int, /) -> tuple[tuple[str, tuple[Any, ...]], ...]:
    """The weights that validation tries (see tuning.tuned) in a catalogue of so many items, in order of promise."""
    few: tuple[Any, ...] = (
        ((1.0, 0.3, 0.3, 0.3), (1.0, 0.3, 0.3, 0.8), (1.0, 0.3, 0.0, 2.0)) if items <= _INVERTED else ()
    )
    return (("weights", (*few, (1.0, 0.0, 0.3, 0.0), (1.0, 0.6, 0.5, 0.0), (1.0, 0.3, 0.15, 0.0))),)


class Blend(Recommender):
    """A weighted sum of recommenders; `parts` are their names with their settings, the first one retrieves."""

    name: ClassVar[str] = "recommender_blend"

    def __init__(
        self,
        *,
        k: int = 20,
        parts: Sequence[tuple[str, Mapping[str, Any]]] = PARTS,
        weights: Sequence[float] = (1.0, 0.3, 0.3, 0.0),
        retrieved: int = 150,
    ) -> None:
        super().__init__(k=k)
        self.weights, self.retrieved = tuple(weights), retrieved
        self.parts = [_made(name, settings) for name, settings in parts]

    def settings(self) -> dict[str, Any]:
        """The arguments of its constructor, as JSON values."""
        parts = [[part.name, part.settings()] for part in self.parts]
        return {**super().settings(), "parts": parts, "weights": list(self.weights), "retrieved": self.retrieved}

    def varied(self, settings: Mapping[str, Any], /) -> Self:
        """An unfitted blend of these settings; parts that stay equal need not learn the same interactions again."""
        other = super().varied(settings)
        for at, (old, new) in enumerate(zip(self.parts, other.parts, strict=False)):
            if old.name == new.name and old.settings() == new.settings():
                other.parts[at] = old
            elif old.name == new.name:
                other.parts[at] = old.varied(new.settings())
        return other

    def _learn(self, known: Interactions, seed: int, /) -> None:
        for part, _ in self._heard():
            if not part.has_learnt(known, seed=seed):
                part.learn(known, seed=seed)

    def _heard(self) -> list[tuple[Recommender, float]]:
        """The parts whose weight is not 0, and the first one always: what is not heard need not learn."""
        weighted = zip(self.parts, self.weights, strict=True)
        return [(part, weight) for at, (part, weight) in enumerate(weighted) if weight or not at]

    def _scores(self, rows: Ints, /) -> Floats:
        return self._weighed([part._scores(rows) for part, _ in self._heard()])

    def _top(self, rows: Ints, hidden: Floats, k: int, /) -> tuple[Ints, Floats]:
        if self.retrieved >= len(self.items):
            return super()._top(rows, hidden, k)
        places, first = self.parts[0]._top(rows, hidden, max(self.retrieved, k))
        there = np.maximum(places, 0)
        others = [np.take_along_axis(part._scores(rows), there, axis=1) for part, _ in self._heard()[1:]]
        total = self._weighed([first, *others])
        best, values = largest(np.where(places >= 0, total, -np.inf).astype(np.float32), k)
        return np.where(best >= 0, np.take_along_axis(places, best, axis=1), -1), values

    def _weighed(self, scores: Sequence[Floats]) -> Floats:
        total = np.zeros_like(scores[0])
        for (_, weight), own in zip(self._heard(), scores, strict=True):
            unit = largest(own, _SCALED_BY)[1].mean(axis=1, keepdims=True)
            total += np.float32(weight) * own / np.maximum(unit, np.finfo(np.float32).tiny)
        return total

    def _links(self, had: Ints, shown: Ints, /) -> Floats:
        return self.parts[0]._links(had, shown)


def _made(name: str, settings: Mapping[str, Any]) -> Recommender:
    """An unfitted recommender of models.registry."""
    from models.registry import load_class

    made: Any = load_class(name)
    part: Recommender = made(**settings)
    return part
