"""How cells become values: ids, amounts and times."""

from datetime import UTC, datetime
from types import SimpleNamespace as Case

import pytest

HEAD = "user,at,type,price,course,title\n"
AT = "2026-07-14T20:00:00Z"


def table(*rows: tuple[str, str, str]) -> str:
    """User, time and amount of rows whose item ids end in 1, 2, ..."""
    return HEAD + "".join(f'"{user}","{at}",view,"{price}",@-{n},\n' for n, (user, at, price) in enumerate(rows, 1))


def amounts(*prices: str) -> str:
    return table(*((f"u{n}", AT, price) for n, price in enumerate(prices)))


def users(*names: str) -> str:
    return table(*((name, AT, str(n)) for n, name in enumerate(names)))


def times(*moments: str) -> str:
    return table(*(("u1", moment, "") for moment in moments))


def utc(*numbers: int) -> tuple[datetime]:
    return (datetime(*numbers, tzinfo=UTC),)


PRICE, WHEN, WHO = ({"columns": name} for name in ("amount::VARCHAR", "occurred_at", "user_id"))
LANDED = {
    "amounts as they are written": Case(
        data=amounts("0", "-19.90", " 5 ", "+7", "1.005", "1e3", "19.", ""),
        **{"mapped": 8, "items": tuple("12345678"), **PRICE},
        values=[("0.00",), ("-19.90",), ("5.00",), ("7.00",), ("1.01",), ("1000.00",), ("19.00",), (None,)],
    ),
    "amounts that are none": Case(
        data=amounts(
            "1,234.5", "１２", "NaN", "Infinity", "-inf", "1.2.3", "0x10", "1_000", "¥5", "5元", "--5", "2e", "1"
        ),
        **{"mapped": 1, "items": ("13",), "rejected": {"bad_amount": 12}},
    ),
    "amounts beyond any money": Case(
        data=amounts("9223372036854775808", "1" + "0" * 40, "1e40", "-1e17", "9999999999999999.99", "1e99999"),
        **{
            "mapped": 1,
            "items": ("5",),
            "rejected": {"bad_amount": 5},
            **PRICE,
            "values": [("9999999999999999.99",)],
        },
    ),
    "ids as they are": Case(
        data=users("u 1", " u1", "u1", "U1", "用户", "😀", "null-1", "00", "it's; DROP TABLE x", "-1", "\u200b"),
        **{"mapped": 11, "items": ("1", "10", "11", *"23456789"), **WHO},
        values=[
            ("u 1",),
            ("-1",),
            ("\u200b",),
            (" u1",),
            ("u1",),
            ("U1",),
            ("用户",),
            ("😀",),
            ("null-1",),
            ("00",),
            ("it's; DROP TABLE x",),
        ],
    ),
    "ids that stand for nobody": Case(
        data=users("", "0", "null", "NULL", "undefined", "None", "NaN", " ", "nil", "u1"),
        **{"mapped": 1, "anonymous": 9, "items": ("1", "10", *"23456789"), **WHO},
        values=[(None,), ("u1",), *[(None,)] * 8],
    ),
    "an id of 100 KB": Case(
        data=users("u" * 100_000), mapped=1, items=("1",), columns="length(user_id)", values=[(100_000,)]
    ),
    "ISO times": Case(
        data=times(
            AT,
            "2026-07-14 20:00:00+00:00",
            "2026-07-15T04:00:00+0800",
            "2026-07-14T20:00Z",
            " 2026-07-14T20:00:00.123456789Z ",
        ),
        **{"mapped": 5, "items": tuple("12345"), **WHEN},
        values=[*[utc(2026, 7, 14, 20)] * 4, utc(2026, 7, 14, 20, 0, 0, 123456)],
    ),
    "times that are none": Case(
        data=times(
            "2026-07-14T20:00:00",
            "2026-02-30T10:00:00Z",
            "2026-07-14T24:00:00Z",
            "2026-07-14T23:59:60Z",
            "now",
            "epoch",
            "infinity",
            "2026-7-14T20:00:00Z",
            "14/07/2026",
            "2026-07-14T20:00:00+99:99",
            "0000-00-00T00:00:00Z",
            "2026-07-14T20:00:00 Europe/London",
            "20260714",
            "２０２６-07-14T20:00:00Z",
            AT,
        ),
        **{"mapped": 1, "items": ("15",), "rejected": {"bad_occurred_at": 14}},
    ),
    "years that no log is of": Case(
        data=times(
            "1970-01-01T00:00:00Z",
            "1989-12-31T23:59:59Z",
            "1990-01-01T00:00:00Z",
            "2099-12-31T23:59:59Z",
            "2100-01-01T00:00:00Z",
            "0001-01-01T00:00:00Z",
        ),
        **{"mapped": 2, "items": ("3", "4"), "rejected": {"bad_occurred_at": 4}, **WHEN},
        values=[utc(1990, 1, 1), utc(2099, 12, 31, 23, 59, 59)],
    ),
    "clocks that run ahead": Case(  # lands; the check occurred_at.future judges it
        data=times("2026-08-01T12:05:00Z", "2026-08-03T12:00:00Z"),
        mapped=2,
        **WHEN,
        values=[utc(2026, 8, 1, 12, 5), utc(2026, 8, 3, 12)],
    ),
    "local times over a change of the clocks": Case(
        kind="local",
        data=times(
            "2026-03-08 01:59:59",
            "2026-03-08 02:30:00",
            "2026-03-08 03:00:00",
            "2026-11-01 00:59:59",
            "2026-11-01 01:30:00",
            "2026-11-01 02:00:00",
        ),
        **{"mapped": 5, "items": tuple("13456"), "rejected": {"bad_occurred_at": 1}, **WHEN},
        values=[
            utc(2026, 3, 8, 6, 59, 59),
            utc(2026, 3, 8, 7),
            utc(2026, 11, 1, 4, 59, 59),
            utc(2026, 11, 1, 6, 30),
            utc(2026, 11, 1, 7),
        ],
    ),
    "ISO times with and without a zone": Case(
        kind="zoned",
        data=times(
            "2026-03-08T02:30:00",
            "2026-03-08T02:30:00-05:00",
            "2026-11-01T01:30:00",
            "2026-11-01T01:30:00-04:00",
            "2026-07-14 20:00",
        ),
        **{"mapped": 4, "items": tuple("2345"), "rejected": {"bad_occurred_at": 1}, **WHEN},
        values=[utc(2026, 3, 8, 7, 30), utc(2026, 11, 1, 6, 30), utc(2026, 11, 1, 5, 30), utc(2026, 7, 15)],
    ),
    "local times that are none": Case(
        kind="local",
        data=times(
            "2026-07-14 24:00:00",
            "2026-02-30 10:00:00",
            "0000-00-00 00:00:00",
            "2026-07-14",
            "2026-07-14T10:00:00",
            "2026-13-01 00:00:00",
            "2026-07-14 10:00:00",
        ),
        **{"mapped": 1, "items": ("7",), "rejected": {"bad_occurred_at": 6}},
    ),
    "a year of two digits": Case(
        kind="local", data=times("26-07-14 10:00:00"), items=(), rejected={"bad_occurred_at": 1}
    ),
    "times in a named format": Case(
        kind="named",
        data=times("14/Jul/2026:20:00:00 +0800", "14/Juli/2026:20:00:00 +0800", "31/Jun/2026:20:00:00 +0800"),
        **{
            "mapped": 1,
            "items": ("1",),
            "rejected": {"bad_occurred_at": 2},
            **WHEN,
            "values": [utc(2026, 7, 14, 12)],
        },
    ),
    "epoch of seconds": Case(
        kind="seconds",
        data=times("1783994560", "1783994560.5", " 1783994560.000000 ", "1.78399456e9", "x", "", "178399456O"),
        **{"mapped": 4, "items": tuple("1234"), "rejected": {"bad_occurred_at": 2, "missing_occurred_at": 1}, **WHEN},
        values=[utc(2026, 7, 14, 2, 2, 40), utc(2026, 7, 14, 2, 2, 40, 500000), *[utc(2026, 7, 14, 2, 2, 40)] * 2],
    ),
    "epoch of milliseconds": Case(
        kind="millis",
        data=times("1783994560000", "1783994560000.25"),
        mapped=2,
        **WHEN,
        values=[utc(2026, 7, 14, 2, 2, 40), utc(2026, 7, 14, 2, 2, 40, 250)],
    ),
    "epoch of microseconds": Case(
        kind="micros",
        data=times("1783994560000000", "1783994560000001"),
        mapped=2,
        **WHEN,
        values=[utc(2026, 7, 14, 2, 2, 40), utc(2026, 7, 14, 2, 2, 40, 1)],
    ),
    "milliseconds taken for seconds": Case(
        kind="seconds",
        data=times("1783994560000", "1783994560000000", "-1", "0", "9" * 19),
        items=(),
        rejected={"bad_occurred_at": 5},
    ),
    "seconds taken for milliseconds": Case(
        kind="millis",
        data=times("1783994560", "1783994560000000"),
        items=(),
        rejected={"bad_occurred_at": 2},
    ),
    "an epoch of the wrong unit among microseconds": Case(
        kind="micros",
        data=times("1783994560", "1783994560000", "9" * 18),
        items=(),
        rejected={"bad_occurred_at": 3},
    ),
}


@pytest.mark.parametrize("name", LANDED)
def test_every_row_is_accounted_for(landed, name):
    landed(name)
