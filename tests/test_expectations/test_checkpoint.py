"""Verdicts: a clean platform passes, each planted defect flips exactly its own row."""

import datetime as dt
from decimal import Decimal

import pytest

from expectations.checkpoint import blocking, judge
from lyceum.errors import LyceumError
from lyceum.events import EVENT_TYPES
from lyceum.tables.quality import CHECKS

AS_OF = dt.date(2024, 5, 6)
ALL = ("events", "users", "items")


def verdicts(con, *, tables=ALL):
    return judge(con, tables=tables, as_of=AS_OF, event_types=EVENT_TYPES)


def failed(checks):
    rows = checks[~checks["success"]]
    return {(row.suite, row.column_name, row.severity, row.observed) for row in rows.itertuples()}


def change(name, column, value, *, rows=2):
    def plant(world):
        for row in world[name][:rows]:
            row[column] = value

    return plant


def repeat(name):
    return lambda world: world[name].append({**world[name][0]})


def late_start(world):
    """Every event happened a week earlier than it did: the last week is empty."""
    for row in world["events"]:
        row["event_date"] -= dt.timedelta(days=7)


def sunday(*, rows):
    """The last Sunday has `rows` events where every day has five."""

    def plant(world):
        day = AS_OF - dt.timedelta(days=1)
        last = [{**world["events"][0], "event_id": f"s{number}"} for number in range(rows)]
        world["events"] = last + [row for row in world["events"] if row["event_date"] != day]

    return plant


def event_of(severity, figure, observed):
    return ("events", figure, severity, observed)


NO_VOLUME = {event_of("warn", f"event_date.volume_{days}d", "0") for days in range(1, 8)}
EPOCH, LATER = (dt.datetime(year, 1, 1, tzinfo=dt.UTC) for year in (1970, 2099))
# Each world holds several defects that do not touch each other; a judgement takes a good part of a second.
DEFECTS = {
    "one": (
        (change("events", "event_id", None, rows=1), event_of("fail", "event_id.nulls", "1")),
        (change("events", "event_type", "Purchase"), event_of("fail", "event_type.unknown", "2")),
        (change("events", "occurred_at", EPOCH), event_of("fail", "occurred_at.before_1990", "2")),
        (change("events", "amount", Decimal(-1)), event_of("fail", "amount.negative", "2")),
        (change("users", "user_id", None, rows=1), ("users", "user_id.nulls", "fail", "1")),
    ),
    "two": (
        (repeat("events"), event_of("fail", "event_id.duplicates", "1")),
        (change("events", "occurred_at", None), event_of("fail", "occurred_at.nulls", "2")),
        (change("events", "currency", None), event_of("fail", "currency.missing", "2")),
        (change("events", "duration_ms", 90_000_000), event_of("warn", "duration_ms.outside", "2")),
        (repeat("users"), ("users", "user_id+known_at.duplicates", "fail", "1")),
    ),
    "three": (
        (change("events", "batch_id", None), event_of("fail", "batch_id.nulls", "2")),
        (change("events", "occurred_at", LATER, rows=3), event_of("warn", "occurred_at.future", "3")),
        (change("events", "rating", 11.0), event_of("warn", "rating.outside", "2")),
        (change("events", "item_id", "x", rows=200), event_of("warn", "item_id.known", "0.3651")),  # 115 of 315
        (change("items", "price", Decimal(-1)), ("items", "price.negative", "fail", "2")),
    ),
    "thin day": ((sunday(rows=0), event_of("warn", "event_date.volume_1d", "0")),),
    "20 %": ((sunday(rows=1), None),),
    "busy day": ((sunday(rows=26), event_of("warn", "event_date.volume_1d", "5.2")),),
    "empty week": ((late_start, event_of("warn", "event_date.last_week", "0")), *((None, row) for row in NO_VOLUME)),
}


def test_a_clean_platform_passes_every_check(world, connect):
    checks = verdicts(connect(world))
    assert list(checks.columns) == CHECKS.names
    assert checks["success"].all()
    assert list(checks["suite"].unique()) == list(ALL)
    assert not checks.duplicated(list(CHECKS.key)).any()
    assert blocking(checks).empty


@pytest.mark.parametrize("defects", DEFECTS.values(), ids=DEFECTS)
def test_defects_flip_exactly_their_own_checks(defects, world, connect):
    for plant in filter(None, (plant for plant, _ in defects)):
        plant(world)
    checks = verdicts(connect(world))
    expected = set(filter(None, (row for _, row in defects)))
    assert failed(checks) == expected
    assert failed(blocking(checks)) == {row for row in expected if row[2] == "fail"}


def test_an_empty_log_blocks(world, connect):
    checks = verdicts(connect({**world, "events": []}))
    assert failed(checks) == {("events", "rows", "fail", "0"), ("events", "event_date.last_week", "warn", "0")}
    assert set(blocking(checks)["column_name"]) == {"rows"}


def test_what_cannot_be_known_passes_and_says_so(world, connect):
    checks = verdicts(connect({"events": world["events"]}), tables=["events"]).set_index("column_name")
    assert checks.loc["user_id.known", "success"]
    assert checks.loc["user_id.known", "observed"] == "not known"


def test_no_tables_give_no_rows(connect):
    checks = verdicts(connect({}), tables=[])
    assert list(checks.columns) == CHECKS.names
    assert blocking(checks).empty


def test_an_unknown_table_is_named(connect):
    with pytest.raises(LyceumError, match="no table event"):
        verdicts(connect({}), tables=["event"])


def test_nothing_is_drawn_or_said(world, connect, capfd):
    verdicts(connect(world))
    assert capfd.readouterr() == ("", "")
