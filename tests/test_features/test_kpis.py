"""The weekly numbers, worked out by hand."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pandas as pd

from features import kpi_counts
from features.kpi_history import weekly_kpis
from features.origins import origins

from .conftest import AS_OF, LOGGED


def numbers(world, signals=LOGGED):
    def rows(expression):
        return world.con.sql(world.backend.compile(expression)).to_arrow_table().to_pandas().astype({"week": "str"})

    came = origins(world.backend.table("users"), before=world.at(0, 0))
    counts = rows(kpi_counts.weekly_counts(world.days, came, as_of=AS_OF))
    ratings = rows(kpi_counts.weekly_ratings(world.events, as_of=AS_OF))
    table = weekly_kpis(counts.astype({"net": float}), ratings, signals=signals, as_of=AS_OF)
    return {(row.week.date(), row.kpi): row for row in table.itertuples()}


def rate(row):
    return row.numerator, row.denominator, row.value


BEFORE, LAST = date(2024, 4, 22), date(2024, 4, 29)  # the Mondays of the last two weeks


def test_weekly_numbers_by_hand(world):
    for user in range(40):
        world.add(f"u{user}", 8, "learn", duration_ms=120_000)  # week of 22 April, all new
    for user in range(10):
        world.add(f"u{user}", 1, "learn")  # week of 29 April
        world.add(f"u{user}", 2, "view")
    world.add("u0", 1, "purchase", amount=Decimal("50.00"))
    world.add("u0", 1, "refund", amount=Decimal("20.00"))
    found = numbers(world)
    assert [found[BEFORE, name].value for name in ("wau", "new_users", "learning_minutes")] == [40, 40, 80]
    assert [found[LAST, name].value for name in ("wau", "new_users", "payers", "gmv", "net")] == [10, 0, 1, 50, 30]
    assert rate(found[LAST, "week1_retention"]) == (10, 40, 0.25)
    assert (found[LAST, "stickiness"].numerator, found[LAST, "stickiness"].denominator) == (20, 70)
    assert (found[LAST, "wau"].previous, found[LAST, "dau_mean"].value) == (40, 20 / 7)
    assert (found[BEFORE, "minutes_per_learner"].value, found[LAST, "wau"].area) == (2, "engagement")


def test_who_comes_back_is_told_from_who_is_new(world):
    for user in range(50):
        world.add(f"u{user}", 15, "view")  # week of 15 April
    for user in range(10, 50):
        world.add(f"u{user}", 8, "view")
    for user in (*range(10), *range(40, 60)):
        world.add(f"u{user}", 1, "view")  # ten back after a week away, ten kept, ten new
    world.add("u10", 1, "login")  # no act
    found = numbers(world)
    assert rate(found[LAST, "active_retention"]) == (10, 40, 0.25)
    assert rate(found[LAST, "returning_share"]) == (20, 30, 20 / 30)
    assert rate(found[BEFORE, "week1_retention"]) == (40, 50, 0.8)


def test_satisfaction_by_hand(world):
    for user in range(50):
        world.add(f"u{user}", 3, "view")
    for user in range(40):
        world.add(f"u{user}", 3, "rate", rating=5.0 if user < 30 else 3.5)
    world.add("u1", 2, "rate")  # words without stars
    for _ in range(2):
        world.add("u2", 2, "complain")
    found = numbers(world)
    assert rate(found[LAST, "rating_mean"]) == (185, 40, 4.625)
    assert rate(found[LAST, "rating_good_share"]) == (30, 40, 0.75)
    assert rate(found[LAST, "complaint_rate"]) == (2, 50, 40)  # per 1,000 people


def test_a_refund_rate_is_by_amount_and_of_thirty_orders(world):
    def paid(day, orders):
        for user in range(orders):
            world.add(f"u{user}", day, "purchase", amount=Decimal("8.00"))
            world.add(f"u{user}", day, "purchase", amount=Decimal("0.00"))  # free: no purchase
        world.add("u0", day - 1, "refund", amount=Decimal("6.00"))  # a part of it

    paid(9, 29)
    paid(3, 30)
    found = numbers(world)
    assert rate(found[LAST, "refund_rate"]) == (6, 240, 0.025)
    assert rate(found[LAST, "order_value"]) == (240, 30, 8)
    assert rate(found[LAST, "arppu"]) == (234, 30, 7.8)
    few = found[BEFORE, "refund_rate"]
    assert (few.numerator, few.denominator) == (6, 232)
    assert pd.isna(few.value)


def test_word_of_mouth_by_hand(world):
    def person(user, inviter, known=datetime(2024, 1, 1, tzinfo=UTC)):
        world.insert("users", {"user_id": user, "invited_by": inviter, "known_at": known})

    world.add("old", 20, "purchase", amount=Decimal("9.00"))
    for user in range(60):
        world.add(f"u{user}", 2, "view")
    for user in range(40):
        world.add(f"u{user}", 2, "purchase", amount=Decimal("9.00"))
    for user in range(12):
        person(f"u{user}", "old")  # ten of them below come by someone who had not paid before, or by nobody
    person("u10", "u50", datetime(2023, 1, 1, tzinfo=UTC))  # told first
    person("u11", "u12", datetime(2023, 1, 1, tzinfo=UTC))  # who paid on the same day
    person("u13", "u13")
    person("u14", "old", datetime(2024, 5, 7, tzinfo=UTC))  # told later
    for user in ("u0", "u0", "u1", "old"):
        world.add(user, 1, "share")
    world.add("u3", 1, "invite")
    found = numbers(world)
    assert rate(found[LAST, "referral_share"]) == (10, 40, 0.25)
    assert rate(found[LAST, "invited_share"]) == (12, 60, 0.2)
    assert rate(found[LAST, "share_rate"]) == (3, 61, 3 / 61)
    assert [found[LAST, name].value for name in ("new_payers", "payers", "sharers", "inviters")] == [40, 40, 3, 1]


def test_numbers_of_what_is_not_logged_are_unknown(world):
    world.add("a", 1, "learn")
    found = numbers(world, signals={"learn", "purchase"})
    assert found[LAST, "wau"].value == 1
    assert pd.isna(found[LAST, "complaints"].value)
    assert found[LAST, "gmv"].value == 0
    assert pd.isna(found[LAST, "refund_rate"].numerator)  # for which refunds are needed too


def test_a_week_without_events_is_zero_and_eight_weeks_make_unusual(world):
    for week in range(10):
        if week == 5:
            continue
        people = 3 + week % 2 if week else 30  # week 0 is the newest
        for user in range(people):
            world.add(f"u{user}", 1 + 7 * week, "learn")
    found = numbers(world)
    empty = date(2024, 4, 29) - pd.Timedelta(weeks=5).to_pytimedelta()
    assert found[empty, "wau"].value == 0
    assert found[LAST, "wau"].unusual
    assert found[LAST, "wau"].mean_8w == (4 + 3 + 4 + 3 + 0 + 3 + 4 + 3) / 8  # weeks 1 to 8 back
    early = found[LAST - timedelta(weeks=6), "wau"]
    assert (pd.isna(early.mean_8w), early.unusual) == (True, None)  # three weeks are no history


def test_weeks_that_are_alike_are_usual_and_silence_at_the_end_is_told(world):
    for week in range(2, 9):
        for user in range(7):
            world.add(f"u{user}", 1 + 7 * week, "view")
    found = numbers(world)
    alike = found[LAST - timedelta(weeks=2), "dau_mean"]
    assert (alike.value, alike.mean_8w, alike.unusual) == (1, 1, False)
    assert (found[LAST, "wau"].value, found[BEFORE, "wau"].unusual) == (0, True)


def test_a_year_ago_is_the_same_week(world):
    for week, people in ((0, 2), (51, 5), (52, 3), (53, 7)):
        for user in range(people):
            world.add(f"u{user}", 1 + 7 * week, "view")
    found = numbers(world)
    assert (found[LAST, "wau"].year_ago, found[BEFORE, "wau"].year_ago) == (3, 7)
    assert pd.isna(found[LAST - timedelta(weeks=2), "wau"].year_ago)


def test_what_comes_later_changes_no_week(world):
    def happens(day):
        world.add("a", day, "purchase", amount=Decimal("9.00"))
        world.add("b", day, "rate", rating=5.0)
        world.insert("users", {"user_id": "c", "invited_by": "a", "known_at": world.at(day, 12)})

    happens(9)
    world.add("c", 2, "purchase", amount=Decimal("9.00"))
    before = [tuple(map(str, row)) for row in numbers(world).values()]
    happens(0)
    happens(-3)
    assert [tuple(map(str, row)) for row in numbers(world).values()] == before
