from random import Random

import pytest

from features.rates import engagement, learning, retention
from tests.test_questions.conftest import Log, row_of, week


def crowd(log, name, size, *days, kind="view", **columns):
    """So many people, named one by one, who do something on each of the days before AS_OF."""
    for person in range(size):
        for day in days:
            log.add(f"{name}{person}", day, kind, **columns)


def test_the_triangle_follows_newcomers_week_by_week(log):
    crowd(log, "u", 30, 21)
    crowd(log, "u", 12, 14, 13)  # twice in the week after is once
    crowd(log, "u", 3, 7)
    for person in range(12, 18):
        log.add(f"u{person}", 1, "view")
    log.add("u20", 14, "login")  # no act
    log.add("seen", 63, "view")
    log.add("seen", 21, "view")  # no newcomer
    crowd(log, "few", 29, 28, 21)
    crowd(log, "young", 30, 7)
    rows = log.answer("retention_triangle")
    row = row_of(rows, week(2))
    assert row["newcomers"] == 30
    assert row["week_1"] == pytest.approx(12 / 30)
    assert row["week_2"] == pytest.approx(9 / 30)  # bounded: nine in that very week
    assert row["week_3"] is None  # that week is not over
    assert (row_of(rows, week(3))["newcomers"], row_of(rows, week(3))["week_1"]) == (29, None)
    assert (row_of(rows, week(0))["newcomers"], row_of(rows, week(0))["week_1"]) == (30, None)


def test_ages_that_no_week_has_reached_are_left_out(log):
    crowd(log, "u", 30, 21, 14, 7)
    ages = {age for _, _, _, age in log.rates("retention", first=week(2))}
    assert ages == {7, 14}
    assert log.rates("retention", first=week(0)) == {}


def test_each_state_is_kept_at_its_own_rate(log):
    crowd(log, "new", 30, 14)
    crowd(log, "new", 9, 7)
    crowd(log, "current", 30, 21, 14)
    crowd(log, "current", 15, 7)
    crowd(log, "back", 30, 28, 14)
    crowd(log, "back", 6, 7)
    crowd(log, "four", 1, 42, 14)  # seen four weeks ago: absent for three
    crowd(log, "five", 30, 49, 14)  # absent for four
    crowd(log, "five", 3, 7)
    row = row_of(log.answer("state_retention"), week(1))
    assert (row["new"], row["current"], row["reactivated"], row["resurrected"]) == (30, 30, 31, 30)
    assert row["new_stayed"] == pytest.approx(9 / 30)
    assert row["current_stayed"] == pytest.approx(15 / 30)
    assert row["reactivated_stayed"] == pytest.approx(6 / 31)
    assert row["resurrected_stayed"] == pytest.approx(3 / 30)
    assert row["new_stayed_8w"] == pytest.approx((30 + 9) / (30 + 1 + 30 + 30 + 30))  # a ratio of sums
    young = row_of(log.answer("state_retention"), week(0))
    assert (young["current"], young["current_stayed"]) == (9 + 15 + 6 + 3, None)


def test_win_back_is_of_those_who_were_away_when_the_week_began(log):
    crowd(log, "dormant", 40, 28)
    crowd(log, "dormant", 8, 7)
    crowd(log, "eight", 1, 63)  # absent for seven weeks
    crowd(log, "churned", 30, 70)  # for eight
    crowd(log, "churned", 3, 1)
    crowd(log, "active", 5, 14, 7)
    crowd(log, "risk", 5, 14)  # acted in the week before: not away yet
    crowd(log, "new", 5, 7)
    row = row_of(log.answer("win_back"), week(0))
    assert (row["away"], row["came_back"]) == (71, 11)
    assert row["share"] == pytest.approx(11 / 71)
    assert row["dormant_share"] == pytest.approx(8 / 41)
    assert row["churned_share"] == pytest.approx(3 / 30)
    few = row_of(log.answer("win_back"), week(7))  # those of ten weeks ago had been away for one
    assert (few["away"], few["share"], few["churned_share"]) == (30, 0, None)


def test_win_back_of_few_is_not_told(log):
    crowd(log, "dormant", 29, 28, 7)
    row = row_of(log.answer("win_back"), week(0))
    assert (row["away"], row["came_back"], row["share"]) == (29, 29, None)


def test_churn_is_silence_for_28_days_after_four_weeks_with_an_act(log):
    crowd(log, "u", 30, 35)
    crowd(log, "u", 10, 28)  # back in the next week
    for person in range(10, 15):
        log.add(f"u{person}", 1, "view")  # on the last of the 28 days
    log.add("fourth", 56, "view")  # in the first of the four weeks
    log.add("fifth", 57, "view")  # in the one before it
    log.add("u20", 20, "login")  # no act
    rows = log.answer("churn")
    row = row_of(rows, week(4))
    assert (row["active_28d"], row["gone"]) == (31, 16)
    assert row["share"] == pytest.approx(16 / 31)
    young = row_of(rows, week(3))
    assert (young["active_28d"], young["gone"], young["share"]) == (30, None, None)
    few = row_of(rows, week(5))
    assert (few["active_28d"], few["gone"], few["share"]) == (2, 2, None)
    assert rows[0]["week"] == week(5)  # before it the logs do not hold four weeks


def test_first_buyers_learn_in_the_week_after(log):
    crowd(log, "u", 30, 14, kind="purchase", item_id="i", amount=10)
    crowd(log, "u", 12, 7, 1, kind="learn", item_id="other")
    log.add("u20", 14, "learn", item_id="i")  # in the same week
    log.add("again", 21, "purchase", amount=10)
    log.add("again", 14, "purchase", amount=10)  # no first one
    log.add("free", 14, "purchase", amount=0)
    log.add("young", 7, "purchase", amount=10)
    rows = log.answer("first_buyer_learning")
    row = row_of(rows, week(1))
    assert (row["first_buyers"], row["learning"]) == (30, 12)
    assert row["share"] == pytest.approx(12 / 30)
    assert (row_of(rows, week(2))["first_buyers"], row_of(rows, week(2))["share"]) == (1, None)
    assert row_of(rows, week(0))["learning"] is None


KINDS = ("view", "search", "favourite", "enrol", "purchase", "learn", "complete", "check_in", "login", "refund")
OF_PEOPLE = [rate.name for rate in (*engagement.RATES, *retention.RATES, *learning.RATES)]


@pytest.fixture(scope="module")
def busy():
    """Twelve weeks of thirty people who do this and that."""
    log, random = Log(), Random(7)
    camp = {"activity_id": "camp", "kind": "camp", "starts_at": log.at(70, 0), "ends_at": log.at(14, 0)}
    log.insert("activities", camp)
    for person in range(30):
        log.add(f"u{person}", random.randrange(40, 84), "register")
        for _ in range(12):
            kind = random.choice(KINDS)
            paid = {"amount": 10} if kind in ("purchase", "refund") else {}
            on = {"object_id": "camp"} if kind == "check_in" else {"item_id": random.choice("abc"), **paid}
            log.add(f"u{person}", random.randrange(1, 84), kind, **on)
    return log


def test_who_did_are_some_of_who_could(busy):
    rows = busy.rates(*OF_PEOPLE)
    assert {name for name, *_ in rows} == set(OF_PEOPLE)
    assert all(0 <= row["numerator"] <= row["denominator"] for row in rows.values())
    told = [row for row in rows.values() if row["low_95"] is not None]
    assert told
    assert all(row["low_95"] <= row["value"] <= row["high_95"] for row in told)


def test_what_happens_later_changes_no_mature_row(busy):
    early = busy.rates(*OF_PEOPLE, as_of=week(3))  # the same log holds four weeks more
    late = busy.rates(*OF_PEOPLE)
    mature = {key: row for key, row in early.items() if row["mature"]}
    assert {name for name, *_ in mature} == set(OF_PEOPLE)
    assert {key: late[key] for key in mature} == mature
    assert all(monday < week(3) for _, _, monday, _ in early)
