from datetime import UTC, datetime, timedelta
from decimal import Decimal

from features.cart import CART_SET
from features.windows import compute

from .conftest import AS_OF

BEGIN = datetime(AS_OF.year, AS_OF.month, AS_OF.day, tzinfo=UTC)


def of(world, person="a"):
    return world.frame(compute(CART_SET, world.past()), ("user_id",)).get(person)


def cart(world, days_before, item, *, hour=12, kind="add_to_cart"):
    world.add("a", days_before, kind, item_id=item, occurred_at=world.at(days_before, hour))


def price(world, item, amount, *, known_days_before=90, withdrawn=None):
    known = BEGIN - timedelta(days=known_days_before)
    gone = None if withdrawn is None else BEGIN - timedelta(days=withdrawn)
    row = {"item_id": item, "price": Decimal(amount), "known_at": known, "batch_id": "b", "withdrawn_at": gone}
    world.insert("items", row)


def test_what_waits_in_the_cart_at_the_price_of_today(world):
    price(world, "i1", "10.00")
    price(world, "i1", "12.50", known_days_before=2)
    price(world, "i1", "99.00", known_days_before=-1)  # known tomorrow
    price(world, "i2", "7.00")
    cart(world, 20, "i2")
    cart(world, 6, "i1")
    row = of(world)
    assert (row["cart_open_items"], row["cart_open_value"]) == (2, Decimal("19.50"))
    assert (row["cart_last_price"], row["cart_open_days"]) == (Decimal("12.50"), 6)


def test_what_was_had_since_waits_no_more_even_on_the_same_day(world):
    price(world, "i1", "10.00")
    cart(world, 5, "i1", hour=9)
    cart(world, 5, "i1", hour=10, kind="purchase")
    assert of(world) is None


def test_what_was_put_back_after_it_was_had_waits_again(world):
    price(world, "i1", "10.00")
    cart(world, 5, "i1", hour=9, kind="purchase")
    cart(world, 5, "i1", hour=10)
    assert of(world)["cart_open_value"] == Decimal("10.00")


def test_a_purchase_of_tomorrow_closes_no_cart(world):
    price(world, "i1", "10.00")
    cart(world, 1, "i1")
    cart(world, 0, "i1", kind="purchase")
    assert of(world)["cart_open_items"] == 1


def test_old_carts_are_forgotten_and_withdrawn_items_cannot_be_bought(world):
    price(world, "gone", "10.00", withdrawn=0)
    price(world, "going", "3.00", withdrawn=-1)
    for days_before, item in ((29, "old"), (3, "gone"), (3, "going"), (4, "unlisted")):
        cart(world, days_before, item)
    row = of(world)
    assert (row["cart_open_items"], row["cart_open_value"], row["cart_open_days"]) == (2, Decimal("3.00"), 3)


def test_coupons_are_held_until_an_order_uses_them(world):
    for days_before, coupon, order in (
        *((80, "q1", None), (85, "q2", None), (9, "q3", None), (2, "q3", "o1")),
        *((9, "q4", None), (8, "q4", None), (0, "q4", "o2")),
    ):
        world.add("a", days_before, "coupon", object_id=coupon, parent_id=order)
    assert of(world)["coupons_held"] == 2  # q1 and q4
