"""Ways of taking part from a stored log: trained, kept, matched to those of before, and scored."""

import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from lyceum.home import Home, Platform
from lyceum.schema import with_history
from lyceum.settings import Settings
from lyceum.tables import canonical
from lyceum.tables.behaviours import COMMUNITY_BEHAVIOURS
from models.segmentation.behaviour import LEAST_ACTS, SELDOM
from pipelines import champions
from pipelines.context import Context
from pipelines.keeping import Keeper
from pipelines.score_behaviours import behaviours_table, find_behaviours, rows_of
from pipelines.train_behaviours import NAME, acts_of, train_behaviours
from pipelines.workspace import workspace

AS_OF = date(2026, 6, 1)
LATER = AS_OF + timedelta(weeks=12)
STYLES = (  # post, answer, comment, like, view
    ("reader", (0.01, 0.01, 0.03, 0.10, 0.85)),
    ("asker", (0.45, 0.02, 0.10, 0.13, 0.30)),
    ("answerer", (0.03, 0.52, 0.15, 0.10, 0.20)),
)
KINDS = ("post", "answer", "comment", "like", "view")


def log(as_of, seed, people=240):
    """Events of the twelve weeks before the Monday: people of three styles, and one who did little."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(people):
        for _ in range(int(rng.integers(15, 60))):
            kind = str(rng.choice(KINDS, p=STYLES[number % 3][1]))
            rows.append((f"u{number:03d}", kind, as_of - timedelta(days=int(rng.integers(1, 84))), "club"))
    few = [("few", "like", as_of - timedelta(days=3), "club")] * (LEAST_ACTS - 1)
    courses = [
        ("shopper", "view", as_of - timedelta(days=2), None)
    ] * 20  # looks at courses: no part of the community
    old = [("gone", "post", as_of - timedelta(days=169), "club")] * 9
    return [*rows, *few, *courses, *old]


def context(folder, rows):
    platform = Platform("small", "demo", folder, "Asia/Shanghai", "CNY", "zh")
    ctx = Context(Settings(), Home(folder / "home"), platform, datetime(2026, 9, 1, tzinfo=UTC), print)
    told = {"source": "s", "batch_id": "b", "ingested_at": datetime(2026, 9, 1, tzinfo=UTC)}
    events = [
        {
            **{"event_id": f"e{at}", "user_id": user, "event_type": kind, "event_date": day, "community_id": group},
            **told,
            **{"target_user_id": "u001" if kind == "answer" else None, "object_id": f"o{at}"},
            "occurred_at": datetime(day.year, day.month, day.day, 4, tzinfo=UTC),
        }
        for at, (user, kind, day, group) in enumerate(rows)
    ]
    ctx.lake.append(canonical.EVENTS, pa.Table.from_pylist(events, schema=canonical.EVENTS.arrow()).to_reader())
    return ctx


@pytest.fixture(scope="module")
def ctx(tmp_path_factory):
    return context(tmp_path_factory.mktemp("behaviours"), [*log(AS_OF, 1), *log(LATER, 2)])


@pytest.fixture(scope="module")
def trained(ctx):
    with workspace(ctx) as space:
        return [train_behaviours(space, week) for week in (AS_OF, AS_OF + timedelta(weeks=1), LATER)]


def people(count=240):
    return pd.Series([f"u{number:03d}" for number in range(count)] + ["few"])


def found_in(ctx, as_of, whom=None):
    found = {}
    with workspace(ctx) as space:
        find_behaviours(Keeper(space, as_of), people() if whom is None else whom, found)
    return found.get("behaviours")


def test_what_counts_as_taking_part(ctx):
    with workspace(ctx) as space:
        acts = acts_of(space, AS_OF).set_index("user_id")
    assert "shopper" not in acts.index and "gone" not in acts.index
    assert acts.loc["few", ["liked", "days", "read"]].tolist() == [LEAST_ACTS - 1, 1, 0]
    answers_of_others = int(acts["answered"].sum() - acts.loc["u001", "answered"])
    assert acts.loc["u001", "received"] == answers_of_others


def test_trained_once_and_again_when_due(ctx, trained):
    assert [part.code for part in trained] == ["", "champion_kept", ""]
    assert champions.versions(ctx.home, NAME) == [AS_OF, LATER]
    with workspace(ctx) as space:
        assert train_behaviours(space, LATER).code == "champion_kept"
        again = train_behaviours(space, LATER, asked=True)
    assert (again.code, again.digest) == ("", trained[2].digest)


def test_the_styles_are_found_under_their_names(ctx, trained):
    called = found_in(ctx, AS_OF).set_index("user_id")["name_en"]
    right = {"reader": "Readers", "asker": "Askers", "answerer": "Answerers"}
    expected = [right[STYLES[number % 3][0]] for number in range(240)]
    assert np.mean(called[people()[:-1]].to_numpy() == np.array(expected)) > 0.95
    assert called["few"] == "Now and then"


def test_numbers_and_names_persist_through_a_refit(ctx, trained):
    old, new = (champions.champion(ctx.home, NAME, as_of=week).card["names"] for week in (AS_OF, LATER))
    assert old == new
    assert {each["known_since"] for each in new} == {AS_OF.isoformat()}


def test_a_behaviour_that_went_leaves_its_number_unused(tmp_path):
    late = [
        (user, "comment" if kind in ("post", "answer") else kind, day, group)
        for user, kind, day, group in log(LATER, 2)
    ]
    other = context(tmp_path, [*log(AS_OF, 1), *late])
    with workspace(other) as space:
        for week in (AS_OF, LATER):
            train_behaviours(space, week)
    old, new = (champions.champion(other.home, NAME, as_of=week).card for week in (AS_OF, LATER))
    fresh = [each for each in new["names"] if each["known_since"] == LATER.isoformat()]
    numbers = {each["behaviour_id"] for each in old["names"]}
    assert all(each["behaviour_id"] > max(numbers) for each in fresh)
    assert set(new["used"]) >= numbers - {SELDOM}


def test_the_table_adds_up(ctx, trained):
    found = {}
    with workspace(ctx) as space:
        keeper = Keeper(space, AS_OF)
        find_behaviours(keeper, people(), found)
        scored = pd.DataFrame({"user_id": people(), "retention_28d": 0.5})
        part = behaviours_table(keeper, scored, found)
        kept = space.stored(ctx.scored, with_history(COMMUNITY_BEHAVIOURS), where="true", order=("behaviour_id",))
    assert part.rows == 4
    assert kept["users"].sum() == 241
    assert kept["share"].sum() == pytest.approx(1.0)
    assert kept["texts"].sum() == found["behaviours"][["asked", "answered", "commented"]].to_numpy().sum()
    assert (kept["retention_28d_mean"] == 0.5).all()
    assert set(kept["kind"]) == {"natural", "seldom"}
    assert all(sum(json.loads(text).values()) == pytest.approx(1.0, abs=0.001) for text in kept["traits"])


def test_a_week_run_again_is_the_same(ctx, trained):
    pd.testing.assert_frame_equal(found_in(ctx, LATER), found_in(ctx, LATER))
    pd.testing.assert_frame_equal(rows_of(found_in(ctx, LATER)), rows_of(found_in(ctx, LATER).iloc[::-1]))


def test_only_people_of_the_week_have_a_row(ctx, trained):
    assert set(found_in(ctx, AS_OF, pd.Series(["u001", "few"]))["user_id"]) == {"u001", "few"}


def test_a_log_without_a_community_is_skipped_with_a_reason(tmp_path):
    alone = context(tmp_path, [("u1", "learn", AS_OF - timedelta(days=3), None)])
    with workspace(alone) as space:
        part = train_behaviours(space, AS_OF)
        found = {}
        find_behaviours(Keeper(space, AS_OF), pd.Series(["u1"]), found)
        table = behaviours_table(Keeper(space, AS_OF), pd.DataFrame(), found)
    assert (part.status, part.code) == ("skipped", "no_communities")
    assert found == {}
    assert (table.status, table.code) == ("skipped", "no_communities")
