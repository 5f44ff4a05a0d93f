from datetime import UTC, datetime, timedelta
from decimal import Decimal

from features.rights import ENTITLEMENTS_SET
from features.windows import compute

from .conftest import AS_OF

BEGIN = datetime(AS_OF.year, AS_OF.month, AS_OF.day, tzinfo=UTC)


def of(world):
    return world.frame(compute(ENTITLEMENTS_SET, world.past()), ("user_id",))["a"]


def right(world, starts, ends, item="i1", **columns):
    instants = [None if days is None else BEGIN + timedelta(days=days) for days in (starts, ends)]
    given = {"user_id": "a", "item_id": item, "starts_at": instants[0], "ends_at": instants[1]}
    world.insert("entitlements", {**given, **columns})


def membership(world, item="m1", *, known_days_before=100):
    known = BEGIN - timedelta(days=known_days_before)
    world.insert("items", {"item_id": item, "repeatable": 1, "known_at": known, "batch_id": "b"})


def standing(row):
    return row["membership_left_days"], row["membership_ended_days"]


def test_rights_that_run_end_soon_or_ended(world):
    world.add("a", 100, "purchase", amount=Decimal("1.00"))
    for starts, ends in (
        (-50, None),
        (-50, 6.5),
        (-50, 28),
        (-50, 29),
        (-50, 0),
        (-50, -27),
        (-50, -28),
        (0, 5),
        (3, 5),
    ):
        right(world, starts, ends)
    row = of(world)
    assert (row["entitlements_active"], row["entitlements_ending_7d"], row["entitlements_ending_28d"]) == (4, 1, 2)
    assert (row["entitlements_ended_28d"], row["entitlement_next_end_days"]) == (2, 7)


def test_a_right_without_an_end_has_no_next_one(world):
    world.add("a", 100, "enrol")
    right(world, -50, None)
    row = of(world)
    assert (row["entitlements_active"], row["entitlement_next_end_days"]) == (1, None)


def test_what_was_paid_back_is_no_right_any_more(world):
    for order, refunded in (("o1", 10), ("o2", -1), ("o3", None)):
        right(world, -20, None, item=order, order_id=order)
        if refunded is not None:
            world.add("a", refunded, "refund", object_id=order, amount=Decimal("9.00"))
    world.add("b", 5, "refund", object_id="o3", amount=Decimal("9.00"))  # somebody else's order
    row = of(world)
    assert (row["entitlements_active"], row["entitlements_ended_28d"]) == (2, 1)  # the next refund is not known yet
    assert row["entitlement_next_end_days"] is None


def test_a_membership_runs_on_through_the_term_bought_ahead(world):
    world.add("a", 50, "enrol")
    membership(world)
    right(world, -40, -10, "m1")
    right(world, -10, 4.5, "m1")
    right(world, 0, None, "m1")  # begins with the moment: not seen yet
    right(world, -1, 90, "i1")  # no membership
    assert standing(of(world)) == (5, None)


def test_a_membership_that_ended_is_told_by_how_long_ago(world):
    world.add("a", 50, "enrol")
    membership(world)
    right(world, -40, -9.5, "m1")
    right(world, -90, -60, "m1")
    assert standing(of(world)) == (0, 9)


def test_nobody_without_a_term_is_a_member(world):
    world.add("a", 50, "enrol")
    membership(world, known_days_before=-1)  # that m1 may be had again is told tomorrow
    right(world, -3, 27, "m1")
    right(world, -3, None, "i1")
    assert standing(of(world)) == (None, None)
