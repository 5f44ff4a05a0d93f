"""How items did, worked out by hand."""

from datetime import UTC, date, datetime
from decimal import Decimal

from features.item_performance import item_performance
from features.items import item_snapshot
from lyceum.tables.scorecards import ITEM_PERFORMANCE

from .conftest import AS_OF, LOGGED


def performance(world, signals=LOGGED):
    past = world.past()
    rows = item_performance(
        item_snapshot(past, first_seen={name: LOGGED[name] for name in signals}),
        past.known("items", key="item_id"),
        past.inputs["user_items"],
        past.inputs["order_lines"],
        as_of=AS_OF,
        before=world.at(0, 0),
        signals=signals,
    )
    return world.frame(rows, ("item_id",))


def some(row, *names):
    return [row[name] for name in names]


def buy(world, user, days_before, item="c", amount="10.00", **columns):
    world.add(user, days_before, "purchase", item_id=item, amount=Decimal(amount), **columns)


def test_money_is_net_exact_and_beside_the_28_days_before(world):
    buy(world, "a", 1, object_id="o1")
    buy(world, "a", 1, object_id="o1", amount="0.10")  # a second line of one order
    buy(world, "b", 28, amount="5.20")
    buy(world, "c", 28, amount="0.00")  # free: no purchase
    buy(world, "d", 29)
    buy(world, "d", 56, amount="1.00")
    buy(world, "d", 57, amount="99.00")
    world.add("d", 2, "refund", item_id="c", amount=Decimal("4.00"))
    world.add("d", 40, "refund", item_id="c", amount=Decimal("3.00"))
    row = performance(world)["c"]
    assert list(row) == ITEM_PERFORMANCE.names
    assert some(row, "purchases_28d", "orders_28d", "buyers_28d", "refunds_28d") == [3, 2, 2, 1]
    money = some(row, "paid_28d", "refunded_28d", "revenue_28d", "revenue_previous_28d")
    assert money == [Decimal(text) for text in ("15.30", "4.00", "11.30", "8.00")]
    assert some(row, "users_28d", "users_previous_28d", "refund_rate_28d") == [4, 1, None]  # of two orders


def test_a_refund_rate_is_by_amount_of_thirty_orders(world):
    for number in range(30):
        buy(world, f"u{number}", 5, amount="2.00")
    world.add("u0", 3, "refund", item_id="c", amount=Decimal("1.50"))
    assert performance(world)["c"]["refund_rate_28d"] == 0.025


def test_ranks_are_by_revenue_then_people_and_before_beside_now(world):
    for item, now, then in (("a", "9.00", "1.00"), ("b", "5.00", "5.00"), ("c", "5.00", None)):
        buy(world, "u1", 3, item, now)
        if then:
            buy(world, "u1", 30, item, then)
    world.add("u2", 3, "view", item_id="c")
    world.add("u2", 100, "view", item_id="forgotten")
    ranks = {item: some(row, "rank_28d", "rank_previous_28d") for item, row in performance(world).items()}
    assert ranks == {"a": [1, 2], "b": [3, 1], "c": [2, None], "forgotten": [None, None]}


def test_viewers_are_given_seven_days_to_pay(world):
    def looked(user, viewed, paid=None, item="c"):
        world.add(user, viewed, "view", item_id=item)
        if paid is not None:
            buy(world, user, paid, item)

    for number in range(30):
        looked(f"u{number}", 34)
    looked("same day", 7, 7)
    looked("in time", 20, 14)
    looked("too late", 20, 13)
    looked("had it", 20, 21)
    looked("too young", 6, 6)
    looked("long ago", 35)
    looked("again", 50)
    looked("again", 10, 9)
    rows = performance(world)
    assert some(rows["c"], "viewers", "viewers_bought", "view_conversion_7d") == [34, 3, 3 / 34]


def test_nobody_can_pay_for_what_is_free(world):
    world.insert("items", {"item_id": "c", "price": Decimal("0.00")})
    for number in range(30):
        world.add(f"u{number}", 20, "view", item_id="c")
    assert some(performance(world)["c"], "viewers", "viewers_bought", "view_conversion_7d") == [30, 0, None]


def test_a_cohort_is_read_at_the_age_of_28_days(world):
    def learner(user, got, *deeds, item="c"):
        world.add(user, got, "enrol", item_id=item)
        for days_before, kind, lesson in deeds:
            world.add(user, days_before, kind, item_id=item, object_id=lesson)

    for number in range(40):
        deeds = [(90, "learn", "l1"), (73, "complete", None)] if number < 10 else [(90, "learn", "l1")]
        learner(f"u{number}", 100, *deeds)
    learner("never began", 28)
    learner("too late", 100, (72, "learn", "l1"), (72, "complete", None))
    learner("a lesson only", 100, (99, "complete", "l1"))
    learner("too young", 27, (20, "complete", None))
    learner("too long ago", 112, (100, "complete", None))
    learner("got it long ago", 150)
    world.add("got it long ago", 90, "enrol", item_id="c")  # and again
    buy(world, "gave back", 100)
    world.add("gave back", 90, "refund", item_id="c", amount=Decimal("10.00"))
    buy(world, "gave a part back", 111)
    world.add("gave a part back", 90, "refund", item_id="c", amount=Decimal("9.00"))
    row = performance(world)["c"]
    cohort = some(row, *(f"cohort_28d_{name}" for name in ("people", "started", "completed")))
    assert cohort == [44, 41, 10]
    rates = some(row, "start_rate_28d", "completion_rate_28d", "completion_rate_started_28d")
    assert rates == [41 / 44, 10 / 44, 10 / 41]


def test_a_book_that_nobody_opens_here_has_no_start_rate(world):
    for number in range(30):
        world.add(f"u{number}", 60, "enrol", item_id="book")
    row = performance(world)["book"]
    assert some(row, "cohort_28d_people", "cohort_28d_started", "start_rate_28d", "completion_rate_28d") == [
        *(30, 0, None, None)
    ]


def test_days_on_sale_end_with_withdrawal(world):
    def shelf(name, published, withdrawn=None):
        world.insert("items", {"item_id": name, "published_at": published, "withdrawn_at": withdrawn})

    april = datetime(2024, 4, 26, tzinfo=UTC)
    shelf("on sale", april)
    shelf("withdrawn", april, datetime(2024, 4, 29, 23, tzinfo=UTC))
    shelf("ends later", april, datetime(2024, 6, 1, tzinfo=UTC))
    shelf("to come", datetime(2024, 5, 7, tzinfo=UTC))
    shelf("undated", None)
    assert {name: row["days_on_sale"] for name, row in performance(world).items()} == {
        **{"on sale": 10, "withdrawn": 3, "ends later": 10, "to come": None, "undated": None},
    }


def test_what_the_logs_cannot_tell_is_unknown(world):
    world.add("a", 1, "learn", item_id="c")
    row = performance(world, signals={"learn": date(2000, 1, 1)})["c"]
    assert some(row, "users_28d", "users_previous_28d", "cohort_28d_started") == [1, 0, 0]
    unknown = (
        "paid_28d",
        "refunded_28d",
        "revenue_28d",
        "orders_28d",
        "viewers",
        "cohort_28d_people",
        "rating_count",
    )
    assert {row[name] for name in (*unknown, "cohort_28d_completed", "refund_rate_28d")} == {None}


def test_what_comes_later_changes_nothing(world):
    def happens(day):
        for number in range(40):
            buy(world, f"u{number}", day)
            world.add(f"u{number}", day, "view", item_id="c")
            world.add(f"u{number}", day, "complete", item_id="c")
            world.add(f"u{number}", day, "refund", item_id="c", amount=Decimal("10.00"))

    world.add("u1", 60, "enrol", item_id="c")
    world.add("u2", 20, "view", item_id="c")
    before = performance(world)
    happens(0)
    happens(-3)
    assert performance(world) == before
