from datetime import UTC, datetime
from decimal import Decimal

import pytest

from features.taste import TASTE_SET
from features.windows import compute

from .conftest import AS_OF


def taste(world):
    return world.frame(compute(TASTE_SET, world.past()), ("user_id",))["a"]


@pytest.fixture
def shelf(world):
    for item, category, price, author in (
        *(("c1", "law", "10.00", "t1"), ("c2", "law", "30.00", "t2"), ("c3", "art", "20.00", "t1")),
        *(("c4", "cooking", None, None), ("c5", None, "100.00", "t3")),
    ):
        money = Decimal(price) if price else None
        world.insert("items", {"item_id": item, "category": category, "price": money, "author_id": author})
    return world


def test_shares_are_of_days_of_use(shelf):
    for item, days_before in (("c1", 1), ("c1", 1), ("c1", 2), ("c2", 3), ("c3", 40), ("c3", 85), ("c4", 5)):
        shelf.add("a", days_before, "learn", item_id=item)
    shelf.add("a", 1, "view", item_id="c3")  # a look is no taste
    row = taste(shelf)  # law 3 days, art 1, cooking 1
    assert [row[f"{rank}_category"] for rank in ("first", "second", "third")] == ["law", "art", "cooking"]
    assert [row[f"{rank}_category_share_84d"] for rank in ("first", "second", "third")] == [0.6, 0.2, 0.2]
    assert (row["categories_84d"], row["category_concentration_84d"]) == (3, 11 / 25)
    assert row["new_category_share_28d"] == 1  # law and cooking, neither used in the 56 days before
    assert (row["authors_84d"], row["main_author_share_84d"]) == (2, 0.75)
    assert row["price_taste_84d"] == 20 / 40  # items used cost 10, 30 and 20; all together 160 for four


def test_one_category_is_all(shelf):
    shelf.add("a", 50, "purchase", item_id="c1", amount=Decimal("10.00"))
    shelf.add("a", 3, "learn", item_id="c2")
    row = taste(shelf)
    assert (row["category_concentration_84d"], row["new_category_share_28d"]) == (1, 0)
    assert (row["second_category"], row["second_category_share_84d"]) == (None, 0)


def test_an_item_moved_to_another_shelf_later_counts_where_it_stood(shelf):
    shelf.add("a", 3, "learn", item_id="c1")
    shelf.insert(
        "items", {"item_id": "c1", "category": "later", "known_at": datetime(AS_OF.year, AS_OF.month, 6, tzinfo=UTC)}
    )
    assert taste(shelf)["first_category"] == "law"


def test_items_without_a_category_price_or_author_leave_nulls(shelf):
    shelf.insert("items", {"item_id": "bare"})
    shelf.add("a", 3, "learn", item_id="bare")
    row = taste(shelf)
    assert {row[name] for name in TASTE_SET.names} == {None}
