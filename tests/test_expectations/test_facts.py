"""Facts against counts by hand and against plain Python on random tables."""

import datetime as dt
from collections import Counter
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.facts import REFERENCES, RULE_FACTS, facts
from lyceum.events import EVENT_TYPES
from lyceum.schema import table, tables
from lyceum.tables.canonical import FROM_SOURCES

AS_OF = dt.date(2024, 5, 6)
DAY = dt.timedelta(days=1)


def measure(con, name="events", *, known=("events", "users", "items"), as_of=AS_OF):
    return facts(con, table(name), tables=known, as_of=as_of, event_types=EVENT_TYPES)


def test_a_clean_platform(world, connect):
    found = measure(connect(world))
    assert found.pop("rows") == 9 * 7 * 5
    assert found.pop("event_date.last_week") == 7 * 5
    assert found.pop("user_id.known") == found.pop("item_id.known") == 1.0
    assert [found.pop(f"event_date.volume_{days}d") for days in range(1, 8)] == [1.0] * 7
    assert set(found.values()) == {0}


@pytest.mark.parametrize("declared", FROM_SOURCES, ids=lambda declared: declared.name)
def test_every_canonical_table_can_be_measured_when_empty(declared, connect):
    con = connect({declared.name: []})
    found = facts(con, declared, tables=[declared.name], as_of=AS_OF, event_types=EVENT_TYPES)
    assert found["rows"] == 0
    assert {value for value in found.values() if value is not None} == {0}


def test_a_key_with_a_null_part_still_repeats(world, connect):
    world["users"] += [world["users"][0], world["users"][0]]
    assert measure(connect(world), "users")["user_id+known_at.duplicates"] == 2


def test_volume_is_the_day_over_the_mean_of_its_weekday(world, connect):
    sunday = AS_OF - DAY
    events = [row for row in world["events"] if row["event_date"] != sunday]
    events += [{**row, "event_id": f"more{n}"} for n, row in enumerate(world["events"][:2])]
    # The Sunday three weeks ago was closed: seven Sundays with five rows each remain, and 2 / 5 = 0.4.
    events = [row for row in events if row["event_date"] != sunday - 21 * DAY]
    assert measure(connect({**world, "events": events}))["event_date.volume_1d"] == pytest.approx(0.4)


def test_volume_is_unknown_below_thirty_rows_of_history(world, connect):
    young = [row for row in world["events"] if row["event_date"] >= AS_OF - 42 * DAY]  # 5 weeks: 25 rows
    assert measure(connect({**world, "events": young}))["event_date.volume_1d"] is None
    enough = [row for row in world["events"] if row["event_date"] >= AS_OF - 49 * DAY]  # 6 weeks: 30 rows
    assert measure(connect({**world, "events": enough}))["event_date.volume_1d"] == 1.0


def test_a_reference_without_its_table_is_unknown(world, connect):
    con = connect({**world, "users": []})
    assert measure(con)["user_id.known"] is None
    assert measure(con, known=("events", "users"))["item_id.known"] is None


def test_times_count_up_to_a_day_after_ingestion(world, connect):
    limit = dt.datetime(2024, 5, 7, tzinfo=dt.UTC)
    micro = dt.timedelta(microseconds=1)
    first = dt.datetime(1990, 1, 1, tzinfo=dt.UTC)
    for row, moment in zip(world["events"], (limit, limit + micro, first, first - micro), strict=False):
        row["occurred_at"] = moment
    found = measure(connect(world))
    assert (found["occurred_at.future"], found["occurred_at.before_1990"]) == (1, 1)


def any_of(*values):
    return st.sampled_from((None, *values))


# Days at the edges of the last week, of the history of each weekday, and outside both.
DATES = [AS_OF + days * DAY for days in (2, 0, -1, -7, -8, -14, -15, -56, -57, -63, -64)]
EVENT = st.fixed_dictionaries(
    {
        "event_id": any_of("a", "b", "c", "d"),
        "user_id": any_of("u1", "u2", "u3"),
        "event_type": any_of("view", "purchase", "View", ""),
        "occurred_at": any_of(
            dt.datetime(1970, 1, 1, tzinfo=dt.UTC),
            dt.datetime(2024, 5, 1, tzinfo=dt.UTC),
            dt.datetime(2099, 1, 1, tzinfo=dt.UTC),
        ),
        "event_date": any_of(*DATES),
        "item_id": any_of("i1", "i2"),
        "amount": any_of(Decimal("-0.01"), Decimal(0), Decimal("9.90")),
        "currency": any_of("CNY", "", " "),
        "duration_ms": any_of(-1, 0, 86_400_000, 86_400_001),
        "rating": any_of(-0.5, 0.0, 10.0, 10.5, float("nan"), float("inf")),
        "source": any_of("demo"),
        "ingested_at": any_of(dt.datetime(2024, 5, 6, tzinfo=dt.UTC)),
    }
)
COPIES = st.tuples(EVENT, st.sampled_from((1, 2, 29, 30)))
USERS = st.lists(st.fixed_dictionaries({"user_id": any_of("u1", "u2")}), max_size=3)
ITEMS = st.lists(
    st.fixed_dictionaries({"item_id": any_of("i1"), "price": any_of(Decimal(-1), Decimal(1))}), max_size=3
)


def counted(rows, users, items):
    """The facts of events as a person would count them."""

    def present(name):
        return [row[name] for row in rows if row.get(name) is not None]

    def known(name, parents):
        return sum(value in parents for value in present(name)) / len(present(name)) if present(name) else None

    required = [column.name for column in table("events").columns if column.required]
    per_day = Counter(present("event_date"))
    priced = [row for row in rows if row["amount"] is not None]
    found = {
        "rows": len(rows),
        "event_id.duplicates": len(rows) - len({row["event_id"] for row in rows}),
        **{f"{name}.nulls": len(rows) - len(present(name)) for name in required},
        "event_type.unknown": sum(value not in EVENT_TYPES for value in present("event_type")),
        "occurred_at.before_1990": sum(value.year < 1990 for value in present("occurred_at")),
        "occurred_at.future": sum(
            row["occurred_at"] > row["ingested_at"] + DAY
            for row in rows
            if row["occurred_at"] is not None and row["ingested_at"] is not None
        ),
        "amount.negative": sum(value < 0 for value in present("amount")),
        "currency.missing": sum(not (row["currency"] or "").strip() for row in priced),
        "duration_ms.outside": sum(value in (-1, 86_400_001) for value in present("duration_ms")),
        "rating.outside": sum(not 0 <= value <= 10 for value in present("rating")),
        "event_date.last_week": sum(AS_OF - 7 * DAY <= value < AS_OF for value in present("event_date")),
        "user_id.known": known("user_id", {row["user_id"] for row in users}) if users else None,
        "item_id.known": known("item_id", {row["item_id"] for row in items}) if items else None,
    }
    for days in range(1, 8):
        past = [per_day[AS_OF - (days + 7 * week) * DAY] for week in range(1, 9)]
        full = [rows for rows in past if rows]
        ratio = per_day[AS_OF - days * DAY] * len(full) / sum(full) if sum(full) >= 30 else None
        found[f"event_date.volume_{days}d"] = ratio
    return found


@given(drawn=st.lists(COPIES, max_size=8), users=USERS, items=ITEMS)
@settings(max_examples=40)
def test_facts_equal_a_count_in_python(show, drawn, users, items):
    rows = [row for row, copies in drawn for _ in range(copies)]
    prices = [row["price"] for row in items if row["price"] is not None]
    with duckdb.connect() as con:
        show(con, {"events": rows, "users": users, "items": items})
        assert measure(con) == counted(rows, users, items)
        assert measure(con, "items")["price.negative"] == sum(price < 0 for price in prices)


def test_only_tables_of_the_schema_carry_rules():
    assert {*RULE_FACTS, *REFERENCES} <= set(tables())
