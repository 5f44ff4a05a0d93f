from datetime import UTC, datetime, timedelta
from decimal import Decimal

from features.money import MONEY_SET, PRICES_SET
from features.windows import compute

from .conftest import AS_OF

BEGIN = datetime(AS_OF.year, AS_OF.month, AS_OF.day, tzinfo=UTC)


def of(world, each, person="a"):
    return world.frame(compute(each, world.past()), ("user_id",))[person]


def buy(world, days_before, amount, **columns):
    world.add("a", days_before, "purchase", amount=Decimal(amount), **columns)


def price(world, item, amount, *, known_days_before):
    known = BEGIN - timedelta(days=known_days_before)
    world.insert("items", {"item_id": item, "price": Decimal(amount), "known_at": known, "batch_id": "b"})


def test_recency_frequency_and_value(world):
    buy(world, 200, "30.00")
    buy(world, 50, "20.00")
    buy(world, 50, "10.00")
    buy(world, 20, "99.00")
    world.add("a", 15, "refund", amount=Decimal("99.00"))
    row = of(world, MONEY_SET)
    assert [row[f"purchases_{n}d"] for n in (7, 28, 56, 84)] == [0, 1, 3, 3]
    assert [row[f"spend_{n}d"] for n in (7, 28, 56, 84)] == [Decimal(text) for text in ("0", "0", "30", "30")]
    assert (row["purchases_total"], row["refunds_total"], row["spend_total"]) == (4, 1, Decimal("60.00"))
    assert (row["purchase_recency_days"], row["first_purchase_days"]) == (20, 200)
    assert (row["purchase_gap_mean_days"], row["order_value_mean"]) == (90.0, 159 / 4)  # 150 and 30 days


def test_one_day_of_purchases_has_no_time_between(world):
    buy(world, 5, "1.00")
    buy(world, 5, "2.00")
    assert of(world, MONEY_SET)["purchase_gap_mean_days"] is None


def test_an_enrolment_counts_though_nothing_was_paid(world):
    world.add("a", 300, "enrol")
    row = of(world, MONEY_SET)
    assert (row["enrolments_total"], row["purchases_total"], row["first_purchase_days"]) == (1, 0, None)
    assert (row["enrolment_recency_days"], row["purchase_recency_days"]) == (300, None)


def test_a_discount_is_told_against_the_list_price_of_the_time(world):
    price(world, "i1", "100.00", known_days_before=60)
    price(world, "i1", "200.00", known_days_before=10)
    buy(world, 30, "80.00", item_id="i1")
    buy(world, 5, "150.00", item_id="i1")
    assert of(world, PRICES_SET)["discount_share_84d"] == 70 / 300


def test_a_later_price_is_not_known_yet_and_above_the_list_is_no_discount(world):
    price(world, "i1", "100.00", known_days_before=60)
    price(world, "i1", "900.00", known_days_before=0)
    price(world, "i2", "300.00", known_days_before=60)
    buy(world, 5, "120.00", item_id="i1")
    row = of(world, PRICES_SET)
    assert (row["discount_share_84d"], row["price_level_84d"]) == (0.0, 100 / 200)


def test_pieces_of_an_order_are_priced_each(world):
    price(world, "i1", "10.00", known_days_before=60)
    buy(world, 5, "15.00", item_id="i1", quantity=2)
    assert of(world, PRICES_SET)["discount_share_84d"] == 0.25
