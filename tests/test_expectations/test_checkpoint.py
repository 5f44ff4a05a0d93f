"""Verdicts on the lake: a clean platform passes, a planted defect flips its own rule, hostile rows hurt nobody."""

import datetime as dt
import json
from decimal import Decimal

import duckdb
import pytest

from expectations.checkpoint import blocking, judge
from lyceum.errors import LyceumError
from lyceum.schema import table
from lyceum.tables import canonical
from lyceum.tables.quality import CHECKS

AS_OF = dt.date(2024, 5, 6)


def verdicts(con, *, tables=canonical.TABLES):
    return judge(con, tables, as_of=AS_OF)


def unmet(checks):
    rows = checks[~checks["success"]]
    return {(row.suite, row.rule, row.severity, row.unexpected) for row in rows.itertuples()}


def change(name, column, value, *, rows=2, first=0):
    def plant(world):
        for row in world[name][first : first + rows]:
            row[column] = value

    return plant


def repeat(name):
    return lambda world: world[name].append({**world[name][0]})


def late_start(world):
    """Every event happened a week earlier than it did: the last week is empty."""
    for row in world["events"]:
        row["event_date"] -= dt.timedelta(days=7)
        row["occurred_at"] -= dt.timedelta(days=7)


def sunday(*, rows):
    """The last Sunday has `rows` events where every day has five."""

    def plant(world):
        day = AS_OF - dt.timedelta(days=1)
        last = [{**world["events"][0], "event_id": f"s{number}"} for number in range(rows)]
        world["events"] = last + [row for row in world["events"] if row["event_date"] != day]

    return plant


def without_days(*days_ago):
    gone = {AS_OF - dt.timedelta(days=ago) for ago in days_ago}

    def plant(world):
        world["events"] = [row for row in world["events"] if row["event_date"] not in gone]

    return plant


def delivery(world):
    counts = dict.fromkeys(("mapped", "skipped", "anonymous", "duplicate", "rejected", "blank"), 1)
    row = {"file": "a.csv", "file_digest": "d", "mapping": "events", **world["users"][0], **counts}
    world["deliveries"] = [{**row, "rows": 6}, {**row, "rows": 7, "file_digest": "e"}]


EPOCH, LATER = (dt.datetime(year, 1, 1, tzinfo=dt.UTC) for year in (1970, 2099))
ODD_DAY = dt.date(2024, 4, 30)
# Each world holds several defects that do not touch each other; a judgement takes a good part of a second.
DEFECTS = {
    "one": (
        (change("events", "event_id", None, rows=1), ("events", "event_id.nulls", "fail", 1)),
        (change("events", "event_type", "Purchase"), ("events", "event_type.unknown", "fail", 2)),
        (change("events", "amount", Decimal(-1)), ("events", "amount.negative", "fail", 2)),
        (change("events", "currency", "yuan"), ("events", "currency.code", "warn", 2)),
        (change("users", "user_id", None, rows=1), ("users", "user_id.nulls", "fail", 1)),
        (change("users", "registered_at", EPOCH), ("users", "registered_at.before_1990", "warn", 2)),
        (change("items", "repeatable", 2), ("items", "repeatable.unknown", "fail", 2)),
    ),
    "two": (
        (repeat("events"), ("events", "key", "fail", 2)),
        (change("events", "occurred_at", None), ("events", "occurred_at.nulls", "fail", 2)),
        (change("events", "currency", " ", first=3), ("events", "currency.missing", "fail", 2)),
        (lambda world: None, ("events", "currency.code", "warn", 2)),  # a blank is no code either
        (change("events", "duration_ms", 90_000_000), ("events", "duration_ms.range", "warn", 2)),
        (change("events", "quantity", -1), ("events", "quantity.range", "warn", 2)),
        (repeat("users"), ("users", "key", "fail", 2)),  # although known_at is null in both
        (change("users", "invited_by", "u0"), ("users", "invited_by.self", "warn", 1)),
    ),
    "three": (
        (change("events", "batch_id", None), ("events", "batch_id.nulls", "fail", 2)),
        (change("events", "occurred_at", LATER, rows=3), ("events", "occurred_at.future", "warn", 3)),
        (lambda world: None, ("events", "event_date.local_day", "fail", 3)),
        (change("events", "rating", 11.0), ("events", "rating.range", "warn", 2)),
        (change("events", "amount", Decimal(10_000_001)), ("events", "amount.absurd", "warn", 2)),
        (change("events", "item_id", "x", rows=200), ("events", "item_id.known", "warn", 1)),  # 115 of 315
        (change("items", "price", Decimal(-1)), ("items", "price.negative", "fail", 2)),
        (delivery, ("deliveries", "rows.account", "fail", 1)),
    ),
    "times": (
        (change("events", "occurred_at", EPOCH), ("events", "occurred_at.before_1990", "fail", 2)),
        (change("events", "event_date", dt.date(1970, 1, 1)), None),
        (change("events", "occurred_at", dt.datetime(2024, 5, 5, 21, tzinfo=dt.UTC), rows=1, first=2), None),
        (
            change("events", "ingested_at", dt.datetime(2024, 5, 5, 20, tzinfo=dt.UTC), rows=1, first=2),
            ("events", "occurred_at.clock_skew", "warn", 1),
        ),
        (change("events", "rating", float("nan")), ("events", "rating.range", "warn", 2)),
        (lambda world: None, ("events", "finite", "fail", 2)),
    ),
    "thin day": ((sunday(rows=0), ("events", "event_date.volume", "warn", 1)),),
    "20 %": ((sunday(rows=1), None),),
    "busy day": ((sunday(rows=26), ("events", "event_date.volume", "warn", 1)),),
    "late": (
        (without_days(1, 2, 3), ("events", "event_date.fresh", "warn", 1)),
        (lambda world: None, ("events", "event_date.volume", "warn", 3)),
    ),
    "two days on their way": ((without_days(1, 2), ("events", "event_date.volume", "warn", 2)),),
    "a day that was always empty": ((without_days(*range(1, 64, 7)), None),),
    "young": ((without_days(*range(43, 64)), None),),  # 5 Sundays of 5 rows before are fewer than 30
    "empty week": (
        (late_start, ("events", "event_date.week", "fail", 1)),
        (lambda world: None, ("events", "event_date.fresh", "warn", 1)),
        (lambda world: None, ("events", "event_date.volume", "warn", 7)),
    ),
}


def test_a_clean_platform_passes_every_check_and_nothing_is_drawn_or_said(world, connect, capfd):
    checks = verdicts(connect(world))
    assert list(checks.columns) == CHECKS.names
    assert checks["success"].all()
    assert list(checks["suite"].unique()) == ["events", "users", "items"]  # the others have no row
    assert not checks.duplicated(list(CHECKS.key)).any()
    assert checks["sample"].isna().all()
    assert blocking(checks).empty
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("defects", DEFECTS.values(), ids=DEFECTS)
def test_defects_flip_exactly_their_own_checks(defects, world, connect):
    for plant in (plant for plant, _ in defects):
        plant(world)
    checks = verdicts(connect(world))
    expected = {row for _, row in defects if row}
    assert unmet(checks) == expected
    assert unmet(blocking(checks)) == {row for row in expected if row[2] == "fail"}


def test_an_empty_log_blocks(world, connect):
    checks = verdicts(connect({**world, "events": []}))
    assert {rule for _, rule, _, _ in unmet(checks)} == {"rows", "event_date.week", "event_date.fresh"}
    assert set(blocking(checks)["rule"]) == {"rows", "event_date.week"}


def test_a_reference_to_an_empty_table_says_nothing(world, connect):
    checks = verdicts(connect({**world, "users": []})).set_index(["suite", "rule"])
    assert checks.loc[("events", "user_id.known"), "success"]


def test_a_sample_shows_three_keys_in_order_and_never_a_person(world, connect):
    for row in world["events"][:9]:
        row["event_type"] = "Purchase"
    world["users"].append({**world["users"][0]})
    checks = verdicts(connect(world)).set_index(["suite", "rule"])
    found = checks.loc[("events", "event_type.unknown")]
    assert json.loads(found["sample"]) == ["event_id=e0", "event_id=e1", "event_id=e2"]
    assert (found["unexpected"], found["share"]) == (9, 9 / 315)
    assert json.loads(checks.loc[("users", "key"), "sample"]) == ["known_at=null"]
    shown = " ".join(checks["sample"].dropna())
    assert not any(row["user_id"] in shown for row in world["users"])


def test_a_day_of_odd_volume_is_named(world, connect):
    sunday(rows=0)(world)
    checks = verdicts(connect(world)).set_index("rule")
    assert json.loads(checks.loc["event_date.volume", "sample"]) == ["day=2024-05-05"]


HOSTILE = ("'; DROP TABLE events; --", "<script>alert(1)</script>", '"', "%s :x {y} $1 ?", "\\", "\0", "💀" * 40_000)


def test_hostile_values_are_counted_and_cut_and_change_nothing(world, connect):
    for row, value in zip(world["events"], HOSTILE, strict=False):
        row["event_id"] = value
        row["event_type"] = value
    con = connect(world)
    checks = verdicts(con).set_index(["suite", "rule"])
    assert checks.loc[("events", "event_type.unknown"), "unexpected"] == len(HOSTILE)
    assert all(len(text) < 100 for text in json.loads(checks.loc[("events", "event_type.unknown"), "sample"]))
    assert con.execute("SELECT count(*) FROM events").fetchall() == [(315,)]
    told = checks[["observed", "expected", "sentence"]].to_string()
    assert not any(value in told for value in HOSTILE if value != '"')


def test_counts_are_exact_beyond_what_is_ever_fetched(show):
    """Every rule counts in the engine: 70,000 bad rows of 100,000, where no statement brings back more than 1,000."""
    with duckdb.connect() as con:
        show(con, {})
        con.unregister("events")
        columns = dict.fromkeys(table("events").names, "NULL") | {
            **{"event_id": "(i % 65000)::VARCHAR", "event_type": "if(i < 70000, 'x', 'view')"},
            **{"occurred_at": "TIMESTAMPTZ '2024-05-05 12:00+00'", "event_date": "DATE '2024-05-05'"},
            **{"amount": "if(i < 70000, 1, NULL)", "source": "'s'", "batch_id": "'b'", "ingested_at": "occurred_at"},
        }
        listed = ", ".join(
            f'({columns[column.name]})::{column.type} AS "{column.name}"' for column in table("events").columns
        )
        con.execute(f"CREATE TEMP VIEW events AS SELECT {listed} FROM range(100000) AS t(i)")
        checks = verdicts(con, tables=[table("events")]).set_index("rule")
    assert checks.loc["event_type.unknown", "unexpected"] == 70_000
    assert checks.loc["currency.missing", "unexpected"] == 70_000
    assert checks.loc["key", "unexpected"] == 70_000  # 35,000 ids stand twice


def test_no_tables_give_no_rows(connect):
    checks = verdicts(connect({}), tables=[])
    assert list(checks.columns) == CHECKS.names
    assert blocking(checks).empty


def test_a_table_of_another_shape_is_an_error_and_no_verdict(world, connect):
    con = connect(world)
    con.unregister("items")
    con.execute("CREATE VIEW items AS SELECT 'i1' AS item_id")
    with pytest.raises(LyceumError, match=r"of items could not be made: its columns are not those"):
        verdicts(con, tables=[table("items")])


def test_one_partition_is_judged_where_a_view_shows_one_of_several(connect, tmp_path):
    """DuckDB 2.0 counts a window over every partition there, so that each key seems to stand twice."""
    con = connect({})
    con.unregister("users")
    written = f"COPY (SELECT 'u' || i AS user_id, day FROM range(1000) AS t(i), range(2) AS d(day)) TO '{tmp_path}'"
    con.execute(f"{written} (FORMAT parquet, PARTITION_BY (day), OVERWRITE)")
    columns = ", ".join(
        f'NULL::{column.type} AS "{column.name}"' for column in table("users").columns if column.name != "user_id"
    )
    files = f"read_parquet('{tmp_path}/*/*.parquet', hive_partitioning = true)"
    con.execute(f"CREATE TEMP VIEW users AS SELECT user_id, {columns} FROM {files} WHERE day = 1")
    checks = verdicts(con, tables=[table("users")]).set_index("rule")
    assert checks.loc["key", "unexpected"] == 0
    assert checks.loc["source.nulls", "unexpected"] == 1000
