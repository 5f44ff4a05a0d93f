"""Training of the segments: found once, then anew every so many weeks, under the numbers and names of those known.

In between the model stands still, because people's moves between segments need borders that do. A segment found anew
that shares half of its people (Jaccard, Hungarian matching) with one known before keeps its number and its name; any
other gets a number never used and a name of its own. Fixed rules, for too few people, give way to segments as soon as
these are found, and never the other way round: the ones known before go on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pandas as pd

from lyceum import weeks
from models.segmentation.kmeans import KMeansSegments
from models.segmentation.matching import Match, match, persistent
from models.segmentation.migration import model_change
from models.segmentation.naming import RULE_NAMES, Known, names
from models.segmentation.profiles import profile
from pipelines import champions
from pipelines.champions import Version
from pipelines.history import fingerprint
from pipelines.segment_explained import Before, by_outcome, explained, outcome_before
from pipelines.segment_people import people_of
from pipelines.steps import WHY, Part, skipped
from pipelines.targets import SEGMENTED_BY
from pipelines.workspace import Workspace

NAME = "segments"
RULES = "rules"
CHOOSING = ("seed", "segments", "segments_by")  # settings on which the segments hang


@dataclass(frozen=True)
class Found:
    """A fitted model under its lasting numbers, and what follows from matching it with the one before."""

    model: KMeansSegments
    named: pd.DataFrame
    taken: tuple[int, ...]  # every number that a segment ever had
    matches: tuple[Match, ...] = ()
    changed: Mapping[str, float | None] | None = None


def train_segments(space: Workspace, as_of: date, /, *, asked: bool = False) -> Part:
    """Find and name the segments of the week's people if that is due, or `asked` for; else the model is kept."""
    home, settings = space.ctx.home, space.ctx.settings
    before = champions.champion(home, NAME, as_of=as_of - weeks.WEEK)
    kept = Part(NAME, code="champion_kept", why=WHY["champion_kept"])
    if not (asked or is_due(before, as_of, segment_weeks=settings.segment_weeks)):
        return kept
    people = people_of(space, as_of)
    if people.settled.empty and people.new.empty:
        return skipped(NAME, "too_few_users")
    mark = _mark(people.settled, before, {name: getattr(settings, name) for name in CHOOSING})
    stored = _stored(space, as_of)
    if stored and stored.card.get("mark") == mark:
        return Part(NAME, rows=len(people.settled), digest=stored.digest[:16], why=stored.card["why"])
    outcome = outcome_before(space, as_of)
    model = KMeansSegments(features=SEGMENTED_BY, k=settings.segments).fit(people.settled, seed=settings.seed)
    if settings.segments_by == "outcome":
        model = by_outcome(model, outcome, people.settled, k=settings.segments, seed=settings.seed)
    if before and model.kind == RULES and _model(before).kind != RULES:
        return replace(kept, why=f"{model.why} The segments known before go on.")
    told = found(model, people.settled, as_of=as_of, before=before)
    card = {**_card(told, people.settled, outcome, as_of, seed=settings.seed), "mark": mark}
    digest = champions.keep_at_once(home, NAME, told.model, as_of=as_of, card=card, why=card["why"])
    return Part(NAME, rows=len(people.settled), digest=digest[:16], why=card["why"])


def is_due(before: Version | None, as_of: date, /, *, segment_weeks: int) -> bool:
    """Whether a week finds segments anew: there are none yet, or mere rules, or they are `segment_weeks` weeks old.

    Judged by the version of the week before, so that a week run again does what it did.
    """
    if before is None or before.state["kind"] == RULES:
        return True
    return as_of - before.trained_as_of >= weeks.WEEK * segment_weeks


def found(model: KMeansSegments, people: pd.DataFrame, /, *, as_of: date, before: Version | None) -> Found:
    """The fitted `model` under lasting numbers, named; `before` is the version of the week before, if any."""
    if model.kind == RULES:
        rules = [(number, *called, str(as_of)) for number, called in RULE_NAMES.items()]
        named = pd.DataFrame(rules, columns=["segment_id", "name_zh", "name_en", "known_since"])
        return Found(model, known_before(before) if before else named, tuple(RULE_NAMES))
    if before is None:
        return Found(model, _named(model, people, as_of, ()), tuple(sorted(set(model.numbers))))
    former, taken = _model(before), taken_by(before)
    matches = match(_placed(former, people), _placed(model, people)) if former.kind != RULES else ()
    numbers = persistent(matches or [Match(None, number, 0.0) for number in model.numbers], taken=taken)
    model = model.renumbered(numbers)
    overlap = {numbers[each.now]: each.jaccard for each in matches if each.now is not None}
    known = [replace(each, jaccard=overlap.get(each.segment_id, 0.0)) for each in _known(before)]
    named = _named(model, people, as_of, known)
    changed = model_change(former, model, people) if matches else None
    return Found(
        model,
        named,
        tuple(sorted({*taken, *numbers.values()})),
        tuple(matches),
        {"share": _plain(changed.share), "jaccard_min": _plain(changed.jaccard_min)} if changed else None,
    )


def known_before(version: Version, /) -> pd.DataFrame:
    """segment_id, name_zh, name_en, known_since of a version; where it does not say, since its training."""
    rows = [{"known_since": str(version.trained_as_of), **row} for row in version.card["names"]]
    return pd.DataFrame(rows, columns=["segment_id", "name_zh", "name_en", "known_since"])


def taken_by(version: Version, /) -> tuple[int, ...]:
    """Every number that a segment had up to a version."""
    named = (int(row["segment_id"]) for row in version.card["names"])
    return tuple(sorted({*named, *(int(number) for number in version.card.get("taken", ()))}))


def _named(model: KMeansSegments, people: pd.DataFrame, as_of: date, known: Sequence[Known]) -> pd.DataFrame:
    return names(profile(people, model.score(people)), since=str(as_of), before=known)


def _known(version: Version) -> list[Known]:
    rows = known_before(version).itertuples(index=False)
    return [Known(int(str(row[0])), str(row[1]), str(row[2]), str(row[3])) for row in rows]


def _model(version: Version) -> KMeansSegments:
    return KMeansSegments.restore(version.state)


def _placed(model: KMeansSegments, people: pd.DataFrame) -> "pd.Series[int]":
    placed: pd.Series[int] = model.score(people).set_index("user_id")["segment_id"]
    return placed


def _stored(space: Workspace, as_of: date) -> Version | None:
    """The version of the week, if its run trained one."""
    home = space.ctx.home
    return champions.load(home, NAME, as_of) if as_of in champions.versions(home, NAME) else None


def _mark(people: pd.DataFrame, before: Version | None, settings: Mapping[str, Any]) -> str:
    """What tells this training apart: its people, the settings, and the version whose names it may keep."""
    beside = {"before": before.digest if before else "", "features": SEGMENTED_BY, **settings}
    return fingerprint(people.assign(as_of=""), beside)


def _card(told: Found, people: pd.DataFrame, outcome: Before | None, as_of: date, /, *, seed: int) -> dict[str, Any]:
    """What people should know of what was found."""
    model = told.model
    rows, nothing_more = explained(model, outcome, seed=seed)
    why = " ".join(sentence for sentence in (model.why, nothing_more) if sentence)
    matches = [{"before": each.before, "now": each.now, "jaccard": _plain(each.jaccard)} for each in told.matches]
    return {
        **{"names": told.named.astype("object").to_dict("records"), "taken": list(told.taken)},
        **{"kind": model.kind, "k": model.k, "why": why, "matches": matches, "changed": told.changed},
        "evidence": [_plain_row(row) for row in model.evidence],
        "metrics": [_silhouette(model, people, as_of, why, seed=seed), *(_plain_row(row) for row in rows)],
    }


def _silhouette(
    model: KMeansSegments, people: pd.DataFrame, as_of: date, why: str, /, *, seed: int
) -> dict[str, Any]:
    value = _plain(model.silhouette(people, seed=seed)) if len(people) else None
    return {
        **{"estimator": model.name, "role": "champion", "metric": "silhouette", "slice": "all"},
        **{"value": value, "rows": len(people), "measured_on": str(as_of), "note": why},
    }


def _plain_row(row: Mapping[str, Any], /) -> dict[str, Any]:
    return {name: _plain(value) if isinstance(value, float) else value for name, value in row.items()}


def _plain(value: float, /) -> float | None:
    """The number as JSON holds it: null for none."""
    return None if pd.isna(value) else float(value)
