"""Upkeep changes how the lake lies on disk, never what is read from it."""

import json
import os
import re
import shutil
import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from lyceum.compaction import COMMITS, CROWD
from lyceum.engine import connect
from lyceum.errors import HomeError
from lyceum.lake import Lake
from lyceum.tables.canonical import DELIVERIES, EVENTS
from pipelines.ingest import ingest
from pipelines.upkeep import maintain

SOURCE = """
name = "shop"
title = "A shop"
timezone = "Asia/Shanghai"
currency = "CNY"
language = "zh"
ids = "raw"
duplicates = "drop"

[files.log]
glob = "log*.csv"
format = "csv"
columns = ["id", "user", "at", "type", "price"]

[[events]]
file = "log"

[events.columns]
event_id = "id"
user_id = "user"
event_type = "type"
occurred_at = "iso(at)"
amount = "money(price)"
"""
HEADER = "id,user,at,type,price\n"
DAYS = 3


def log(batch: int, *, rows: int = 30) -> str:
    return HEADER + "".join(
        f"e{batch}-{n},u{n % 7},2026-07-{n % DAYS + 1:02}T0{n % 9}:00:00Z,purchase,{n}.50\n" for n in range(rows)
    )


@pytest.fixture(scope="module")
def built(deliveries, tmp_path_factory):
    """A home with `CROWD` ingests into the same days, and a line in each that cannot be used."""
    made = deliveries(SOURCE, tmp_path_factory.mktemp("built") / "shop")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LYCEUM_SECRET", "a secret that is only used in tests, 32")
        for batch in range(CROWD):
            made.deliver(f"log-{batch}.csv", log(batch) + f"e{batch}-bad,u1,never,view,\n")
            ingest(made.context())
    return made


@pytest.fixture
def shop(built, tmp_path):
    """A copy of it."""
    shutil.copytree(built.root, tmp_path / "shop")
    return replace(built, root=tmp_path / "shop")


def files(lake: Lake, table) -> int:
    return lake.source(table).count(".parquet'")


def age(shop, *, hours: int) -> None:
    """Let everything in the lake be that much older."""
    back = hours * 3600
    for file in shop.home.lake.rglob("*.parquet"):
        os.utime(file, (file.stat().st_atime - back, file.stat().st_mtime - back))
    for file in shop.home.lake.rglob("*.json"):
        text = re.sub(
            r'"deletionTimestamp":(\d+)',
            lambda at: f'"deletionTimestamp":{int(at[1]) - back * 1000}',
            file.read_text(),
        )
        file.write_text(text)


def test_many_small_files_become_one_a_day_and_every_row_stays(shop):
    before, crowded = shop.content(), files(shop.context().lake, EVENTS)
    done = {one.table: one for one in maintain(shop.context())}
    assert crowded == CROWD * DAYS
    assert files(shop.context().lake, EVENTS) == DAYS
    assert (done["events"].merged, done["events"].made) == (CROWD * DAYS, DAYS)
    assert (done["deliveries"].merged, done["deliveries"].made) == (CROWD, 1)
    assert shop.content() == before


def test_a_second_time_there_is_nothing_to_do(shop):
    maintain(shop.context())
    versions = [shop.context().lake.version(table) for table in (EVENTS, DELIVERIES)]
    assert maintain(shop.context()) == ()
    assert [shop.context().lake.version(table) for table in (EVENTS, DELIVERIES)] == versions


def test_few_files_are_left_as_they_are(shop):
    maintain(shop.context())
    with connect() as con:
        one = con.sql(shop.context().lake.source(EVENTS)).to_arrow_table()
    for _ in range(CROWD - 2):
        shop.context().lake.append(EVENTS, one.to_reader())
    assert maintain(shop.context()) == ()
    assert files(shop.context().lake, EVENTS) == DAYS * (CROWD - 1)


def test_what_was_merged_can_be_read_for_a_day_and_then_goes(shop):
    older = shop.context().lake.source(EVENTS)
    maintain(shop.context())
    with connect() as con:
        assert con.execute(f"SELECT count(*) FROM ({older})").fetchall() == [(30 * CROWD,)]
    age(shop, hours=23)
    assert maintain(shop.context()) == ()
    age(shop, hours=2)
    before = shop.content()
    removed = {one.table: one.removed for one in maintain(shop.context())}
    assert removed == {"events": CROWD * DAYS, "deliveries": CROWD}
    assert shop.content() == before
    on_disk = list(shop.home.lake.glob("events/*/*.parquet"))
    assert len(on_disk) == files(shop.context().lake, EVENTS) == DAYS


def test_files_of_a_crash_go_when_no_run_can_still_be_writing_them(shop):
    orphan = next(shop.home.lake.glob("events/*/")) / "part-orphan.parquet"
    orphan.write_bytes(b"half a file")
    maintain(shop.context())
    assert orphan.exists()
    age(shop, hours=25)
    maintain(shop.context())
    assert not orphan.exists()


def test_the_log_of_merged_files_has_statistics_of_no_persons_id(shop):
    (person,) = {row[0] for row in shop.rows("events", "min(user_id)")}
    maintain(shop.context())
    logs = sorted((shop.home.lake / "events" / "_delta_log").glob("*.json"))
    added = [json.loads(line)["add"] for line in logs[-1].read_text().splitlines() if '"add"' in line]
    assert len(added) == DAYS
    for action in added:
        stats = json.loads(action["stats"])
        assert stats["numRecords"] == 10 * CROWD
        assert not {"user_id", "target_user_id"} & {*stats.get("minValues", {}), *stats.get("nullCount", {})}
    assert person not in "".join(path.read_text() for path in logs)


def test_old_rejects_go_and_young_ones_keep_their_mode(shop):
    maintain(shop.context())
    assert len(shop.rows("rejects")) == CROWD
    maintain(shop.context(now=shop.context().now + timedelta(days=31)))
    assert shop.rows("rejects") == []
    assert len(shop.rows("events")) == 30 * CROWD
    assert all(path.stat().st_mode & 0o077 == 0 for path in (shop.home.lake / "rejects").rglob("*.parquet"))


def test_a_long_log_gets_a_checkpoint_and_reads_the_same(shop):
    lake = shop.context().lake
    with connect() as con:
        known = con.sql(lake.source(DELIVERIES)).to_arrow_table()
    for _ in range(COMMITS):
        lake.append(DELIVERIES, known.to_reader())
    before = shop.content()
    done = {one.table: one.checkpoint for one in maintain(shop.context())}
    assert done == {"events": False, "deliveries": True}
    assert list((shop.home.lake / "deliveries" / "_delta_log").glob("*.checkpoint.parquet"))
    assert shop.content() == before
    assert maintain(shop.context()) == ()


def test_a_reader_never_misses_a_row_while_files_are_merged(shop):
    found: set[int] = set()
    merged = threading.Event()

    def read() -> None:
        while not merged.is_set():
            with connect() as con:
                found.add(
                    con.execute(f"SELECT count(*) FROM ({shop.context().lake.source(EVENTS)})").fetchall()[0][0]
                )

    reader = threading.Thread(target=read)
    reader.start()
    while not found:
        time.sleep(0.01)
    maintain(shop.context())
    merged.set()
    reader.join()
    assert found == {30 * CROWD}


def test_a_home_that_is_written_to_is_left_alone(shop):
    with shop.home.lock(), pytest.raises(HomeError, match="Another run is writing"):
        maintain(shop.context())
