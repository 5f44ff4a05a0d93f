"""Scores of a stored snapshot: the same in slices as at once, with reasons for the eligible, and a reason why not."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from lyceum.home import Home, Platform
from lyceum.schema import with_history
from lyceum.settings import Settings
from lyceum.tables import canonical, marts
from lyceum.tables.features import USER_SNAPSHOT
from models.classification.blend import Blend
from models.classification.logistic import Logistic
from models.rules import SilenceRule
from pipelines import champions, scoring
from pipelines.context import Context
from pipelines.keeping import Keeper
from pipelines.workspace import workspace

AS_OF = date(2026, 6, 1)
COLUMNS = ("recency_days", "acts_7d", "acts_28d", "spend_84d", "purchase_recency_days", "carts_7d")
PEOPLE = 60


def snapshot(people, seed=3):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({name: rng.integers(0, 40, people).astype(float) for name in COLUMNS})
    frame["recency_days"] += 1.0
    frame.loc[::5, "purchase_recency_days"] = np.nan
    return frame.assign(user_id=[f"it's {at:03d}" for at in range(people)], as_of=AS_OF)


@pytest.fixture
def ctx(tmp_path):
    """A home that holds the snapshot of one week and nothing else."""
    platform = Platform("small", "demo", tmp_path, "Asia/Shanghai", "CNY", "zh")
    ctx = Context(Settings(), Home(tmp_path / "home"), platform, datetime(2026, 6, 1, tzinfo=UTC), print)
    shuffled = snapshot(PEOPLE).sample(frac=1.0, random_state=1)
    schema = USER_SNAPSHOT.arrow()
    columns = [
        pa.array(shuffled[each.name], from_pandas=True).cast(each.type)
        if each.name in shuffled
        else pa.nulls(PEOPLE, each.type)
        for each in schema
    ]
    ctx.features.replace(USER_SNAPSHOT, pa.Table.from_arrays(columns, schema=schema).to_reader())
    return ctx


@pytest.fixture(scope="module")
def models():
    frame = snapshot(800, seed=4)
    weeks = [AS_OF - timedelta(days=56), AS_OF - timedelta(days=49)]
    chance = 1 / (1 + np.exp(0.1 * frame["recency_days"] - 0.05 * frame["acts_28d"] - 1))
    labels = (np.random.default_rng(5).random(800) < chance).astype(int)
    rows = frame.assign(as_of=np.repeat(weeks, 400), label=labels)
    quick = {"rounds": 20, "leaf_share": 0.005}
    return {
        "retention_28d": Blend(features=COLUMNS, xgboost=quick).fit(rows, seed=1),
        "purchase_28d": Logistic(features=COLUMNS).fit(rows.assign(label=1 - labels), seed=1),
    }


def keep(ctx, models):
    for name, model in models.items():
        champions.keep_at_once(ctx.home, name, model, as_of=AS_OF, card={}, why="It is tested.")


def exactly(leavers=(), buyers=()):
    """For each prediction the people whose reasons are wanted exact."""
    return {scoring.LEAVE: pd.Series(leavers, dtype="str"), scoring.BUY: pd.Series(buyers, dtype="str")}


def scored(ctx, *, exact=None, size=scoring.SLICE):
    """The rows of user_scores, and the crowd with its probabilities."""
    with pytest.MonkeyPatch.context() as patch, workspace(ctx) as space:
        patch.setattr(scoring, "SLICE", size)
        crowd = scoring.crowd(space, AS_OF)
        found = scoring.probabilities(crowd)
        pieces = [found.iloc[:20], found.iloc[20:]]  # as they come of many: a column is no single piece of memory
        crowd = replace(crowd, people=pd.concat(pieces))
        explainer = scoring.explainer(crowd, crowd.typical())
        part = scoring.keep_scores(Keeper(space, AS_OF), explainer, explainer.exactly(exact or exactly()))
        assert part.rows == PEOPLE
        table = with_history(marts.USER_SCORES)
        return space.stored(ctx.scored, table, where="true", order=("user_id",)), crowd.people


def test_scores_in_slices_are_those_of_the_models(ctx, models):
    keep(ctx, models)
    rows, _ = scored(ctx, size=7)
    frame = snapshot(PEOPLE)
    own = frame["recency_days"] <= 28
    assert 0 < own.sum() < PEOPLE
    assert rows["user_id"].tolist() == frame["user_id"].tolist()
    assert (rows["eligible"] == own).all()
    for name, model in models.items():
        expected = model.score(frame)["probability"].where(own)
        np.testing.assert_allclose(rows[name], expected, rtol=1e-9)
    np.testing.assert_allclose(rows["churn_28d"], 1 - rows["retention_28d"])
    assert rows.loc[own, "score_status"].unique().tolist() == ["scored"]
    assert rows.loc[~own, "score_status"].unique().tolist() == ["not_eligible"]
    assert rows["retention_7d"].isna().all()


def test_reasons_are_those_of_the_person_whatever_the_slice(ctx, models):
    keep(ctx, models)
    at_once, people = scored(ctx)
    sliced, _ = scored(ctx, size=7)
    pd.testing.assert_frame_equal(at_once, sliced)
    frame = snapshot(PEOPLE).set_index("user_id")
    for column in ("churn_reasons", "purchase_reasons"):
        assert at_once[column].notna().equals(people["eligible"])
        for user, text in at_once.set_index("user_id")[column].dropna().items():
            for reason in json.loads(text):
                own = frame.loc[user, reason["column"]]
                assert reason["value"] == (None if np.isnan(own) else own)
                assert str(user) not in text
    given = [reason for text in at_once["churn_reasons"].dropna() for reason in json.loads(text)]
    usual = frame.loc[frame["recency_days"] <= 28, "recency_days"].median()
    recency = next(reason for reason in given if reason["column"] == "recency_days")
    assert f"（常见为 {usual:.0f} 天）" in recency["zh"] or f"（常见为 {usual:.1f} 天）" in recency["zh"]


def test_who_is_on_a_list_has_exact_reasons_and_the_list_has_the_same(ctx, models):
    keep(ctx, models)
    eligible = snapshot(PEOPLE).query("recency_days <= 28")["user_id"].tolist()
    chosen = {"churn_reasons": eligible[3:9], "purchase_reasons": eligible[6:20]}
    wanted = exactly(*(users[::-1] for users in chosen.values()))
    rows, _ = scored(ctx, exact=wanted, size=11)
    texts = rows.set_index("user_id")
    exactness = texts["churn_reasons"].dropna().map(lambda text: {reason["exact"] for reason in json.loads(text)})
    assert all(found <= {user in chosen["churn_reasons"]} for user, found in exactness.items())
    assert any(exactness[user] for user in chosen["churn_reasons"])
    # A logistic regression is exact for everybody.
    assert not texts["purchase_reasons"].str.contains('"exact": false', na=False).any()
    with workspace(ctx) as space:
        crowd = scoring.crowd(space, AS_OF)
        known = scoring.explainer(crowd, crowd.typical()).exactly(wanted)
    for column, users in chosen.items():
        assert known[column].index.tolist() == users
        assert known[column].tolist() == texts.loc[users, column].tolist()


def test_reasons_that_are_known_are_not_made_again(ctx, models):
    keep(ctx, models)
    plain, _ = scored(ctx)
    told = plain.set_index("user_id")["churn_reasons"].dropna()
    marked = {"churn_reasons": told.iloc[[5, 0]].map(lambda _text: "[]"), "purchase_reasons": pd.Series(dtype="str")}
    with workspace(ctx) as space, pytest.MonkeyPatch.context() as patch:
        patch.setattr(scoring, "SLICE", 7)
        crowd = scoring.crowd(space, AS_OF)
        explainer = scoring.explainer(crowd, crowd.typical())
        parts = [(part["user_id"], explainer.given(features, marked)) for part, features in crowd.slices()]
    found = [text for _, texts in parts for text in texts["churn_reasons"].to_pylist()]
    assert found == told.where(~told.index.isin(marked["churn_reasons"].index), "[]").tolist()


def test_writing_twice_changes_nothing(ctx, models):
    keep(ctx, models)
    with workspace(ctx) as space:
        crowd = scoring.crowd(space, AS_OF)
        crowd = replace(crowd, people=scoring.probabilities(crowd))
        explainer = scoring.explainer(crowd, crowd.typical())
        known = explainer.exactly(exactly())
        parts = [scoring.keep_scores(Keeper(space, AS_OF), explainer, known) for _ in range(2)]
    assert parts[0].digest == parts[1].digest != ""


def test_the_silence_rule_gives_its_one_reason(ctx):
    frame = snapshot(800, seed=4).assign(label=lambda rows: (rows["recency_days"] < 9).astype(int))
    keep(ctx, {"retention_28d": SilenceRule().fit(frame, seed=1)})
    rows, _ = scored(ctx)
    counts = rows["churn_reasons"].dropna().map(lambda text: [reason["column"] for reason in json.loads(text)])
    recency = snapshot(PEOPLE)["recency_days"][counts.index]
    assert counts[recency > 7].map(lambda found: found == ["recency_days"]).all()
    assert counts[recency <= 7].map(lambda found: found == []).all()
    assert rows["purchase_reasons"].isna().all()


def deliver(ctx, *events):
    """Put events (day, type) of one person into the lake."""
    table = canonical.EVENTS
    rows = [
        {
            **{"event_id": f"e{at}", "user_id": "u", "event_type": kind, "event_date": day, "source": "s"},
            **{"occurred_at": datetime(day.year, day.month, day.day, 4, tzinfo=UTC), "batch_id": "b"},
            "ingested_at": datetime(2026, 6, 1, tzinfo=UTC),
        }
        for at, (day, kind) in enumerate(events)
    ]
    ctx.lake.append(table, pa.Table.from_pylist(rows, schema=table.arrow()).to_reader())


@pytest.mark.parametrize(
    ("begun", "kinds", "held", "status"),
    [
        (date(2026, 5, 11), ("view", "purchase"), (), "no_matured_week"),
        (date(2026, 1, 5), ("view", "purchase"), (), "too_few_outcomes"),
        (date(2026, 1, 5), ("view", "purchase"), ("retention_28d",), "too_few_outcomes"),
        (date(2026, 1, 5), ("view",), ("retention_28d",), "no_purchases_logged"),
        (date(2026, 1, 5), ("view",), (), "too_few_outcomes"),
        (date(2026, 1, 5), ("view", "purchase"), ("retention_28d", "purchase_28d"), "scored"),
    ],
)
def test_why_a_score_is_missing(ctx, models, begun, kinds, held, status):
    deliver(ctx, *((begun, kind) for kind in kinds))
    keep(ctx, {name: models[name] for name in held})
    rows, people = scored(ctx)
    assert rows.loc[rows["eligible"], "score_status"].unique().tolist() == [status]
    assert rows.loc[~rows["eligible"], "score_status"].unique().tolist() == ["not_eligible"]
    assert ("churn_28d" in people) == ("retention_28d" in held)
    assert rows["churn_28d"].notna().any() == ("retention_28d" in held)
    assert rows["purchase_28d"].notna().any() == ("purchase_28d" in held)


def test_the_likeliest_come_first_and_equals_by_id():
    people = pd.DataFrame({"user_id": list("abcde"), "purchase_28d": [0.2, 0.7, np.nan, 0.7, 0.1]})
    assert scoring.likeliest(people, "purchase_28d", count=3).tolist() == ["b", "d", "a"]
    assert scoring.likeliest(people, "retention_28d", count=3).tolist() == []
