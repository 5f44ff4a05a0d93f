"""Training of the ways of taking part in the community: kept, and made anew on the schedule of the segments."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from features.taking_part import taking_part
from lyceum import weeks
from models.segmentation.behaviour import RULES_FROM, SELDOM, SHARES, Behaviours
from models.segmentation.behaviour_names import DAYS, names
from models.segmentation.matching import match, persistent
from models.segmentation.profiles import profile
from pipelines import champions
from pipelines.steps import WHY, Part, skipped
from pipelines.workspace import Workspace

NAME = "community_behaviours"
WINDOW_DAYS = 84


def acts_of(space: Workspace, as_of: date, /) -> pd.DataFrame:
    """What each person with an act in the community did there in the 84 days before `as_of`, ordered by user_id."""
    return space.frame(taking_part(space.events, as_of=as_of, window_days=WINDOW_DAYS), order=("user_id",))


def train_behaviours(space: Workspace, as_of: date, /, *, asked: bool = False) -> Part:
    """Fit and name the ways of taking part if there are none yet, they are due, or they are `asked` for.

    Numbers and names persist where at least half of the people under them, now or then, are the same.
    """
    home, settings = space.ctx.home, space.ctx.settings
    before = champions.champion(home, NAME, as_of=as_of - weeks.WEEK)
    there = champions.entry(home, NAME, as_of=as_of)
    due = before is None or as_of - before.trained_as_of >= weeks.WEEK * settings.segment_weeks
    if there is not None and not asked and (not due or there.since == as_of):
        return Part(NAME, code="champion_kept", why=WHY["champion_kept"])
    acts = acts_of(space, as_of)
    if acts.empty:
        return skipped(NAME, "no_communities")
    model = Behaviours().fit(acts, seed=settings.seed)
    model, card = carried(model, acts, before=before.card if before else None, old=_restored(before), as_of=as_of)
    digest = champions.keep_at_once(home, NAME, model, as_of=as_of, card=card, why=model.why)
    return Part(NAME, rows=len(acts), digest=digest[:16], why=model.why)


def carried(
    model: Behaviours,
    acts: pd.DataFrame,
    /,
    *,
    before: Mapping[str, Any] | None,
    old: Behaviours | None,
    as_of: date,
) -> tuple[Behaviours, dict[str, Any]]:
    """The model with the numbers of the `old` one where it found the same again, and its card.

    `before` is the card of the old one.
    """
    used = list(before["used"]) if before else []
    model = model.renumbered(_numbers(old, model, acts, used=used))
    scored = model.score(acts).rename(columns={"behaviour_id": "segment_id"})
    told = scored[scored["segment_id"] != SELDOM]
    there = {SELDOM, *(int(number) for number in told["segment_id"].unique())}
    known = [each for each in (before["names"] if before else ()) if each["behaviour_id"] in there]
    effects = profile(model.mix(acts)[["user_id", *SHARES]].assign(**{DAYS: acts["days"].to_numpy()}), told)
    called = names(effects, since=as_of.isoformat(), before=known)
    clusters = sorted({*used, *(number for number in there if SELDOM < number < RULES_FROM)})
    return model, {"names": called, "used": clusters, "kind": model.kind, "metrics": [_count(model, told, as_of)]}


def _numbers(old: Behaviours | None, model: Behaviours, acts: pd.DataFrame, *, used: list[int]) -> dict[int, int]:
    """The number of each cluster: that of the old one it matches, else one that was never used."""
    if model.kind != "natural":
        return {}
    now = _clusters(model, acts)
    if old is None or old.kind != "natural":
        return {int(number): max([0, *used]) + place for place, number in enumerate(sorted(now.unique()), start=1)}
    return persistent(match(_clusters(old, acts), now), taken=used)


def _clusters(model: Behaviours, acts: pd.DataFrame) -> "pd.Series[int]":
    """The cluster of each person who acts often enough."""
    ids = model.score(acts).set_index("user_id")["behaviour_id"]
    return ids[ids != SELDOM]


def _count(model: Behaviours, told: pd.DataFrame, as_of: date) -> dict[str, Any]:
    """How many ways of taking part were found, as a row of quality.model_metrics."""
    what = {"estimator": model.name, "role": "champion", "metric": "behaviours", "slice": "all"}
    value = float(told["segment_id"].nunique())
    return {**what, "value": value, "rows": len(told), "measured_on": str(as_of), "note": model.why}


def _restored(before: champions.Version | None) -> Behaviours | None:
    return Behaviours.restore(before.state) if before else None
