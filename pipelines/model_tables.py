"""The tables about the models themselves: figures of those that score the week, decisions so far, reliability."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from lyceum.schema import Table, with_history
from lyceum.tables import quality
from pipelines import champions, steps
from pipelines.champions import Version
from pipelines.keeping import Keeper
from pipelines.steps import Part
from pipelines.targets import TARGETS

PEOPLE = ("segments", "community_behaviours", "topics", "voice")  # models of what people are like
NAMES = (*(target.name for target in TARGETS), *PEOPLE, "recommendation")

Row = dict[str, Any]


def model_tables(keeper: Keeper, /, *, more: pd.DataFrame | None = None) -> Iterator[Part]:
    """quality.model_metrics (with the rows of `more`), quality.model_decisions and quality.model_reliability."""
    home, as_of = keeper.space.ctx.home, keeper.as_of
    held = [version for name in NAMES if (version := champions.champion(home, name, as_of=as_of))]
    figures = [row for version in held for row in (*_figures(version), *_refused_alarms(keeper, version))]
    figures += _misses(keeper, {version.name for version in held})
    metrics = _frame(quality.MODEL_METRICS, figures)
    if more is not None and len(more):
        metrics = pd.concat([metrics.astype("object"), more.astype("object")], ignore_index=True)
    yield keeper.keep(quality.MODEL_METRICS, metrics)
    decided = [row for name in NAMES for row in _decisions(keeper, name)]
    yield keeper.keep(quality.MODEL_DECISIONS, _frame(quality.MODEL_DECISIONS, decided))
    bins = [{**row, "model": version.name} for version in held for row in version.card.get("reliability", ())]
    yield keeper.keep(quality.MODEL_RELIABILITY, _frame(quality.MODEL_RELIABILITY, bins))


def _frame(table: Table, rows: list[Row]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=with_history(table).names[1:])


def _figures(version: Version) -> Iterator[Row]:
    """The figures on its card, in which whatever scored before is a challenger by now."""
    fixed = {"model": version.name, "trained_as_of": version.trained_as_of}
    for row in version.card["metrics"]:
        others = "challenger" if row["role"] == "champion" else row["role"]
        yield {**row, **fixed, "role": "champion" if row["estimator"] == version.estimator else others}


def _refused_alarms(keeper: Keeper, held: Version) -> Iterator[Row]:
    """The leak alarms of the version decided last, where another one scores: somebody must look at those columns."""
    home, known = keeper.space.ctx.home, {(row["estimator"], row["metric"], row["slice"]) for row in _figures(held)}
    newest = max(day for day in champions.versions(home, held.name) if day <= keeper.as_of)
    for row in _figures(champions.load(home, held.name, newest)):
        key = (row["estimator"], row["metric"], row["slice"])
        if row["metric"] == "leak_alarm" and key not in known:
            yield {**row, "role": "challenger"}


def _misses(keeper: Keeper, there: set[str]) -> Iterator[Row]:
    """A line for each model that there is none of, with the reason that its training gave."""
    nothing = {"estimator": "none", "metric": "none", "slice": "all", "value": None, "rows": 0}
    for record in steps.records(keeper.space.ctx.home, keeper.as_of):
        parts = record["parts"] if record["step"] == "train" else ()
        for part in parts:
            if part["part"] in NAMES and part["part"] not in there and part["status"] == steps.SKIPPED:
                yield {**nothing, "model": part["part"], "note": part["why"]}


def _decisions(keeper: Keeper, name: str) -> list[Row]:
    """What the gate decided about each version up to the week, and where a person decided otherwise."""
    home, as_of = keeper.space.ctx.home, keeper.as_of
    stored = {day: champions.load(home, name, day) for day in champions.versions(home, name) if day <= as_of}
    rows = {(day, day): _decision(version.card) for day, version in stored.items()}
    for entry in champions.entries(home, name):
        if entry.since <= as_of and entry.by == champions.ROLLBACK:
            estimator = stored[entry.version].estimator
            told = {"decision": champions.ROLLED_BACK, "why": entry.why, "estimator": estimator}
            rows[(entry.version, entry.since)] = told
    return [
        {**row, "model": name, "version": version.isoformat(), "decided_as_of": since}
        for (version, since), row in sorted(rows.items())
    ]


def _decision(card: Mapping[str, Any]) -> Row:
    names = ("decision", "why", "compared_with", "auc_difference", "low_95", "high_95")
    return {"estimator": card["estimator"], **{name: card["decision"].get(name) for name in names}}
