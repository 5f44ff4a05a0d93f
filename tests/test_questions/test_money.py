from datetime import UTC, date, datetime, timedelta

import pytest

from tests.test_features.conftest import AS_OF
from tests.test_questions.conftest import told, week


def instant(day):
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def buy(log, user, ago, *, amount=10, item="i", order=None):
    log.add(user, ago, "purchase", item_id=item, amount=amount, object_id=order or f"o-{user}-{ago}-{item}")


def test_money_flow_counts_orders_not_lines_and_a_refund_on_its_own_day(log):
    kpis = {"gmv": 4000, "refunds": 400, "net": 3600, "payers": 40, "orders": 50}
    before = {"gmv": 2000, "refunds": 200, "net": 1800, "payers": 20, "orders": 20}
    for monday, values in ((week(0), kpis), (week(1), before)):
        log.fill("marts.weekly_kpis", [{"week": monday, "kpi": kpi, "value": v} for kpi, v in values.items()])
    rows = told(log, "money_flow")
    last = rows[week(0)]
    assert (last["net_change"], last["paid_per_payer"], last["paid_per_order"]) == (1, 100, 80)  # 4000/40, 4000/50
    assert last["net_per_payer"] == 90
    assert rows[week(1)]["paid_per_payer"] is None  # 20 payers


def test_conversion_gives_everybody_who_registers_the_same_days(log):
    for person in range(40):  # all of them on the Monday seven weeks ago
        log.add(f"u{person}", 49, "register")
        if person < 4:
            buy(log, f"u{person}", 49 - 7)  # on the seventh day after
        elif person < 6:
            buy(log, f"u{person}", 49 - 8)
        elif person < 8:
            buy(log, f"u{person}", 49 - 5, amount=0)  # a free order is no purchase
    row = told(log, "conversion")[week(6)]
    assert (row["registered"], row["paid_7d"], row["paid_14d"], row["paid_30d"]) == (40, 4, 6, 6)
    assert (row["share_7d"], row["share_14d"]) == (0.1, 0.15)


def test_conversion_of_the_newest_week_is_not_told_yet_and_of_few_people_never(log):
    for person in range(40):
        log.add(f"u{person}", 7, "register")
        buy(log, f"u{person}", 7)
    for person in range(29):
        log.add(f"v{person}", 49, "register")
    log.add("v0", 1, "view")
    rows = told(log, "conversion")
    young, few = rows[week(0)], rows[week(6)]
    assert (young["registered"], young["paid_7d"], young["share_7d"]) == (40, None, None)
    assert (few["registered"], few["paid_7d"], few["share_7d"]) == (29, 0, None)


def test_people_without_a_register_event_are_dated_by_their_record_unless_they_are_staff(log):
    log.timezone = "Asia/Shanghai"
    begins = datetime(2024, 3, 10, 16, tzinfo=UTC)  # Monday 2024-03-11 00:00 in Shanghai
    for person in range(31):
        log.insert("users", {"user_id": f"u{person}", "registered_at": begins, "batch_id": "b"})
    log.insert("roles", {"user_id": "u0", "role": "staff", "from": begins})
    for ago in range(60):
        log.add("v", ago + 1, "view")
    row = told(log, "conversion")[date(2024, 3, 11)]
    assert (row["registered"], row["share_30d"]) == (30, 0)


def test_paying_rate_is_of_the_active(log):
    for person in range(50):
        log.add(f"u{person}", 7, "view")
        log.add(f"w{person}", 7, "login")  # a kept token is nobody's act
    for person in range(10):
        buy(log, f"u{person}", 6)
        buy(log, f"u{person}", 5)
    buy(log, "u49", 5, amount=0)
    row = told(log, "paying_rate")[week(0)]
    assert (row["payers"], row["active"], row["share"]) == (10, 50, 0.2)
    assert row["low_95"] < 0.2 < row["high_95"]


def test_repeat_purchase_counts_another_day_and_no_renewal(log):
    log.add("early", 130, "view")  # the log is old enough for ninety days
    for person in range(30):
        buy(log, f"u{person}", 100, item="m" if person == 4 else "i")
    buy(log, "u0", 100, item="j")  # the same day: one purchase, split
    buy(log, "u1", 70)  # the thirtieth day
    buy(log, "u2", 69)  # the thirty-first
    buy(log, "u3", 80, amount=0)
    buy(log, "u4", 72, item="m")  # the term is renewed
    ends = instant(AS_OF - timedelta(days=70))
    log.insert(
        "entitlements", {"user_id": "u4", "item_id": "m", "starts_at": instant(date(2024, 1, 27)), "ends_at": ends}
    )
    rows = told(log, "repeat_purchase")
    row = rows[week(14)]  # 100 days ago lies in the week 105 to 99 days ago
    assert (row["first_buyers"], row["again_30d"], row["again_90d"]) == (30, 1, 2)
    assert row["share_30d"] == pytest.approx(1 / 30)
    assert row["share_90d"] == pytest.approx(2 / 30)
    assert row["buyers_trailing_90d"] is None  # 99 days before its end are not in the log


def test_repeat_trailing_looks_back_ninety_days_from_the_end_of_each_week(log):
    log.add("early", 120, "view")
    log.add("late", 1, "view")
    for person in range(40):
        buy(log, f"u{person}", 90 if person < 39 else 91)
    for person in range(10):
        buy(log, f"u{person}", 20)
    row = told(log, "repeat_purchase")[week(0)]
    assert (row["buyers_trailing_90d"], row["share_trailing_90d"]) == (39, pytest.approx(10 / 39))


def term(log, user, starts, ends, *, order, item="m"):
    """A right to `item`, bought by `order` on the day it begins (days before AS_OF)."""
    buy(log, user, starts, item=item, order=order)
    days = (AS_OF - timedelta(days=starts), AS_OF - timedelta(days=ends))
    row = {"user_id": user, "item_id": item, "order_id": order}
    log.insert("entitlements", row | {"starts_at": instant(days[0]), "ends_at": instant(days[1])})


def test_renewal_counts_terms_due_in_their_week_however_early_they_are_renewed(log):
    for person in range(33):
        term(log, f"u{person}", 60, 30, order=f"a{person}")  # due 30 days ago: the week 35 to 29 days ago
    buy(log, "u0", 55, item="m", order="b0")  # 25 days early
    buy(log, "u1", 23, item="m", order="b1")  # seven days late
    buy(log, "u2", 22, item="m", order="b2")  # eight days late
    buy(log, "u3", 30, item="other", order="b3")
    buy(log, "u4", 30, item="m", order="b4", amount=0)
    log.add("u5", 50, "refund", item_id="m", object_id="a5", amount=10)  # was paid back: never due
    row = told(log, "renewal")[week(4)]
    assert (row["due"], row["renewed"], row["share"]) == (32, 2, 2 / 32)


def test_renewals_of_the_newest_weeks_wait_and_few_terms_are_told_together(log):
    for person in range(20):
        term(log, f"u{person}", 40, 10, order=f"a{person}")
        term(log, f"v{person}", 47, 17, order=f"b{person}")
    term(log, "u0", 10, -20, order="c")
    rows = told(log, "renewal")
    assert (rows[week(1)]["due"], rows[week(1)]["share"]) == (20, None)
    assert rows[week(1)]["share_26w"] == pytest.approx(1 / 40)  # of u and v, one renewed
    assert rows[week(2)]["share_26w"] is None  # v alone
    assert all(row["due"] for row in rows.values())


def refunded(log):
    """32 orders of 100 in the week that ended eight weeks ago and 40 in the newest; refunds of the former."""
    for person in range(32):
        buy(log, f"u{person}", 63, amount=60, item="i", order=f"o{person}")
        buy(log, f"u{person}", 63, amount=40, item="j", order=f"o{person}")  # two lines, one order
    for person in range(40):
        buy(log, f"v{person}", 3, amount=100)
    log.add("u0", 56, "refund", object_id="o0", item_id="i", amount=60)  # the seventh day, in part
    log.add("u1", 50, "refund", object_id="o1", amount=50)  # the thirteenth
    log.add("u1", 49, "refund", object_id="o1", amount=50)  # the rest a day later: an order counts once
    log.add("u2", 5, "refund", object_id="o2", amount=100)  # too late for the cohort, cash of the newest week


def test_refunds_by_cohort_follow_the_order_and_count_a_part_by_its_amount(log):
    refunded(log)
    rows = told(log, "refunds_by_cohort")
    row = rows[week(8)]
    assert row["orders"] == 32
    assert (row["orders_share_7d"], row["orders_share_14d"], row["orders_share_30d"]) == (1 / 32, 2 / 32, 2 / 32)
    assert row["amount_share_7d"] == pytest.approx(60 / 3200)
    assert row["amount_share_14d"] == pytest.approx(160 / 3200)
    young = rows[week(0)]
    assert (young["orders"], young["orders_share_7d"], young["amount_share_7d"]) == (40, None, None)


def test_refunds_in_cash_disagree_with_those_by_cohort(log):
    refunded(log)
    rows = told(log, "refunds_cash")
    last, then = rows[week(0)], rows[week(8)]
    assert (last["refunded"], last["paid"], last["cash_share"]) == (100, 4000, 0.025)
    assert last["cohort_share_30d"] is None
    assert (then["cash_share"], then["cohort_share_30d"]) == (0, pytest.approx(160 / 3200))


def test_a_share_of_money_is_not_told_of_few_orders_however_dear(log):
    for person in range(29):
        buy(log, f"u{person}", 63, amount=1000)
    log.add("u0", 60, "refund", object_id="o-u0-63-i", amount=1000)
    row = told(log, "refunds_by_cohort")[week(8)]
    assert (row["orders"], row["orders_share_7d"], row["amount_share_7d"]) == (29, None, None)


def test_a_refund_with_a_number_of_its_own_belongs_to_the_last_order_of_its_item(log):
    for person in range(30):
        buy(log, f"u{person}", 70, order=f"old{person}")
        buy(log, f"u{person}", 63, order=f"new{person}")
    log.add("u0", 62, "refund", object_id="C1", item_id="i", amount=10)
    log.add("u1", 62, "refund", object_id="C2", item_id="never bought", amount=10)
    rows = told(log, "refunds_by_cohort")
    assert rows[week(8)]["orders_share_7d"] == 1 / 30
    assert rows[week(9)]["orders_share_14d"] == 0


def shelve(log, item, **columns):
    row = {"item_id": item, "price": 10, "batch_id": "b", "published_at": instant(date(2024, 1, 1)), **columns}
    log.insert("items", row)


def test_sell_through_leaves_out_new_free_and_withdrawn_items(log):
    for number in range(40):
        shelve(log, f"i{number}")
    shelve(log, "free", price=0)
    shelve(log, "new", published_at=instant(AS_OF - timedelta(days=6)))  # on the Tuesday of the newest week
    shelve(log, "gone", withdrawn_at=instant(AS_OF - timedelta(days=8)))
    for item in ("i0", "i0", "i1", "free", "new", "unlisted"):
        buy(log, "u", 3, item=item)
    row = told(log, "sell_through")[week(0)]
    assert (row["sold"], row["on_sale"], row["share"]) == (2, 40, 0.05)


def sold(log):
    """A week of 40 orders: items a to j, four orders each; a costs 30, the others 10; half of a is paid back."""
    for number, item in enumerate("abcdefghij"):
        shelve(log, item, author_id="ann" if item == "a" else f"t{number}")
        for person in range(4):
            buy(log, f"u{person}", 3, item=item, amount=30 if item == "a" else 10)
    log.add("u0", 2, "refund", object_id="o-u0-3-a", item_id="a", amount=60)


def test_concentration_is_of_net_receipts(log):
    sold(log)  # net: a 120 - 60 = 60, nine others 40 each: 420; five best 60 + 4 x 40 = 220
    row = told(log, "concentration")[week(0)]
    assert (row["net_of_five"], row["net"], row["share"]) == (220, 420, pytest.approx(220 / 420))


def test_teacher_share_names_no_more_than_twenty(log):
    sold(log)
    for number in range(20):
        shelve(log, f"k{number}", author_id=f"x{number:02}")
        buy(log, "v", 3, item=f"k{number}", amount=1)
    rows = log.answer("teacher_share")
    assert rows[0] == {"week": week(0), "author": "ann", "net": 60, "share": 60 / 440, "place": 1}
    assert len(rows) == 21
    (others,) = [row for row in rows if row["author"] == "(others)"]
    assert others["net"] == 10  # ten of the twenty of 1 each


def test_teachers_are_ratios_of_sums_over_their_items(log):
    log.fill(
        "marts.item_performance",
        [
            {"item_id": "a", "author_id": "ann", "on_sale": True, "revenue_28d": 60, "revenue_previous_28d": 0}
            | {
                "paid_28d": 120,
                "refunded_28d": 60,
                "orders_28d": 20,
                "cohort_28d_people": 10,
                "cohort_28d_completed": 1,
            }
            | {"rating_count": 10, "rating_mean": 5.0},
            {"item_id": "b", "author_id": "ann", "on_sale": False, "revenue_28d": 80, "revenue_previous_28d": 50}
            | {
                "paid_28d": 80,
                "refunded_28d": 0,
                "orders_28d": 10,
                "cohort_28d_people": 30,
                "cohort_28d_completed": 9,
            }
            | {"rating_count": 30, "rating_mean": 4.0},
            {"item_id": "c", "author_id": "bob", "on_sale": True, "revenue_28d": 60, "revenue_previous_28d": 50}
            | {
                "paid_28d": 60,
                "refunded_28d": 0,
                "orders_28d": 29,
                "cohort_28d_people": 29,
                "cohort_28d_completed": 29,
            }
            | {"rating_count": 29, "rating_mean": 5.0},
        ],
    )
    ann, bob = log.answer("teachers")
    assert (ann["author"], ann["items_on_sale"], ann["net_28d"]) == ("ann", 1, 140)
    assert (ann["share_28d"], ann["share_previous_28d"]) == (0.7, 0.5)
    assert (ann["refund_share_28d"], ann["completion_28d"], ann["stars"]) == (0.3, 0.25, 4.25)
    assert (bob["refund_share_28d"], bob["completion_28d"], bob["stars"]) == (None, None, None)


def test_coupons_that_are_offered_were_not_claimed(log):
    for person in range(30):
        log.add(f"u{person}", 60, "coupon", object_id=f"c{person}", properties='{"action":"offered"}')
        log.add(f"u{person}", 49, "coupon", object_id=f"c{person}", properties='{"action":"claimed"}')
    log.add("u0", 49, "coupon", object_id="c0", parent_id="o0")  # used on the day
    log.add("u1", 41, "coupon", object_id="c1", parent_id="o1")  # on the eighth day
    log.add("u99", 30, "coupon", object_id="c99", parent_id="o99")  # used, but nobody tells of a claim
    log.add("u98", 60, "coupon", object_id="c98", properties='{"action":"offered"}')
    rows = told(log, "coupons")
    assert list(rows) == [week(6)]
    row = rows[week(6)]
    assert (row["claimed"], row["used_7d"], row["used_30d"]) == (30, 1, 2)
    assert (row["share_7d"], row["share_30d"]) == (1 / 30, 2 / 30)


def test_best_and_worst_items_leave_new_ones_out_of_the_worst(log):
    rows = [
        {"item_id": f"i{n:02}", "on_sale": True, "price": 10, "days_on_sale": 100, "revenue_28d": n, "users_28d": 1}
        for n in range(15)
    ]
    new = {"item_id": "new", "on_sale": True, "price": 10, "days_on_sale": 27, "revenue_28d": 0, "users_28d": 0}
    gone = {"item_id": "gone", "on_sale": False, "price": 10, "days_on_sale": 90, "revenue_28d": 99, "users_28d": 5}
    log.fill("marts.item_performance", [*rows, new, gone])
    named = [(row["side"], row["place"], row["item_id"]) for row in log.answer("best_and_worst_items")]
    assert named[:2] == [("best", 1, "gone"), ("best", 2, "i14")]
    assert len(named) == 20
    assert named[10:12] == [("worst", 1, "i00"), ("worst", 2, "i01")]


def test_channels_compare_the_people_brought_with_what_they_spend(log):
    log.fill(
        "marts.channel_quality",
        [
            {"channel": "ads", "users": 60, "active_28d": 15, "spend_total": 100},
            {"channel": "friends", "users": 20, "active_28d": 20, "spend_total": 300},
        ],
    )
    ads, friends = log.answer("channels")
    assert (ads["share_of_users"], ads["share_of_spend"], ads["active_share_28d"]) == (0.75, 0.25, 0.25)
    assert (friends["channel"], friends["active_share_28d"]) == ("friends", None)
