import pytest

from lyceum.tables.rates import RATE_DEFINITIONS
from tests.test_questions.conftest import told, week


def test_good_ratings_are_four_and_five_stars(log):
    for number in range(40):
        log.add(f"u{number}", 3, "rate", item_id="i", rating=(5, 4, 3.9, 1)[number % 4])
    log.add("u0", 3, "rate", item_id="i")  # without stars
    for number in range(20):
        log.add(f"u{number}", 10, "rate", item_id="i", rating=5)
    log.fill("marts.weekly_kpis", [{"week": week(0), "kpi": "rating_mean", "value": 3.5}])
    rows = told(log, "satisfaction")
    row, few = rows[week(0)], rows[week(1)]
    assert (row["good"], row["ratings"], row["share"], row["stars"]) == (20, 40, 0.5, 3.5)
    assert row["share_8w"] == pytest.approx(40 / 60)  # sums over both weeks, not the mean of their shares
    assert (few["ratings"], few["share"], few["share_8w"], few["stars"]) == (20, None, None, None)


def test_complaints_count_people_per_thousand_active(log):
    for person in range(100):
        log.add(f"u{person}", 3, "view")
        log.add(f"u{person}", 10, "view")
    log.add("u0", 3, "complain")
    log.add("u0", 2, "complain")  # the same person again
    row = told(log, "complaints")[week(0)]
    assert (row["people"], row["active"], row["per_1000_active"], row["per_1000_active_8w"]) == (1, 100, 10, 5)
    assert row["orders"] is None  # no complaint names an order, so nothing is known of orders


def test_complaints_about_orders_belong_to_the_week_of_the_payment(log):
    for person in range(30):
        log.add(f"u{person}", 35, "purchase", item_id="i", amount=10, object_id=f"o{person}")
        log.add(f"u{person}", 6, "purchase", item_id="i", amount=10, object_id=f"p{person}")
    log.add("u0", 21, "complain", object_id="o0")  # the fourteenth day
    log.add("u1", 20, "complain", object_id="o1")
    log.add("u2", 30, "complain", object_id="o3")  # about an order of somebody else
    rows = told(log, "complaints")
    then = rows[week(4)]
    assert (then["orders"], then["orders_complained_14d"], then["order_share_14d"]) == (30, 1, 1 / 30)
    assert (rows[week(0)]["orders"], rows[week(0)]["order_share_14d"]) == (None, None)


def test_who_leaves_a_group_was_seen_there_in_the_four_weeks_before(log):
    for person in range(40):
        log.add(f"u{person}", 10, "comment", community_id="g")
    log.add("u0", 10, "comment", community_id="h")
    log.add("long ago", 36, "comment", community_id="g")
    for person in ("u0", "u1", "long ago", "stranger"):
        log.add(person, 3, "cancel", community_id="g", properties='{"scope":"group"}')
    (row,) = [row for row in log.answer("cancel") if row["week"] == week(0)]
    assert (row["part"], row["cancelled"], row["members"], row["share"]) == ("group", 2, 41, pytest.approx(2 / 41))


def test_plans_are_cancelled_by_those_whose_term_runs_at_the_monday(log):
    for person in range(31):
        days = {"starts_at": log.at(20, 0), "ends_at": log.at(7 if person == 30 else -10, 0)}
        log.insert("entitlements", {"user_id": f"u{person}", "item_id": "m", **days})
    log.insert("entitlements", {"user_id": "owner", "item_id": "course", "starts_at": log.at(20, 0)})  # for ever
    log.add("u0", 8, "cancel", properties='{"scope":"group"}', community_id="g")  # leaves a group, not the plan
    for person in ("u0", "u30", "owner"):
        log.add(person, 3, "cancel", properties='{"scope":"plan"}')
    rows = {(row["part"], row["week"]): row for row in log.answer("cancel")}
    row = rows["plan", week(0)]
    assert (row["cancelled"], row["members"], row["share"]) == (1, 30, 1 / 30)


def rate(back, numerator, denominator=100, low=0.0, high=1.0, **columns):
    row = {"rate": "good_rating", "part": "(all)", "week": week(back), "age_days": 0, "mature": True}
    row |= {"numerator": numerator, "denominator": denominator, "value": numerator / denominator}
    return row | {"low_95": low, "high_95": high} | columns


def test_rates_now_compare_the_newest_mature_week_with_the_eight_before(log):
    log.fill("marts.rates", [rate(0, 1, mature=False), rate(1, 60, low=0.5, high=0.7), rate(2, 50)])
    log.fill("marts.rates", [rate(back, 40) for back in range(3, 10)])  # with the fifty above: 330 of 800
    log.fill("marts.rates", [rate(10, 100)])  # too long ago
    log.fill("marts.rates", [rate(1, 1, rate="teacher_share", part="t1")])
    named = [{"rate": name, "area": "any"} for name in ("good_rating", "teacher_share")]
    log.fill("marts.rate_definitions", named)
    (row,) = log.answer("rates_now")
    assert (row["week"], row["value"], row["change"]) == (week(1), 0.6, pytest.approx(0.1))
    assert (row["before_8w"], row["against_8w"]) == (pytest.approx(330 / 800), "above")


def test_a_rate_that_is_always_one_stays_within(log):
    log.fill("marts.rates", [rate(back, 100, low=0.96, high=1 - 1e-16) for back in range(9)])
    log.fill("marts.rate_definitions", [{"rate": "good_rating", "area": "any"}])
    (row,) = log.answer("rates_now")
    assert (row["before_8w"], row["change"], row["against_8w"]) == (1, 0, "within")


def test_what_cannot_be_told_says_what_is_missing(log):
    known = dict.fromkeys(RATE_DEFINITIONS.names, "") | {"rate": "a", "available": True}
    missing = known | {"rate": "b", "available": False, "why_not": "The logs hold no refund."}
    log.fill("marts.rate_definitions", [known, missing])
    (row,) = log.answer("rates_that_cannot_be_told")
    assert (row["rate"], row["why_not"]) == ("b", "The logs hold no refund.")
