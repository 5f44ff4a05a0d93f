"""The feature store of a home: what is made again and what is not, any list of moments, and the catalogue."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest

from lyceum import weeks
from lyceum.errors import InputError, UsageError
from lyceum.home import Home, Platform
from lyceum.settings import Settings
from lyceum.tables import canonical
from lyceum.tables.features import CATALOGUE, ITEM_SNAPSHOT, USER_SNAPSHOT
from pipelines import featurise as step
from pipelines import prepared
from pipelines.context import Context
from pipelines.featurise import featurise, in_parts, write_user_snapshots
from pipelines.point_in_time import point_in_time
from pipelines.workspace import workspace

START = date(2024, 1, 1)  # a Monday
WEEKS = 14
LAST = START + timedelta(weeks=WEEKS)
NOW = datetime(2024, 6, 1, tzinfo=UTC)


def events(*rows, start=0):
    """Rows (user, day since START, type, further columns) as the log keeps them, at noon in Shanghai."""
    made = []
    for number, (user, day, kind, *more) in enumerate(rows, start):
        moment = datetime(2024, 1, 1, 4, tzinfo=UTC) + timedelta(days=day)
        fixed = {"event_id": f"e{number}", "user_id": user, "event_type": kind, "occurred_at": moment}
        known = {"event_date": START + timedelta(days=day), "source": "test", "batch_id": "b1", "ingested_at": moment}
        made.append({**fixed, **known, **dict(*more)})
    return pa.Table.from_pylist(made, schema=canonical.EVENTS.arrow())


def everyday():
    """Ann learns every day; Bob looks in once a week and buys in the sixth; Cem comes in the ninth."""
    for day in range(WEEKS * 7):
        yield "ann", day, "learn", {"item_id": "c1", "object_id": f"c1/{day % 9}", "duration_ms": 60_000}
        if day % 7 == 2:
            yield "bob", day, "view", {"item_id": "c2"}
        if day >= 60 and day % 5 == 0:
            yield "cem", day, "post", {"object_id": f"t{day}", "community_id": "g1"}
    yield "bob", 38, "purchase", {"item_id": "c2", "object_id": "o1", "amount": 99, "currency": "CNY"}


@pytest.fixture
def ctx(tmp_path):
    home = Home(tmp_path / "home")
    platform = Platform("test", "demo", home.landing, "Asia/Shanghai", "CNY", "en")
    made = Context(Settings(), home, platform, NOW, lambda _line: None)
    add(made, events(*everyday()))
    return made


def add(ctx, rows, table=canonical.EVENTS):
    ctx.lake.append(table, rows.to_reader())


def stored(ctx, table, where=""):
    with workspace(ctx) as space:
        return space.con.sql(ctx.features.source(table, where=where) + " ORDER BY ALL").to_arrow_table().to_pylist()


def snapshot(ctx, week=LAST):
    return {row["user_id"]: row for row in stored(ctx, USER_SNAPSHOT, f"as_of = DATE '{week}'")}


def write(ctx, *mondays):
    with workspace(ctx) as space:
        return write_user_snapshots(space, mondays)


def made_weeks(ctx, monkeypatch):
    """Refresh what is stored, and say which weeks were read for it."""
    found = []
    make = prepared.Prepared._make
    monkeypatch.setattr(prepared.Prepared, "_make", lambda self, part: (found.extend(part), make(self, part)))
    with workspace(ctx) as space:
        assert space.daily
    monkeypatch.undo()
    return [date.fromisoformat(week) for week in found]


def test_figures_by_eye(ctx):
    write(ctx, LAST)
    ann, bob, cem = (snapshot(ctx)[name] for name in ("ann", "bob", "cem"))
    assert (ann["acts_7d"], ann["acts_84d"], ann["recency_days"], ann["streak_days"]) == (7, 84, 1, 84)
    assert ann["learning_minutes_28d"] == 28
    assert (bob["active_weeks_84d"], bob["gap_mean_84d"], bob["purchases_total"]) == (12, 77 / 12, 1)
    assert (cem["tenure_days"], cem["texts_written_84d"]) == (LAST.toordinal() - START.toordinal() - 60, 8)


def test_a_week_is_read_once_until_its_events_change(ctx, monkeypatch):
    every = [START + timedelta(weeks=number) for number in range(WEEKS)]
    assert made_weeks(ctx, monkeypatch) == every
    assert made_weeks(ctx, monkeypatch) == []
    add(ctx, events(("bob", 24, "like", {"target_user_id": "ann"}), start=9_000))
    assert made_weeks(ctx, monkeypatch) == [START + timedelta(weeks=3)]


@pytest.mark.slow
def test_after_late_events_the_snapshot_is_that_of_a_new_home(ctx, tmp_path):
    write(ctx, LAST)
    late = events(("bob", 24, "like", {"target_user_id": "ann"}), ("dee", 30, "view", {"item_id": "c1"}), start=9_000)
    add(ctx, late)
    again = write(ctx, LAST)
    fresh = replace(ctx, home=Home(tmp_path / "other"))
    add(fresh, pa.concat_tables([events(*everyday()), late]))
    assert write(fresh, LAST)[0].digest == again[0].digest
    assert snapshot(ctx)["ann"]["reactions_received_84d"] == 1
    assert snapshot(ctx) == snapshot(fresh)


@pytest.mark.slow
def test_what_leaves_the_log_leaves_the_store(ctx):
    write(ctx, LAST)
    ctx.lake.delete(canonical.EVENTS, "user_id = 'cem'")
    ctx.lake.delete(canonical.EVENTS, f"event_date < DATE '{START + timedelta(days=7)}'")
    write(ctx, LAST)
    assert set(snapshot(ctx)) == {"ann", "bob"}
    assert snapshot(ctx)["ann"]["tenure_days"] == (WEEKS - 1) * 7


@pytest.mark.slow
def test_a_bot_is_taken_out_once_it_is_known(ctx):
    write(ctx, LAST)
    assert "ann" in snapshot(ctx)
    role = {"user_id": "ann", "role": "bot", "source": "test", "batch_id": "b2", "ingested_at": NOW}
    add(ctx, pa.Table.from_pylist([role], schema=canonical.ROLES.arrow()), canonical.ROLES)
    write(ctx, LAST)
    assert set(snapshot(ctx)) == {"bob", "cem"}


@pytest.mark.slow
def test_many_weeks_in_parts_equal_each_alone(ctx, monkeypatch):
    mondays = [START + timedelta(weeks=number) for number in (2, 9, 10, WEEKS)]
    monkeypatch.setattr(step, "ROWS_AT_ONCE", 6)  # two Mondays of three people
    assert [receipt.partition for receipt in write(ctx, *mondays)] == [f"as_of={monday}" for monday in mondays]
    together = stored(ctx, USER_SNAPSHOT)
    for monday in mondays:
        write(ctx, monday)
    assert stored(ctx, USER_SNAPSHOT) == together
    assert {row["as_of"] for row in together} == set(mondays)


def test_parts_hold_a_monday_at_least():
    mondays = [START, LAST]
    assert list(in_parts(mondays, rows=10**9)) == [[START], [LAST]]
    assert list(in_parts(mondays, rows=0)) == [mondays]


def test_the_log_is_read_in_parts_of_bounded_size(monkeypatch):
    monkeypatch.setattr(prepared, "PART_EVENTS", 10)
    assert list(prepared.parts({"w1": 4, "w2": 6, "w3": 1, "w4": 99, "w5": 1})) == [
        ["w1", "w2"],
        ["w3"],
        ["w4"],
        ["w5"],
    ]


@pytest.mark.slow
def test_a_second_run_changes_nothing(ctx):
    first, second = ([(part.part, part.rows, part.digest) for part in featurise(ctx, LAST)] for _ in range(2))
    assert first == second
    assert [part for part, _, _ in first] == [USER_SNAPSHOT.name, ITEM_SNAPSHOT.name, CATALOGUE.name]


def test_days_that_can_have_no_snapshot(ctx):
    with pytest.raises(InputError, match=rf"2024-04-09 is a Tuesday.*{LAST} or {LAST + weeks.WEEK}"):
        write(ctx, LAST + timedelta(days=1))
    with pytest.raises(InputError, match="no event before 2024-01-01"):
        write(ctx, START)


def spine(*rows, **more):
    users, moments = zip(*rows, strict=True)
    return pa.table({"user_id": users, "moment": pa.array(moments, more.pop("type", pa.date32())), **more})


def test_moments_are_answered_in_order_row_by_row(ctx):
    asked = spine(
        ("bob", LAST), ("ann", LAST - timedelta(days=3)), ("nobody", LAST), ("bob", LAST), label=[1, 0, 1, 1]
    )
    found = point_in_time(asked, ["activity", "money"], ctx=ctx, short=True)
    assert found.select(asked.column_names).equals(asked)
    rows = found.to_pylist()
    assert [row["acts_7d"] for row in rows] == [1, 7, None, 1]
    assert [row["spend_total"] for row in rows] == [99, 0, None, 99]
    assert rows[0] == rows[3]
    assert rows[1]["tenure_days"] == WEEKS * 7 - 3


@pytest.mark.slow
def test_a_monday_of_the_spine_tells_what_its_snapshot_tells(ctx):
    write(ctx, LAST)
    found = point_in_time(spine(*((name, LAST) for name in ("ann", "bob", "cem"))), ["activity", "taste"], ctx=ctx)
    for row in found.to_pylist():
        of_week = snapshot(ctx)[row["user_id"]]
        assert {name: of_week[name] for name in row if name in of_week} == {
            name: value for name, value in row.items() if name in of_week
        }


def test_the_day_of_a_moment_is_the_local_one(ctx):
    evening = datetime(2024, 3, 31, 17, tzinfo=UTC)  # the first hour of 1 April in Shanghai
    at = spine(("ann", evening), ("ann", evening - timedelta(hours=2)), type=pa.timestamp("us", "UTC"))
    assert point_in_time(at, ["activity"], ctx=ctx)["tenure_days"].to_pylist() == [91, 90]


@pytest.mark.slow
def test_what_arrived_later_is_known_by_choice_only(ctx):
    told_late = events(("bob", 95, "like", {"target_user_id": "ann", "ingested_at": NOW}), start=9_000)
    add(ctx, told_late)
    asked = spine(("bob", LAST), ("bob", LAST - timedelta(days=1)))
    figures = {
        knowledge: point_in_time(asked, ["community"], ctx=ctx, knowledge=knowledge)["interactions_7d"].to_pylist()
        for knowledge in ("event", "arrival")
    }
    assert figures == {"event": [1, 1], "arrival": [0, 0]}
    with pytest.raises(UsageError, match=r"no knowledge hearsay.*event or arrival"):
        point_in_time(asked, ["community"], ctx=ctx, knowledge="hearsay")


def test_no_rows_give_no_rows_and_all_columns(ctx):
    found = point_in_time(spine(("ann", LAST)).slice(0, 0), ["entitlements"], ctx=ctx)
    assert len(found) == 0
    assert "entitlements_active" in found.column_names


@pytest.mark.parametrize(
    ("given", "sets", "error", "words"),
    [
        (spine(("ann", LAST)), ["activity", "wealth"], UsageError, "no feature set wealth.*activity, habits"),
        (spine(("ann", LAST), acts_7d=[1]), ["activity"], UsageError, "has acts_7d already.*Rename"),
        (spine(("ann", LAST)), ["taste", "taste"], InputError, "More than one.*taste"),
        (spine(("ann", LAST)).drop_columns(["moment"]), ["taste"], InputError, "no column moment.*user_id"),
        (spine(("ann", None), ("bob", LAST)), ["taste"], InputError, "no moment in 1 of 2 rows"),
        (spine(("ann", NOW), type=pa.timestamp("us")), ["taste"], InputError, r"timestamp\[us\].*with a time zone"),
        (spine(("ann", START)), ["growth"], InputError, "log begins on 2024-01-01.*before 2024-01-02"),
        (spine(("ann", START + timedelta(30))), ["activity"], InputError, "looks back 84 days.*only 30.*2024-03-25"),
    ],
)
def test_what_cannot_be_answered_is_an_error_with_a_remedy(ctx, given, sets, error, words):
    with pytest.raises(error, match=words):
        point_in_time(given, sets, ctx=ctx)


@pytest.mark.slow
def test_the_catalogue_says_what_every_column_is(ctx):
    list(featurise(ctx, LAST))
    rows = {(row["table_name"], row["name"]): row for row in stored(ctx, CATALOGUE)}
    assert {name for table, name in rows if table == USER_SNAPSHOT.name} == set(USER_SNAPSHOT.names)
    acts = rows[USER_SNAPSHOT.name, "acts_28d"]
    assert (acts["feature_set"], acts["window_days"], acts["null_share"]) == ("activity", 28, 0)
    assert (acts["minimum"], acts["median"], acts["maximum"]) == (4, 6, 28)
    assert "28" in acts["expression"] and "user_days" in acts["sql"]
    assert (acts["drift"], acts["drift_verdict"]) == (None, "too few people to tell")
    unknown = rows[USER_SNAPSHOT.name, "sessions_28d"]
    assert not unknown["available"] and unknown["why_not"] == "The logs hold no acts in a session."
    assert unknown["null_share"] == 1
    bought = rows[USER_SNAPSHOT.name, "purchase_recency_days"]
    assert bought["available"] and bought["null_share"] == pytest.approx(2 / 3) and bought["why_not"]
