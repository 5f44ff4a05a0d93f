"""Training: a challenger for each prediction that is due, judged on a later week, and kept with its card."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from importlib import import_module

import pandas as pd

from lyceum import weeks
from lyceum.locking import waited_for
from models.classification.device import using
from models.drift import profile
from pipelines import champions, succession
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
from pipelines.train_behaviours import train_behaviours
from pipelines.train_segments import train_segments
from pipelines.train_topics import train_topics
from pipelines.workspace import Workspace, workspace

Work = Callable[[Workspace], Iterable[Part]]

# Loaded before threads need them: two that load parts of one package at a time can block each other.
LEARNING = ("sklearn.linear_model", "sklearn.isotonic", "scipy.sparse", "xgboost")


def train(ctx: Context, as_of: date, /) -> Iterator[Part]:
    """What a week trains: predictions without a champion, with a mere counting rule, or not tried for some weeks.

    Writes the labels of the weeks trained on, the versions, and which of them score.
    """
    yield from _trained(ctx, as_of, asked=False)


def train_all(ctx: Context, as_of: date, /) -> Iterator[Part]:
    """What a person asks for: a challenger for every prediction, the best of all candidates within the budget.

    A week takes one candidate, so that it costs the same every time (see pipelines.challenging).
    """
    yield from _trained(ctx, as_of, asked=True)


def predictions(ctx: Context, as_of: date, /) -> Iterator[Part]:
    """Of `train` the predictions alone."""
    yield from _alone(ctx, as_of, lambda space: _predicted(space, as_of, lambda _: [], asked=False))


def segments(ctx: Context, as_of: date, /) -> Iterator[Part]:
    """Of `train` the segments alone."""
    yield from _alone(ctx, as_of, lambda space: [train_segments(space, as_of)])


def behaviours(ctx: Context, as_of: date, /) -> Iterator[Part]:
    """Of `train` the ways of taking part in the community alone."""
    yield from _alone(ctx, as_of, lambda space: [train_behaviours(space, as_of)])


def topics(ctx: Context, as_of: date, /) -> Iterator[Part]:
    """Of `train` the topics of items and voices alone."""
    yield from _alone(ctx, as_of, lambda space: train_topics(space, as_of))


def recommendation(ctx: Context, as_of: date, /) -> Iterator[Part]:
    """Of `train` the recommendations alone."""
    yield from _alone(ctx, as_of, lambda space: [train_recommendation(space, as_of)])


def _trained(ctx: Context, as_of: date, /, *, asked: bool) -> Iterator[Part]:
    with _learning(ctx, as_of, asked=asked) as space:
        yield from _predicted(space, as_of, lambda space: _others(space, as_of, asked=asked), asked=asked)
    _draw_cards(ctx, as_of)


def _alone(ctx: Context, as_of: date, work: Work) -> Iterator[Part]:
    """One part of a training whose other parts may run beside it. What they read of the days of the log is brought up
    to date by one of them, while the others wait.
    """
    with _learning(ctx, as_of, asked=False) as space:
        with waited_for(ctx.home.runs, "daily"):
            assert space.daily
        parts = list(work(space))
    _draw_cards(ctx, as_of, of=[part.part for part in parts])
    yield from parts


@contextmanager
def _learning(ctx: Context, as_of: date, /, *, asked: bool) -> Iterator[Workspace]:
    from threadpoolctl import threadpool_limits

    succession.begin(ctx, as_of, asked=asked)
    for library in LEARNING:  # before the limit, which holds for the libraries that are loaded
        import_module(library)
    with workspace(ctx) as space, using(ctx.settings.device), threadpool_limits(1):
        yield space


def _others(space: Workspace, as_of: date, /, *, asked: bool) -> list[Part]:
    """What is no prediction."""
    return [
        train_segments(space, as_of, asked=asked),
        train_behaviours(space, as_of, asked=asked),
        *train_topics(space, as_of, asked=asked),
        train_recommendation(space, as_of, asked=asked),
    ]


def _predicted(space: Workspace, as_of: date, beside: Work, /, *, asked: bool) -> Iterator[Part]:
    """The predictions that are due, and behind them what is done `beside` them."""
    ctx = space.ctx
    due = [target for target in TARGETS if asked or _is_due(ctx, target, as_of)]
    with _challenges(History(space, as_of, due), due, compare=asked) as skips:
        others = list(beside(space))
        for target in TARGETS:
            if target in due:
                yield skips[target.name].result() or _settled(ctx, champions.load(ctx.home, target.name, as_of))
            else:
                yield Part(target.name, code="champion_kept", why=WHY["champion_kept"])
    yield from others


def _draw_cards(ctx: Context, as_of: date, /, *, of: Collection[str] | None = None) -> None:
    """The pages of the cards of what the week trained, of all models or of some."""
    for name in champions.names(ctx.home) if of is None else sorted(of):
        if as_of in champions.versions(ctx.home, name):
            card_pages(ctx.home, champions.load(ctx.home, name, as_of))


@contextmanager
def _challenges(
    history: History, due: Sequence[Target], /, *, compare: bool
) -> "Iterator[dict[str, Future[Part | None]]]":
    """For each prediction that is due a version of the week in the making, some beside each other and beside what the
    block does; what they give says why there is none.
    """
    ctx, signals = history.space.ctx, set(history.space.signals(history.as_of))
    with ThreadPoolExecutor(ctx.settings.threads) as pool:
        try:
            yield {target.name: pool.submit(_challenge, history, target, signals, compare=compare) for target in due}
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _is_due(ctx: Context, target: Target, as_of: date) -> bool:
    return champions.is_due(ctx.home, target.name, as_of=as_of, retrain_weeks=ctx.settings.retrain_weeks)


def _challenge(history: History, target: Target, signals: Set[str], /, *, compare: bool) -> Part | None:
    """Train and store the version of the week, unless it is there from the same data and settings; else why not."""
    ctx, as_of = history.space.ctx, history.as_of
    if target.needs and not set(target.needs) & signals:
        return skipped(target.name, "no_events_of_kind", detail=f"Needed: {', '.join(target.needs)}.")
    frame = history.labelled(target)
    if frame.empty:
        return skipped(target.name, "no_matured_week")
    before = champions.champion(ctx.home, target.name, as_of=as_of - weeks.WEEK)
    mark = _mark(ctx, target, frame, before)
    marks = {each: f"{mark} {each}" for each in ("compared", "taken")}
    if _stored(ctx, target, as_of) in ({marks["compared"]} if compare else set(marks.values())):
        return None
    found = challenged(frame, target=target, before=before, settings=ctx.settings, compare=compare)
    if found.verdict.chosen is None or (before and before.card["enough"] and not found.enough.enough):
        return skipped(target.name, "too_few_outcomes", detail=" ".join(found.verdict.sentences))
    mark, against = marks["compared" if compare else "taken"], str(before.trained_as_of) if before else None
    _keep(ctx, found, frame, Facts(target, as_of, against, ctx.settings.seed, mark, lake_versions(ctx)))
    card_pages(ctx.home, champions.load(ctx.home, target.name, as_of))
    return None


def _settled(ctx: Context, version: Version) -> Part:
    """Let the gate's decision about the version hold."""
    decision, rows = version.card["decision"], version.card["data"]["rows"]
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


def _stored(ctx: Context, target: Target, as_of: date) -> str:
    """The mark of the version of the week; empty if there is none."""
    if as_of not in champions.versions(ctx.home, target.name):
        return ""
    data: dict[str, str] = champions.load(ctx.home, target.name, as_of).card["data"]
    return data["fingerprint"]


def _keep(ctx: Context, found: Challenge, frame: pd.DataFrame, facts: Facts) -> None:
    """Store what the challenge leaves behind, fitted on every labelled week, as the version of the week."""
    model = found.refitted(frame, seed=facts.seed)
    scored = frame.assign(**{SCORE: model.score(frame)["probability"].to_numpy()})
    seen = profile(scored, features=(*getattr(model, "kept", ()), SCORE))
    card = card_of(model, found, frame, facts)
    champions.keep(ctx.home, facts.target.name, model, as_of=facts.as_of, card=card, profile=seen)
