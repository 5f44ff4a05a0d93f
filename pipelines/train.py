"""Training: only on weeks whose outcome is known, beside the baselines, once per champion."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cached_property

import pandas as pd

from features import labels as label_expressions
from lyceum import weeks
from lyceum.schema import with_history
from lyceum.tables import quality
from lyceum.tables.features import LABELS, USER_SNAPSHOT
from models.evaluation import Evaluation, evaluate
from models.rules import BASELINES
from models.segment_names import names
from models.segmentation import KMeansSegments, profile
from pipelines import champions
from pipelines.context import Context
from pipelines.featurise import write_user_snapshots
from pipelines.keeping import Keeper
from pipelines.recommending import train_recommendation
from pipelines.steps import WHY, Part, skipped
from pipelines.targets import FEATURES, SEGMENTED_BY, TARGETS, Target
from pipelines.workspace import Workspace, for_models, workspace

SEGMENTED_DAYS = 84


def train(ctx: Context, as_of: date, /) -> Iterator[Part]:
    """Train what has no champion yet, or one that only a counting rule could be; measure it; keep it.

    Writes the snapshots and labels of the weeks trained on, the artifacts, and quality.model_metrics.
    """
    with workspace(ctx) as space:
        history = History(space, as_of)
        for target in TARGETS:
            yield _train_target(history, target)
        yield _train_segments(space, as_of)
        yield train_recommendation(space, as_of)
        yield Keeper(space, as_of).keep(quality.MODEL_METRICS, _metrics(ctx, as_of, history.misses))


class History:
    """Snapshots with their labels of the weeks before a Monday, computed together once they are asked for."""

    def __init__(self, space: Workspace, as_of: date, /) -> None:
        self.space = space
        self.as_of = as_of
        self.misses: list[tuple[str, str]] = []  # model, why there is none

    def labelled(self, target: Target, /) -> pd.DataFrame:
        """user_id, as_of, label and the features of the newest weeks whose outcome is known."""
        chosen = self._weeks(target)
        columns = ["user_id", "as_of", "label", *FEATURES]
        if not chosen:
            return pd.DataFrame(columns=columns)
        every = self._frame.rename(columns={target.label: "label"})
        known = every[f"known_{target.delay_days}d"].astype(bool)
        wanted = every["as_of"].isin(chosen) & known & every["label"].notna()
        return every.loc[wanted, columns].reset_index(drop=True)

    def _weeks(self, target: Target) -> list[date]:
        newest = weeks.monday_of(self.as_of - timedelta(days=target.delay_days))
        first = weeks.monday_of(self.space.first_day()) + weeks.WEEK
        count = self.space.ctx.settings.training_weeks + target.delay_days // 7
        return [week for week in weeks.weeks_before(newest, count) if week >= first]

    @cached_property
    def _frame(self) -> pd.DataFrame:
        """One row per week and person eligible then, from the two tables that this writes."""
        space, every = self.space, sorted({week for target in TARGETS for week in self._weeks(target)})
        write_user_snapshots(space, every)
        past = space.past(every)
        rows = label_expressions.labels(past, known_until=self.as_of, closed_at=space.before(self.as_of))
        space.write(space.ctx.features, LABELS, space.sql(rows), weeks=every)
        where = f"as_of BETWEEN DATE '{every[0]}' AND DATE '{every[-1]}'"
        snapshots, labels = (space.ctx.features.source(table, where=where) for table in (USER_SNAPSHOT, LABELS))
        joined = f"SELECT * FROM ({snapshots}) JOIN ({labels}) USING (user_id, as_of) ORDER BY as_of, user_id"
        return for_models(space.arrow(joined))


def _train_target(history: History, target: Target) -> Part:
    space, as_of = history.space, history.as_of
    ctx = space.ctx
    held = champions.champion(ctx.home, target.name, as_of=as_of)
    if held is not None and held.card["enough"]:
        return Part(target.name, code="champion_kept", why=WHY["champion_kept"])
    if target.needs and not set(target.needs) & set(space.signals(as_of)):
        history.misses.append((target.name, WHY["no_events_of_kind"]))
        return skipped(target.name, "no_events_of_kind", detail=f"Needed: {', '.join(target.needs)}.")
    frame = history.labelled(target)
    if frame.empty:
        history.misses.append((target.name, WHY["no_matured_week"]))
        return skipped(target.name, "no_matured_week")
    found = evaluate(
        target.candidates,
        frame,
        baselines=BASELINES,
        delay_days=target.delay_days,
        seed=ctx.settings.seed,
        minimum=ctx.settings.minimum_outcomes,
    )
    if found.chosen is None:
        history.misses.append((target.name, " ".join(found.notes)))
        return skipped(target.name, "too_few_outcomes", detail=" ".join(found.notes))
    return _keep(space, target, found, frame, as_of)


def _keep(space: Workspace, target: Target, found: Evaluation, frame: pd.DataFrame, as_of: date) -> Part:
    settings = space.ctx.settings
    makers = {**BASELINES, **target.candidates}
    model = makers[str(found.chosen)]().fit(frame, seed=settings.seed)
    card = {
        "enough": found.gate.enough,
        "notes": list(found.notes),
        "seed": settings.seed,
        "rows": len(frame),
        "weeks": [str(frame["as_of"].min()), str(frame["as_of"].max())],
        "leak_alarm": list(found.leak_alarm),
        "metrics": _as_json(found.metrics),
    }
    digest = champions.keep(space.ctx.home, target.name, model, as_of=as_of, card=card)
    code = "" if found.chosen in target.candidates else "rule_ships"
    return Part(target.name, rows=len(frame), digest=digest[:16], code=code, why=" ".join(found.notes))


def _as_json(metrics: pd.DataFrame) -> list[dict[str, object]]:
    text = metrics.assign(measured_on=metrics["measured_on"].astype(str)).astype("object")
    rows: list[dict[str, object]] = text.where(text.notna(), None).to_dict("records")  # type: ignore[assignment]
    return rows


def segmented(snapshot: pd.DataFrame, /) -> pd.DataFrame:
    """The people whom segments are about, active in the last 84 days, with what these differ by."""
    return snapshot.loc[snapshot["recency_days"] <= SEGMENTED_DAYS, ["user_id", *SEGMENTED_BY]]


def _train_segments(space: Workspace, as_of: date) -> Part:
    ctx = space.ctx
    if champions.champion(ctx.home, "segments", as_of=as_of) is not None:
        return Part("segments", code="champion_kept", why=WHY["champion_kept"])
    where = f"as_of = DATE '{as_of}'"
    people = segmented(space.stored(ctx.features, USER_SNAPSHOT, where=where, order=("user_id",)))
    if people.empty:
        return skipped("segments", "too_few_users")
    model = KMeansSegments(features=SEGMENTED_BY, k=ctx.settings.segments).fit(people, seed=ctx.settings.seed)
    called = names(profile(people, model.score(people)))
    silhouette = model.silhouette(people, seed=ctx.settings.seed)
    figure = {
        **{"estimator": model.name, "role": "champion", "metric": "silhouette", "slice": "all"},
        **{"value": None if pd.isna(silhouette) else silhouette, "rows": len(people)},
        **{"measured_on": str(as_of), "note": model.why},
    }
    card = {"enough": True, "names": called.astype("object").to_dict("records"), "metrics": [figure]}
    digest = champions.keep(ctx.home, "segments", model, as_of=as_of, card=card)
    return Part("segments", rows=len(people), digest=digest[:16], why=model.why)


def _metrics(ctx: Context, as_of: date, misses: list[tuple[str, str]]) -> pd.DataFrame:
    """The figures of every champion of the week, and a line for each model that there is none of."""
    rows: list[dict[str, object]] = []
    for name in (*(target.name for target in TARGETS), "segments", "recommendation"):
        held = champions.champion(ctx.home, name, as_of=as_of)
        if held is not None:
            fixed = {"model": name, "trained_as_of": held.trained_as_of}
            rows += [{**figure, **fixed} for figure in held.card["metrics"]]
    for name, why in misses:
        nothing = {"estimator": "none", "metric": "none", "slice": "all", "value": None, "rows": 0, "note": why}
        rows.append({"model": name, **nothing})
    columns = with_history(quality.MODEL_METRICS).names[1:]
    return pd.DataFrame(rows, columns=columns)
