"""Files that are read together: none of them changes anything for the others, and every line keeps its place."""

import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest
from deltalake import DeltaTable

from lyceum import slow_reading
from lyceum.lake import Lake
from lyceum.schema import table
from lyceum.tables.canonical import PERSONAL
from pipelines import groups
from pipelines.ingest import ingest

pytestmark = pytest.mark.usefixtures("secret")
SOURCE = """
name = "shop"
title = "A shop"
timezone = "Asia/Shanghai"
currency = "CNY"
language = "zh"
ids = "raw"
duplicates = "drop"

[files.orders]
glob = "orders*.csv*"
format = "csv"
columns = ["id", "user", "at", "type", "course"]

[files.clicks]
glob = "clicks*.jsonl"
format = "jsonl"
columns = ["id", "user", "at", "type", "course"]

[files.courses]
glob = "courses.csv"
format = "csv"
columns = ["course", "title"]

[lookup.courses]
file = "courses"
key = ["course"]
columns = ["title"]

[[events]]
file = "orders"
[events.columns]
event_id = "id"
user_id = "user"
event_type = "type"
occurred_at = "iso(at)"
item_id = "course"

[[events]]
file = "clicks"
join = { courses = ["course"] }
[events.columns]
event_id = "id"
user_id = "user"
event_type = "type"
occurred_at = "iso(at)"
item_id = "course"
channel = "courses.title"

[[users]]
file = "clicks"
versions = "first"
[users.columns]
user_id = "user"
registered_at = "iso(at)"
"""
HEADER = "id,user,at,type,course\n"


def row(number, *, kind="view", day=14, course="c1"):
    return f"e{number},u{number % 5},2026-07-{day}T09:00:00Z,{kind},{course}\n"


def line(number, **more):
    given = {
        "id": f"e{number}",
        "user": f"u{number % 5}",
        "at": "2026-07-14T09:00:00Z",
        "type": "view",
        "course": "c1",
    }
    return json.dumps({**given, **more}, ensure_ascii=False) + "\n"


@pytest.fixture
def shop(deliveries, tmp_path):
    made = deliveries(SOURCE, tmp_path / "shop")
    made.deliver("courses.csv", "course,title\nc1,写作课\n")
    return made


@pytest.fixture
def alone(monkeypatch):
    """The names of the files that were read line by line."""
    names = []
    write_rows = slow_reading.write_rows

    def noted(delivered, files, /, **more):
        names.append(delivered.name)
        return write_rows(delivered, files, **more)

    monkeypatch.setattr(slow_reading, "write_rows", noted)
    return names


def accounts(result):
    parts = ("rows", "mapped", "skipped", "anonymous", "duplicate", "rejected", "blank")
    return {(one["file"], one["mapping"].split("#")[0]): [one[part] for part in parts] for one in result.accounts}


@pytest.mark.parametrize(
    ("bad", "code", "blank"),
    [
        (HEADER + row(100) + "e101,u1\n" + row(102), "ragged", 0),
        (HEADER + row(100) + "\n" + 'e101,"u1\n' + row(102), "unclosed_quote", 1),
        ((HEADER + row(100)).encode() + b"e101,u\xff,x,view,c1\n" + row(102).encode(), "invalid_utf8", 0),
    ],
)
def test_one_bad_file_among_good_ones_is_read_alone(shop, alone, bad, code, blank):
    for number in range(7):
        shop.deliver(f"orders-{number}.csv", HEADER + "".join(row(number * 10 + n) for n in range(3)))
    shop.deliver("orders-3-bad.csv", bad)
    result = ingest(shop.context())
    assert alone == ["orders-3-bad.csv"]
    good = {(f"orders-{n}.csv", "events.orders"): [3, 3, 0, 0, 0, 0, 0] for n in range(7)}
    assert accounts(result) == {**good, ("orders-3-bad.csv", "events.orders"): [3 + blank, 2, 0, 0, 0, 1, blank]}
    assert shop.rows("rejects", "file, line, code") == [("orders-3-bad.csv", 3 + blank, code)]
    assert len(shop.rows("events", "DISTINCT event_id")) == 23


def test_columns_may_come_in_another_order_in_every_file(shop, alone):
    shop.deliver("orders-1.csv", HEADER + row(1))
    shop.deliver("orders-2.csv", "course,type,extra,at,user,id\nc1,view,x,2026-07-14T09:00:00Z,u1,e2\n")
    shop.deliver("orders-3.csv", HEADER + row(3))
    ingest(shop.context())
    assert shop.rows("events", "event_id, item_id, event_type") == [(f"e{n}", "c1", "view") for n in (1, 2, 3)]
    assert alone == []


def test_rejected_lines_keep_number_and_text_whatever_file_of_a_group_they_stand_in(shop, alone):
    for number in range(3):
        text = "".join(row(number * 100 + n, kind="view" if n % 10 != number else f"课{number}") for n in range(30))
        shop.deliver(f"orders-{number}.csv", HEADER + text)
        text = "".join(line(1000 + number * 100 + n, at="never" if n == 7 + number else None) for n in range(20))
        shop.deliver(f"clicks-{number}.jsonl", text.replace('"at": null', '"at": "2026-07-14T09:00:00Z"'))
    ingest(shop.context())
    assert alone == []
    found = shop.rows("rejects", "file, line, code, raw")
    assert [one[:3] for one in found if "orders" in one[0]] == [
        (f"orders-{number}.csv", at + 2, "unknown_event_type") for number in range(3) for at in range(number, 30, 10)
    ]
    clicks = [one[:3] for one in found if "clicks" in one[0]]
    by_mapping = ("bad_occurred_at", "bad_registered_at")
    assert clicks == [(f"clicks-{number}.jsonl", 8 + number, code) for number in range(3) for code in by_mapping]
    for file, number, _code, raw in found:
        assert raw == (shop.data / file).read_text(encoding="utf-8").splitlines()[number - 1]


def test_the_first_of_equal_ids_stays_in_a_file_between_files_and_between_batches(shop):
    shop.deliver("orders-1.csv", HEADER + row(1, course="first") + row(2, course="first") + row(1, course="second"))
    shop.deliver("orders-2.csv", HEADER + row(2, course="second", day=15) + row(3, course="first"))
    shop.deliver("clicks-1.jsonl", line(3, course="second"))  # another kind of file, later in the order
    first = accounts(ingest(shop.context()))
    shop.deliver("orders-3.csv", HEADER + row(1, course="third") + row(4, course="first"))
    second = accounts(ingest(shop.context()))
    assert shop.rows("events", "event_id, item_id") == [(f"e{n}", "first") for n in (1, 2, 3, 4)]
    duplicates = {name: parts[4] for (name, mapping), parts in {**first, **second}.items() if "events" in mapping}
    assert duplicates == {"orders-1.csv": 1, "orders-2.csv": 1, "clicks-1.jsonl": 1, "orders-3.csv": 1}


def test_groups_of_one_file_make_the_same_lake_as_one_group(deliveries, tmp_path, monkeypatch):
    made = []
    for size in (groups.GROUP_BYTES, 1):
        monkeypatch.setattr(groups, "GROUP_BYTES", size)
        shop = deliveries(SOURCE, tmp_path / f"by-{size}")
        shop.deliver("courses.csv", "course,title\nc1,写作课\n")
        for number in range(4):
            shop.deliver(f"orders-{number}.csv", HEADER + "".join(row(number * 2 + n, day=14 + n) for n in range(4)))
            shop.deliver(f"clicks-{number}.jsonl", line(number, course=f"c{number}") + line(50 + number) + "{\n")
        result = ingest(shop.context())
        made.append([shop.content(), accounts(result), dict(result.misses), [one.digest for one in result.receipts]])
    assert made[0] == made[1]
    assert made[0][2] == {"courses": 3}


def test_the_log_knows_every_file_and_nothing_of_people(shop):
    for number in range(3):
        shop.deliver(f"orders-{number}.csv", HEADER + row(number, day=14 + number) + "e\n")
        ingest(shop.context())
    assert shop.strangers() == set()
    lake = Lake(shop.home.lake)
    for name in ("events", "rejects", "deliveries"):
        folder = lake.path(table(name))
        delta = DeltaTable(str(folder))
        assert set(folder.rglob("*.parquet")) == {Path(unquote(uri)) for uri in delta.file_uris()}
        assert delta.to_pyarrow_dataset().count_rows() == len(shop.rows(name))
        for entry in (folder / "_delta_log").glob("*.json"):
            for said in map(json.loads, entry.read_text().splitlines()):
                stats = json.loads(said.get("add", {}).get("stats", "{}"))
                assert not {*stats.get("minValues", ()), *stats.get("maxValues", ())} & {*PERSONAL, "raw"}


def test_a_file_of_rejects_only_and_an_empty_one(shop):
    shop.deliver("orders-1.csv", HEADER)
    shop.deliver("orders-2.csv", HEADER + "e1,u1,never,view,c1\n")
    shop.deliver("clicks-1.jsonl", "")
    result = ingest(shop.context())
    assert accounts(result) == {
        ("orders-1.csv", "events.orders"): [0] * 7,
        ("orders-2.csv", "events.orders"): [1, 0, 0, 0, 0, 1, 0],
        ("clicks-1.jsonl", "events.clicks"): [0] * 7,
        ("clicks-1.jsonl", "users.clicks"): [0] * 7,
    }
    assert [one.table for one in result.receipts] == ["rejects", "deliveries"]


@pytest.mark.slow
def test_memory_is_bounded_whatever_the_size_of_a_file(shop):
    """One file of some 60 MB, which is larger as rows, in an engine that may use 150 MB."""
    lines = 400_000
    text = "".join(line(n, id=f"{'x' * 60}{n}", course=f"c{n % 1000}") for n in range(lines))
    shop.deliver("clicks-1.jsonl", text)
    ctx = shop.context()
    small = ctx.settings.model_copy(update={"memory_limit": "150MB"})
    result = ingest(replace(ctx, settings=small))
    assert accounts(result)["clicks-1.jsonl", "events.clicks"] == [lines, lines, 0, 0, 0, 0, 0]
    assert list(shop.home.staging.iterdir()) == []
