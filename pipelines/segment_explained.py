"""What segments tell of the 28 days that follow, beyond quintiles of recency, frequency and money."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from models.classification.frame import Floats, matrix
from models.segmentation.expected import by_expectation
from models.segmentation.explaining import Explained, Kind, beyond_rfm, quintiles
from models.segmentation.kmeans import KMeansSegments
from pipelines.segment_people import active_since, people_at, told_before
from pipelines.workspace import Workspace

RFM = ("recency_days", "active_days_28d", "spend_84d")
FEWEST = 300  # people, of whom some have the outcome and some have not
ESTIMATORS = {"segments": "kmeans_segments", "rfm": "rfm_quintiles", "rfm_with_segments": "rfm_with_segments"}
OUTCOMES: tuple[tuple[str, Kind], ...] = (("spend", "money"), ("retention", "binary"))
NOTHING_MORE = "They tell no more of the next 28 days' spend and retention than RFM quintiles do."


@dataclass(frozen=True)
class Before:
    """People as they were 28 days before a Monday, and what they did since, (n,) each: all in the order of ids."""

    day: date
    people: pd.DataFrame
    spend: Floats
    active_days: Floats

    @property
    def outcomes(self) -> Mapping[str, Floats]:
        """The outcomes by name."""
        return {"spend": self.spend, "retention": (self.active_days > 0).astype(np.float64)}


def outcome_before(space: Workspace, as_of: date, /) -> Before | None:
    """What followed the 28th day before a Monday; None where the log is too young or too few people were there."""
    day = told_before(space, as_of)
    people = people_at(space, day).settled if day else pd.DataFrame()
    if day is None or len(people) < FEWEST:
        return None
    since = people[["user_id"]].merge(active_since(space, day, as_of), on="user_id", how="left")
    spend = since["spend"].fillna(0.0).clip(lower=0.0).to_numpy(dtype=np.float64)
    return Before(day, people, spend, since["active_days"].fillna(0).to_numpy(dtype=np.float64))


def by_outcome(
    model: KMeansSegments, before: Before | None, people: pd.DataFrame, /, *, k: int | None, seed: int
) -> KMeansSegments:
    """Segments constructed by how often people like these came in 28 days that are over, in place of `model`.

    Natural segments stay as they are, and so do all where no such days are known.
    """
    if model.kind != "constructed" or before is None or not before.active_days.any():
        return model
    features = model.space.kept
    made = by_expectation(before.people, before.active_days, people, features=features, k=k, seed=seed)
    made.evidence = model.evidence  # of why there are no natural ones
    return made


def explained(model: KMeansSegments, before: Before | None, /, *, seed: int) -> tuple[list[dict[str, Any]], str]:
    """Rows of quality.model_metrics, and a sentence if the segments add nothing; none before a matured week.

    Groups predict by their means, cross-fitted over people. That the model may have learnt from later days of these
    people, or how to weigh columns from these very days, is said in the note.
    """
    if before is None:
        return [], ""
    segments = model.score(before.people)["segment_id"].to_numpy()
    columns = matrix(before.people, RFM).T
    rfm = [quintiles(-columns[0]), quintiles(columns[1]), quintiles(columns[2])]
    rows, gains = [], []
    for name, kind in OUTCOMES:
        outcome = before.outcomes[name]
        if outcome.min() == outcome.max():
            continue
        found = beyond_rfm(outcome, segments, rfm, kind=kind, seed=seed)
        gains.append(found["rfm_with_segments"].less(found["rfm"], seed=seed).low > 0)
        rows += [_figure(name, each, told, before.day, seed=seed) for each, told in found.items()]
    return rows, NOTHING_MORE if gains and not any(gains) else ""


def _figure(outcome: str, group: str, told: Explained, then: date, /, *, seed: int) -> dict[str, Any]:
    value, low, high = told.interval(seed=seed)
    return {
        **{"estimator": ESTIMATORS[group], "role": "champion" if group == "segments" else "baseline"},
        **{"metric": f"explained_{outcome}_28d", "slice": "all", "value": value, "low_95": low, "high_95": high},
        **{"rows": len(told.own), "measured_on": str(then), "note": _note(group)},
    }


def _note(group: str, /) -> str:
    return {
        "segments": "Share of deviance, cross-fitted over people placed as they were then by this model.",
        "rfm": "Quintiles of recency, active days and spend: the stronger of 125 cells and of 15 dummies.",
        "rfm_with_segments": "Dummies of the quintiles and of the segments together.",
    }[group]
