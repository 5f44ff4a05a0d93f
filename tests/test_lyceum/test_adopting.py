"""Files that were written elsewhere become rows of a table in one commit, or nothing does."""

import json
from datetime import date

import duckdb
import pytest
from deltalake import DeltaTable

from lyceum import schema
from lyceum.adopting import DataFile, adopt, remove_orphans
from lyceum.engine import connect, quoted
from lyceum.lake import Lake
from lyceum.tables.canonical import PERSONAL

EVENTS, REJECTS = schema.table("events"), schema.table("rejects")


@pytest.fixture(params=["lake", "it's a=1 数据 100% #2"])
def lake(tmp_path, request):
    return Lake(tmp_path / request.param)


def ready(folder, table, rows, *, day=""):
    """A file with `rows` rows of a table in staging."""
    fixed = {"event_id": "'e' || range", "user_id": "'secret-person'", "raw": "'secret-person'", "line": "range"}
    columns = [column for column in table.columns if column.name != table.partition]
    listed = ", ".join(f"{fixed.get(c.name, 'NULL')}::{c.type} AS {c.name}" for c in columns)
    file = folder / f"ready-{table.short}-{day}.parquet"
    with connect() as con:
        con.execute(f"COPY (SELECT {listed} FROM range({rows})) TO {quoted(file)} (FORMAT parquet)")
    return DataFile(file, rows, day)


def count(lake, table):
    with connect() as con:
        return con.execute(f"SELECT count(*) FROM ({lake.source(table)})").fetchall()[0][0]


def files(lake, table):
    return {path.relative_to(lake.path(table)).as_posix() for path in lake.path(table).rglob("*.parquet")}


def test_files_of_several_partitions_are_one_commit_for_every_reader(lake, tmp_path):
    for version in range(2):
        made = [ready(tmp_path, EVENTS, n, day=f"2026-07-0{n}") for n in (1, 2)]
        receipt = adopt(lake, EVENTS, made, batch="ingest-a", digest="d")
        assert (receipt.rows, receipt.version, receipt.digest) == (3, version, "d")
    assert count(lake, EVENTS) == 6
    assert lake.partitions(EVENTS) == ["2026-07-01", "2026-07-02"]
    other = DeltaTable(str(lake.path(EVENTS)))
    assert other.to_pyarrow_dataset().count_rows() == 6
    days = other.to_pyarrow_table().column("event_date").to_pylist()
    assert sorted(days) == [date(2026, 7, 1)] * 2 + [date(2026, 7, 2)] * 4
    assert files(lake, EVENTS) == {
        f"event_date=2026-07-0{n + 1}/ingest-a-v{version}-{n:05d}.parquet" for n in range(2) for version in range(2)
    }


def test_the_log_says_how_many_rows_and_nothing_of_a_person(lake, tmp_path):
    adopt(lake, EVENTS, [ready(tmp_path, EVENTS, 2, day="2026-07-01")], batch="ingest-a")
    log = (lake.path(EVENTS) / "_delta_log" / f"{0:020d}.json").read_text()
    added = [json.loads(line)["add"] for line in log.splitlines() if '"add"' in line]
    assert [json.loads(add["stats"]) for add in added] == [{"numRecords": 2}]
    assert "secret-person" not in log
    kept = DeltaTable(str(lake.path(EVENTS))).metadata().configuration["delta.dataSkippingStatsColumns"]
    assert not {*kept.split(",")} & {*PERSONAL}


def test_rows_as_delivered_are_for_the_owner_alone(lake, tmp_path):
    for _ in range(2):
        adopt(lake, REJECTS, [ready(tmp_path, REJECTS, 1)], batch="ingest-a")
    paths = [lake.path(REJECTS), *lake.path(REJECTS).rglob("*")]
    assert {path.stat().st_mode & 0o777 for path in paths if path.is_dir()} == {0o700}
    assert {path.stat().st_mode & 0o777 for path in paths if path.is_file()} == {0o600}


def test_orphans_go_and_what_any_version_names_stays(lake, tmp_path):
    adopt(lake, EVENTS, [ready(tmp_path, EVENTS, 2, day="2026-07-01")], batch="ingest-a")
    before = DeltaTable(str(lake.path(EVENTS)), version=0)
    lake.delete(EVENTS, "true")
    day = lake.path(EVENTS) / "event_date=2026-07-01"
    for name in ("ingest-b-v0-00000", "ingest-b-v1-00000", "ingest-b-v2-00000", "part-of-another"):
        (day / f"{name}.parquet").write_bytes(b"half a file")
    assert remove_orphans(lake, EVENTS) == 3
    assert {path.name for path in day.iterdir()} == {"ingest-a-v0-00000.parquet", "part-of-another.parquet"}
    assert before.to_pyarrow_dataset().count_rows() == 2  # who reads the version before can go on


def test_a_first_batch_that_died_before_its_commit_leaves_no_table(lake, tmp_path):
    day = lake.path(EVENTS) / "event_date=2026-07-01"
    day.mkdir(parents=True)
    (day / "ingest-a-v0-00000.parquet").write_bytes(b"x")
    assert not lake.exists(EVENTS)
    assert count(lake, EVENTS) == 0
    assert remove_orphans(lake, EVENTS) == 1
    adopt(lake, EVENTS, [ready(tmp_path, EVENTS, 2, day="2026-07-01")], batch="ingest-a")
    assert count(lake, EVENTS) == 2


def test_a_lake_without_leftovers_is_left_alone(lake):
    assert remove_orphans(lake, EVENTS) == 0
    assert duckdb.sql(lake.source(EVENTS)).fetchall() == []
