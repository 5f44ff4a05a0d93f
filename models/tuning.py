"""Which estimator with which settings: tried on weeks before the judged one, within a budget.

Candidates come in order of promise. Each is fitted and measured at the same rolling origins by AUC, which is what the
gate compares, and the first that lies within one standard error of the highest is chosen (Breiman et al. 1984, with
promise in place of simplicity): who is a hair ahead on some weeks is seldom ahead on the next. Log loss would mostly
measure how the base rate has moved since the one week that calibrates. The budget is in nominal seconds: what a fit
costs by a measured formula of rows, columns and settings, not by a clock, so that the same data choose alike on every
machine.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.bootstrap import paired
from models.classification.classifier import Classifier
from models.metrics import Floats, Labels, auc, log_loss, pr_auc
from models.registry import make
from models.validation import Origin, origins, some_users

ORIGINS = 3
ROWS = 10_000  # that each is fitted to for choosing; tested are all rows of the weeks
MEASURED: Mapping[str, Callable[[Labels, Floats], float]] = {"auc": auc, "pr_auc": pr_auc, "log_loss": log_loss}
COLUMNS = ("estimator", "settings", *MEASURED, "nominal_seconds", "chosen")

# Seconds on two quiet cores, measured on 20,000 rows of 176 columns: per fit, and per cell (row times column) of what
# is fitted; of trees also per cell and level.
PER_FIT = 0.1
LOGISTIC, NETWORK, BINNED = 1.5e-7, 2.5e-7, 1e-7
BOOSTED_LEVEL, FOREST_LEVEL = 1.1e-9, 4e-10
PER_CELL = {"logistic": LOGISTIC, "network": NETWORK}
TWO_SIDES = 2 * 1.96  # standard errors in a 95 % interval
UNTRIED = (float("nan"),) * len(MEASURED)


@dataclass(frozen=True)
class Candidate:
    """An estimator of models.registry and the settings of its constructor, plain JSON values."""

    estimator: str
    settings: Mapping[str, Any] = field(default_factory=dict)


REFERENCE = Candidate("logistic")


@dataclass(frozen=True)
class Selection:
    """What was chosen, everything that was tried or left out for want of time (COLUMNS), and why, as a sentence."""

    candidate: Candidate
    trials: pd.DataFrame
    sentence: str


def select(
    train: pd.DataFrame,
    /,
    *,
    candidates: Sequence[Candidate],
    features: tuple[str, ...],
    delay_days: int,
    budget_seconds: float,
    seed: int,
) -> Selection:
    """The first candidate whose mean AUC at the newest usable origins inside `train` is about the highest.

    train: user_id, as_of, label and features of the weeks known before the judged one, which itself is not in it.
    Fitted for the choice are at most about 10,000 rows, those of a part of the users. A candidate that the rest of
    the budget does not pay for is left out (its figures are nan). Where there is one alone, or the budget pays for
    no other, nothing can be compared and that one is taken untried. Where no week can be tested on, or the budget
    pays for nobody, the logistic regression is taken as it is.
    """
    found = [_lighter(origin) for origin in origins(train, delay_days=delay_days, count=ORIGINS)]
    offered = candidates if found else ()
    costs = [_cost(candidate, found, columns=len(features)) for candidate in offered]
    paid = _paid(costs, budget=budget_seconds)
    given = [
        _scores(candidate, found, features=features, seed=seed) if at in paid and len(paid) > 1 else []
        for at, candidate in enumerate(offered)
    ]
    table = _trials(offered, given, costs, found)
    if not paid:
        return Selection(REFERENCE, table, _why_nothing(found))
    best, why = (
        (paid[0], _why_untried) if len(paid) == 1 else (_first_in_promise(table, given, found, seed=seed), _why)
    )
    table["chosen"] = table.index == best
    return Selection(candidates[best], table, why(table, found))


def _cost(candidate: Candidate, found: Sequence[Origin], /, *, columns: int) -> float:
    return sum(nominal_seconds(candidate, rows=len(origin.train), columns=columns) for origin in found)


def _trials(
    offered: Sequence[Candidate],
    given: Sequence[Sequence[Floats]],
    costs: Sequence[float],
    found: Sequence[Origin],
    /,
) -> pd.DataFrame:
    """One row (COLUMNS) per candidate; nothing is chosen yet."""
    rows = [
        (one.estimator, json.dumps(dict(one.settings), sort_keys=True), *_figures(own, found), cost, False)
        for one, own, cost in zip(offered, given, np.round(costs, 2), strict=True)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _first_in_promise(
    table: pd.DataFrame, given: Sequence[Sequence[Floats]], found: Sequence[Origin], /, *, seed: int
) -> int:
    """The place of the first candidate that is about as good as the best."""
    leader = _leader(table)
    return next(
        at for at in range(leader + 1) if at == leader or _as_good(given[at], given[leader], found, seed=seed)
    )


def _leader(table: pd.DataFrame) -> int:
    return int(np.nanargmax(table["auc"].to_numpy(np.float64)))


def _paid(costs: Sequence[float], /, *, budget: float) -> list[int]:
    """Which of `costs` the budget pays for, each from what those before it left."""
    paid = []
    for at, cost in enumerate(costs):
        if cost <= budget:
            paid.append(at)
            budget -= cost
    return paid


def nominal_seconds(candidate: Candidate, /, *, rows: int, columns: int) -> float:
    """About what it costs to fit `candidate` once to so many rows and columns on two quiet cores."""
    model = make(candidate.estimator, features=(), settings=candidate.settings)
    assert isinstance(model, Classifier)
    return PER_FIT + rows * columns * _per_cell(candidate.estimator, model.settings)


def _per_cell(estimator: str, settings: Mapping[str, Any], /) -> float:
    if estimator == "blend":
        return sum(_per_cell(part, own) for part, own in settings.items())
    if estimator == "xgboost":
        levels = float(settings["rounds"] * settings["depth"])
        return BINNED + BOOSTED_LEVEL * levels * float(settings["column_share"])
    if estimator == "forest":
        return BINNED + FOREST_LEVEL * float(settings["trees"] * settings["depth"])
    return PER_CELL[estimator]


def _lighter(origin: Origin, /) -> Origin:
    part = Origin(some_users(origin.train, rows=ROWS), origin.test)
    return part if part.usable else origin


def _scores(
    candidate: Candidate, found: Sequence[Origin], /, *, features: tuple[str, ...], seed: int
) -> list[Floats]:
    """Its probabilities of each origin's test rows."""
    models = (make(candidate.estimator, features=features, settings=candidate.settings) for _ in found)
    return [
        model.fit(origin.train, seed=seed).score(origin.test)["probability"].to_numpy(np.float64)
        for model, origin in zip(models, found, strict=True)
    ]


def _figures(given: Sequence[Floats], found: Sequence[Origin], /) -> tuple[float, ...]:
    """The means over the origins of MEASURED; nan for who was not tried."""
    if not given:
        return UNTRIED
    rows = [
        [figure(_labels(origin), scores) for figure in MEASURED.values()]
        for scores, origin in zip(given, found, strict=True)
    ]
    return tuple(float(mean) for mean in np.mean(rows, axis=0))


def _as_good(given: Sequence[Floats], leader: Sequence[Floats], found: Sequence[Origin], /, *, seed: int) -> bool:
    """Whether its mean AUC is within one standard error of the leader's: paired and by user.

    The errors of the origins are averaged as if they were one, for the outcomes of neighbouring weeks overlap.
    """
    if not given:
        return False
    behind = [
        paired(_labels(origin), best, own, users=origin.test["user_id"].to_numpy(), seed=seed)["auc"]
        for own, best, origin in zip(given, leader, found, strict=True)
    ]
    error = np.mean([(interval.high - interval.low) / TWO_SIDES for interval in behind])
    return bool(np.mean([interval.value for interval in behind]) <= error)


def _labels(origin: Origin, /) -> NDArray[np.int64]:
    return origin.test["label"].to_numpy(np.int64)


def _why_nothing(found: Sequence[Origin], /) -> str:
    reason = "the budget pays for no candidate" if found else "no earlier week can be tested on with a gap before it"
    return f"Nothing was tuned: {reason}. The {REFERENCE.estimator} regression is taken as it is."


def _why_untried(table: pd.DataFrame, _found: Sequence[Origin], /) -> str:
    only = _called(table, int(np.flatnonzero(table["chosen"])[0]))
    why = "There is one candidate" if len(table) == 1 else "The budget pays for one candidate"
    return f"{why}, so nothing was compared: {only} is taken untried."


def _why(table: pd.DataFrame, found: Sequence[Origin], /) -> str:
    best, leader = int(np.flatnonzero(table["chosen"])[0]), _leader(table)
    tried = int(table["auc"].notna().sum())
    weeks = ", ".join(str(origin.week) for origin in reversed(found))
    why = f"has the highest AUC ({table['auc'][leader]:.4f})"
    if best != leader:
        ahead = f"{_called(table, leader)}, {table['auc'][leader]:.4f}"
        why = (
            f"comes first in promise and its AUC ({table['auc'][best]:.4f}) is within one standard error of {ahead},"
        )
    left_out = f"; {len(table) - tried} more were left out for want of time" if tried < len(table) else ""
    return f"{_called(table, best)} {why} of {tried} candidates tried on the weeks of {weeks}{left_out}."


def _called(table: pd.DataFrame, at: int, /) -> str:
    settings = table["settings"][at]
    return f"{table['estimator'][at]} with {'its defaults' if settings == '{}' else settings}"
