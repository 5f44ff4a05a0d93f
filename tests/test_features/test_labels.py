from datetime import UTC, datetime, timedelta
from decimal import Decimal

import ibis

from features.labels import labels
from lyceum.tables.features_items import LABEL_COLUMNS, OUTCOME_DAYS

from .conftest import AS_OF


def outcome(world, known_days=200):
    known_until = AS_OF + timedelta(days=known_days)
    closed_at = ibis.literal(datetime(known_until.year, known_until.month, known_until.day, tzinfo=UTC))
    rows = labels(world.past(), known_until=known_until, closed_at=closed_at)
    return world.frame(rows, ("user_id",))


def test_only_the_recently_active_are_eligible(world):
    world.add("here", 28, "view")
    world.add("gone", 29, "view")
    world.add("gone", -1, "view")
    assert set(outcome(world)) == {"here"}


def test_retention_counts_from_the_monday_on(world):
    world.add("a", 1, "view")
    world.add("a", -6, "view")
    world.add("b", 1, "view")
    world.add("b", -7, "view")
    rows = outcome(world)
    assert (rows["a"]["retained_7d"], rows["b"]["retained_7d"]) == (1, 0)
    assert (rows["a"]["retained_28d"], rows["b"]["retained_28d"]) == (1, 1)


def test_a_purchase_given_back_is_none(world):
    for user in ("kept", "returned"):
        world.add(user, 1, "view")
        world.add(user, -2, "purchase", amount=Decimal("30.00"))
    world.add("returned", -5, "refund", amount=Decimal("30.00"))
    rows = outcome(world)
    assert (rows["kept"]["purchased_14d"], rows["returned"]["purchased_14d"]) == (1, 0)
    assert rows["returned"]["spend_90d"] == Decimal("0.00")


def test_an_outcome_that_is_not_over_is_unknown(world):
    world.add("a", 1, "view")
    world.add("a", -1, "view")
    row = outcome(world, known_days=27)["a"]
    assert (row["retained_7d"], row["retained_28d"], row["spend_90d"]) == (1, None, None)
    assert outcome(world, known_days=28)["a"]["retained_28d"] == 1


def test_a_flag_tells_that_the_days_are_over_and_no_label_stands_without_it(world):
    world.add("a", 1, "view")
    world.add("a", -1, "purchase", amount=Decimal("3.00"))
    for known_days in (0, 7, 13, 14, 28, 84, 90):
        row = outcome(world, known_days)["a"]
        assert {n for n in OUTCOME_DAYS if row[f"known_{n}d"]} == {n for n in OUTCOME_DAYS if n <= known_days}
        told = {name: row[name] is not None for name in row if name.startswith(("retained", "purchased", "spend"))}
        assert told == {name: row[f"known_{name.rpartition('_')[2]}"] for name in told}
    assert list(row) == ["user_id", "as_of", *(column.name for column in LABEL_COLUMNS)]


def test_what_is_told_after_the_close_changes_no_label(world):
    world.add("a", 1, "enrol", item_id="c1")
    world.insert("items", {"item_id": "c1"})
    before = outcome(world, known_days=28)
    later = AS_OF + timedelta(days=28)
    instant = datetime(later.year, later.month, later.day, tzinfo=UTC)
    world.insert("items", {"item_id": "c1", "withdrawn_at": instant - timedelta(days=20), "known_at": instant})
    world.add("a", -28, "learn")
    assert outcome(world, known_days=28) == before
    assert outcome(world, known_days=29)["a"]["retained_28d"] is None  # by then the course was known to have ended


def test_the_end_of_the_last_course_is_no_churn(world):
    ends_on = AS_OF + timedelta(days=10)
    world.insert(
        "items", {"item_id": "c1", "withdrawn_at": datetime(ends_on.year, ends_on.month, ends_on.day, tzinfo=UTC)}
    )
    world.insert("items", {"item_id": "c2"})
    world.add("one", 1, "enrol", item_id="c1")
    world.add("two", 1, "enrol", item_id="c1")
    world.add("two", 1, "enrol", item_id="c2")
    rows = outcome(world)
    assert (rows["one"]["retained_7d"], rows["one"]["retained_28d"]) == (0, None)
    assert rows["two"]["retained_28d"] == 0
