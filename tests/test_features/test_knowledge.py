import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import ibis
import pytest

from features.community import COMMUNITIES_SET
from features.days import of_people
from features.inputs import prepared
from features.knowledge import known
from features.money import MONEY_SET
from features.snapshot import user_snapshot
from features.taste import TASTE_SET
from features.windows import Past
from lyceum import schema
from lyceum.errors import UsageError

from .conftest import AS_OF, LOGGED, World

MONDAY = datetime(AS_OF.year, AS_OF.month, AS_OF.day, tzinfo=UTC)
TABLES = ("events", "users", "items", "roles", "superseded")


@pytest.fixture
def told(world):
    world.con.execute(schema.table("superseded").ddl("superseded"))
    return world


def tables(world, knowledge, at=MONDAY):
    return known({name: world.backend.table(name) for name in TABLES}, knowledge=knowledge, at=ibis.literal(at))


def ids(world, knowledge, at=MONDAY):
    return set(world.frame(tables(world, knowledge, at)["events"], ("event_id",)))


def correct(world, event_id, *, at, **changed):
    """Replace an event as a correction does: the row of before goes to `superseded`, the new one is ingested `at`."""
    row = world.con.sql(
        f"SELECT to_json(e) AS row, ingested_at FROM events e WHERE event_id = '{event_id}'"
    ).fetchall()
    [(old, since)] = row
    world.insert(
        "superseded",
        {
            "table_name": "events",
            "row_key": json.dumps({"event_id": event_id}),
            "row": old,
            "known_from": since,
            "known_until": at,
            "batch_id": "b0",
        },
    )
    for name, value in {**changed, "ingested_at": at}.items():
        world.con.execute(f"UPDATE events SET {name} = ? WHERE event_id = '{event_id}'", [value])


def test_what_arrived_late_happened_but_was_not_known(told):
    told.add("a", 3, "learn", ingested_at=MONDAY - timedelta(days=2))
    told.add("a", 3, "learn", ingested_at=MONDAY)
    assert ids(told, "event") == {"e1", "e2"}
    assert ids(told, "arrival") == {"e1"}
    assert ids(told, "arrival", MONDAY + timedelta(seconds=1)) == {"e1", "e2"}


def test_a_correction_after_the_moment_brings_the_row_of_then_back(told):
    first, second = (MONDAY + timedelta(days=days) for days in (1, 2))
    before = {
        "amount": Decimal("19.90"),
        "rating": 4.5,
        "duration_ms": 1500,
        "properties": '{"say":"\\"hi\\" 你好"}',
        "ingested_at": MONDAY - timedelta(days=1),
    }
    told.add("a", 3, "purchase", **before)
    whole = told.frame(told.backend.table("events"), ("event_id",))["e1"]
    correct(told, "e1", at=first, amount=Decimal("9.90"), event_date=AS_OF - timedelta(days=30))
    correct(told, "e1", at=second, user_id="b", properties=None)
    events = {moment: told.frame(tables(told, "arrival", moment)["events"], ("event_id",)) for moment in
              (MONDAY, first, first + timedelta(hours=1), second, second + timedelta(hours=1))}  # fmt: skip
    assert {moment: len(rows) for moment, rows in events.items()} == dict.fromkeys(events, 1)
    assert events[MONDAY]["e1"] == events[first]["e1"] == {**whole, "batch_id": "b0"}
    assert [events[moment]["e1"]["amount"] for moment in (first + timedelta(hours=1), second)] == [
        Decimal("9.90")
    ] * 2
    assert events[second + timedelta(hours=1)]["e1"]["user_id"] == "b"
    assert told.frame(tables(told, "event")["events"], ("event_id",))["e1"]["user_id"] == "b"


def test_what_an_erasure_emptied_stays_gone(told):
    told.insert(
        "superseded",
        {"table_name": "events", "row_key": "{}", "row": None, "known_from": MONDAY - timedelta(days=9)},
    )
    assert ids(told, "arrival") == set()


def test_every_table_is_filtered_by_its_own_rows(told):
    told.insert("users", {"user_id": "a", "ingested_at": MONDAY - timedelta(days=1)})
    told.insert("users", {"user_id": "b", "ingested_at": MONDAY + timedelta(days=1)})
    kept = '{"item_id":"c","kind":"course"}'
    told.insert(
        "superseded",
        {"table_name": "items", "row": kept, "known_from": MONDAY - timedelta(days=9), "known_until": MONDAY},
    )
    found = tables(told, "arrival")
    assert set(told.frame(found["users"], ("user_id",))) == {"a"}
    assert told.frame(found["items"], ("item_id",))["c"]["kind"] == "course"
    assert "superseded" not in found


def snapshot(world, knowledge):
    found = tables(world, knowledge)
    past = world.past()
    names = ("calendar", "entitlements", "communities")
    given = {name: world.backend.table(name) for name in names} | {name: found[name] for name in ("users", "items")}
    inputs = prepared({**given, "events": of_people(found["events"], found["roles"])})
    sets = (MONEY_SET, COMMUNITIES_SET, TASTE_SET)
    return world.frame(user_snapshot(Past(inputs, past.moments), first_seen=LOGGED, sets=sets), ("user_id",))


def test_features_of_a_corrected_log_as_it_was_known_are_those_of_the_log_of_then(told):
    log_of_then = World()
    log_of_then.con.execute(schema.table("superseded").ddl("superseded"))
    early = MONDAY - timedelta(days=1)
    for world in (told, log_of_then):
        world.add("a", 3, "purchase", amount=Decimal("20.00"), item_id="c", ingested_at=early)
        world.add("b", 2, "post", object_id="p", community_id="g", ingested_at=early)
        world.insert("items", {"item_id": "c", "category": "law", "price": Decimal("25.00"), "ingested_at": early})
    told.add("b", 5, "learn", item_id="c", ingested_at=MONDAY + timedelta(days=1))  # late
    correct(told, "e1", at=MONDAY + timedelta(days=2), amount=Decimal("1.00"))
    told.insert("roles", {"user_id": "b", "role": "bot", "ingested_at": MONDAY + timedelta(days=1)})
    assert snapshot(told, "arrival") == snapshot(log_of_then, "event")
    assert set(snapshot(told, "event")) == {"a"}


def test_another_word_and_a_missing_table_say_what_to_do(told):
    with pytest.raises(UsageError, match="event, arrival"):
        tables(told, "later")
    with pytest.raises(UsageError, match="superseded, which was not given"):
        known({"events": told.backend.table("events")}, knowledge="arrival", at=ibis.literal(MONDAY))
