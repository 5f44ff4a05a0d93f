"""Exports of real shape become the events that they mean, to the row, the instant and the cent."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from lyceum.sources import check, listing


def at(*parts):
    return datetime(2026, 7, *parts, tzinfo=UTC)


@pytest.mark.parametrize("name", [name for name, _ in listing()])
def test_every_shipped_source_is_right_and_has_a_title(name):
    assert check(name) == []
    assert dict(listing())[name]


def test_xapi(take):
    taken = take("xapi")
    columns = "occurred_at, user_id, event_type, object_id, item_id, duration_ms, session_id"
    k = "https://k.example"
    assert taken.rows("events", columns, "occurred_at") == [
        (
            at(14, 2, 7),
            taken.person("mailto:u1002@k.example"),
            "learn",
            f"{k}/video/v77",
            f"{k}/course/c9",
            None,
            "r-1",
        ),
        (
            *(at(14, 2, 10, 5, 120000), taken.person("u1001"), "complete"),
            *(f"{k}/video/v77", f"{k}/course/c9", 195_000, None),
        ),
        (at(14, 4), None, "attend", f"{k}/live/l1", f"{k}/live/l1", None, None),  # a group is nobody
        (
            *(at(14, 5, 0, 0, 500000), taken.person("ebd31e95054c018b10727ccffd2ef2ec3a016ee9"), "submit"),
            *(f"{k}/quiz/q1", f"{k}/course/c9", None, None),
        ),
        (
            at(14, 6),
            taken.person("https://id.example/u1003"),
            "enrol",
            f"{k}/course/c9",
            f"{k}/course/c9",
            None,
            None,
        ),
    ]
    # skipped: voided, voiding, paused; duplicate: sent again; rejected: a year is no length of time, a cut line
    assert taken.accounts == {"events.statements": (11, 4, 3, 1, 1, 2, 0)}
    assert taken.rows("rejects", "file, line, code") == [
        ("statements-1.jsonl", 9, "bad_duration_ms"),
        ("statements-1.jsonl", 10, "bad_json"),
    ]
    assert taken.rows("events", "properties", "occurred_at")[1] == ('{"score":"0.8"}',)
    assert "@k.example" not in taken.everything()


def test_caliper(take):
    taken = take("caliper")
    user, k = "https://k.example/user/", "https://k.example"
    assert taken.rows(
        "events", "occurred_at, user_id, event_type, object_id, item_id, session_id", "occurred_at"
    ) == [
        (at(14, 2, 7), taken.person(f"{user}u1001"), "learn", f"{k}/video/v77", None, None),
        (
            *(at(14, 2, 12), taken.person(f"{user}u1002"), "complete", f"{k}/video/v77", f"{k}/course/c9"),
            f"{k}/session/s1",
        ),
        (at(14, 2, 14), taken.person(f"{user}u1003"), "login", k, None, f"{k}/session/s2"),
        (at(14, 2, 15), taken.person(f"{user}u1003"), "learn", f"{k}/video/v78", f"{k}/course/c9", None),
        (at(14, 4, 30), taken.person(f"{user}u1001"), "submit", f"{k}/quiz/q1", f"{k}/course/c9", None),
    ]
    # an envelope of three is three rows, the one without data one row
    assert taken.accounts == {"events.events": (4, 3, 1, 0, 0, 0, 0), "events.envelopes": (4, 2, 2, 0, 0, 0, 0)}
    positions = taken.rows("events", "properties, duration_ms", "occurred_at")
    assert positions[0] == ('{"position_ms":30}', None)
    assert positions[3] == ('{"position_ms":90000}', None)


def test_openedx(take):
    taken = take("openedx")
    course = "course-v1:K+C9+2026"
    lin, wei = taken.person("1001"), taken.person("1002")
    assert taken.rows("events", "occurred_at, user_id, event_type, object_id, item_id, parent_id", "occurred_at") == [
        (at(13, 16, 30), wei, "enrol", None, course, None),  # enrolled by somebody else
        (at(14, 2, 7, 0, 57000), lin, "learn", "v77", course, None),
        (at(14, 2, 11), lin, "complete", "v77", course, None),
        (at(14, 2, 20, 1), lin, "submit", "p1", course, None),
        (at(14, 3), wei, "post", "t1", course, None),  # the name wins over the address
        (at(14, 3, 30), lin, "answer", "r1", course, "t1"),
    ]
    # skipped: no user, the browser's half of problem_check, an address; rejected: JSON that was cut off inside JSON
    assert taken.accounts == {"events.acts": (10, 6, 3, 0, 0, 1, 0), "posts.threads": (10, 1, 9, 0, 0, 0, 0)}
    assert taken.rows("rejects", "line, code") == [(10, "bad_object_id")]
    assert taken.rows("posts", "object_id, user_id, title") == [("t1", wei, "如何写开头")]
    assert taken.rows("events", "event_date::VARCHAR", "occurred_at")[0] == (
        "2026-07-14",
    )  # half past midnight there


def test_xiaoetong(take):
    taken = take("xiaoetong")
    x, y, z = (taken.person(f"u_66aa1{end}") for end in ("0_kX", "1_kY", "2_kZ"))
    columns = "object_id, event_type, occurred_at, user_id, item_id, amount, currency"
    assert taken.rows("events", columns, "object_id, event_type") == [
        ("o_17840_0001", "purchase", at(14, 2, 2, 40), x, "p_66aa_77", Decimal("199.00"), "CNY"),
        ("o_17840_0001", "refund", at(20, 0), x, "p_66aa_77", Decimal("199.00"), "CNY"),
        ("o_17840_0003", "purchase", at(14, 3, 0, 5), y, "m_66aa_01", Decimal("99.90"), "CNY"),
        ("o_17840_0003", "refund", at(15, 1), y, "m_66aa_01", Decimal("49.95"), "CNY"),  # 4995 分
        ("o_17840_0004", "purchase", at(14, 4), z, "a_66aa_02", Decimal("0.00"), "CNY"),  # free: no time of payment
        ("o_17840_0101", "purchase", at(14, 0), x, "p_66aa_77", Decimal("199.00"), "CNY"),
        ("o_17840_0103", "purchase", at(14, 2, 0, 30), y, "p_66aa_78", Decimal("99.50"), "CNY"),
        ("o_17840_0103", "refund", at(14, 16, 30), y, "p_66aa_78", Decimal("99.50"), "CNY"),
    ]
    # of six rows of the API: one unpaid, one delivered again, one price without a point
    assert taken.accounts == {
        "events.export_purchases": (3, 2, 1, 0, 0, 0, 0),
        "events.export_refunds": (3, 1, 2, 0, 0, 0, 0),
        "events.api_purchases": (6, 3, 1, 0, 1, 1, 0),
        "events.api_refunds": (6, 2, 4, 0, 0, 0, 0),
        "items.api_items": (6, 3, 0, 0, 3, 0, 0),
    }
    assert taken.rows("rejects", "file, line, code") == [("orders-1.jsonl", 5, "bad_amount")]
    assert taken.rows("items", "item_id, kind, title, known_at") == [
        ("a_66aa_02", "lesson", "试听", at(14, 4)),
        ("m_66aa_01", "membership", "会员年卡", at(14, 3)),
        ("p_66aa_77", "course", "写作训练营", at(14, 2, 2, 11)),
    ]


def test_youzan(take):
    taken = take("youzan")
    columns = "event_id, event_type, occurred_at, user_id, item_id, amount, object_id"
    first, closed, mixed = (f"E202607141{n}" for n in ("00240000000001", "20000000000003", "40000000000005"))
    one, two, three = (taken.person(f"yz-100{n}") for n in (1, 2, 3))
    assert taken.rows("events", columns, "event_id") == [
        ("paid-2801", "purchase", at(14, 2, 2, 40), one, "5501", Decimal("199.00"), first),
        ("paid-2802", "purchase", at(14, 2, 2, 40), one, "5502", Decimal("99.00"), first),
        ("paid-2804", "purchase", at(14, 4, 0, 9), two, "5502", Decimal("99.00"), closed),
        ("paid-2807", "purchase", at(14, 6, 0, 9), three, "5502", Decimal("99.00"), mixed),
        ("refunded-2804", "refund", at(15, 16, 10), two, "5502", Decimal("99.00"), closed),
    ]
    # five trades of seven lines; left out: unpaid, a group that is not full, the notebook
    assert taken.accounts == {
        "events.purchases": (7, 4, 3, 0, 0, 0, 0),
        "events.refunds": (7, 1, 6, 0, 0, 0, 0),
        "items.trades": (7, 3, 1, 0, 3, 0, 0),
    }
    assert taken.rows("items", "item_id, title, price")[0] == ("5501", "写作课", Decimal("219.00"))
    assert "13800000000" not in taken.everything()


def test_discourse(take):
    taken = take("discourse")
    one, two, three = (taken.person(f"100{n}") for n in (1, 2, 3))
    columns = "event_id, event_type, occurred_at, user_id, target_user_id, object_id, parent_id, community_id"
    assert taken.rows("events", columns, "event_id") == [
        ("like-7", "like", at(14, 2, 50), one, two, "91", None, "5"),
        ("post-90", "post", at(14, 2, 30), one, None, "90", None, "5"),
        ("post-91", "comment", at(14, 2, 45), two, one, "91", "90", "5"),
        ("post-92", "comment", at(14, 3), one, two, "92", "91", "5"),
        ("post-95", "comment", at(14, 17), three, one, "95", "90", "5"),
        ("post-96", "post", at(15, 2, 30), two, None, "96", None, None),
        ("post-97", "comment", at(15, 2, 31), three, None, "97", None, None),
    ]
    # pages overlap by a post; a response with other columns is refused
    assert taken.accounts == {
        "events.posts": (7, 4, 2, 0, 1, 0, 0),
        "events.pages": (3, 2, 0, 0, 0, 1, 0),
        "events.likes": (3, 1, 2, 0, 0, 0, 0),
        "users.users": (3, 3, 0, 0, 0, 0, 0),
        "roles.bots": (3, 1, 2, 0, 0, 0, 0),
        "posts.topics": (7, 1, 6, 0, 0, 0, 0),
    }
    assert taken.result.misses == {"topics": 0, "replied": 0, "posts": 0}
    assert taken.rows("posts", "object_id, title") == [("90", "如何写开头")]
    assert taken.rows("roles", "user_id, role") == [(taken.person("-1"), "bot")]


def test_ga4(take):
    taken = take("ga4")
    user = taken.person("u1001")
    columns = "occurred_at, event_type, user_id, item_id, object_id, amount, quantity, session_id"
    assert taken.rows("events", columns, "occurred_at, item_id") == [
        (at(14, 2, 1, 40, 123456), "view", None, None, "https://k.example/c9", None, None, "178"),
        (at(14, 2, 1, 50), "view", user, "c9", None, None, None, "178"),
        (at(14, 2, 2), "search", user, None, None, None, None, None),
        (at(14, 2, 2, 40), "purchase", user, "c8", "o1", Decimal("99.00"), 2, "178"),
        (at(14, 2, 2, 40), "purchase", user, "c9", "o1", Decimal("199.00"), 1, "178"),
        (at(14, 12), "refund", user, None, "o1", Decimal("298.00"), None, None),
    ]
    assert taken.accounts == {"events.events": (7, 1, 4, 1, 0, 1, 0), "events.shop": (8, 4, 4, 0, 0, 0, 0)}
    assert taken.rows("rejects", "line, code") == [(7, "bad_occurred_at")]
    assert "12.34" not in taken.everything()  # the device


def test_segment(take):
    taken = take("segment")
    one, two = taken.person("u1001"), taken.person("u1002")
    columns = "event_id, event_type, occurred_at, user_id, item_id, amount, currency, quantity"
    assert taken.rows("events", columns, "event_id") == [
        ("m-1-1", "purchase", at(14, 2, 2, 40), one, "c9", Decimal("199.00"), "CNY", 1),
        ("m-2-1", "purchase", at(14, 3), two, "c9", Decimal("205.27"), "USD", 1),  # 299 * 219 / 319
        ("m-2-2", "purchase", at(14, 3), two, "c8", Decimal("93.73"), "USD", 2),  # 299 * 100 / 319
        ("m-3", "purchase", at(14, 3, 10), two, None, Decimal("9.90"), "CNY", None),
        ("m-4", "view", at(14, 3, 20), None, "c9", None, None, None),
        ("m-5", "view", at(14, 3, 25), two, None, None, None, None),
        ("m-8-1", "refund", at(15, 2), one, "c9", Decimal("199.00"), "CNY", 1),
    ]
    # the replay of m-1 is a duplicate; m-2 is two rows
    assert taken.accounts == {
        "events.acts": (9, 1, 7, 1, 0, 0, 0),
        "events.orders": (10, 5, 4, 0, 1, 0, 0),
        "users.identify": (9, 1, 8, 0, 0, 0, 0),
    }
    assert taken.rows("users", "user_id, registered_at, known_at") == [(two, at(1, 0), at(14, 2, 59))]
    everything = taken.everything()
    assert not [device for device in ("a9", "a10", "a11", "@k.example") if f"'{device}'" in everything]


def test_sensors(take):
    taken = take("sensors")
    one, two = taken.person("u1001"), taken.person("u1002")
    columns = "occurred_at, event_type, user_id, item_id, object_id, amount, duration_ms"
    assert taken.rows("events", columns, "occurred_at") == [
        (at(14, 2, 1, 40), "view", one, "c9", None, None, None),  # before log-in, on the device that became u1001's
        (at(14, 2, 2, 10), "login", one, None, None, None, None),
        (at(14, 2, 2, 40), "purchase", one, "c9", "o1", Decimal("199.00"), None),
        (at(14, 2, 3, 20), "login", two, None, None, None, None),  # a second account on the device
        (at(14, 2, 3, 30), "view", None, "c8", None, None, None),  # a device that was never tied
        (at(14, 2, 5, 0, 123000), "learn", one, "c9", "l1", None, 12_500),
    ]
    assert taken.accounts == {"events.acts": (10, 5, 3, 1, 0, 1, 0), "users.profiles": (10, 1, 9, 0, 0, 0, 0)}
    assert taken.rows("rejects", "line, code") == [(10, "bad_amount")]
    assert taken.rows("users", "user_id, known_at, attributes") == [
        (one, at(14, 2, 2, 20), '{"gender":"女","city":"杭州"}')
    ]
    assert "dev-" not in taken.everything()
