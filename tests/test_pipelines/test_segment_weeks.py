"""Segments in a real home: what is published of them, trained twice, and from a version of former days."""

import hashlib
import json
from dataclasses import dataclass

import pandas as pd
import pytest

from lyceum.engine import connect
from lyceum.schema import with_history
from lyceum.tables import marts, quality
from models.segmentation.kmeans import KMeansSegments
from models.segmentation.naming import NEW_USERS
from pipelines import champions
from pipelines.keeping import Keeper
from pipelines.score_segments import segment_tables
from pipelines.segment_people import lived_again, people_at, people_of
from pipelines.targets import SEGMENTED_BY
from pipelines.train_segments import NAME, known_before, taken_by, train_segments
from pipelines.workspace import workspace

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Told:
    """A week's tables about segments in a copy of a real home."""

    parts: dict
    tables: dict
    assigned: pd.DataFrame


TABLES = (marts.SEGMENTS, marts.SEGMENT_MIGRATION, marts.SEGMENT_CHANGES)


def told(ctx, week):
    with workspace(ctx) as space:
        keeper, left = Keeper(space, week), {}
        parts = {part.part: part for part in segment_tables(keeper, pd.DataFrame({"user_id": []}), left)}
    return Told(parts, {table.short: stored(ctx, table, week) for table in TABLES}, left["segments"])


def stored(ctx, table, week):
    kept = with_history(table)
    with connect() as con:
        source = ctx.scored.source(kept, where=f"as_of = DATE '{week}'")
        return con.sql(f"SELECT * FROM ({source}) ORDER BY {', '.join(kept.key)}").df()


def content(folder):
    """The digest of every file below a folder."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.fixture
def home(copied, finished):
    return copied(), finished.weeks


def test_days_of_the_log_tell_what_the_snapshot_tells(home):
    ctx, weeks = home
    with workspace(ctx) as space:
        snapshot, days = people_of(space, weeks[-1]), people_at(space, weeks[-1])
    assert len(snapshot.settled) > 50 and len(snapshot.new) > 5
    columns = list(snapshot.settled.columns)
    assert columns == ["user_id", *SEGMENTED_BY]
    seen = snapshot.settled.fillna(0)
    pd.testing.assert_frame_equal(days.settled[columns].fillna(0), seen, check_dtype=False, rtol=1e-12)
    assert days.new.tolist() == snapshot.new.tolist()


def test_a_week_lived_once_more_is_one_of_everybodys_own(home):
    ctx, weeks = home
    with workspace(ctx) as space:
        then = people_at(space, weeks[0]).settled.set_index("user_id")
        one, two, other = (lived_again(space, weeks[0], seed=seed).set_index("user_id") for seed in (7, 7, 8))
    pd.testing.assert_frame_equal(one, two)
    assert not one.equals(other)
    both = one.index.intersection(then.index)
    assert len(both) > 50
    # The drawn week is one of the four before, so nobody did more in it than in all of them.
    assert (one.loc[both, "acts_7d"] <= then.loc[both, "acts_28d"]).all()
    assert one.loc[both, "acts_7d"].sum() > 0
    assert (one.loc[both, "tenure_days"] == then.loc[both, "tenure_days"] + 7).all()


def test_what_is_published_of_a_week(home):
    ctx, weeks = home
    week = told(ctx, weeks[-1])
    segments = week.tables["segments"].set_index("segment_id")
    assert segments["name_zh"].is_unique and segments["name_zh"].notna().all()
    assert segments.loc[NEW_USERS, "name_en"] == "New users" and segments.loc[NEW_USERS, "kind"] == "new"
    assert set(segments["kind"]) <= {"natural", "constructed", "rules", "new"}
    assert segments["share"].sum() == pytest.approx(1) and segments["spend_share"].sum() == pytest.approx(1)
    assert week.assigned.groupby("segment_id").size().to_dict() == segments["users"].to_dict()
    assert segments[["apart_zh", "apart_en", "play_zh", "play_en", "traits"]].notna().all().all()
    for texts in segments["top_items"].dropna():
        assert all(item["users"] >= 10 for item in json.loads(texts))
    for number, texts in segments["demographics"].dropna().items():
        cells = [users for values in json.loads(texts).values() for users in values.values()]
        assert all(users is None or users >= 10 for users in cells), number
    for texts in segments["typical_week"].dropna():
        assert sum(json.loads(texts)["weekdays"]) == pytest.approx(1, abs=1e-3)
    assert (segments["retained_28d"].dropna() <= segments["base_28d"][segments["retained_28d"].notna()]).all()


def test_moves_are_told_with_what_chance_alone_moves(home):
    ctx, weeks = home
    week = told(ctx, weeks[-1])
    flows = week.tables["segment_migration"]
    settled = flows[(flows["from_segment_id"] > 0) & (flows["to_segment_id"] > 0)]
    row = week.tables["segment_changes"].iloc[0]
    assert row["people"] == settled["users"].sum()
    assert row["moved"] == settled.query("from_segment_id != to_segment_id")["users"].sum()
    assert row["week"].date() == weeks[0]
    assert 0 <= row["low_95"] <= row["moved_truly"] <= row["high_95"] <= 1 or pd.isna(row["moved_truly"])
    arrived = flows.loc[flows["to_segment_id"] != -1, "users"].sum()
    assert arrived == len(week.assigned)


def test_a_week_run_again_changes_nothing_and_a_refit_keeps_who_is_the_same(home):
    ctx, weeks = home
    folder = ctx.home.models / NAME
    before = content(folder)
    with workspace(ctx) as space:
        for week in weeks:
            train_segments(space, week)
    assert content(folder) == before
    with workspace(ctx) as space:
        asked = train_segments(space, weeks[-1], asked=True)
        after = content(folder)
        assert train_segments(space, weeks[-1], asked=True) == asked
    assert content(folder) == after
    older, newer = (champions.champion(ctx.home, NAME, as_of=week) for week in weeks)
    assert newer.trained_as_of == weeks[-1]
    kept = {each["now"]: each for each in newer.card["matches"] if each["jaccard"] >= 0.5}
    assert len(set(taken_by(older)) & set(taken_by(newer))) == len(taken_by(older))
    old, new = (known_before(held).set_index("segment_id")["name_zh"].to_dict() for held in (older, newer))
    assert {number: new[number] for number in new if number in old} == {
        number: old[number] for number in new if number in old
    }
    assert len(set(new) & set(old)) == len(kept)


def test_a_champion_of_former_days_still_scores(home):
    ctx, weeks = home
    held = champions.champion(ctx.home, NAME, as_of=weeks[-1])
    model = KMeansSegments.restore(held.state)
    if model.kind == "rules":
        pytest.skip("Rules were the same then.")
    names = [{key: row[key] for key in ("segment_id", "name_zh", "name_en")} for row in held.card["names"]]
    old = {
        **{"features": list(model.features), "k": len(names), "kind": "kmeans", "why": ""},
        **{"kept": list(model.space.kept), "ordered_by": model.ordered_by},
        **{"mean": model.space.mean, "scale": model.space.scale},
        **{"components": model.space.components, "centroids": model.centroids},
    }
    former = KMeansSegments.restore(old)
    champions.keep_at_once(
        ctx.home, NAME, Former(former, old), as_of=weeks[0], card={"names": names, "metrics": []}, why=""
    )
    week = told(ctx, weeks[-1])
    assert week.parts["marts.segments"].status == "done"
    assert set(week.tables["segments"]["kind"]) == {"constructed", "new"}
    days = week.tables["segments"].query("segment_id > 0")["known_since"]
    assert set(days.dt.date) == {weeks[0]}


def test_figures_of_what_segments_explain_are_published(home):
    ctx, weeks = home
    held = champions.champion(ctx.home, NAME, as_of=weeks[-1])
    rows = [row for row in held.card["metrics"] if row["metric"].startswith("explained_")]
    assert {row["estimator"] for row in rows} <= {"kmeans_segments", "rfm_quintiles", "rfm_with_segments"}
    names = set(quality.MODEL_METRICS.names)
    assert all(set(row) <= names for row in rows)
    assert all(row["low_95"] <= row["value"] <= row["high_95"] for row in rows)


@dataclass(frozen=True)
class Former:
    """A model whose state is that of a version of former days."""

    model: KMeansSegments
    old: dict

    @property
    def name(self):
        return self.model.name

    def state(self):
        return self.old
