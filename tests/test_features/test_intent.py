from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from features.intent import COMPARING_SET, INTENT_SET, SHOPPING_SET
from features.windows import Past, compute

from .conftest import AS_OF

BEGIN = datetime(AS_OF.year, AS_OF.month, AS_OF.day, tzinfo=UTC)


def of(world, each, person="a"):
    return world.frame(compute(each, world.past()), ("user_id",))[person]


def item(world, name, price, *, known_days_before=90, **columns):
    known = BEGIN - timedelta(days=known_days_before)
    row = {"item_id": name, "price": price and Decimal(price), "known_at": known, "batch_id": "b"}
    world.insert("items", {**row, **columns})


def test_intent_by_kind(world):
    for days_before, kind in ((1, "view"), (3, "search"), (8, "add_to_cart"), (30, "favourite"), (2, "coupon")):
        world.add("a", days_before, kind)
    row = of(world, INTENT_SET)
    assert [row[f"intent_events_{n}d"] for n in (1, 3, 7, 14, 28, 56, 84)] == [1, 2, 2, 3, 3, 4, 4]
    assert [row[name] for name in ("views_28d", "searches_28d", "carts_7d", "carts_28d")] == [1, 1, 0, 1]
    assert (row["favourites_84d"], row["coupons_28d"]) == (1, 1)


def test_how_long_ago_each_hint_was(world):
    for days_before, kind in ((40, "view"), (2, "view"), (84, "click"), (85, "search"), (5, "redeem"), (7, "coupon")):
        world.add("a", days_before, kind)
    row = of(world, INTENT_SET)
    assert [row[f"{name}_recency_days"] for name in ("view", "click", "redemption", "coupon")] == [2, 84, 5, 7]
    assert [row[f"{name}_recency_days"] for name in ("search", "favourite", "cart")] == [None] * 3


def test_old_acts_fade_by_half_lives(world):
    for days_before in (14, 28):
        world.add("a", days_before, "view")
    world.add("a", 28, "purchase", amount=Decimal("5.00"))
    row = of(world, SHOPPING_SET)
    assert (row["views_halving_14d"], row["purchases_halving_14d"]) == (0.75, 0.25)
    assert row["views_halving_28d"] == pytest.approx(0.5**0.5 + 0.5, abs=1e-6)


def test_rates_of_few_views_lean_on_everybody(world):
    """a: 1 of 5 views into the cart; b: 4 of 35; together 5 of 40 = 1/8."""
    for person, views, carts in (("a", 5, 1), ("b", 35, 4)):
        for _ in range(views):
            world.add(person, 9, "view")
        for _ in range(carts):
            world.add(person, 9, "add_to_cart")
    world.add("b", 9, "purchase", amount=Decimal("1.00"))
    row = of(world, SHOPPING_SET)
    assert row["carts_per_view"] == pytest.approx((1 + 25 / 8) / 30)
    assert row["orders_per_view"] == pytest.approx((0 + 25 / 40) / 30)
    assert row["orders_per_cart"] == pytest.approx((0 + 1 / 5) / 2)
    assert (row["views_total"], row["carts_total"]) == (5, 1)


def test_the_average_is_everybodys_whoever_is_asked_about(world):
    for person, kind in (("a", "view"), ("b", "view"), ("b", "add_to_cart")):
        world.add(person, 3, kind)
    everybody = of(world, SHOPPING_SET)
    alone = Past(world.inputs, world.moments([(AS_OF, "a")]))
    assert world.frame(compute(SHOPPING_SET, alone), ("user_id",)) == {"a": everybody}


def test_without_a_view_of_anybody_there_is_no_rate(world):
    world.add("a", 3, "purchase", amount=Decimal("1.00"))
    row = of(world, SHOPPING_SET)
    assert (row["carts_per_view"], row["orders_per_cart"], row["purchases_halving_28d"] > 0.9) == (None, None, True)


def test_views_of_what_might_be_bought(world):
    item(world, "new", "10.00")
    item(world, "new", "40.00", known_days_before=5)
    item(world, "free", "0.00")
    item(world, "had", "30.00")
    item(world, "again", "20.00", repeatable=1)
    for days_before, name in ((60, "new"), (3, "new"), (3, "new"), (3, "new"), (2, "free"), (2, "had"), (1, "again")):
        world.add("a", days_before, "view", item_id=name)
    for name in ("had", "again"):
        world.add("a", 300, "enrol", item_id=name)
    world.add("a", 4, "view", item_id="unlisted")
    row = of(world, COMPARING_SET)
    assert [row[f"new_views_{n}d"] for n in (7, 28, 84)] == [4, 4, 5]
    assert row["new_views_price_mean_28d"] == (3 * 40 + 20) / 4


def test_what_is_bought_later_was_new_before(world):
    item(world, "i1", "10.00")
    world.add("a", 3, "view", item_id="i1")
    world.add("a", 0, "purchase", item_id="i1", amount=Decimal("10.00"))
    assert of(world, COMPARING_SET)["new_views_7d"] == 1
