"""Scoring: everything that is published about a week, from the newest snapshot and the champions."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from importlib import import_module

import numpy as np
import pandas as pd

from lyceum import weeks
from lyceum.tables import prediction, readout
from models import lifecycle
from models.classification import device
from pipelines import champions, score_community, score_growth, score_segments, scoring, warning_list
from pipelines.context import Context
from pipelines.drifting import drift_table
from pipelines.keeping import Keeper
from pipelines.model_tables import model_tables
from pipelines.readout import readout_tables
from pipelines.recommended import recommendation_tables
from pipelines.score_behaviours import behaviours_table, find_behaviours
from pipelines.score_rates import rate_tables
from pipelines.score_topics import topic_tables
from pipelines.steps import Part, skipped
from pipelines.survival import survival_table
from pipelines.targets import TARGETS
from pipelines.workspace import workspace

Frames = dict[str, pd.DataFrame]


# What the two threads import.
LOADED = ("deltalake", "lifelines", "pyarrow.compute", "pyarrow.pandas_compat", "scipy.sparse")


@dataclass(frozen=True)
class Told:
    """What the models tell of the week's people: the tables kept, the explainer of the scores, the exact reasons."""

    parts: tuple[Part, ...]
    explainer: scoring.Explainer
    known: scoring.Reasons
    found: Frames


def score(ctx: Context, as_of: date, /) -> Iterator[Part]:
    """Write every scored table of the week before `as_of`; what cannot be is left empty with a reason.

    What the log tells is mostly the engine's work, what the models tell is theirs: so both are done at once, each in
    a workspace of its own, and the row of each person joins them.
    """
    for name in LOADED:  # all imports in this thread, see pipelines.week.preloading
        import_module(name)
    with workspace(ctx) as space, workspace(ctx) as aside, device.using(ctx.settings.device):
        keeper, found, crowd = Keeper(space, as_of), Frames(), scoring.crowd(space, as_of)
        with ThreadPoolExecutor(1) as pool:
            telling = pool.submit(_told, Keeper(aside, as_of), replace(crowd, space=aside))
            yield from _log_tables(keeper, crowd.people, found)
            told = telling.result()
        yield from told.parts
        yield behaviours_table(keeper, told.explainer.crowd.people, found)
        people = _with_all(told.explainer.crowd.people, {**found, **told.found})
        explainer = replace(told.explainer, crowd=replace(crowd, people=people))
        yield scoring.keep_scores(keeper, explainer, told.known)
        yield skipped("marts.user_scores.spend_90d", "not_yet_built")
        yield keeper.skip(readout.ACTIVITY_EFFECTS, "not_yet_built")


def _log_tables(keeper: Keeper, people: pd.DataFrame, found: Frames) -> Iterator[Part]:
    """The tables that need no model; leaves what they tell of `people` in `found`."""
    yield from _platform_tables(keeper, people["user_id"], found)
    yield survival_table(keeper)
    yield from readout_tables(keeper)


def _platform_tables(keeper: Keeper, people: "pd.Series[str]", found: Frames) -> Iterator[Part]:
    """The tables about the platform, its community and points; leaves what they tell of `people` in `found`."""
    user_weeks = score_growth.active_weeks(keeper.space, keeper.as_of)
    yield from score_growth.growth_tables(keeper, user_weeks)
    yield score_growth.kpi_table(keeper)
    yield from rate_tables(keeper)
    yield score_growth.item_table(keeper)
    yield score_growth.drop_off_table(keeper)
    yield score_growth.discount_table(keeper)
    yield score_growth.channel_table(keeper)
    find_behaviours(keeper, people, found)
    yield from score_community.community_tables(keeper, people, found)
    yield from score_community.points_tables(keeper, people, found)
    found["states"] = lifecycle.states(user_weeks, week=keeper.as_of - weeks.WEEK)


def _with_all(people: pd.DataFrame, found: Frames) -> pd.DataFrame:
    """`people` with what `found` tells of them, and what they have who do not stand in it."""
    wanted: dict[str, dict[str, object]] = {
        "segments": {"segment_id": np.nan, "segment_name": np.nan},
        "states": {"lifecycle_state": np.nan},
        "points": {"points": 0, "level": 1},
        "members": {"community_value": 0.0},
    }
    for name, nothing in wanted.items():
        if name in found:
            people = people.merge(found[name][["user_id", *nothing]], on="user_id", how="left").fillna(nothing)
    return people


def _told(keeper: Keeper, crowd: scoring.Crowd) -> Told:
    """Score the crowd, keep the tables of segments, topics, early_warnings, recommendations and the models behind."""
    crowd, found = replace(crowd, people=scoring.probabilities(crowd)), Frames()
    parts = [*score_segments.segment_tables(keeper, crowd.people, found)]
    parts += topic_tables(keeper, found.get("segments"))
    typical = crowd.typical()
    explainer = scoring.explainer(crowd, typical)
    listed = warning_list.whom(keeper, crowd.people)
    buyers = scoring.likeliest(crowd.people, scoring.BUY, count=keeper.space.ctx.settings.warning_capacity)
    known = explainer.exactly({scoring.LEAVE: listed["user_id"], scoring.BUY: buyers})
    parts += [warning_list.warnings_table(keeper, listed, known.get("churn_reasons"))]
    parts += model_tables(keeper, more=warning_list.measures(keeper, listed))
    parts += [drift_table(keeper, typical, crowd.people), _coefficients(keeper)]
    parts += recommendation_tables(keeper, _with_all(crowd.people, found))
    return Told(tuple(parts), explainer, known, found)


def _coefficients(keeper: Keeper) -> Part:
    """model_coefficients: of the reference that was fitted beside each champion."""
    found = [champions.champion(keeper.space.ctx.home, target.name, as_of=keeper.as_of) for target in TARGETS]
    rows = [{**row, "model": held.name} for held in found if held for row in held.card.get("coefficients", ())]
    if not rows:
        return keeper.skip(prediction.MODEL_COEFFICIENTS, "too_few_outcomes" if any(found) else "no_matured_week")
    return keeper.keep(prediction.MODEL_COEFFICIENTS, pd.DataFrame(rows))
