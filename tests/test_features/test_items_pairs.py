from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from features import pairs
from features.items import item_snapshot
from lyceum.tables.features import ITEM_SNAPSHOT

from .conftest import AS_OF, LOGGED


def items(world, first_seen=LOGGED):
    return world.frame(item_snapshot(world.past(), first_seen=first_seen), ("item_id",))


def test_an_item_nobody_described_and_one_nobody_touched_are_both_there(world):
    world.add("a", 1, "learn", item_id="touched")
    world.insert("items", {"item_id": "described", "title": "T"})
    rows = items(world)
    assert list(rows["touched"]) == ITEM_SNAPSHOT.names
    assert (rows["touched"]["learners_7d"], rows["touched"]["on_sale"]) == (1, True)
    assert (rows["described"]["users_84d"], rows["described"]["title"]) == (0, "T")


def test_the_version_known_before_the_week_counts(world):
    for day, title in ((1, "old"), (4, "new"), (7, "from the future")):
        world.insert("items", {"item_id": "c", "title": title, "known_at": datetime(2024, 5, day, tzinfo=UTC)})
    assert items(world)["c"]["title"] == "new"


def test_on_sale_is_between_publication_and_withdrawal(world):
    def shelf(name, published, withdrawn):
        world.insert("items", {"item_id": name, "published_at": published, "withdrawn_at": withdrawn})

    shelf("now", datetime(2024, 1, 1, tzinfo=UTC), None)
    shelf("later", datetime(2024, 6, 1, tzinfo=UTC), None)
    shelf("gone", datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 5, 1, tzinfo=UTC))
    rows = items(world)
    assert {name: row["on_sale"] for name, row in rows.items()} == {"now": True, "later": False, "gone": False}


def test_item_revenue_is_net(world):
    world.add("a", 2, "purchase", item_id="c", amount=Decimal("20.00"))
    world.add("a", 1, "refund", item_id="c", amount=Decimal("20.00"))
    row = items(world)["c"]
    assert (row["item_purchases_7d"], row["item_refunds_7d"], row["item_revenue_7d"]) == (1, 1, Decimal("0.00"))


def test_people_count_once_per_window_and_demand_is_in_days_of_use(world):
    for user, days_before in (("a", 1), ("a", 2), ("b", 10), ("a", 40), ("c", 84), ("d", 85)):
        world.add(user, days_before, "view", item_id="c")
    world.add("b", 3, "learn", item_id="c", duration_ms=90_000)
    world.add("a", 2, "purchase", item_id="c", amount=Decimal("0.00"))  # free: nobody paid
    row = items(world)["c"]
    assert [row[f"users_{n}d"] for n in (7, 28, 84)] == [2, 2, 3]
    assert [row[f"learners_{n}d"] for n in (7, 28, 84)] == [1, 1, 1]
    assert (row["buyers_84d"], row["last_used_days"], row["item_minutes_28d"]) == (0, 1, 1.5)
    assert row["demand_trend"] == 4 * 3 / 6 - 1  # days of use: four of the last 28 days, six in all


def test_a_cohort_is_read_at_the_age_of_eight_weeks(world):
    def learner(user, got, *deeds):
        world.add(user, got, "enrol", item_id="c")
        for days_before, kind, lesson in deeds:
            world.add(user, days_before, kind, item_id="c", object_id=lesson)

    for number in range(30):
        deeds = [(90, "learn", "l1"), (50, "complete", None)] if number < 12 else [(90, "learn", "l1")]
        learner(f"u{number}", 100, *deeds)
    learner("never began", 56)
    learner("too late", 100, (44, "complete", None))
    learner("a lesson only", 100, (99, "complete", "l1"))
    learner("too young", 55, (50, "complete", None))
    world.add("gave back", 100, "purchase", item_id="c", amount=Decimal("9.00"))
    world.add("gave back", 90, "refund", item_id="c", amount=Decimal("9.00"))
    row = items(world)["c"]
    assert [row[f"cohort_{name}"] for name in ("people", "started", "finished")] == [33, 31, 12]
    assert (row["completion_rate"], row["completion_rate_started"]) == (12 / 33, 12 / 31)


def test_a_rate_of_few_is_no_figure_but_its_counts_are(world):
    for number in range(30):
        world.add(f"u{number}", 9, "purchase", item_id="c", amount=Decimal("1.00"))
        world.add(f"u{number}", 9, "purchase", item_id="d" if number else "e", amount=Decimal("1.00"))
    for item in "cd":
        world.add("u1", 3, "refund", item_id=item, amount=Decimal("1.00"))
    rows = items(world)
    assert (rows["c"]["refund_share_84d"], rows["d"]["refund_share_84d"]) == (1 / 30, None)
    assert (rows["d"]["item_purchases_84d"], rows["d"]["item_refunds_84d"]) == (29, 1)
    assert (rows["c"]["completion_rate"], rows["c"]["cohort_people"]) == (None, 0)


def test_ratings_are_exact_over_all_time(world):
    for days_before, stars in ((400, 5.0), (2, 4.5), (1, 1.0), (-1, 1.0)):
        world.add("a", days_before, "rate", item_id="c", rating=stars)
    world.add("a", 1, "rate", item_id="c")  # words without stars
    row = items(world)["c"]
    assert (row["rating_count"], row["rating_mean"]) == (3, 3.5)


def test_a_price_stands_against_what_is_on_sale_in_its_category(world):
    def shelf(name, price, category="law", **columns):
        world.insert("items", {"item_id": name, "price": price and Decimal(price), "category": category, **columns})

    for name, price in (("a", "10.00"), ("b", "30.00"), ("c", "50.00"), ("free", None)):
        shelf(name, price)
    shelf("gone", "900.00", withdrawn_at=datetime(2024, 1, 1, tzinfo=UTC))
    shelf("alone", "7.00", category=None)
    rows = items(world)
    assert {name: row["price_to_category"] for name, row in rows.items()} == {
        **{"a": 10 / 30, "b": 1, "c": 50 / 30, "free": None, "gone": 30, "alone": None},
    }


def test_age_is_from_publication_in_whole_days_else_from_the_first_event(world):
    world.insert("items", {"item_id": "published", "published_at": datetime(2024, 4, 29, tzinfo=UTC)})
    world.insert("items", {"item_id": "announced", "published_at": datetime(2024, 5, 7, tzinfo=UTC)})
    for item, days_before in (("published", 90), ("announced", 4), ("unknown", 12), ("to come", -1)):
        world.add("a", days_before, "view", item_id=item)
    assert {name: row["age_days"] for name, row in items(world).items()} == {
        **{"published": 7, "announced": 4, "unknown": 12},
    }


def test_what_the_logs_cannot_tell_of_items_is_unknown(world):
    world.insert("items", {"item_id": "c", "title": "T"})
    world.add("a", 1, "learn", item_id="c")
    row = items(world, first_seen={"learn": date(2000, 1, 1)})["c"]
    assert (row["users_7d"], row["learners_7d"], row["title"]) == (1, 1, "T")
    unknown = ("category", "price", "price_to_category", "item_minutes_7d", "item_revenue_7d", "rating_count")
    assert {row[name] for name in (*unknown, "cohort_people", "completion_rate")} == {None}


def interactions(world, **asked):
    rows = pairs.interactions(world.inputs["user_items"], as_of=AS_OF, **asked)
    return world.frame(rows, ("item_id",))


def test_what_was_owned_long_ago_is_known_without_weight(world):
    world.add("a", 200, "enrol", item_id="old")
    world.add("a", 1, "learn", item_id="new")
    world.add("a", 2, "learn", item_id="new")
    world.add("a", 200, "learn", item_id="forgotten")
    rows = interactions(world, window_days=28)
    assert {name: (row["weight"], row["owned"], row["last_touch_days"]) for name, row in rows.items()} == {
        "old": (0.0, True, 200),
        "new": (2.0, False, 1),
    }


def test_a_day_of_use_is_worth_half_after_each_half_life(world):
    for days_before in (14, 14, 28, 56, 99):  # two on one day are one day of use
        world.add("a", days_before, "learn", item_id="c", duration_ms=60_000)
    world.add("a", 200, "purchase", item_id="c", amount=Decimal("0.00"))  # free, and owned all the same
    row = interactions(world, window_days=98)["c"]
    assert (row["weight"], row["minutes"], row["owned"]) == (3.0, 4.0, True)
    assert row["decayed_14d"] == 1 / 2 + 1 / 4 + 1 / 16
    assert row["decayed_56d"] == pytest.approx(0.5**0.25 + 0.5**0.5 + 0.5, abs=1e-11)


def test_weeks_are_mondays(world):
    world.add("a", 1, "learn")  # Sunday 5 May
    world.add("a", 7, "learn")  # Monday 29 April
    world.add("a", 8, "learn")  # Sunday 28 April
    weeks = world.frame(pairs.user_weeks(world.days, as_of=AS_OF), ("week",))
    assert set(weeks) == {date(2024, 4, 22), date(2024, 4, 29)}
