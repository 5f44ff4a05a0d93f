"""How far people get in a course, worked out by hand: AS_OF is Monday 6 May, so the cohort began before 8 April."""

from decimal import Decimal

import pytest

from features.deals import weekly_discounts
from features.drop_off import course_drop_off
from lyceum.tables.movements import COURSE_DROP_OFF, WEEKLY_DISCOUNTS

from .conftest import AS_OF


def reach(world, user, days_before, *lessons, item="c"):
    for lesson in lessons:
        world.add(user, days_before, "learn", item_id=item, object_id=lesson)


def curve(world, item="c"):
    found = world.frame(course_drop_off(world.inputs["user_lessons"], as_of=AS_OF), ("item_id", "position"))
    return [row for (name, _), row in sorted(found.items()) if name == item]


def some(rows, *names):
    return [[row[name] for name in names] for row in rows]


def test_a_curve_counts_lessons_whatever_their_order_and_never_twice(world):
    for number in range(30):
        reach(world, f"u{number}", 60, "l1")
    for number in range(24):
        reach(world, f"u{number}", 50, "l3" if number % 2 else "l2", "l1")  # the first one again changes nothing
    for number in range(6):
        reach(world, f"u{number}", 40, "l2", "l3")
    rows = curve(world)
    assert list(rows[0]) == COURSE_DROP_OFF.names
    assert some(rows, "position", "starters", "people_at_risk", "reached", "share", "last") == [
        [1, 30, 30, 30, 1.0, False],
        [2, 30, 30, 24, 0.8, False],
        [3, 30, 24, 6, 0.2, True],
    ]
    # Of 30 people 6 stopped: Wilson 1927. Of 24 no share is told.
    assert some(rows, "stopped_share")[1:] == [[0.2], [None]]
    assert (rows[1]["low_95"], rows[1]["high_95"]) == pytest.approx((0.09505, 0.37306), abs=1e-5)
    assert [rows[0][name] for name in ("stopped_share", "low_95", "high_95")] == [None, None, None]


def test_everybody_is_given_the_same_days(world):
    for number in range(30):
        reach(world, f"u{number}", 29, "l1")  # 28 whole days are over since
        reach(world, f"u{number}", 1, "l2")  # on the 28th of them
    for number in range(30, 40):
        reach(world, f"u{number}", 28, "l1", "l2")  # too young
    reach(world, "late", 60, "l1")
    reach(world, "late", 31, "l2")  # 29 days after
    reach(world, "long ago", 28 + 26 * 7 + 1, "l1", "l2")
    assert some(curve(world), "position", "starters", "reached") == [[1, 31, 31], [2, 31, 30]]


def test_small_courses_those_of_one_lesson_and_what_comes_later_have_no_row(world):
    for number in range(30):
        reach(world, f"u{number}", 60, "only", item="single")
        reach(world, f"u{number}", 60, "l1", "l2", item="c")
        reach(world, f"u{number}", -1, "l3", item="c")
        if number:
            reach(world, f"u{number}", 60, "l1", "l2", item="few")
    assert some(curve(world), "position") == [[1], [2]]
    assert curve(world, "single") == curve(world, "few") == []


def test_an_empty_log_has_no_curve(world):
    assert curve(world) == []


def price(world, item, amount):
    world.insert("items", {"item_id": item, "price": Decimal(amount), "known_at": world.at(100, 0), "batch_id": "b"})


def discounts(world):
    inputs = world.inputs
    rows = weekly_discounts(inputs["order_lines"], inputs["items"], as_of=AS_OF)
    return list(world.frame(rows, ("week",)).values())


def buy(world, days_before, item, amount, quantity=None):
    world.add("a", days_before, "purchase", item_id=item, amount=Decimal(amount), quantity=quantity)


def test_discounts_of_a_week_are_list_price_less_paid(world):
    price(world, "i", "100.00")
    buy(world, 1, "i", "80.00")
    buy(world, 7, "i", "150.00", quantity=2)
    buy(world, 3, "i", "130.00")  # above its list price: no discount, and not a negative one either
    buy(world, 2, "unpriced", "20.00")
    buy(world, 0, "i", "1.00")  # the week to come
    (row,) = discounts(world)
    assert set(row) == set(WEEKLY_DISCOUNTS.names)
    assert (row["lines"], row["lines_priced"]) == (4, 3)
    assert (row["paid"], row["paid_priced"], row["discount"]) == tuple(map(Decimal, ("380.00", "360.00", "70.00")))


def test_no_discount_is_told_of_a_week_with_few_list_prices(world):
    price(world, "i", "100.00")
    buy(world, 1, "i", "80.00")
    buy(world, 1, "unpriced", "20.00")  # 20 % of the money
    buy(world, 8, "unpriced", "20.00")
    assert [row["discount"] for row in discounts(world)] == [None, None]
