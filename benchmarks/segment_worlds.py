"""One crowd with planted groups and one without: what the segments find, and what the usual ways find beside them."""

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.waiting import peak_gb
from lyceum.simulator.crowds import Crowd, crowd, large_crowd
from models.segmentation import competitors, rfm
from models.segmentation.competitors import SHAPES, Labels
from models.segmentation.kmeans import STARTS, VARIANCE_KEPT, KMeansSegments
from models.segmentation.matching import match, persistent
from models.segmentation.migration import composition
from models.segmentation.mixture import lloyd
from models.segmentation.scaling import Space

Floats = NDArray[np.float64]
USERS = 5_000
RFM = {"recency": "trend", "frequency": "count", "money": "money"}  # kinds of columns that stand for them


@dataclass(frozen=True)
class Found:
    """Figures of one world: k and ARI by method in the planted crowd, k in the other, the share that moved."""

    seed: int
    planted: int
    gap: float
    k: dict[str, int]
    ari: dict[str, float]
    null_k: dict[str, int]
    moved: dict[str, float]
    fit_seconds: float
    evidence: tuple[dict[str, float], ...] = field(repr=False)

    def wrong_by(self, method: str, /) -> float:
        """Relative error of a share of movers."""
        return abs(self.moved[method] - self.moved["planted"]) / self.moved["planted"]

    def line(self, number: int, worlds: int, seconds: float, /) -> str:
        """Progress for people."""
        others = ", ".join(f"{name} {k}" for name, k in self.k.items() if name != "ours")
        return (
            f"World {number} of {worlds} after {seconds:.0f} s: {self.planted} groups {self.gap:.1f} apart, found "
            f"{self.k['ours']} ({others}), ARI {self.ari['ours']:.3f}, without groups {self.null_k['ours']}, moved "
            f"{self.moved['planted']:.4f}, estimate {self.moved['ours']:.4f}, frozen {self.moved['frozen']:.4f}."
        )


def measured(*, users: int, seed: int) -> Found:
    """Everything about the pair of crowds of `seed`."""
    planted, blob = (crowd(users=users, seed=seed, groups=groups) for groups in (True, False))
    begin = time.process_time()
    model = fitted(planted.before.frame, seed=seed)
    spent = time.process_time() - begin
    truth, k = planted.before.group, len(planted.plan.shares)
    points, labels = usual(planted, k, seed=seed)
    labels["ours"] = model.score(planted.before.frame)["segment_id"].to_numpy()
    ari = {name: agreement(truth, each) for name, each in labels.items()}
    ari["gaussian"] = max(ari.pop(f"gaussian_{shape}") for shape in SHAPES)
    counted = ("silhouette", "gaussian_bic")
    return Found(
        seed=seed,
        planted=k,
        gap=planted.plan.gap,
        ari=ari,
        fit_seconds=spent,
        k={"ours": found(model), **{name: len(np.unique(labels[name])) for name in counted}},
        null_k=null_found(blob, seed=seed),
        moved=moved(planted, model, points, k, seed=seed),
        evidence=model.evidence,
    )


def fitted(frame: pd.DataFrame, /, *, seed: int) -> KMeansSegments:
    """The segments as they ship, k not told."""
    columns = tuple(str(name) for name in frame.columns if name != "user_id")
    return KMeansSegments(features=columns).fit(frame, seed=seed)


def found(model: KMeansSegments, /) -> int:
    """How many natural groups the model tells of."""
    return model.k if model.kind == "natural" else 1


def usual(planted: Crowd, k: int, /, *, seed: int) -> tuple[Floats, dict[str, Labels]]:
    """The space of the segments before it is turned, and what others make of the people in it."""
    frame = planted.before.frame
    points = space_of(frame).points(frame)
    labels = {f"gaussian_{shape}": competitors.gaussian(points, k, shape=shape, seed=seed) for shape in SHAPES}
    labels["gaussian_bic"] = competitors.gaussian_by_bic(points, seed=seed)
    labels["silhouette"] = competitors.by_silhouette(points, seed=seed)
    labels["single_start"] = competitors.single_start(points, k, seed=seed)
    named = {name: next(str(each) for each in frame.columns if each.startswith(kind)) for name, kind in RFM.items()}
    labels["rfm"] = rfm.cells(rfm.quintiles(frame, **named)).to_numpy()
    return points, labels


def space_of(frame: pd.DataFrame, /) -> Space:
    """Scaled and reduced columns, as all methods get them."""
    return Space.learn(frame, tuple(str(name) for name in frame.columns[1:]), variance_kept=VARIANCE_KEPT)


def null_found(blob: Crowd, /, *, seed: int) -> dict[str, int]:
    """The number of groups that each method tells of where there are none."""
    frame = blob.before.frame
    points = space_of(frame).points(frame)
    return {
        "ours": found(fitted(frame, seed=seed)),
        "silhouette": len(np.unique(competitors.by_silhouette(points, seed=seed, starts=1))),
        "gaussian_bic": len(np.unique(competitors.gaussian_by_bic(points, seed=seed))),
    }


def moved(planted: Crowd, model: KMeansSegments, points: Floats, k: int, /, *, seed: int) -> dict[str, float]:
    """The share of people that moved in a week: planted, estimated, and as K-Means that knows k tells it."""
    before, now = planted.before, planted.now
    again = (planted.again(before, seed=seed), planted.again(before, seed=seed + 1))
    told = composition(model, before.frame, now.frame, again=again, seed=seed)
    space = space_of(before.frame)
    old, centroids = lloyd(points, k, seed=seed, starts=STARTS)
    later = space.points(now.frame)
    fresh = lloyd(later, k, seed=seed + 1, starts=STARTS)[0]
    frozen = ((later[:, None, :] - centroids[None, :, :]) ** 2).sum(axis=2).argmin(axis=1)
    named = persistent(match(pd.Series(old + 1), pd.Series(fresh + 1)), floor=0.0)
    return {
        "planted": float((before.group != now.group).mean()),
        "ours": told.moved_truly,
        "covered": float(told.low_95 <= (before.group != now.group).mean() <= told.high_95),
        "ours_raw": told.moved,
        "less_chance": told.moved - told.moved_by_chance,
        "raw": float((old != fresh).mean()),
        "hungarian": float((old + 1 != np.array([named[each] for each in fresh + 1])).mean()),
        "frozen": float((old != frozen).mean()),
    }


def agreement(truth: Labels, labels: Labels, /) -> float:
    """Adjusted Rand index (Hubert & Arabie 1985)."""
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(truth, labels))


def large(users: int, columns: int, seed: int, /) -> dict[str, Any]:
    """Seconds and memory of choosing k, fitting and assigning that many people."""
    frame, group = large_crowd(users=users, columns=columns, seed=seed)
    made_gb = peak_gb()
    begin, cpu = time.monotonic(), time.process_time()
    model = fitted(frame, seed=seed)
    fit = time.monotonic() - begin
    labels = model.score(frame)["segment_id"].to_numpy()
    return {
        **{"users": users, "columns": columns, "planted": int(group.max()) + 1, "k": found(model)},
        **{"ari": round(agreement(group, labels), 4), "fit_seconds": round(fit, 1)},
        **{"seconds": round(time.monotonic() - begin, 1), "cpu_seconds": round(time.process_time() - cpu, 1)},
        **{"made_gb": made_gb, "peak_gb": peak_gb()},
    }
