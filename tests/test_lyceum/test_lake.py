"""The lake: whole commits, replaced partitions, no dead file read, no person left in a log."""

import json
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from deltalake.exceptions import DeltaError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lyceum import schema
from lyceum.engine import quoted
from lyceum.lake import Lake
from lyceum.tables.canonical import PERSONAL

EVENTS, REJECTS, USERS = schema.table("events"), schema.table("rejects"), schema.table("users")
POINTS = schema.with_history(schema.table("marts.points_ledger"))
NOW = datetime(2026, 7, 6, tzinfo=UTC)
BATCH = {"source": "demo", "batch_id": "ingest-1", "ingested_at": NOW}


def event(number: int, *, day: int = 1, **more: object) -> dict[str, object]:
    at = datetime(2026, 7, day, 9, tzinfo=UTC)
    fixed = {"event_id": f"e{number}", "user_id": f"secret-person-{number}", "event_type": "view"}
    return {**fixed, "occurred_at": at, "event_date": at.date(), **BATCH, **more}


def reader(table: schema.Table, rows: list[dict[str, object]]) -> pa.RecordBatchReader:
    return pa.Table.from_pylist(rows, schema=table.arrow()).to_reader()


def rows(lake: Lake, table: schema.Table, columns: str = "*", where: str = "") -> list[tuple]:
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        lake.view(con, table, where=where)
        return con.execute(f"SELECT {columns} FROM {table.short} ORDER BY ALL").fetchall()


@pytest.fixture(params=["lake", "it's a=1 数据 100% #2"])
def lake(tmp_path: Path, request) -> Lake:
    return Lake(tmp_path / request.param)


def test_what_was_never_written_is_empty_and_typed(lake):
    assert not lake.exists(EVENTS)
    assert lake.version(EVENTS) is None
    assert lake.partitions(EVENTS) == []
    assert lake.vacuum(EVENTS) == 0
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        made = con.sql(lake.source(EVENTS)).to_arrow_table()
    assert made.num_rows == 0
    assert made.schema.equals(EVENTS.arrow())


def test_rows_come_back_with_their_types(lake):
    full = event(1, amount=Decimal("19.90"), currency="CNY", quantity=3, rating=4.5, properties='{"x": 1}')
    lake.append(EVENTS, reader(EVENTS, [full]))
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        made = con.sql(lake.source(EVENTS)).to_arrow_table()
    assert made.schema.equals(EVENTS.arrow())
    assert made.to_pylist() == [{**dict.fromkeys(EVENTS.names), **full}]


def test_a_partition_replaced_twice_is_there_once(lake):
    lake.append(EVENTS, reader(EVENTS, [event(1), event(2, day=2), event(3, day=3)]))
    for _ in range(2):
        receipt = lake.replace(EVENTS, reader(EVENTS, [event(9, day=2)]), partition={"event_date": ["2026-07-02"]})
    assert rows(lake, EVENTS, "event_id") == [("e1",), ("e3",), ("e9",)]
    assert (receipt.rows, receipt.version, receipt.partition) == (1, 2, "event_date=2026-07-02")
    assert lake.partitions(EVENTS) == ["2026-07-01", "2026-07-02", "2026-07-03"]


def test_several_partitions_are_replaced_at_once_and_emptied_ones_are_gone(lake):
    lake.append(EVENTS, reader(EVENTS, [event(1), event(2, day=2), event(3, day=3)]))
    days = ["2026-07-01", "2026-07-02"]
    lake.replace(EVENTS, reader(EVENTS, [event(9, day=2)]), partition={"event_date": days})
    assert rows(lake, EVENTS, "event_id") == [("e3",), ("e9",)]
    assert lake.partitions(EVENTS) == ["2026-07-02", "2026-07-03"]


def test_rows_of_another_partition_are_refused_and_nothing_changes(lake):
    lake.append(EVENTS, reader(EVENTS, [event(1), event(2, day=2)]))
    with pytest.raises(DeltaError):
        lake.replace(EVENTS, reader(EVENTS, [event(9, day=3)]), partition={"event_date": ["2026-07-02"]})
    assert rows(lake, EVENTS, "event_id") == [("e1",), ("e2",)]


def test_the_whole_table_is_replaced(lake):
    lake.append(USERS, reader(USERS, [{"user_id": "a", **BATCH}, {"user_id": "b", **BATCH}]))
    lake.replace(USERS, reader(USERS, [{"user_id": "c", **BATCH}]))
    assert rows(lake, USERS, "user_id") == [("c",)]


def test_dead_files_are_never_read_and_go_with_the_vacuum(lake):
    for number in range(3):
        lake.replace(EVENTS, reader(EVENTS, [event(number)]), partition={"event_date": ["2026-07-01"]})
    (lake.path(EVENTS) / "event_date=2026-07-01" / "part-orphan.parquet").write_bytes(b"half a file")
    assert rows(lake, EVENTS, "event_id") == [("e2",)]
    assert lake.vacuum(EVENTS, hours=24) == 0
    assert lake.vacuum(EVENTS, hours=0) == 3
    assert rows(lake, EVENTS, "event_id") == [("e2",)]


def test_a_condition_reads_only_its_partition(lake):
    lake.append(EVENTS, reader(EVENTS, [event(1), event(2, day=2)]))
    assert rows(lake, EVENTS, "event_id", "event_date = DATE '2026-07-02'") == [("e2",)]


def test_deleted_rows_are_gone_in_one_commit(lake):
    lake.append(EVENTS, reader(EVENTS, [event(1), event(2, batch_id="ingest-2")]))
    lake.delete(EVENTS, "batch_id = 'ingest-2'")
    lake.delete(USERS, "batch_id = 'ingest-2'")
    assert rows(lake, EVENTS, "event_id") == [("e1",)]


def test_the_log_has_statistics_but_of_no_persons_id(lake):
    lake.append(EVENTS, reader(EVENTS, [event(1, target_user_id="secret-person-9", amount=Decimal("5.00"))]))
    lake.append(EVENTS, reader(EVENTS, [event(2)]))
    users = [{"user_id": "secret-person-1", "invited_by": "secret-person-2", **BATCH}]
    lake.append(USERS, reader(USERS, users))
    raw = [
        {"file": "x", "line": 1, "mapping": "m", "code": "c", "sentence": "s", "raw": "secret-person-1,x", **BATCH}
    ]
    lake.append(REJECTS, reader(REJECTS, raw))
    seen = set()
    for log in lake.root.glob("*/_delta_log/*.json"):
        assert "secret-person" not in log.read_text()
        for line in map(json.loads, log.read_text().splitlines()):
            if "add" in line:
                found = json.loads(line["add"]["stats"])
                seen |= set(found["minValues"]) | set(found["maxValues"])
    assert {"event_type", "occurred_at", "amount"} <= seen
    assert not seen & {*PERSONAL, "raw"}


def test_rows_as_delivered_are_for_the_owner_alone(lake):
    raw = [{"file": "x", "line": 1, "mapping": "m", "code": "c", "sentence": "s", "raw": "u1", **BATCH}]
    for _ in range(2):
        lake.append(REJECTS, reader(REJECTS, raw))
    paths = [lake.path(REJECTS), *lake.path(REJECTS).rglob("*")]
    assert {path.stat().st_mode & 0o777 for path in paths if path.is_dir()} == {0o700}
    assert {path.stat().st_mode & 0o777 for path in paths if path.is_file()} == {0o600}
    assert len(rows(lake, REJECTS)) == 2


LINES = st.lists(
    st.tuples(st.text("aé数'\n ", max_size=5), st.integers(-9, 9), st.none() | st.integers(0, 99)), max_size=12
)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES)
def test_the_same_rows_leave_the_same_digest_whatever_lay_in_memory(tmp_path_factory, lines):
    listed = ", ".join(f"({quoted(u)}, {d}, {'NULL' if p is None else p})" for u, d, p in lines)
    source = f"(VALUES {listed}) v(u, d, p)" if lines else "(SELECT '' AS u, 0 AS d, 0 AS p WHERE false) v"
    query = (
        "SELECT DATE '2026-07-06' AS as_of, u AS user_id, DATE '2026-07-01' + d::INTEGER AS day, "
        f"'post' AS rule, 1::BIGINT AS events, p::BIGINT AS points FROM {source} ORDER BY ALL"
    )
    found = set()
    for threads in (1, 2):
        with duckdb.connect(config={"threads": threads}) as con:
            con.execute(f"SELECT hash(range) FROM range({threads * 1000})").fetchall()  # something else in memory
            lake = Lake(tmp_path_factory.mktemp("lake"))
            receipt = lake.replace(POINTS, con.sql(query).to_arrow_reader(), partition={"as_of": ["2026-07-06"]})
            found.add((receipt.rows, receipt.digest))
    assert len(found) == 1
    assert found.pop()[0] == len(lines)


def test_the_digest_leaves_out_what_may_differ_and_nothing_else(tmp_path):
    def digest(name: str, **more: object) -> str:
        return Lake(tmp_path / name).append(EVENTS, reader(EVENTS, [event(1, **more)])).digest

    assert digest("a") == digest("b", batch_id="ingest-2", ingested_at=datetime(2027, 1, 1, tzinfo=UTC))
    assert digest("a") != digest("c", quantity=0)


KILLED = """
import sys
from pathlib import Path
import pyarrow as pa
from lyceum import schema
from lyceum.lake import Lake
table = schema.with_history(schema.table("marts.points_ledger"))
def batches():
    number = 0
    while True:
        rows = [{"user_id": f"u{number}-{n}", "rule": "post", "points": n} for n in range(20_000)]
        yield from pa.Table.from_pylist(rows, schema=table.arrow()).to_batches()
        number += 1
        print(number, flush=True)
reader = pa.RecordBatchReader.from_batches(table.arrow(), batches())
Lake(Path(sys.argv[1])).append(table, reader)
"""


def test_a_writer_killed_on_its_way_leaves_what_was_there(tmp_path):
    lake = Lake(tmp_path)
    kept = {"as_of": date(2026, 7, 6), "user_id": "a", "day": date(2026, 7, 1), "rule": "post", "points": 3}
    lake.append(POINTS, reader(POINTS, [kept]))
    with subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE) as writer:
        for _ in range(3):
            assert writer.stdout.readline()
        writer.kill()
    assert lake.version(POINTS) == 0
    assert rows(lake, POINTS, "user_id, points") == [("a", 3)]
    lake.append(POINTS, reader(POINTS, [{**kept, "user_id": "b"}]))
    assert rows(lake, POINTS, "user_id, points") == [("a", 3), ("b", 3)]


def ledger(*columns: str) -> schema.Table:
    """A table partitioned by as_of, as some version of the schema declares it."""
    types = {"as_of": schema.DATE, "points": schema.BIGINT, "rule": schema.VARCHAR, "why": schema.VARCHAR}
    declared = tuple(schema.Column(name, types[name], "") for name in ("as_of", *columns))
    return schema.Table("history.ledger", "", ("as_of",), declared, partition="as_of")


@pytest.mark.parametrize("empty_first", [False, True])
def test_rows_of_an_earlier_version_have_null_in_new_columns_and_lose_dropped_ones(lake, empty_first):
    before, after = ledger("points", "rule"), ledger("points", "why")
    weeks = {day: {"as_of": [f"2026-07-{day:02}"]} for day in (6, 13)}
    lake.replace(before, reader(before, [{"as_of": date(2026, 7, 6), "points": 1, "rule": "a"}]), partition=weeks[6])
    if empty_first:
        lake.replace(after, reader(after, []), partition=weeks[13])
        assert rows(lake, after) == [(date(2026, 7, 6), 1, None)]
    lake.replace(after, reader(after, [{"as_of": date(2026, 7, 13), "points": 2, "why": "b"}]), partition=weeks[13])
    assert rows(lake, after) == [(date(2026, 7, 6), 1, None), (date(2026, 7, 13), 2, "b")]
    assert rows(lake, after, where="as_of = DATE '2026-07-06'") == [(date(2026, 7, 6), 1, None)]
