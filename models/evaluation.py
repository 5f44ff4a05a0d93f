"""Whether a model may speak: the gate, the split by time, the measurement beside the baselines, and the choice.

A frame has one row per user and week: user_id, as_of, label (0, 1, or null while unknown) and feature columns. Models
are trained on weeks whose outcome was known when the newest labelled week began, and measured on that newest week.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.classification import matrix
from models.contract import Model
from models.metrics import Floats, auc, auc_difference, brier, ece, pr_auc
from models.rules import affordable

Makers = Mapping[str, Callable[[], Model]]
METRICS: Mapping[str, Callable[[NDArray[Any], Floats], float]] = {
    "auc": auc,
    "pr_auc": pr_auc,
    "brier": brier,
    "ece": ece,
}
COLUMNS = ["estimator", "role", "metric", "slice", "value", "rows", "measured_on", "note"]
NON_INFERIOR = -0.005  # AUC; the lower end of the interval must lie above it
LEAK_RATIO = 0.7


@dataclass(frozen=True)
class Gate:
    """Whether there are enough people of each class to train on, and the sentence that says so."""

    enough: bool
    positives: int
    negatives: int
    sentence: str


@dataclass(frozen=True)
class Evaluation:
    """Which estimator ships (None = none), why, and the figures of all of them."""

    chosen: str | None
    reason: str
    metrics: pd.DataFrame
    gate: Gate
    leak_alarm: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know about the choice, as sentences."""
        if not self.leak_alarm:
            return (self.gate.sentence, self.reason)
        columns = ", ".join(self.leak_alarm)
        alarm = f"Leak alarm: {columns} alone carry at least 70 % of the model's lift; check when they become known."
        return (self.gate.sentence, self.reason, alarm)


def time_split(frame: pd.DataFrame, /, *, delay_days: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training rows and test rows, each ordered by as_of and user_id.

    The newest as_of is the test; training weeks lie at least `delay_days` (the label's window) before it, so that
    their outcomes were known then. Weeks in between are in neither.
    """
    ordered = frame.sort_values(["as_of", "user_id"], kind="stable")
    weeks = pd.to_datetime(ordered["as_of"])
    known_by = weeks.max() - pd.Timedelta(days=delay_days)
    return ordered[weeks <= known_by], ordered[weeks == weeks.max()]


def gate(frame: pd.DataFrame, /, *, minimum: int) -> Gate:
    """Count distinct users per class (user-weeks overlap); enough = at least `minimum` of either."""
    people = [int(frame["user_id"][frame["label"] == label].nunique()) for label in (1, 0)]
    enough = min(people) >= minimum
    sentence = (
        f"{people[0]} people with the outcome and {people[1]} without are known in time; "
        f"{minimum} of each are needed to train{'' if enough else ', so nothing is trained'}."
    )
    return Gate(enough, people[0], people[1], sentence)


def evaluate(
    candidates: Makers,
    frame: pd.DataFrame,
    /,
    *,
    baselines: Makers,
    delay_days: int,
    seed: int,
    minimum: int,
) -> Evaluation:
    """Train on earlier weeks, measure on the newest labelled one, and choose.

    A candidate ships if its AUC there is above every baseline's, with the lower end of each paired 95 % interval
    above -0.005; of several the one with the highest AUC. Otherwise the best baseline ships. Below the gate nothing
    is trained and a counting rule of `models.rules` ships if 30 people carry it; `baselines` must name those rules.
    """
    labelled = frame[frame["label"].notna()]
    train, test = time_split(labelled, delay_days=delay_days)
    verdict = gate(train, minimum=minimum)
    if not verdict.enough:
        return _below_gate(candidates, labelled, verdict, baselines=baselines, delay_days=delay_days, seed=seed)
    scores = _fit_and_score({**candidates, **baselines}, train, test, seed=seed)
    labels = test["label"].to_numpy(np.int64)
    notes, passed = _compare(scores, test, candidates=list(candidates), baselines=list(baselines), seed=seed)
    chosen, reason = _choose(scores, labels, passed=passed, baselines=list(baselines))
    metrics = _measure(scores, test, chosen=chosen, candidates=list(candidates), notes=notes)
    best = max(candidates, key=lambda name: np.nan_to_num(auc(labels, scores[name])))
    return Evaluation(chosen, reason, metrics, verdict, leak_alarm(test, scores[best]))


def leak_alarm(frame: pd.DataFrame, probabilities: Floats, /) -> tuple[str, ...]:
    """The columns that alone, read in their better direction, carry 0.7 or more of the model's lift.

    Lift = PR-AUC less base rate, for the rarer class of that class. Silent where the model has none.
    """
    labels = frame["label"].to_numpy(np.int64)
    rarer = 1 if labels.mean() <= 0.5 else 0
    rare = (labels == rarer).astype(np.int64)
    base = float(rare.mean())
    lift = pr_auc(rare, probabilities if rarer else -probabilities) - base
    if not lift > 0.0:
        return ()
    features = frame.drop(columns=["user_id", "as_of", "label"])
    alone = {name: _lift_alone(features, str(name), rare, base) for name in features.columns}
    return tuple(str(name) for name, value in alone.items() if value / lift >= LEAK_RATIO)


def _lift_alone(features: pd.DataFrame, name: str, rare: NDArray[np.int64], base: float, /) -> float:
    if features[name].isna().all():
        return 0.0
    values = matrix(features, (name,))[:, 0]
    return max(pr_auc(rare, values), pr_auc(rare, -values)) - base


def _fit_and_score(makers: Makers, train: pd.DataFrame, test: pd.DataFrame, /, *, seed: int) -> dict[str, Floats]:
    return {
        name: make().fit(train, seed=seed).score(test)["probability"].to_numpy(np.float64)
        for name, make in makers.items()
    }


def _compare(
    scores: Mapping[str, Floats],
    test: pd.DataFrame,
    /,
    *,
    candidates: list[str],
    baselines: list[str],
    seed: int,
) -> tuple[dict[str, str], list[str]]:
    """For each candidate the sentence about its hardest baseline, and the candidates that beat all of them."""
    labels, users = test["label"].to_numpy(np.int64), test["user_id"].to_numpy()
    notes, passed = {}, []
    for name in candidates:
        against = {
            rule: auc_difference(labels, scores[name], scores[rule], users=users, seed=seed) for rule in baselines
        }
        if all(difference > 0.0 and low > NON_INFERIOR for difference, low, _ in against.values()):
            passed.append(name)
        if against and not np.isnan(auc(labels, scores[name])):
            hardest = min(against, key=lambda rule: against[rule][0])
            difference, low, high = against[hardest]
            notes[name] = f"AUC {difference:+.4f} ({low:+.4f} to {high:+.4f}) against {hardest}"
    return notes, passed


def _choose(
    scores: Mapping[str, Floats], labels: NDArray[np.int64], /, *, passed: list[str], baselines: list[str]
) -> tuple[str, str]:
    figures = {name: auc(labels, scores[name]) for name in (*passed, *baselines)}
    if passed:
        best = max(passed, key=lambda name: figures[name])
        return best, f"{best} ships: its AUC of {figures[best]:.3f} on the later week beats every baseline."
    rule = max(baselines, key=lambda name: np.nan_to_num(figures[name]))
    if np.isnan(figures[rule]):
        return rule, f"{rule} ships: the later week holds one outcome only, so nothing can be compared."
    return rule, f"{rule} ships: no model beats its AUC of {figures[rule]:.3f} on the later week."


def _measure(
    scores: Mapping[str, Floats],
    test: pd.DataFrame,
    /,
    *,
    chosen: str | None,
    candidates: list[str],
    notes: Mapping[str, str],
) -> pd.DataFrame:
    labels, day = test["label"].to_numpy(np.int64), _day(test)
    rows = [
        (name, _role(name, chosen, candidates), metric, "all", figure(labels, score), len(test), day, notes.get(name))
        for name, score in scores.items()
        for metric, figure in METRICS.items()
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _role(name: str, chosen: str | None, candidates: list[str], /) -> str:
    if name == chosen:
        return "champion"
    return "challenger" if name in candidates else "baseline"


def _day(frame: pd.DataFrame, /) -> date:
    return pd.Timestamp(frame["as_of"].max()).date()


def _below_gate(
    candidates: Makers,
    labelled: pd.DataFrame,
    verdict: Gate,
    /,
    *,
    baselines: Makers,
    delay_days: int,
    seed: int,
) -> Evaluation:
    """The counting rule that the data can carry, measured if there is a later week; why the rest has no figure."""
    chosen, reason = affordable(labelled)
    train, test = time_split(labelled, delay_days=delay_days)
    if chosen is not None and len(train):
        scores = _fit_and_score({chosen: baselines[chosen]}, train, test, seed=seed)
        metrics = _measure(scores, test, chosen=chosen, candidates=[], notes={chosen: reason})
    else:
        metrics = pd.DataFrame([], columns=COLUMNS)
    silent = [(name, "challenger", "auc", "all", float("nan"), 0, None, verdict.sentence) for name in candidates]
    untrained = pd.DataFrame(silent, columns=COLUMNS)
    both = [part for part in (metrics, untrained) if len(part)] or [metrics]
    return Evaluation(chosen, reason, pd.concat(both, ignore_index=True), verdict)
