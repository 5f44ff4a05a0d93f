import pytest

from tests.test_questions.conftest import row_of, week


def test_a_start_is_learning_of_what_was_bought_within_seven_days(log):
    log.insert("items", {"item_id": "plan", "kind": "membership"})
    for person in range(30):
        log.add(f"u{person}", 14, "purchase", item_id="i", amount=10)
        log.add(f"young{person}", 7, "purchase", item_id="i", amount=10)
    for person in range(29):
        log.add(f"few{person}", 21, "purchase", item_id="i", amount=10)
    for person in range(12):
        log.add(f"u{person}", 7, "learn", item_id="i")  # seven days later
    log.add("u12", 6, "learn", item_id="i")  # eight
    log.add("u13", 10, "learn", item_id="other")
    log.add("u14", 15, "learn", item_id="i")  # a trial before
    log.add("u0", 14, "purchase", item_id="plan", amount=99)  # a membership is not learnt
    log.add("free", 14, "purchase", item_id="i", amount=0)
    log.add("few0", 14, "purchase", item_id="i", amount=10)  # the second time
    rows = log.answer("start_rate")
    row = row_of(rows, week(1))
    assert (row["bought"], row["begun"]) == (30, 12)
    assert row["share"] == pytest.approx(12 / 30)
    assert (row_of(rows, week(0))["bought"], row_of(rows, week(0))["share"]) == (30, None)
    assert (row_of(rows, week(2))["bought"], row_of(rows, week(2))["share"]) == (29, None)


def test_completion_is_of_the_whole_item_by_a_fixed_age(log):
    for person in range(30):
        log.add(f"u{person}", 42, "enrol", item_id="i")
        log.add(f"u{person}", 41, "learn", item_id="i", object_id="lesson")
    for person in range(6):
        log.add(f"u{person}", 20, "complete", item_id="i")
    for person in range(6, 8):
        log.add(f"u{person}", 14, "complete", item_id="i", object_id="i")  # on the 28th day after
    log.add("u8", 13, "complete", item_id="i")  # on the 29th
    log.add("u9", 20, "complete", item_id="i", object_id="lesson")
    for person, returned, day in (("whole", 10, 30), ("part", 4, 30), ("later", 10, 13)):
        log.add(person, 42, "purchase", item_id="i", amount=10)
        log.add(person, day, "refund", item_id="i", amount=returned)
    log.add("blank", 42, "purchase", item_id="i", amount=10)
    log.add("blank", 30, "refund", item_id="i")  # of how much is not said: of everything
    row = row_of(log.answer("completion"), week(5))
    assert (row["enrolled"], row["started_28d"]) == (32, 30)  # refunded in part, or later, are in it
    assert row["of_enrolled_28d"] == pytest.approx(8 / 32)
    assert row["of_started_28d"] == pytest.approx(8 / 30)
    assert row["of_enrolled_56d"] is None  # not over yet


def test_completion_of_few_is_not_told(log):
    for person in range(29):
        log.add(f"u{person}", 42, "enrol", item_id="i")
        log.add(f"u{person}", 41, "complete", item_id="i")
    row = row_of(log.answer("completion"), week(5))
    assert (row["enrolled"], row["started_28d"], row["of_enrolled_28d"]) == (29, 29, None)


def test_members_of_a_camp_are_to_check_in_on_every_day_it_is_open(log):
    camp = {"activity_id": "camp", "kind": "camp", "starts_at": log.at(21, 0), "ends_at": log.at(7, 0)}
    log.insert("activities", camp)
    log.insert("activities", {**camp, "activity_id": "talk", "kind": "lecture"})
    for person in range(5):
        log.add(f"u{person}", 21, "check_in", object_id="camp")  # joins on Monday: six days are due in the week
    for day in range(8, 21):
        log.add("u0", day, "check_in", object_id="camp")
    log.add("u0", 8, "check_in", object_id="camp")  # twice on a day is one day
    for day in (19, 18):
        log.add("u1", day, "check_in", object_id="camp")
    log.add("u2", 7, "check_in", object_id="camp")  # it is over
    log.add("u2", 19, "check_in", object_id="talk")
    log.add("u5", 15, "check_in", object_id="camp")  # joins on Sunday: due from Monday on
    rows = log.answer("check_in")
    first, second = (row_of(rows, week(number)) for number in (2, 1))
    assert (first["days_due"], first["days_kept"]) == (5 * 6, 6 + 2)
    assert first["share"] == pytest.approx(8 / 30)
    assert (second["days_due"], second["days_kept"]) == (6 * 7, 7)
    assert second["share_8w"] == pytest.approx((8 + 7) / (30 + 42))
    assert [row["week"] for row in rows] == [week(2), week(1)]


def test_check_in_of_few_days_is_not_told(log):
    camp = {"activity_id": "camp", "kind": "camp", "starts_at": log.at(7, 0), "ends_at": log.at(-7, 0)}
    log.insert("activities", camp)
    for day in (7, 6):
        log.add("u0", day, "check_in", object_id="camp")
    (row,) = log.answer("check_in")
    assert (row["days_due"], row["days_kept"], row["share"]) == (6, 1, None)
