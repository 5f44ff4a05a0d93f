from datetime import UTC, date, datetime, timedelta

import pytest

from tests.test_features.conftest import AS_OF
from tests.test_questions.conftest import row_of

LAST = AS_OF - timedelta(days=7)
BEFORE = AS_OF - timedelta(days=14)  # its people have had seven days each by AS_OF


def test_weekly_active_people_are_told_at_three_levels_beside_the_week_before(log):
    told = {"wau": (200, 150), "wau_learning": (80, 60), "wau_interacting": (20, 10), "new_users": (40, 50)}
    log.fill(
        "marts.weekly_kpis",
        [
            {"week": week, "kpi": kpi, "value": value}
            for kpi, values in told.items()
            for week, value in zip((BEFORE, LAST), values, strict=True)
        ],
    )
    first, last = log.answer("weekly_active")
    assert (last["visiting"], last["learning"], last["interacting"]) == (150, 60, 10)
    assert (last["change"], last["change_share"], last["visiting_mean_8w"]) == (-50, -0.25, 200)
    assert (last["newcomers"], last["seen_before"]) == (50, 100)
    assert first["change"] is None


def test_stickiness_is_active_days_over_seven_days_of_everybody(log):
    for person in range(30):  # 210 days below
        log.add(f"u{person}", 7, "view")
    log.add("u0", 1, "learn")
    log.add("u0", 1, "learn")  # twice on a day is one day
    row = row_of(log.answer("stickiness"), LAST)
    assert row["visiting"] == pytest.approx(31 / 210)
    assert row["days_visiting"] == pytest.approx(31 / 30)
    assert row["learning"] is None  # one person: seven days below
    assert row["interacting"] is None
    told = log.rates("stickiness")["stickiness", "visiting", LAST, 0]
    assert (told["numerator"], told["denominator"], told["low_95"]) == (31, 210, None)  # days are no sample of people


def test_the_active_are_the_new_the_steady_and_the_returned(log):
    counts = {"new": 10, "active": 60, "returned": 20, "resurrected": 10, "at_risk": 25, "dormant": 5, "churned": 7}
    log.fill(
        "marts.growth_forecast",
        [
            {"week": LAST, "kind": "actual", "active_users": 100, **counts},
            {"week": AS_OF, "kind": "forecast", "active_users": 120},
        ],
    )
    (row,) = log.answer("new_and_returning")  # a forecast is no answer
    assert {name: row[name] for name in counts} == counts
    assert row["net_change"] == 15  # 10 + 20 + 10 came, 25 went: 85 were active the week before
    assert row["new_share"] == 0.1


def test_activation_gives_everybody_registered_seven_days(log):
    for person in range(30):
        log.add(f"u{person}", 14, "register")
    for person in range(10):
        log.add(f"u{person}", 7, "learn")  # seven days later
    for person in range(10, 15):
        log.add(f"u{person}", 6, "learn")  # eight days later
    log.add("u15", 13, "view")  # no learning
    log.insert("users", {"user_id": "record", "registered_at": log.at(12, 9), "known_at": log.at(12, 9)})
    log.add("record", 12, "complete")
    log.insert("users", {"user_id": "staff", "registered_at": log.at(12, 9), "known_at": log.at(12, 9)})
    log.insert("roles", {"user_id": "staff", "role": "staff", "from": datetime(2024, 1, 1, tzinfo=UTC)})
    log.add("staff", 12, "learn")
    for person in range(30):
        log.add(f"young{person}", 7, "register")
    for person in range(29):
        log.add(f"old{person}", 21, "register")
        log.add(f"old{person}", 21, "learn")
    rows = log.answer("activation")
    row = row_of(rows, BEFORE)
    assert (row["registered"], row["activated"]) == (31, 11)
    assert row["share"] == pytest.approx(11 / 31)
    young = row_of(rows, LAST)
    assert (young["registered"], young["activated"], young["share"]) == (30, None, None)  # not mature
    few = row_of(rows, AS_OF - timedelta(days=21))
    assert (few["registered"], few["activated"], few["share"]) == (29, 29, None)  # too few


def test_a_funnel_is_one_person_one_item_in_order_within_seven_days(log):
    for person in range(30):
        log.add(f"u{person}", 14, "view", item_id="i")
    for person in range(9):
        log.add(f"u{person}", 13, "favourite", item_id="i")
    log.add("u9", 13, "add_to_cart", item_id="i")
    log.add("u10", 15, "favourite", item_id="i")  # before the week's first view
    log.add("u11", 13, "favourite", item_id="other")
    for person in range(6):
        log.add(f"u{person}", 12, "purchase", item_id="i", amount=10)
    log.add("u6", 12, "purchase", item_id="i", amount=0)  # free
    log.add("u7", 6, "purchase", item_id="i", amount=10)  # eight days after the view
    log.add("u12", 12, "purchase", item_id="i", amount=10)  # without the step before
    for person in range(3):
        log.add(f"u{person}", 11, "learn", item_id="i")
    log.add("u3", 13, "learn", item_id="i")  # before it was bought
    log.add("u4", 7, "learn", item_id="i")  # seven days after the view, in the next week
    rows = {row["step"]: row for row in log.answer("funnel") if row["week"] == BEFORE}
    assert [rows[step]["person_items"] for step in sorted(rows)] == [30, 10, 6, 4]
    assert rows["3 bought"]["share_of_first"] == pytest.approx(6 / 30)
    assert rows["2 kept in mind"]["share_of_before"] == pytest.approx(10 / 30)
    assert rows["3 bought"]["share_of_before"] is None  # of ten


def test_a_funnel_of_the_last_week_or_of_few_is_not_told(log):
    for person in range(30):
        log.add(f"u{person}", 7, "view", item_id="i")
    for person in range(29):
        log.add(f"u{person}", 14, "view", item_id="few")
    rows = {(row["week"], row["step"]): row for row in log.answer("funnel")}
    assert rows[LAST, "1 viewed"]["person_items"] is None
    assert rows[BEFORE, "1 viewed"]["person_items"] == 29
    assert {row["share_of_first"] for row in rows.values()} == {None}


def test_a_search_leads_somewhere_if_an_item_is_viewed_after_it_within_24_hours(log):
    def at(days_before, hour):
        return {"occurred_at": log.at(days_before, hour)}

    for person in range(30):
        log.add(f"u{person}", 14, "search", **at(14, 12))
    for person in range(10):
        log.add(f"u{person}", 13, "view", item_id="i", **at(13, 11))
    log.add("u10", 13, "view", item_id="i", **at(13, 13))  # 25 hours later
    log.add("u11", 14, "view", item_id="i", **at(14, 11))  # before
    log.add("u12", 14, "enrol", item_id="i", **at(14, 13))
    log.add("u13", 14, "view", object_id="post", **at(14, 13))  # no item
    log.add("u14", 14, "view", item_id="i", **at(14, 12))  # at the same instant
    log.add("young", 1, "search", **at(1, 23))
    log.add("young", 1, "view", item_id="i", **at(1, 23.5))
    rows = log.answer("search")
    row = row_of(rows, BEFORE)
    assert row["searchers"] == 30
    assert row["viewed_or_enrolled"] == pytest.approx(12 / 30)
    assert row["enrolled"] == pytest.approx(1 / 30)
    young = row_of(rows, LAST)
    assert (young["searchers"], young["viewed_or_enrolled"]) == (1, None)


def test_weeks_before_those_told_are_not_told(log):
    log.add("u0", 21, "view")
    log.add("u0", 7, "view")
    weeks = {week for _, _, week, _ in log.rates("stickiness", first=BEFORE)}
    assert weeks == {LAST}
    assert date(2024, 5, 6) not in weeks
