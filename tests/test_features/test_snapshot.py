from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from features.snapshot import user_snapshot
from lyceum.events import EVENT_TYPES, SIGNALS
from lyceum.tables.features import USER_SNAPSHOT

from .conftest import AS_OF, World

LONG_AGO = date(2000, 1, 1)
ALL = dict.fromkeys((*EVENT_TYPES, *SIGNALS), LONG_AGO)


def snapshot(world, first_seen=ALL, as_of=AS_OF):
    return world.frame(user_snapshot(world.days, world.mondays(as_of), first_seen=first_seen), ("user_id",))


def test_the_columns_are_those_of_the_schema_in_order(world):
    world.add("a", 1, "learn")
    assert list(snapshot(world)["a"]) == USER_SNAPSHOT.names


def test_windows_end_the_day_before_as_of_and_reach_back_their_days(world):
    for days_before in (1, 7, 8, 28, 29, 84, 85):
        world.add("a", days_before, "learn", duration_ms=60_000)
    row = snapshot(world)["a"]
    assert [row[f"acts_{n}d"] for n in (7, 28, 84)] == [2, 4, 6]
    assert [row[f"active_days_{n}d"] for n in (7, 28, 84)] == [2, 4, 6]
    assert [row[f"learning_minutes_{n}d"] for n in (7, 28, 84)] == [2.0, 4.0, 6.0]
    assert (row["tenure_days"], row["recency_days"]) == (85, 1)


def test_two_acts_on_a_day_are_one_active_day(world):
    world.add("a", 2, "learn")
    world.add("a", 2, "view")
    row = snapshot(world)["a"]
    assert (row["acts_7d"], row["active_days_7d"], row["learning_days_7d"]) == (2, 1, 1)


def test_money_is_exact_net_and_a_free_order_is_no_purchase(world):
    world.add("a", 3, "purchase", amount=Decimal("19.90"), currency="CNY")
    world.add("a", 3, "purchase", amount=Decimal("0.00"), currency="CNY")
    world.add("a", 2, "refund", amount=Decimal("9.95"), currency="CNY")
    row = snapshot(world)["a"]
    assert (row["purchases_7d"], row["refunds_7d"]) == (1, 1)
    assert row["spend_7d"] == Decimal("9.95") == row["spend_total"]
    assert row["purchase_recency_days"] == 3


def test_the_lines_of_an_order_are_one_purchase(world):
    for order, days_before in (("o1", 3), ("o1", 3), ("o2", 3), ("o3", 2), (None, 1), (None, 1)):
        world.add("a", days_before, "purchase", amount=Decimal("1.00"), object_id=order)
    row = snapshot(world)["a"]
    assert (row["purchases_7d"], row["spend_7d"]) == (5, Decimal("6.00"))  # two lines without an order stand alone


def test_a_login_is_no_act_but_makes_the_person_known(world):
    world.add("a", 1, "login")
    row = snapshot(world)["a"]
    assert (row["acts_7d"], row["recency_days"], row["tenure_days"]) == (0, None, 1)


def test_staff_bots_and_the_anonymous_are_nobody(world):
    world.add("boss", 1, "learn")
    world.add(None, 1, "view")
    world.add("a", 1, "view")
    world.insert("roles", {"user_id": "boss", "role": "staff"})
    assert set(snapshot(world)) == {"a"}


def test_reactions_count_for_the_receiver_and_not_from_oneself(world):
    world.add("a", 2, "post")
    world.add("b", 1, "like", target_user_id="a")
    world.add("a", 1, "like", target_user_id="a")
    world.add("b", 1, "like", target_user_id="stranger")
    rows = snapshot(world)
    assert rows["a"]["reactions_received_7d"] == 1
    assert rows["b"]["interactions_7d"] == 2
    assert "stranger" not in rows  # nothing is known about somebody who never did anything


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
    earlier = snapshot(world, first_seen, as_of=AS_OF - timedelta(days=7))["a"]
    assert (earlier["purchases_7d"], snapshot(world, first_seen)["a"]["purchases_7d"]) == (None, 1)


def test_several_weeks_at_once_equal_each_week_alone(world):
    for days_before in (1, 5, 9, 20, 40):
        world.add("a", days_before, "learn", duration_ms=1000 * days_before)
        world.add("b", days_before + 3, "purchase", amount=Decimal(days_before))
    weeks = [AS_OF - timedelta(days=7 * back) for back in range(5)]
    together = world.frame(user_snapshot(world.days, world.mondays(*weeks), first_seen=ALL), ("user_id", "as_of"))
    alone = {(user, week): row for week in weeks for user, row in snapshot(world, as_of=week).items()}
    assert together == alone


EVENTS = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(-30, 90), st.sampled_from(EVENT_TYPES), st.sampled_from("abc")),
    min_size=1,
    max_size=25,
)


@settings(max_examples=8)
@given(EVENTS)
def test_the_future_changes_nothing(rows):
    whole, past = World(), World()
    for user, days_before, kind, target in rows:
        columns = {"amount": Decimal("5.00"), "target_user_id": target}
        whole.add(user, days_before, kind, **columns)
        if days_before > 0:
            past.add(user, days_before, kind, **columns)
    assert snapshot(whole) == snapshot(past)
    earlier = AS_OF - timedelta(days=7)
    assert snapshot(whole, as_of=earlier) == snapshot(past, as_of=earlier)
