from datetime import date, timedelta
from decimal import Decimal

import pytest

from features.activity import ACTIVITY_SET
from features.community import COMMUNITY_SET
from features.intent import INTENT_SET
from features.learning import LEARNING_SET
from features.money import MONEY_SET, PRICES_SET
from features.snapshot import SETS, user_snapshot
from features.windows import Past
from lyceum.errors import InputError
from lyceum.tables.features import USER_SNAPSHOT

from .conftest import AS_OF, LOGGED

LONG_AGO = date(2000, 1, 1)


def snapshot(world, *sets, first_seen=LOGGED, as_of=AS_OF):
    return world.frame(user_snapshot(world.past(as_of), first_seen=first_seen, sets=sets or SETS), ("user_id",))


def test_the_columns_are_those_of_the_schema_in_order_and_typed(world):
    world.add("a", 1, "learn")
    past = world.past()
    found = world.con.sql(world.backend.compile(user_snapshot(past, first_seen=LOGGED))).to_arrow_table().schema
    unknown = user_snapshot(past, first_seen={}).schema().to_pyarrow()
    for schema in (found, unknown):
        assert schema.names == USER_SNAPSHOT.names
        assert schema.types == USER_SNAPSHOT.arrow().types


def test_windows_end_the_day_before_as_of_and_reach_back_their_days(world):
    for days_before in (1, 7, 8, 28, 29, 84, 85):
        world.add("a", days_before, "learn", duration_ms=60_000)
    row = snapshot(world, ACTIVITY_SET, LEARNING_SET)["a"]
    assert [row[f"acts_{n}d"] for n in (1, 3, 7, 14, 28, 56, 84)] == [1, 1, 2, 3, 4, 5, 6]
    assert [row[f"active_days_{n}d"] for n in (7, 28, 84)] == [2, 4, 6]
    assert [row[f"learning_minutes_{n}d"] for n in (7, 28, 84)] == [2.0, 4.0, 6.0]
    assert (row["tenure_days"], row["recency_days"]) == (85, 1)


def test_two_acts_on_a_day_are_one_active_day(world):
    world.add("a", 2, "learn")
    world.add("a", 2, "view")
    row = snapshot(world, ACTIVITY_SET, LEARNING_SET)["a"]
    assert (row["acts_7d"], row["active_days_7d"], row["learning_days_7d"]) == (2, 1, 1)


def test_money_is_exact_net_and_a_free_order_is_no_purchase(world):
    world.add("a", 3, "purchase", amount=Decimal("19.90"), currency="CNY")
    world.add("a", 3, "purchase", amount=Decimal("0.00"), currency="CNY")
    world.add("a", 2, "refund", amount=Decimal("9.95"), currency="CNY")
    row = snapshot(world, MONEY_SET)["a"]
    assert (row["purchases_7d"], row["refunds_7d"]) == (1, 1)
    assert row["spend_7d"] == Decimal("9.95") == row["spend_total"]
    assert row["purchase_recency_days"] == 3


def test_the_lines_of_an_order_are_one_purchase(world):
    for order, days_before in (("o1", 3), ("o1", 3), ("o2", 3), ("o3", 2), (None, 1), (None, 1)):
        world.add("a", days_before, "purchase", amount=Decimal("1.00"), object_id=order)
    row = snapshot(world, MONEY_SET)["a"]
    assert (row["purchases_7d"], row["spend_7d"]) == (5, Decimal("6.00"))  # two lines without an order stand alone


def test_a_login_is_no_act_but_makes_the_person_known(world):
    world.add("a", 1, "login")
    row = snapshot(world, ACTIVITY_SET)["a"]
    assert (row["acts_7d"], row["recency_days"], row["tenure_days"]) == (0, None, 1)


def test_staff_bots_and_the_anonymous_are_nobody(world):
    world.add("boss", 1, "learn")
    world.add(None, 1, "view")
    world.add("a", 1, "view")
    world.insert("roles", {"user_id": "boss", "role": "staff"})
    assert set(snapshot(world, ACTIVITY_SET)) == {"a"}


def test_reactions_count_for_the_receiver_and_not_from_oneself(world):
    world.add("a", 2, "post")
    world.add("b", 1, "like", target_user_id="a")
    world.add("a", 1, "like", target_user_id="a")
    world.add("b", 1, "like", target_user_id="stranger")
    rows = snapshot(world, COMMUNITY_SET)
    assert rows["a"]["reactions_received_7d"] == 1
    assert rows["b"]["interactions_7d"] == 2
    assert "stranger" not in rows  # nothing is known about somebody who never did anything


def test_absence_is_zero_where_it_counts_and_null_where_it_dates(world):
    world.add("a", 100, "learn")
    row = snapshot(world, ACTIVITY_SET, MONEY_SET, INTENT_SET)["a"]
    assert (row["acts_84d"], row["streak_weeks"], row["spend_total"], row["carts_7d"]) == (0, 0, Decimal("0.00"), 0)
    assert (row["gap_mean_84d"], row["acts_trend"], row["purchase_recency_days"]) == (None, None, None)
    assert row["recency_days"] == 100


def test_what_the_platform_does_not_log_is_unknown_not_zero(world):
    world.add("a", 1, "learn")
    row = snapshot(world, first_seen={"learn": LONG_AGO})["a"]
    assert row["spend_7d"] is None
    assert row["texts_written_28d"] is None
    assert row["learning_events_7d"] == 1
    assert row["learning_minutes_7d"] is None  # learning is logged, but not for how long
    assert row["intent_events_7d"] is None


def test_what_was_first_logged_later_was_unknown_before(world):
    world.add("a", 10, "learn")
    world.add("a", 3, "purchase", amount=Decimal("5.00"))
    first_seen = {"learn": LONG_AGO, "purchase": AS_OF - timedelta(days=3)}
    earlier = snapshot(world, MONEY_SET, first_seen=first_seen, as_of=AS_OF - timedelta(days=7))["a"]
    now = snapshot(world, MONEY_SET, first_seen=first_seen)["a"]
    assert (earlier["purchases_7d"], now["purchases_7d"]) == (None, 1)


def test_the_rows_of_a_week_are_the_people_seen_by_then(world):
    world.add("old", 30, "learn")
    world.add("new", 3, "learn")
    rows = user_snapshot(world.past(AS_OF - timedelta(days=7), AS_OF), first_seen=LOGGED, sets=(ACTIVITY_SET,))
    assert set(world.frame(rows, ("user_id", "as_of"))) == {
        ("old", AS_OF - timedelta(days=7)),
        ("old", AS_OF),
        ("new", AS_OF),
    }


def test_a_set_named_twice_is_refused(world):
    world.add("a", 1, "learn")
    with pytest.raises(InputError, match=r"More than one of the feature sets money, money has .*enrolments_total"):
        user_snapshot(world.past(), first_seen=LOGGED, sets=(MONEY_SET, MONEY_SET))


def test_a_set_says_which_table_and_which_column_it_lacks(world):
    world.add("a", 1, "learn")
    past = world.past()
    without = {name: table for name, table in past.inputs.items() if name != "priced_lines"}
    with pytest.raises(InputError, match="The feature set prices reads the table priced_lines, which is not there"):
        user_snapshot(Past(without, past.moments), first_seen=LOGGED, sets=(PRICES_SET,))
    narrow = {**past.inputs, "user_days": past.inputs["user_days"].drop("paid", "refunds")}
    with pytest.raises(InputError, match="The feature set money reads refunds, paid of user_days, which has no such"):
        user_snapshot(Past(narrow, past.moments), first_seen=LOGGED, sets=(MONEY_SET,))
