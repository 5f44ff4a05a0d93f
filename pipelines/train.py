"""Training: a challenger for each prediction that is due, judged on a later week, and kept with its card."""

from collections.abc import Iterator
from datetime import date

import pandas as pd

from lyceum import weeks
from models.classification.device import using
from models.drift import profile
from pipelines import champions
from pipelines.cards import Facts, card_of, lake_versions
from pipelines.challenging import Challenge, challenged
from pipelines.champions import PROMOTED, Version
from pipelines.context import Context
from pipelines.drifting import SCORE
from pipelines.history import History, fingerprint
from pipelines.recommending import train_recommendation
from pipelines.report import card_pages
from pipelines.steps import WHY, Part, skipped
from pipelines.targets import CANDIDATES, TARGETS, Target
from pipelines.train_segments import train_segments
from pipelines.workspace import workspace


def train(ctx: Context, as_of: date, /) -> Iterator[Part]:
    """What a week trains: predictions without a champion, with a mere counting rule, or not tried for some weeks.

    Writes the snapshots and labels of the weeks trained on, the versions, and which of them score.
    """
    yield from _trained(ctx, as_of, asked=False)


def train_all(ctx: Context, as_of: date, /) -> Iterator[Part]:
    """What a person asks for: the same, with a challenger for every prediction."""
    yield from _trained(ctx, as_of, asked=True)


def _trained(ctx: Context, as_of: date, /, *, asked: bool) -> Iterator[Part]:
    with workspace(ctx) as space, using(ctx.settings.device):
        due = [target for target in TARGETS if asked or _is_due(ctx, target, as_of)]
        history = History(space, as_of, due)
        for target in TARGETS:
            if target in due:
                yield _challenge(history, target)
            else:
                yield Part(target.name, code="champion_kept", why=WHY["champion_kept"])
        yield train_segments(space, as_of)
        yield train_recommendation(space, as_of)
    for name in champions.names(ctx.home):
        if as_of in champions.versions(ctx.home, name):
            card_pages(ctx.home, champions.load(ctx.home, name, as_of))


def _is_due(ctx: Context, target: Target, as_of: date) -> bool:
    return champions.is_due(ctx.home, target.name, as_of=as_of, retrain_weeks=ctx.settings.retrain_weeks)


def _challenge(history: History, target: Target) -> Part:
    """Train the version of the week, unless it is there from the same data and settings, and let the gate decide."""
    ctx, as_of = history.space.ctx, history.as_of
    if target.needs and not set(target.needs) & set(history.space.signals(as_of)):
        return skipped(target.name, "no_events_of_kind", detail=f"Needed: {', '.join(target.needs)}.")
    frame = history.labelled(target)
    if frame.empty:
        return skipped(target.name, "no_matured_week")
    before = champions.champion(ctx.home, target.name, as_of=as_of - weeks.WEEK)
    mark = _mark(ctx, target, frame, before)
    if not _is_stored(ctx, target, as_of, mark):
        found = challenged(frame, target=target, before=before, settings=ctx.settings)
        if found.verdict.chosen is None or (before and before.card["enough"] and not found.enough.enough):
            return skipped(target.name, "too_few_outcomes", detail=" ".join(found.verdict.sentences))
        against = str(before.trained_as_of) if before else None
        _keep(ctx, found, frame, Facts(target, as_of, against, ctx.settings.seed, mark, lake_versions(ctx)))
    return _settled(champions.load(ctx.home, target.name, as_of), ctx, rows=len(frame))


def _settled(version: Version, ctx: Context, *, rows: int) -> Part:
    """Let the gate's decision about the version hold."""
    decision = version.card["decision"]
    promoted, why = decision["decision"] == PROMOTED, decision["why"]
    champions.settle(ctx.home, version.name, as_of=version.trained_as_of, promoted=promoted, why=why)
    code = "rule_ships" if version.card["rule_ships"] else decision["decision"]
    return Part(version.name, rows=rows, digest=version.digest[:16], code=code, why=why)


def _mark(ctx: Context, target: Target, frame: pd.DataFrame, before: Version | None) -> str:
    """What tells this training apart: its rows, all that chooses, and the champion that it is held against."""
    settings = ctx.settings
    chosen = [[candidate.estimator, dict(candidate.settings)] for candidate in CANDIDATES]
    beside = {
        "delay_days": target.delay_days,
        "candidates": chosen,
        "champion": before.digest if before else "",
        **{name: getattr(settings, name) for name in ("seed", "minimum_outcomes", "tuning_seconds")},
    }
    return fingerprint(frame, beside)


def _is_stored(ctx: Context, target: Target, as_of: date, mark: str) -> bool:
    if as_of not in champions.versions(ctx.home, target.name):
        return False
    data: dict[str, str] = champions.load(ctx.home, target.name, as_of).card["data"]
    return data["fingerprint"] == mark


def _keep(ctx: Context, found: Challenge, frame: pd.DataFrame, facts: Facts) -> None:
    """Store what the challenge leaves behind, fitted on every labelled week, as the version of the week."""
    model = found.refitted(frame, seed=facts.seed)
    scored = frame.assign(**{SCORE: model.score(frame)["probability"].to_numpy()})
    seen = profile(scored, features=(*getattr(model, "kept", ()), SCORE))
    card = card_of(model, found, frame, facts)
    champions.keep(ctx.home, facts.target.name, model, as_of=facts.as_of, card=card, profile=seen)
