"""A challenger for one prediction: chosen on earlier weeks, judged on a later one, refitted on all of them."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd

from lyceum.settings import Settings
from models.contest import Incumbent
from models.contract import Model
from models.gate import Enough, Verdict, counting_rule, enough, judge
from models.registry import make
from models.reliability import reliability
from models.rules import BASELINES
from models.tuning import Candidate, Selection, select
from models.validation import Origin, judged
from pipelines.champions import Version
from pipelines.targets import CANDIDATES, FEATURES, SLICED_BY, Target


@dataclass(frozen=True)
class Challenge:
    """What came of it. `selection` is None where too few people are known to choose anything."""

    origin: Origin
    enough: Enough
    selection: Selection | None
    verdict: Verdict

    @property
    def rule_ships(self) -> bool:
        """Whether a baseline scores in place of the challenger and of the champion."""
        return self.verdict.ships == "baseline"

    @property
    def promoted(self) -> bool:
        """Whether what is kept scores from now on."""
        return self.verdict.ships in ("challenger", "baseline")

    @property
    def kept(self) -> Candidate:
        """What is kept: the challenger, or the baseline that ships in its place."""
        if self.selection is None or self.rule_ships:
            return Candidate(str(self.verdict.chosen), {})
        return self.selection.candidate

    def refitted(self, frame: pd.DataFrame, /, *, seed: int) -> Model:
        """What is kept, fitted on every labelled week."""
        return make(self.kept.estimator, features=FEATURES, settings=self.kept.settings).fit(frame, seed=seed)

    def reliability(self) -> pd.DataFrame:
        """Of what is kept, on the judged week; empty where that could not be measured."""
        scores = self.verdict.scores.get(self.kept.estimator)
        if scores is None:
            return pd.DataFrame()
        return reliability(self.origin.test["label"].to_numpy(), scores)


def challenged(
    frame: pd.DataFrame, /, *, target: Target, before: Version | None, settings: Settings, compare: bool
) -> Challenge:
    """Choose, fit and judge a challenger on the labelled `frame` (see History.labelled); `before` is the champion.

    Unless candidates are to be compared, there is one: made like the champion, or the first in promise.
    """
    origin = judged(frame, delay_days=target.delay_days)
    people = enough(origin.train, minimum=settings.minimum_outcomes)
    common: dict[str, Any] = {"baselines": BASELINES, "seed": settings.seed}
    if not people.enough:
        names = list(dict.fromkeys(candidate.estimator for candidate in CANDIDATES))
        rule = counting_rule(frame, verdict=people, candidates=names, delay_days=target.delay_days, **common)
        return Challenge(origin, people, None, rule)
    selection = select(
        origin.train,
        candidates=CANDIDATES if compare else [_like(before)],
        features=FEATURES,
        delay_days=target.delay_days,
        budget_seconds=settings.tuning_seconds,
        seed=settings.seed,
    )
    chosen = selection.candidate
    challenger = make(chosen.estimator, features=FEATURES, settings=chosen.settings)
    champion = _incumbent(before, origin, delay_days=target.delay_days, seed=settings.seed) if before else None
    verdict = judge(
        origin, challenger=challenger, champion=champion, features=FEATURES, sliced_by=SLICED_BY, **common
    )
    return Challenge(origin, people, selection, verdict)


def _like(before: Version | None) -> Candidate:
    """The champion's recipe, or the first in promise where none or a mere rule scores."""
    if before is None or before.estimator in BASELINES:
        return CANDIDATES[0]
    return Candidate(before.estimator, before.card["settings"])


def _incumbent(before: Version, origin: Origin, /, *, delay_days: int, seed: int) -> Incumbent:
    """The champion as it is, or its recipe refitted where it has seen outcomes that the challenger may not see.

    Outcomes of the judged week's people that were learnt from while the week itself was still open would flatter it.
    """
    name = f"{before.estimator} of {before.trained_as_of}"
    known = date.fromisoformat(before.card["data"]["weeks"][1]) + timedelta(days=delay_days)
    if known <= origin.week:
        return Incumbent(name, before.model())
    recipe = make(before.estimator, features=FEATURES, settings=before.card["settings"])
    return Incumbent(name, recipe.fit(origin.train, seed=seed))
