"""The model card: what a version is for, what it learnt from, how good it is, and why it scores or does not."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from lyceum.tables.canonical import FROM_SOURCES
from models.classification.blend import Blend
from models.classification.classifier import Classifier
from models.classification.logistic import Logistic
from models.contract import Model
from pipelines.card_words import words
from pipelines.challenging import Challenge
from pipelines.champions import PROMOTED, REFUSED
from pipelines.context import Context
from pipelines.targets import FEATURES, Target

Card = dict[str, Any]


@dataclass(frozen=True)
class Facts:
    """What is neither in the data nor in the model: for what, when, against which champion, from which lake."""

    target: Target
    as_of: date
    champion: str | None
    seed: int
    fingerprint: str
    lake: Mapping[str, int]


def lake_versions(ctx: Context, /) -> dict[str, int]:
    """The version of each canonical table that there is."""
    found = {table.name: ctx.lake.version(table) for table in FROM_SOURCES}
    return {name: version for name, version in found.items() if version is not None}


def card_of(model: Model, found: Challenge, frame: pd.DataFrame, facts: Facts, /) -> Card:
    """The card of a version fitted on `frame`, as JSON values; reports.cards shows it."""
    target, classifier = facts.target, model if isinstance(model, Classifier) else None
    verdict = found.verdict
    return {
        "model": target.name,
        "trained_as_of": str(facts.as_of),
        "delay_days": target.delay_days,
        **words(target.name, days=target.delay_days),
        "settings": dict(classifier.settings) if classifier else {},
        "calibration": _calibration(classifier),
        "seed": facts.seed,
        "data": _data(frame, classifier, facts),
        "enough": found.enough.enough,
        "tuning": _tuning(found),
        "metrics": _rows(verdict.metrics),
        "comparisons": _rows(verdict.comparisons),
        "reliability": _rows(found.reliability()),
        "leak_alarm": list(verdict.leak_alarm),
        "coefficients": _rows(_coefficients(model, found, frame, facts.seed)),
        "rule_ships": found.rule_ships,
        "decision": _decision(found, facts),
    }


def _data(frame: pd.DataFrame, classifier: Classifier | None, facts: Facts) -> Card:
    sides = [int(frame.loc[frame["label"] == label, "user_id"].nunique()) for label in (1, 0)]
    return {
        "weeks": [str(frame["as_of"].min()), str(frame["as_of"].max())],
        "rows": len(frame),
        "people": int(frame["user_id"].nunique()),
        "people_with": sides[0],
        "people_without": sides[1],
        "columns": len(FEATURES),
        "columns_used": len(classifier.kept) if classifier else 0,
        "lake": dict(facts.lake),
        "fingerprint": facts.fingerprint,
    }


def _calibration(classifier: Classifier | None) -> Card:
    if classifier is None:
        return {"kind": "none", "note": "A rule counts shares and needs none."}
    return {"kind": classifier.calibration.kind, "note": classifier.note}


def _tuning(found: Challenge) -> Card:
    if found.selection is None:
        return {"sentence": "", "trials": []}
    return {"sentence": found.selection.sentence, "trials": _rows(found.selection.trials)}


def _coefficients(model: Model, found: Challenge, frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Of the model itself if it is the reference or holds it, else of the reference on the same rows.

    None below the gate.
    """
    if not found.enough.enough:
        return pd.DataFrame()
    own = model.reference if isinstance(model, Blend) else model
    if type(own) is not Logistic or own.settings != Logistic(features=FEATURES).settings:
        own = Logistic(features=FEATURES).fit(frame, seed=seed)
    return own.coefficients()


def _decision(found: Challenge, facts: Facts) -> Card:
    """What became of the version that is kept; the figures are those against the champion before it, if any."""
    compared = found.verdict.decision if found.kept.estimator == found.verdict.decision["estimator"] else {}
    figures = {name: compared.get(name) for name in ("auc_difference", "low_95", "high_95")}
    return {
        "decision": PROMOTED if found.promoted else REFUSED,
        "why": " ".join(found.verdict.sentences),
        "sentences": list(found.verdict.sentences),
        "compared_with": facts.champion if figures["auc_difference"] is not None else None,
        **figures,
    }


def _rows(frame: pd.DataFrame) -> list[Card]:
    return [{str(name): _plain(value) for name, value in row.items()} for row in frame.to_dict("records")]


def _plain(value: object) -> object:
    """The same as JSON has it: unknown is null, a day is text, NumPy's numbers are numbers."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return None if value is pd.NaT or value is pd.NA else value
