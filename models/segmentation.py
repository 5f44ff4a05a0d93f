"""Groups of people who behave alike: K-Means on standardised logs, numbered so that 1 spends (else does) most.

With fewer than 20 people a segment, clusters are noise; fixed cuts of recency and frequency speak instead.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.classification.frame import Floats, matrix, signed_log1p
from models.contract import Model

PEOPLE_PER_SEGMENT = 20
VARIANCE_KEPT = 0.9
WORTH = ("spend_84d", "spend_28d", "active_days_28d", "active_days_84d", "acts_28d")  # the first there is
RULE_COLUMNS = ("recency_days", "active_days_28d")


class KMeansSegments(Model):
    """K-Means (Lloyd, ten starts) in the principal components that hold 90 % of the variance."""

    name: ClassVar[str] = "kmeans_segments"
    inputs: ClassVar[tuple[str, ...]] = ("user_id", *RULE_COLUMNS)
    outputs: ClassVar[tuple[str, ...]] = ("user_id", "segment_id")

    def __init__(self, *, features: tuple[str, ...], k: int = 5) -> None:
        self.features = features
        self.k = k
        self._forget("not fitted")

    def fit(self, frame: pd.DataFrame, /, *, seed: int) -> Self:
        """Learn the segments from one row per user; `kind` is then "kmeans", or "rules" with the reason in `why`."""
        ordered = frame.sort_values("user_id", kind="stable")
        needed = PEOPLE_PER_SEGMENT * self.k
        self._forget(f"{len(ordered)} people are fewer than the {needed} that {self.k} segments need.")
        if len(ordered) >= needed:
            self._learn(ordered, seed=seed)
        return self

    def score(self, frame: pd.DataFrame, /) -> pd.DataFrame:
        """user_id and segment_id (1 = the highest mean spend, else activity), one row per row."""
        ids = self._nearest(frame) if self.kind == "kmeans" else by_rules(frame)
        return pd.DataFrame({"user_id": frame["user_id"].reset_index(drop=True), "segment_id": ids})

    def points(self, frame: pd.DataFrame, /) -> Floats:
        """Where people lie in the space in which distances are measured, (rows, components)."""
        scaled = (signed_log1p(matrix(frame, self.kept)) - self.mean) / self.scale
        # einsum adds in a fixed order, whatever the number of threads.
        return np.asarray(np.einsum("ij,kj->ik", scaled, self.components), dtype=np.float64)

    def silhouette(self, frame: pd.DataFrame, /, *, seed: int, sample: int = 2_000) -> float:
        """Mean silhouette (Rousseeuw 1987) of at most `sample` people drawn by `seed`; nan for rules."""
        if self.kind != "kmeans":
            return float("nan")
        from sklearn.metrics import silhouette_score

        ordered = frame.sort_values("user_id", kind="stable")
        drawn = np.random.default_rng(seed).permutation(len(ordered))[:sample]
        some = ordered.iloc[np.sort(drawn)]
        ids = self.score(some)["segment_id"].to_numpy()
        if not 1 < len(np.unique(ids)) < len(some):
            return float("nan")
        return float(silhouette_score(self.points(some), ids))

    def state(self) -> dict[str, Any]:
        """What was learnt."""
        return {
            "features": list(self.features),
            "k": self.k,
            "kind": self.kind,
            "why": self.why,
            "kept": list(self.kept),
            "ordered_by": self.ordered_by,
            "mean": self.mean,
            "scale": self.scale,
            "components": self.components,
            "centroids": self.centroids,
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any], /) -> Self:
        """The model that `state` was taken from."""
        model = cls(features=tuple(state["features"]), k=int(state["k"]))
        model.kind, model.why, model.ordered_by = state["kind"], state["why"], state["ordered_by"]
        model.kept = tuple(state["kept"])
        model.mean, model.scale = state["mean"], state["scale"]
        model.components, model.centroids = state["components"], state["centroids"]
        return model

    def _forget(self, why: str, /) -> None:
        self.kind, self.why, self.ordered_by = "rules", why, ""
        self.kept: tuple[str, ...] = ()
        self.mean, self.scale = np.empty(0), np.empty(0)
        self.components, self.centroids = np.empty((0, 0)), np.empty((0, 0))

    def _learn(self, ordered: pd.DataFrame, /, *, seed: int) -> None:
        from sklearn.cluster import KMeans
        from threadpoolctl import threadpool_limits

        self._standardise(ordered)
        if not self.kept:
            self.why = "No column tells people apart."
            return
        # Threads add up partial sums in the order in which they end, which moves the last digits from run to run.
        with threadpool_limits(limits=1):
            self.components = _components((signed_log1p(matrix(ordered, self.kept)) - self.mean) / self.scale)
            points = self.points(ordered)
            if len(np.unique(points, axis=0)) < self.k:
                self.why = f"There are fewer than {self.k} different people."
                return
            fitted = KMeans(self.k, n_init=10, random_state=seed).fit(points)
        self.ordered_by = next((name for name in WORTH if name in self.kept), self.kept[0])
        worth = matrix(ordered, (self.ordered_by,))[:, 0]
        self.centroids = fitted.cluster_centers_[_by_worth(fitted.labels_, worth, k=self.k)]
        self.kind, self.why = "kmeans", ""

    def _standardise(self, ordered: pd.DataFrame, /) -> None:
        there = tuple(name for name in self.features if name in ordered and bool(ordered[name].notna().any()))
        logs = signed_log1p(matrix(ordered, there))
        varies = logs.std(axis=0) > 1e-12 if len(there) else np.empty(0, dtype=bool)
        self.kept = tuple(name for name, use in zip(there, varies, strict=True) if use)
        self.mean, self.scale = logs[:, varies].mean(axis=0), logs[:, varies].std(axis=0)

    def _nearest(self, frame: pd.DataFrame, /) -> NDArray[np.int64]:
        points = self.points(frame)
        gaps = [((points - centroid) ** 2).sum(axis=1) for centroid in self.centroids]
        return np.asarray(np.argmin(np.stack(gaps), axis=0) + 1, dtype=np.int64)


def by_rules(frame: pd.DataFrame, /) -> NDArray[np.int64]:
    """Fixed cuts: 1 active this week and on 8 days of 28 or more, 2 active this week, 3 this month, 4 silent."""
    recency, days = matrix(frame, RULE_COLUMNS).T
    cuts = [(recency <= 7) & (days >= 8), recency <= 7, recency <= 28]
    return np.asarray(np.select(cuts, [1, 2, 3], default=4), dtype=np.int64)


def profile(snapshot: pd.DataFrame, assignment: pd.DataFrame, /) -> pd.DataFrame:
    """How each segment differs: segment_id, feature, mean, rest_mean (both in the column's unit) and effect.

    `snapshot` has user_id and feature columns, `assignment` user_id and segment_id. Effect = Cohen's d of the segment
    against all others on signed logs, with the pooled standard deviation (Cohen 1988); 0 where nothing varies or
    nobody else is there.
    """
    joined = assignment.merge(snapshot, on="user_id").sort_values("user_id", kind="stable")
    other = {"user_id", "as_of", "segment_id"}
    features = tuple(str(name) for name in joined.columns if name not in other and joined[name].notna().any())
    values, ids = matrix(joined, features), joined["segment_id"].to_numpy()
    parts = [_contrast(values, ids == number, number, features) for number in np.unique(ids)]
    empty = pd.DataFrame({name: [] for name in ("segment_id", "feature", "mean", "rest_mean", "effect")})
    return pd.concat(parts, ignore_index=True) if parts else empty


def _contrast(values: Floats, inside: NDArray[np.bool_], number: int, features: tuple[str, ...], /) -> pd.DataFrame:
    own, rest = values[inside], values[~inside]
    means = [part.mean(axis=0) if len(part) else np.full(len(features), np.nan) for part in (own, rest)]
    return pd.DataFrame(
        {
            "segment_id": int(number),
            "feature": list(features),
            "mean": means[0],
            "rest_mean": means[1],
            "effect": _cohens_d(signed_log1p(own), signed_log1p(rest)),
        }
    )


def _cohens_d(own: Floats, rest: Floats, /) -> Floats:
    if min(len(own), len(rest)) < 2:
        return np.zeros(own.shape[1])
    squares = [((part - part.mean(axis=0)) ** 2).sum(axis=0) for part in (own, rest)]
    pooled = np.sqrt((squares[0] + squares[1]) / (len(own) + len(rest) - 2))
    gap = own.mean(axis=0) - rest.mean(axis=0)
    return np.where(pooled > 1e-12, gap / np.where(pooled > 1e-12, pooled, 1.0), 0.0)


def _components(scaled: Floats, /) -> Floats:
    """The principal axes (components, columns) that hold 90 % of the variance."""
    from sklearn.decomposition import PCA

    fitted = PCA(svd_solver="full").fit(scaled)
    enough = int(np.searchsorted(np.cumsum(fitted.explained_variance_ratio_), VARIANCE_KEPT)) + 1
    return np.asarray(fitted.components_[:enough], dtype=np.float64)


def _by_worth(labels: NDArray[Any], worth: Floats, /, *, k: int) -> NDArray[np.intp]:
    """The clusters by mean worth, highest first."""
    means = np.bincount(labels, weights=worth, minlength=k) / np.maximum(np.bincount(labels, minlength=k), 1)
    return np.argsort(-means, kind="stable")
