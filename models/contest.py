"""Everybody's figures on one later week: the challenger, the champion if there is one, and every baseline."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lyceum.errors import LyceumError
from models.bootstrap import Interval, Resampled, resampled
from models.contract import Model
from models.metrics import Floats, null_ece
from models.validation import Origin

Makers = Mapping[str, Callable[[], Model]]

COLUMNS = ("estimator", "role", "metric", "slice", "value", "low_95", "high_95", "rows", "measured_on", "note")
ALL = "all"
WHOLE = ("auc", "pr_auc", "brier", "log_loss", "ece")
PART = ("auc", "pr_auc", "brier")
TOP = ("precision_top_10pct", "lift_top_10pct")
PLAIN = ("metric", "slice", "value", "low_95", "high_95", "rows", "note")
UNKNOWN = (float("nan"), float("nan"))
EXCESS = "calibration error less what a calibrated model has by chance"
NEW_DAYS = 28  # since the first act
SLICE_ROWS, SLICE_CLASS = 100, 10  # fewer, or fewer of either outcome, tell nothing about a slice


@dataclass(frozen=True)
class Incumbent:
    """The stored champion under a name that no estimator has, such as "blend of 2026-01-05"."""

    name: str
    model: Model


@dataclass(frozen=True)
class Contest:
    """Probabilities and figures of each contender by name, on the same rows and the same draws of users."""

    week: date
    labels: NDArray[np.int64]
    users: NDArray[Any]
    challenger: str
    champion: str | None
    baselines: tuple[str, ...]
    scores: Mapping[str, Floats]
    slices: Mapping[str, NDArray[np.bool_]]
    figures: Mapping[tuple[str, str], Resampled]
    top: Mapping[str, Resampled]

    @property
    def comparable(self) -> bool:
        """Whether the week holds both outcomes."""
        return 0 < int(self.labels.sum()) < len(self.labels)

    @property
    def best_baseline(self) -> str:
        """The baseline of the highest AUC, the first of several."""
        return max(self.baselines, key=lambda name: np.nan_to_num(self.auc(name)))

    @property
    def rival(self) -> str:
        """Whom the challenger would replace: the champion, else the best baseline."""
        return self.champion or self.best_baseline

    @property
    def rarer(self) -> int:
        """The label that fewer have; of people with it a list's top is made."""
        return int(self.labels.mean() <= 0.5)

    def auc(self, name: str, /) -> float:
        """Of one contender on all rows."""
        return self.figures[name, ALL].values["auc"]

    def less(self, name: str, other: str, metric: str, /, *, part: str = ALL) -> Interval:
        """A figure of one contender less that of another, paired by user."""
        return self.figures[name, part].less(self.figures[other, part], metric)

    def ece_excess(self, name: str, /) -> float:
        """Calibration error less its mean for exact probabilities."""
        return self.figures[name, ALL].values["ece"] - null_ece(self.scores[name])


def hold(
    origin: Origin,
    /,
    *,
    challenger: Model,
    champion: Incumbent | None,
    baselines: Makers,
    seed: int,
    sliced_by: tuple[str, ...] = (),
) -> tuple[Contest, str]:
    """Fit the challenger and the baselines on the origin's training rows, score its test rows with all, and measure.

    The champion is scored as it was stored; if it cannot read these rows it is left out, and the sentence returned
    (else empty) says so.
    """
    contenders = [challenger, *(make() for make in baselines.values())]
    scores = {model.name: _probabilities(model.fit(origin.train, seed=seed), origin.test) for model in contenders}
    missing = ""
    if champion is not None:
        try:
            scores[champion.name] = _probabilities(champion.model, origin.test)
        except LyceumError as error:
            missing = f"{champion.name} cannot be compared: {error.message}"
            champion = None
    incumbent = champion.name if champion else None
    return _measured(origin, scores, challenger.name, incumbent, tuple(baselines), seed=seed, by=sliced_by), missing


def slices(test: pd.DataFrame, /, *, by: tuple[str, ...] = ()) -> dict[str, NDArray[np.bool_]]:
    """Rows of the parts of the people worth a look: new users, and each value of those text columns `by` that exist.

    Only parts of 100 rows and 10 of each outcome or more.
    """
    parts = {"new users": test["tenure_days"] < NEW_DAYS} if "tenure_days" in test else {}
    for name in by:
        for value in sorted(test[name].dropna().unique()) if name in test else ():
            parts[f"{name}: {value}"] = test[name] == value
    labels = test["label"].to_numpy(np.int64)
    masks = {name: part.fillna(False).to_numpy(np.bool_) for name, part in parts.items()}
    return {name: mask for name, mask in masks.items() if _tells(labels[mask])}


def table(contest: Contest, /, *, chosen: str) -> pd.DataFrame:
    """Every figure as COLUMNS; role champion = who ships."""
    rows = [
        (name, *row)
        for (name, part), found in contest.figures.items()
        for row in _rows(found, part, int(contest.slices[part].sum()) if part != ALL else len(contest.labels))
    ]
    of_whom = f"of people with label {contest.rarer}, the rarer outcome"
    for name in contest.scores:
        rows += [(name, "ece_excess", ALL, contest.ece_excess(name), *UNKNOWN, len(contest.labels), EXCESS)]
        rows += [(name, *row[:-1], of_whom) for row in _rows(contest.top[name], ALL, len(contest.labels))]
    frame = pd.DataFrame(rows, columns=["estimator", *PLAIN])
    roles = {name: _role(contest, name, chosen) for name in contest.scores}
    frame = frame.assign(role=frame["estimator"].map(roles), measured_on=contest.week)
    return frame[list(COLUMNS)].astype({"note": object})


def alone(origin: Origin, model: Model, /, *, seed: int) -> tuple[pd.DataFrame, Floats]:
    """One model's figures as COLUMNS, without anybody beside it (role and note are the caller's to give), and its
    probabilities of the origin's test rows.
    """
    score = _probabilities(model.fit(origin.train, seed=seed), origin.test)
    labels, users = origin.test["label"].to_numpy(np.int64), origin.test["user_id"].to_numpy()
    found = resampled(labels, score, users=users, metrics=WHOLE, seed=seed)
    frame = pd.DataFrame(list(_rows(found, ALL, len(labels))), columns=list(PLAIN))
    return frame.assign(estimator=model.name, role=None, measured_on=origin.week)[list(COLUMNS)], score


def comparisons(contest: Contest, /) -> pd.DataFrame:
    """The challenger less everybody else: versus, role, metric, slice, value, low_95, high_95 (paired by user)."""
    rows = []
    for name, part in contest.figures:
        if name != contest.challenger:
            found = [metric for metric in contest.figures[name, part].values if metric != "ece"]
            role = "champion" if name == contest.champion else "baseline"
            rows += [
                (name, role, metric, part, *contest.less(contest.challenger, name, metric, part=part))
                for metric in found
            ]
    return pd.DataFrame(rows, columns=["versus", "role", "metric", "slice", "value", "low_95", "high_95"])


def _measured(
    origin: Origin,
    scores: Mapping[str, Floats],
    challenger: str,
    champion: str | None,
    baselines: tuple[str, ...],
    /,
    *,
    seed: int,
    by: tuple[str, ...],
) -> Contest:
    test = origin.test
    labels, users = test["label"].to_numpy(np.int64), test["user_id"].to_numpy()
    whole = {name: resampled(labels, score, users=users, metrics=WHOLE, seed=seed) for name, score in scores.items()}
    parts = slices(test, by=by)
    best = max(baselines, key=lambda name: np.nan_to_num(whole[name].values["auc"]))
    figures = {(name, ALL): found for name, found in whole.items()}
    for name in (challenger, champion or best):
        for part, rows in parts.items():
            score = scores[name][rows]
            figures[name, part] = resampled(labels[rows], score, users=users[rows], metrics=PART, seed=seed)
    rare = labels.mean() > 0.5  # then label 0 is the rarer one
    sides = (1 - labels, -1.0) if rare else (labels, 1.0)
    top = {
        name: resampled(sides[0], sides[1] * score, users=users, metrics=TOP, seed=seed)
        for name, score in scores.items()
    }
    return Contest(origin.week, labels, users, challenger, champion, baselines, scores, parts, figures, top)


def _probabilities(model: Model, test: pd.DataFrame, /) -> Floats:
    return model.score(test)["probability"].to_numpy(np.float64)


def _tells(labels: NDArray[np.int64], /) -> bool:
    positives = int(labels.sum())
    return len(labels) >= SLICE_ROWS and min(positives, len(labels) - positives) >= SLICE_CLASS


def _rows(found: Resampled, part: str, rows: int, /) -> Iterator[tuple[Any, ...]]:
    """metric, slice, value, low_95, high_95, rows, note; calibration error has no interval (models.bootstrap)."""
    for metric, value in found.values.items():
        ends = UNKNOWN if metric == "ece" else found.interval(metric)[1:]
        yield metric, part, value, *ends, rows, None


def _role(contest: Contest, name: str, chosen: str | None, /) -> str:
    if name == chosen:
        return "champion"
    return "baseline" if name in contest.baselines else "challenger"
