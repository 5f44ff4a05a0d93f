"""Models over weeks in a real home: training twice, rolling back and forward, and the tables they leave."""

import hashlib
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from lyceum import releases
from lyceum.engine import connect
from lyceum.schema import with_history
from lyceum.tables import marts, quality
from pipelines import champions
from pipelines.report import card_pages
from pipelines.week import perform

pytestmark = pytest.mark.slow

RETENTION = "retention_7d"  # the outcome that is known soonest, so that a small home has most of it


def content(folder: Path) -> dict[str, str]:
    """The digest of every file below a folder."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def scored(ctx, table, week) -> pd.DataFrame:
    """The week's rows of a scored table, in the order of its key."""
    stored = with_history(table)
    with connect() as con:
        source = ctx.scored.source(stored, where=f"as_of = DATE '{week}'")
        return con.sql(f"SELECT * FROM ({source}) ORDER BY {', '.join(stored.key)}").df()


def codes(result) -> dict[str, str]:
    return {part.part: part.code for part in result.parts}


@pytest.fixture
def trained(copied, finished):
    """The finished home, where a person asks for a challenger in the newest week and enough people are known."""
    ctx = copied(minimum_outcomes=40, tuning_seconds=0.0)
    return ctx, perform(ctx, "train", as_of=finished.weeks[-1], asked=True)


def test_a_counting_rule_makes_way_once_enough_people_are_known(trained, finished):
    ctx, result = trained
    older, newer = finished.weeks
    assert champions.champion(ctx.home, RETENTION, as_of=older).card["enough"] is False
    version = champions.champion(ctx.home, RETENTION, as_of=newer)
    assert version.trained_as_of == newer
    assert version.card["enough"] is True
    assert codes(result)[RETENTION] in ("promoted", "rule_ships")
    assert version.card["decision"]["sentences"]
    assert version.card["data"]["lake"]["events"] == 0  # one ingest


def test_training_twice_leaves_every_byte_and_reports_the_same(trained, finished):
    ctx, first = trained
    before = content(ctx.home.models)
    again = perform(ctx, "train", as_of=finished.weeks[-1], asked=True)
    assert content(ctx.home.models) == before
    assert again.parts == first.parts
    shutil.rmtree(champions.folder_of(ctx.home, RETENTION, finished.weeks[-1]))
    perform(ctx, "train", as_of=finished.weeks[-1], asked=True)
    assert content(ctx.home.models) == before  # trained anew, to the same bytes
    perform(ctx, "train", as_of=finished.weeks[-1])
    assert content(ctx.home.models) == before  # a week does not train again what a person had compared


def test_other_settings_are_another_training(trained, copied, finished):
    ctx, _ = trained
    week = finished.weeks[-1]
    before = champions.load(ctx.home, RETENTION, week).card["data"]["fingerprint"]
    perform(copied(minimum_outcomes=40, tuning_seconds=0.0, seed=8), "train", as_of=week, asked=True)
    assert champions.load(ctx.home, RETENTION, week).card["data"]["fingerprint"] != before


def test_rolling_back_changes_the_scores_and_rolling_forward_restores_them(trained, finished):
    ctx, _ = trained
    older, newer = finished.weeks
    perform(ctx, "score", as_of=newer)
    before = {table.name: scored(ctx, table, newer) for table in (marts.USER_SCORES, quality.MODEL_DECISIONS)}
    champions.roll_back(ctx.home, RETENTION, to=str(older), since=newer)
    perform(ctx, "score", as_of=newer)
    back = scored(ctx, marts.USER_SCORES, newer)
    assert not back[RETENTION].equals(before["marts.user_scores"][RETENTION])
    told = scored(ctx, quality.MODEL_DECISIONS, newer).set_index(["model", "version", "decision"])
    assert (RETENTION, str(older), "rolled_back") in told.index
    figures = scored(ctx, quality.MODEL_METRICS, newer)
    held = figures[(figures["model"] == RETENTION) & (figures["role"] == "champion")]
    assert set(pd.to_datetime(held["trained_as_of"]).dt.date) == {older}
    perform(ctx, "train", as_of=newer, asked=True)  # what a person decided for the week stays
    assert champions.champion(ctx.home, RETENTION, as_of=newer).trained_as_of == older
    champions.roll_back(ctx.home, RETENTION, to=str(newer), since=newer)
    perform(ctx, "score", as_of=newer)
    for table in (marts.USER_SCORES, quality.MODEL_DECISIONS):
        pd.testing.assert_frame_equal(scored(ctx, table, newer), before[table.name])


def test_the_tables_tell_of_every_model_and_of_none_why(trained, finished):
    ctx, _ = trained
    newer = finished.weeks[-1]
    perform(ctx, "score", as_of=newer)
    metrics = scored(ctx, quality.MODEL_METRICS, newer)
    assert not metrics.duplicated(list(quality.MODEL_METRICS.key)).any()
    assert {RETENTION, "retention_28d", "segments", "recommendation"} <= set(metrics["model"])
    none = metrics[(metrics["model"] == "retention_84d") & (metrics["estimator"] == "none")]
    assert "No earlier week" in none["note"].item()
    decisions = scored(ctx, quality.MODEL_DECISIONS, newer)
    assert not decisions.duplicated(list(quality.MODEL_DECISIONS.key)).any()
    assert {RETENTION, "segments"} <= set(decisions["model"])
    bins = scored(ctx, quality.MODEL_RELIABILITY, newer)
    assert (bins["people"] >= 10).all()


def test_a_release_holds_the_card_of_every_model_that_scores(trained, finished):
    ctx, _ = trained
    newer = finished.weeks[-1]
    for step in ("score", "publish"):
        perform(ctx, step, as_of=newer)
    report = releases.newest(ctx.home, newer).report
    for name in champions.names(ctx.home):
        version = champions.champion(ctx.home, name, as_of=newer)
        for page in card_pages(ctx.home, version):
            assert (report / page.name).read_bytes() == page.read_bytes()
            assert (ctx.home.reports / str(newer) / page.name).is_file()
        card = json.loads((report / f"card.{name}.json").read_text(encoding="utf-8"))
        assert card["estimator"] == version.estimator
