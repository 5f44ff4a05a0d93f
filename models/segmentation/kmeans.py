"""Groups of people who behave alike: found where there are any, cut where there are none, ruled where there are few.

People are compared in a frozen space (see models.segmentation.scaling). Where groups stand out from a world without
any (models.segmentation.choosing), the space is turned towards the directions in which they differ, measured in
standard deviations around their centres; a person belongs to the nearest centroid, where distances count in widths of
the group and less what its share speaks for it. Without those two this is K-Means, whose plain form loses a fiftieth
of the adjusted Rand index. Where no groups stand out, plain K-Means cuts people into usable pieces, and says so.

With fewer than 20 people a segment, clusters are noise; fixed cuts of recency and frequency speak instead.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.classification.frame import Floats, matrix
from models.contract import Model
from models.segmentation.choosing import MOST, PEOPLE_PER_SEGMENT, Choice, Evidence, choose, some_of
from models.segmentation.mixture import lloyd
from models.segmentation.rules import RULE_COLUMNS, by_rules
from models.segmentation.scaling import Space

CONSTRUCTED = 5  # segments where nobody says how many and nature does not either
VARIANCE_KEPT = 0.98  # at 0.90 a world in twelve lost a group, at 1.00 noise made up two
LEARNT_FROM, CHOSEN_FROM = 20_000, 5_000  # people, at most
STARTS = 10
WORTH = ("spend_84d", "spend_28d", "active_days_28d", "active_days_84d", "acts_28d")  # the first there is
RULES = (1, 2, 3, 4)


class KMeansSegments(Model):
    """Segments of a frozen space; `kind` is "natural", "constructed" or "rules", and `why` says why."""

    name: ClassVar[str] = "kmeans_segments"
    inputs: ClassVar[tuple[str, ...]] = ("user_id", *RULE_COLUMNS)
    outputs: ClassVar[tuple[str, ...]] = ("user_id", "segment_id")

    def __init__(self, *, features: tuple[str, ...], k: int | None = None) -> None:
        self.features = features
        self.wanted = k
        self._forget("not fitted")

    @property
    def k(self) -> int:
        """How many segments there are."""
        return len(self.numbers)

    def fit(self, frame: pd.DataFrame, /, *, seed: int) -> Self:
        """Learn the segments from one row per user; where that cannot be, `kind` is "rules" and `why` says it."""
        from threadpoolctl import threadpool_limits

        needed = PEOPLE_PER_SEGMENT * (self.wanted or 2)
        self._forget(f"{len(frame)} people are fewer than the {needed} that {self.wanted or 2} segments need.")
        if len(frame) >= needed:
            # Threads add up partial sums in the order in which they end, which moves the last digits.
            with threadpool_limits(limits=1):
                self._learn(frame, seed=seed)
        return self

    def score(self, frame: pd.DataFrame, /) -> pd.DataFrame:
        """user_id and segment_id (at first 1 = the highest mean spend, else activity), one row per row."""
        ids = self._assigned(frame) if self.kind != "rules" else by_rules(frame)
        return pd.DataFrame({"user_id": frame["user_id"].reset_index(drop=True), "segment_id": ids})

    def points(self, frame: pd.DataFrame, /) -> Floats:
        """Where people lie in the space in which distances are measured, (rows, dimensions)."""
        return self.space.points(frame)

    def nearest(self, points: Floats, /) -> NDArray[np.int64]:
        """The position (from 0) of the segment of people at `points`."""
        gaps = [((points - each) ** 2).sum(axis=1) for each in self.centroids]
        return np.asarray(np.argmin(np.stack(gaps, axis=1) / self.widths + self.handicap, axis=1), dtype=np.int64)

    def silhouette(self, frame: pd.DataFrame, /, *, seed: int, sample: int = 2_000) -> float:
        """Mean silhouette (Rousseeuw 1987) of at most `sample` people drawn by `seed`; nan for rules."""
        if self.kind == "rules":
            return float("nan")
        from sklearn.metrics import silhouette_score

        ordered = frame.iloc[_order(frame)]
        some = ordered.iloc[some_of(len(ordered), sample, seed=seed)]
        ids = self._assigned(some)
        if not 1 < len(np.unique(ids)) < len(some):
            return float("nan")
        return float(silhouette_score(self.points(some), ids))

    def renumbered(self, order: Mapping[int, int], /) -> Self:
        """The same segments with the number `order[n]` for each n of `numbers`; no two may get the same."""
        model = type(self).restore(self.state())
        model.numbers = tuple(int(order[number]) for number in self.numbers)
        assert len(set(model.numbers)) == len(model.numbers)
        return model

    def state(self) -> dict[str, Any]:
        """What was learnt."""
        return {
            "features": list(self.features),
            "k": self.wanted,
            "kind": self.kind,
            "why": self.why,
            "ordered_by": self.ordered_by,
            "evidence": [dict(row) for row in self.evidence],
            "numbers": list(self.numbers),
            "centroids": self.centroids,
            "handicap": self.handicap,
            "widths": self.widths,
            **self.space.state(),
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any], /) -> Self:
        """The model that `state` was taken from, which may be one of a version that knew no kinds of clusters."""
        model = cls(features=tuple(state["features"]), k=state["k"])
        model.kind = "constructed" if state["kind"] == "kmeans" else state["kind"]
        model.why, model.ordered_by = state["why"], state["ordered_by"]
        model.space, model.centroids = Space.restore(state), state["centroids"]
        count = len(RULES) if model.kind == "rules" else len(model.centroids)
        model.numbers = tuple(state.get("numbers", range(1, count + 1)))
        model.handicap = state.get("handicap", np.zeros(len(model.centroids)))
        model.widths = state.get("widths", np.ones(len(model.centroids)))
        model.evidence = tuple(state.get("evidence", ()))
        return model

    def _forget(self, why: str, /) -> None:
        self.kind, self.why, self.ordered_by = "rules", why, ""
        self.space, self.centroids, self.handicap = Space.nowhere(), np.empty((0, 0)), np.empty(0)
        self.widths = np.empty(0)
        self.numbers: tuple[int, ...] = RULES
        self.evidence: tuple[Evidence, ...] = ()

    def _learn(self, frame: pd.DataFrame, /, *, seed: int) -> None:
        ordered = _order(frame)
        people = frame.iloc[ordered[some_of(len(ordered), LEARNT_FROM, seed=seed)]]
        space = Space.learn(people, self.features, variance_kept=VARIANCE_KEPT)
        if not space.kept:
            self.why = "No column tells people apart."
            return
        some = people.iloc[some_of(len(people), CHOSEN_FROM, seed=seed)]
        different = len(np.unique(space.points(some).round(9), axis=0))
        if different < (self.wanted or 2):
            self.why = f"There are fewer than {self.wanted or 2} different people."
            return
        choice = choose(space.scaled(some), space.components, ks=self._thinkable(len(some)), seed=seed)
        self.space, self.evidence = space, choice.evidence
        self._take(choice, space.points(people), different=different, seed=seed)
        self._settle(frame, ordered)

    def _thinkable(self, people: int) -> tuple[int, ...]:
        found = range(2, min(MOST, people // PEOPLE_PER_SEGMENT) + 1)
        return tuple(found) if self.wanted is None else (self.wanted,)

    def _take(self, choice: Choice, points: Floats, /, *, different: int, seed: int) -> None:
        """The groups that stand out, or else pieces."""
        k = self.wanted or choice.k
        if k is not None and k in choice.mixtures and choice.stands_out(k):
            mixture = choice.mixtures[k]
            projection = mixture.discriminant()
            self.space = self.space.turned(projection)
            self.centroids = mixture.means @ projection.T
            self.widths = mixture.widths
            self.handicap = len(projection) * np.log(mixture.widths) - 2.0 * np.log(mixture.shares)
            self.kind = "natural"
            self.why = f"{k} groups stand out from a world without groups."
            return
        k = k or min(CONSTRUCTED, different, len(points) // PEOPLE_PER_SEGMENT)
        self.centroids = lloyd(points, k, seed=seed, starts=STARTS)[1]
        self.handicap, self.widths = np.zeros(k), np.ones(k)
        self.kind = "constructed"
        self.why = (
            f"No natural segments: these {k} are constructed, for nothing stands out from a world without groups."
        )

    def _settle(self, frame: pd.DataFrame, order: NDArray[np.int64], /) -> None:
        """Dissolve what is too small among all people, and number the rest by worth."""
        points = self.points(frame)
        labels = self.nearest(points)
        while len(sizes := np.bincount(labels, minlength=len(self.centroids))) > 1:
            if sizes.min() >= PEOPLE_PER_SEGMENT:
                break
            self._keep(np.flatnonzero(np.arange(len(sizes)) != sizes.argmin()))
            labels = self.nearest(points)
        if len(self.centroids) < 2:
            self._forget("All but a few people are alike.")
            return
        self.ordered_by = next((name for name in WORTH if name in self.space.kept), self.space.kept[0])
        worth = np.nan_to_num(matrix(frame, (self.ordered_by,))[:, 0])
        # Sums in the order of the people, so that the order of arrival does not move the last digits.
        self._keep(_by_worth(labels[order], worth[order], k=len(self.centroids)))
        self.numbers = tuple(range(1, len(self.centroids) + 1))

    def _keep(self, positions: NDArray[np.int64]) -> None:
        self.centroids, self.handicap = self.centroids[positions], self.handicap[positions]
        self.widths = self.widths[positions]

    def _assigned(self, frame: pd.DataFrame) -> NDArray[np.int64]:
        if frame.empty:
            return np.empty(0, dtype=np.int64)
        return np.asarray(self.numbers, dtype=np.int64)[self.nearest(self.points(frame))]


def _order(frame: pd.DataFrame) -> NDArray[np.int64]:
    """Positions of the people by user_id."""
    return np.asarray(frame["user_id"].reset_index(drop=True).sort_values(kind="stable").index, dtype=np.int64)


def _by_worth(labels: NDArray[np.int64], worth: Floats, /, *, k: int) -> NDArray[np.int64]:
    """The clusters by mean worth, highest first."""
    means = np.bincount(labels, weights=worth, minlength=k) / np.maximum(np.bincount(labels, minlength=k), 1)
    return np.asarray(np.argsort(-means, kind="stable"), dtype=np.int64)
