"""Whether a model may speak: enough people to learn from, and the judgement of a challenger on a later week.

The rules are those of SCIENCE.md, "Gate, do not hope". A challenger is promoted if on the newest labelled week, of
which it has learnt nothing, all of these hold (differences paired and resampled by user):

- its AUC is above every baseline's, with the lower end of the 95 % interval of the difference above -0.005;
- against the champion that lower end is above -0.005 too (non-inferior: the newer data are then worth having);
- its calibration error less its null is not higher by more than 0.01 than that of the one it would replace, unless
  the interval of the difference holds 0. A hundredth is what the project asks of a calibrated model at all, and on a
  few thousand people calibration error varies by half of that from one week to the next;
- its AUC for no slice falls short of the replaced one's by more than 0.05 with the whole interval below 0;
- no column rings the leak alarm.

Otherwise the champion stays, unless a baseline beats it by the first rule; where there is none, the best baseline
ships: where nothing beats the rule, the rule ships.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from models.bootstrap import Interval
from models.contest import ALL, COLUMNS, Contest, Incumbent, Makers, alone, comparisons, hold, table
from models.contract import Model
from models.leakage import LEAK_RATIO, leak_alarm
from models.metrics import Floats
from models.rules import affordable
from models.validation import Origin, judged

Ships = Literal["challenger", "champion", "baseline", "nothing"]
NOTHING = Interval(float("nan"), float("nan"), float("nan"))
NON_INFERIOR = -0.005  # AUC; the lower end of the interval must lie above it
CALIBRATION = 0.01
COLLAPSE = -0.05  # AUC


@dataclass(frozen=True)
class Enough:
    """Whether there are enough people of each class to train on, and the sentence that says so."""

    enough: bool
    positives: int
    negatives: int
    sentence: str


@dataclass(frozen=True)
class Verdict:
    """Who ships and why, with every figure behind it.

    chosen: the name of what ships (None = nothing does), ships: which of the three that is. metrics has the columns
    of models.contest.COLUMNS, comparisons those of its function, decision those of
    quality.model_decisions that do not depend on versions. leak_alarm: ringing column -> share of the model's lift.
    scores: name -> probabilities of the judged week's rows, in their order.
    """

    promoted: bool
    chosen: str | None
    ships: Ships
    sentences: tuple[str, ...]
    metrics: pd.DataFrame
    decision: Mapping[str, Any] = field(default_factory=dict)
    comparisons: pd.DataFrame = field(default_factory=pd.DataFrame)
    leak_alarm: Mapping[str, float] = field(default_factory=dict)
    scores: Mapping[str, Floats] = field(default_factory=dict)


def enough(train: pd.DataFrame, /, *, minimum: int) -> Enough:
    """Count distinct users per class (user-weeks overlap); enough = at least `minimum` of either."""
    people = [int(train["user_id"][train["label"] == label].nunique()) for label in (1, 0)]
    there = min(people) >= minimum
    sentence = (
        f"{people[0]} people with the outcome and {people[1]} without are known in time; "
        f"{minimum} of each are needed to train{'' if there else ', so nothing is trained'}."
    )
    return Enough(there, people[0], people[1], sentence)


def judge(
    origin: Origin,
    /,
    *,
    challenger: Model,
    champion: Incumbent | None,
    baselines: Makers,
    features: tuple[str, ...],
    seed: int,
    sliced_by: tuple[str, ...] = ("channel",),
) -> Verdict:
    """Fit `challenger` and the baselines on the origin's training rows, measure all on its test rows, and decide.

    `features` are the columns that the leak alarm listens to, `sliced_by` text columns whose values are slices.
    """
    contest, missing = hold(
        origin, challenger=challenger, champion=champion, baselines=baselines, seed=seed, sliced_by=sliced_by
    )
    alarm = _alarm(origin.test, contest, features=features)
    objections = tuple(_objections(contest, alarm))
    ships, chosen = _who_ships(contest, objections)
    told = (missing, *_headline(contest, ships, chosen), *objections)
    sentences = tuple(sentence for sentence in told if sentence)
    return Verdict(
        promoted=not objections,
        chosen=chosen,
        ships=ships,
        sentences=sentences,
        metrics=pd.concat([table(contest, chosen=chosen), _leaks(contest, alarm, chosen)], ignore_index=True),
        decision=_decision(contest, promoted=not objections, why=" ".join(sentences)),
        comparisons=comparisons(contest),
        leak_alarm=alarm,
        scores=contest.scores,
    )


def counting_rule(
    labelled: pd.DataFrame,
    /,
    *,
    verdict: Enough,
    candidates: Sequence[str],
    baselines: Makers,
    delay_days: int,
    seed: int,
) -> Verdict:
    """What ships where too few people are known to train on: the counting rule that they can carry, or nothing.

    It is measured if there is a later week; `candidates` are named with the reason why they have no figure.
    """
    chosen, reason = affordable(labelled)
    origin = judged(labelled, delay_days=delay_days)
    silent = [(name, "challenger", "auc", ALL, *[float("nan")] * 3, 0, None, verdict.sentence) for name in candidates]
    metrics = pd.DataFrame(silent, columns=list(COLUMNS))
    scores: dict[str, Floats] = {}
    if chosen is not None and len(origin.train):
        figures, scores[chosen] = alone(origin, baselines[chosen](), seed=seed)
        figures = figures.assign(role="champion", note=reason)
        metrics = pd.concat([figures.astype(object), metrics.astype(object)], ignore_index=True)
    return Verdict(
        promoted=chosen is not None,
        chosen=chosen,
        ships="nothing" if chosen is None else "baseline",
        sentences=(verdict.sentence, reason),
        metrics=metrics,
        decision=_record(chosen, promoted=chosen is not None, why=f"{verdict.sentence} {reason}"),
        scores=scores,
    )


def _alarm(test: pd.DataFrame, contest: Contest, /, *, features: tuple[str, ...]) -> dict[str, float]:
    rules = [contest.scores[name] for name in contest.baselines]
    return leak_alarm(test, contest.scores[contest.challenger], features=features, rules=rules)


def _objections(contest: Contest, alarm: Mapping[str, float], /) -> Iterator[str]:
    """Why the challenger may not ship, a sentence each; none if it may."""
    if not contest.comparable:
        yield f"The judged week of {contest.week} holds one outcome only, so nothing can be compared."
        return
    for name in contest.baselines:
        if not _beats(contest, contest.challenger, name):
            yield f"It does not beat {name}: {_against(contest.less(contest.challenger, name, 'auc'))}."
    if contest.champion:
        found = contest.less(contest.challenger, contest.champion, "auc")
        if not found.low > NON_INFERIOR:
            yield f"It may be worse than {contest.champion}: {_against(found)}, which must end above {NON_INFERIOR}."
    yield from _calibration(contest)
    yield from _collapses(contest)
    if alarm:
        columns = ", ".join(alarm)
        yield (
            f"Leak alarm: {columns} alone carry at least {LEAK_RATIO:.0%} of the model's lift; "
            "check when they become known."
        )


def _calibration(contest: Contest, /) -> Iterator[str]:
    own, others = (contest.ece_excess(name) for name in (contest.challenger, contest.rival))
    found = contest.less(contest.challenger, contest.rival, "ece")
    if own - others > CALIBRATION and found.low + (own - others - found.value) > 0.0:
        yield (
            f"It is worse calibrated than {contest.rival}: calibration error beyond chance {own:.3f} "
            f"against {others:.3f}, and at most {CALIBRATION} more is allowed."
        )


def _collapses(contest: Contest, /) -> Iterator[str]:
    for part in contest.slices:
        found = contest.less(contest.challenger, contest.rival, "auc", part=part)
        if found.value < COLLAPSE and found.high < 0.0:
            yield f"It fails a part of the people ({part}) whom {contest.rival} serves: {_against(found)}."


def _beats(contest: Contest, name: str, other: str, /) -> bool:
    difference, low, _ = contest.less(name, other, "auc")
    return difference > 0.0 and low > NON_INFERIOR


def _who_ships(contest: Contest, objections: tuple[str, ...], /) -> tuple[Ships, str]:
    if not objections:
        return "challenger", contest.challenger
    if contest.champion and not _beats(contest, contest.best_baseline, contest.champion):
        return "champion", contest.champion
    return "baseline", contest.best_baseline


def _headline(contest: Contest, ships: Ships, chosen: str, /) -> Iterator[str]:
    where = f"on the week of {contest.week}"
    if ships == "challenger":
        nearest = min(contest.baselines, key=lambda name: contest.less(chosen, name, "auc").value)
        versus = f"{nearest}, the nearest, by {_against(contest.less(chosen, nearest, 'auc'))}"
        yield f"{chosen} ships: its AUC of {contest.auc(chosen):.3f} {where} beats every baseline ({versus})."
        if contest.champion:
            yield f"Against {contest.champion}: {_against(contest.less(chosen, contest.champion, 'auc'))}."
    elif ships == "champion":
        yield f"{contest.challenger} is refused and {chosen} stays, with an AUC of {contest.auc(chosen):.3f} {where}."
    else:
        kept = f" The champion {contest.champion} falls behind it as well." if contest.champion else ""
        told = f"AUC of {contest.auc(chosen):.3f} {where}" if contest.comparable else "rule, for want of a comparison"
        yield f"{contest.challenger} is refused and the rule {chosen} ships: {told}.{kept}"


def _against(found: Interval, /) -> str:
    return f"AUC {found.value:+.4f} ({found.low:+.4f} to {found.high:+.4f})"


def _decision(contest: Contest, /, *, promoted: bool, why: str) -> dict[str, Any]:
    found = contest.less(contest.challenger, contest.champion, "auc") if contest.champion else NOTHING
    return _record(contest.challenger, promoted=promoted, why=why, against=found)


def _record(estimator: str | None, /, *, promoted: bool, why: str, against: Interval = NOTHING) -> dict[str, Any]:
    difference, low, high = (None if np.isnan(figure) else figure for figure in against)
    return {
        "estimator": estimator,
        "decision": "promoted" if promoted else "refused",
        "why": why,
        "auc_difference": difference,
        "low_95": low,
        "high_95": high,
    }


def _leaks(contest: Contest, alarm: Mapping[str, float], chosen: str, /) -> pd.DataFrame:
    """The ringing columns as metrics: metric leak_alarm, slice = the column."""
    role = "champion" if chosen == contest.challenger else "challenger"
    note = "share of the model's lift that the column has alone"
    rows = [
        (contest.challenger, role, "leak_alarm", name, ratio, np.nan, np.nan, len(contest.labels), contest.week, note)
        for name, ratio in alarm.items()
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))
