"""Rejects through a mended mapping: they land as if it had been right at first, whatever is done before or after.

The first mapping does not know the event type "buy", and no time with a slash in it.
"""

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

from lyceum.errors import HomeError
from lyceum.tables.canonical import REJECTS
from pipelines.health import status_lines
from pipelines.ingest import ingest
from pipelines.replaying import replay

NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)
BAD, MENDED = 'event_type = "type"', "event_type = \"CASE type WHEN 'buy' THEN 'purchase' ELSE type END\""
SOURCE = """
name = "shop"
title = "A shop"
timezone = "Asia/Shanghai"
currency = "CNY"
language = "zh"
ids = "raw"
duplicates = "keep"

[files.log]
FILES

[[events]]
file = "log"
filter = { name = "test order", keep = "coalesce(course, '') <> 'test'" }
[events.columns]
user_id = "user"
event_type = "type"
occurred_at = "iso(at)"
item_id = "course"
"""
CSV = """glob = "log*.csv*"
format = "csv"
columns = ["user", "at", "type", "course"]"""
FORMS = {
    "csv": CSV,
    "jsonl": CSV.replace("csv", "jsonl"),
    "parquet": CSV.replace("csv", "parquet"),
    "bare": CSV + "\nheader = false",
}
GOOD = {"user": "u1", "at": "2026-07-14T20:00:00Z", "type": "view", "course": "c9"}
ROWS = [
    GOOD,
    GOOD | {"type": "buy"},
    GOOD | {"type": "buy", "at": "2026/07/14"},
    GOOD | {"type": "buy"},  # equal rows of a file are different events here
    GOOD | {"type": "buy", "course": "test"},
    GOOD | {"type": "buy", "user": None},
    GOOD | {"type": "buy", "course": 'c"1,\n2'},
    GOOD | {"type": "sell"},
]
HEADER = ("course", "note", "type", "user", "at")  # neither the declared order nor the declared columns alone


def written(rows, form: str) -> bytes:
    if form == "jsonl":
        return "".join(json.dumps(row) + "\n" for row in rows).encode()
    if form == "parquet":
        sink = pa.BufferOutputStream()
        noted = [row | {"note": n / 4} for n, row in enumerate(rows)]
        pq.write_table(pa.Table.from_pylist(noted), sink)
        return sink.getvalue().to_pybytes()
    names = HEADER if form == "csv" else tuple(GOOD)
    cells = [[(row | {"note": "n"})[name] or "" for name in names] for row in rows]
    quoted = [
        ['"' + cell.replace('"', '""') + '"' if set(cell) & set('",\n') else cell for cell in row] for row in cells
    ]
    return "".join(",".join(row) + "\n" for row in ([list(names)] if form == "csv" else []) + quoted).encode()


@pytest.fixture
def shop(deliveries, secret, tmp_path):
    """Makes a home that has taken in a log by the mapping that is wrong."""

    def make(form: str = "csv", rows=ROWS, *, name: str = "shop", files: str = "", now: datetime = NOW):
        made = deliveries(SOURCE.replace("FILES", files or FORMS[form]), tmp_path / name)
        made.deliver(f"log.{'csv' if form == 'bare' else form}", written(rows, form))
        ingest(made.context(now=now))
        return made

    return make


def mend(made, old: str = BAD, new: str = MENDED) -> None:
    text = made.source.read_text()
    assert old in text
    made.source.write_text(text.replace(old, new))


def same(one, other) -> None:
    hidden = ("batch_id",)
    assert one.content(*hidden)["events"] == other.content(*hidden)["events"]
    assert one.rows("rejects", "file, line, mapping, code, raw") == other.rows(
        "rejects", "file, line, mapping, code, raw"
    )


@pytest.mark.parametrize("form", FORMS)
def test_what_is_good_now_lands_and_leaves_the_rejects(shop, form):
    made = shop(form)
    assert len(made.rows("events")) == 1
    mend(made)
    result = replay(made.context())
    (account,) = result.accounts
    parts = ("rows", "mapped", "anonymous", "skipped", "duplicate", "rejected", "blank")
    assert [account[part] for part in parts] == [6, 3, 1, 0, 0, 2, 0]
    assert str(account["file"]).startswith("rejects of log.")
    new = [("purchase", 'c"1,\n2'), *[("purchase", "c9")] * 3]
    assert made.rows("events", "event_type, item_id") == [*new, ("view", "c9")]
    assert [code for (code,) in made.rows("rejects", "code")] == ["bad_occurred_at", "unknown_event_type"]


@pytest.mark.parametrize(
    "form", ["csv", *(pytest.param(form, marks=pytest.mark.slow) for form in ("jsonl", "parquet", "bare"))]
)
def test_a_replay_and_an_ingest_of_the_file_end_alike_in_either_order(shop, form):
    once, twice, only = (shop(form, name=name) for name in ("once", "twice", "only"))
    for made in (once, twice, only):
        mend(made)
    replay(once.context())
    ingest(once.context())
    ingest(twice.context())
    replay(twice.context())
    ingest(only.context())
    same(once, only)
    same(twice, only)
    assert len(only.rows("events")) == 5


def test_rows_that_are_still_bad_stay_with_their_new_reason_and_their_age(shop):
    made = shop()
    held = "line, code, batch_id, ingested_at"
    before = {line: row for line, *row in made.rows("rejects", held)}
    assert {code for code, *_ in before.values()} == {"unknown_event_type", "bad_occurred_at"}
    later = made.context(now=made.context().now + timedelta(days=20))
    mend(made, "iso(at)", "epoch_s(at)")
    replay(later)
    after = {line: row for line, *row in made.rows("rejects", held)}
    assert {line: code for line, (code, *_) in after.items()} == dict.fromkeys(before, "bad_occurred_at")
    assert [row[1:] for row in after.values()] == [row[1:] for row in before.values()]
    assert len(set(made.rows("rejects", "mapping"))) == 1
    ingest(replace(later, now=later.now + timedelta(days=11)))
    assert {row[2] for row in made.rows("rejects", held)} == {made.rows("rejects", held)[0][2]}


def test_a_second_replay_and_one_of_a_mapping_nobody_mended_change_nothing(shop):
    made = shop()
    lake = made.context().lake
    held = made.content(), lake.version(REJECTS)
    assert replay(made.context()).accounts == ()
    assert (made.content(), lake.version(REJECTS)) == held
    mend(made)
    assert len(replay(made.context()).accounts) == 1
    held = made.content(), lake.version(REJECTS)
    assert replay(made.context()).accounts == ()
    assert (made.content(), lake.version(REJECTS)) == held


def test_lines_that_cannot_be_read_again_are_counted_and_stay(shop):
    made = shop(files=FORMS["jsonl"], form="jsonl")
    long = json.dumps(GOOD | {"type": "buy", "note": "x" * 70_000})
    made.deliver("log-2.jsonl", (long + "\n").encode() + b'{"user": "\xff"}\n' + b"{half\n" + b'{"a": "\0"}\n')
    ingest(made.context())
    mend(made)
    result = replay(made.context())
    assert dict(result.unreadable) == {
        "cut at 65,536 characters": 1,
        "no row in any mapping, or not UTF-8": 3,
    }
    assert len(made.rows("rejects")) == 2 + 4


def test_equal_rejects_of_two_files_count_as_in_the_file_with_most(shop):
    made = shop("csv", ROWS[:4])
    made.deliver("log-2.csv", written([ROWS[0], *[ROWS[1]] * 3], "csv"))
    ingest(made.context())
    mend(made)
    replay(made.context())
    assert len(made.rows("events", "event_type")) == 1 + 3
    mended = made.content("batch_id")["events"]
    ingest(made.context())
    assert made.content("batch_id")["events"] == mended


def test_elements_of_a_list_land_once_each(deliveries, secret, tmp_path):
    files = FORMS["jsonl"].replace('"type", ', "") + '\neach = ["kinds"]'
    source = SOURCE.replace("FILES", files).replace(BAD, 'event_type = "each"')
    rows = [GOOD | {"kinds": ["view", "buy", "share"]}, GOOD | {"kinds": ["buy", "sell"]}]
    made, only = (deliveries(source, tmp_path / name) for name in ("made", "only"))
    for each in (made, only):
        each.deliver("log.jsonl", written(rows, "jsonl"))
    ingest(made.context())
    assert len(made.rows("events")) == 2
    for each in (made, only):
        mend(each, '"each"', MENDED.partition(" = ")[2].replace("type", "each"))
    (account,) = replay(made.context()).accounts
    assert [account[part] for part in ("rows", "mapped", "duplicate", "rejected")] == [5, 2, 2, 1]
    ingest(only.context())
    same(made, only)


def test_a_mapping_that_is_mended_and_put_back_loses_no_reject(shop):
    made = shop()
    mend(made)
    ingest(made.context(now=NOW + timedelta(days=1)))
    left = made.rows("rejects", "line, raw")
    assert len(left) == 2
    mend(made, MENDED, BAD)
    ingest(made.context(now=NOW + timedelta(days=2)))
    assert made.rows("rejects", "line, raw") == left


def test_the_share_of_rejects_that_stops_an_ingest_does_not_stop_a_replay(shop):
    made = shop()
    mend(made)
    strict = made.context(limit=0.0)
    assert replay(strict).accounts[0]["rejected"] == 2


def test_a_delivery_that_is_gone_can_be_replayed(shop):
    made = shop()
    mend(made)
    for file in made.data.iterdir():
        file.unlink()
    assert len(replay(made.context()).accounts) == 1
    assert len(made.rows("events")) == 5


def test_a_column_that_the_old_header_lacks_is_said_and_nothing_lost(shop):
    made = shop()
    mend(made, '"type", "course"]', '"type", "course", "device"]')
    before = made.rows("rejects")
    result = replay(made.context())
    assert list(result.unreadable) == ["from files whose header lacks a column that the source now names"]
    assert made.rows("rejects") == before


def test_a_home_of_before_headers_were_kept_reads_and_goes_on(shop):
    made = shop()
    lake = made.context().lake
    rows = pa.Table.from_pylist(
        [dict(zip(REJECTS.names, row, strict=True)) for row in made.rows("rejects")], schema=REJECTS.arrow()
    )
    shutil.rmtree(lake.path(REJECTS))
    write_deltalake(str(lake.path(REJECTS)), rows.drop_columns(["header"]))
    assert len(made.rows("rejects")) == 6
    made.deliver("log-2.csv", written([GOOD | {"type": "buy", "course": "c7"}], "csv"))
    ingest(made.context())
    mend(made)
    result = replay(made.context())
    assert dict(result.unreadable) == {"kept without the header of their file": 6}
    assert ("purchase", "c7") in made.rows("events", "event_type, item_id")
    assert len(made.rows("rejects")) == 6


def test_another_key_is_refused_and_all_is_as_it_was(shop, monkeypatch):
    made = shop()
    mend(made)
    before = made.content()
    monkeypatch.setenv("LYCEUM_SECRET", "another secret of thirty-two bytes or so")
    with pytest.raises(HomeError, match="key"):
        replay(made.context())
    assert made.content() == before


def test_the_status_names_the_commonest_reasons_and_what_to_do(shop):
    made = shop()
    text = "\n".join(status_lines(made.context()))
    assert "unknown_event_type" in text
    assert "--replay-rejects" in text
    assert "2026-08-31" in text
    mend(made)
    replay(made.context())
    text = "\n".join(status_lines(made.context()))
    assert "(replayed)" in text
    assert "buy" not in text


def test_the_command_says_what_became_of_the_rows(shop, lyceum_cli, secret, tmp_path):
    made = shop(now=datetime.now(UTC))  # the command reads the clock, and rejects live for 30 days
    mend(made)
    command = ("ingest", "--replay-rejects", "--home", made.home.root)
    done = lyceum_cli(tmp_path, *command, LYCEUM_SECRET=secret)
    assert (done.code, done.out.partition("-")[0]) == (0, "rejects of log.csv (ingest")
    assert done.out.endswith("): 6 rows, 3 mapped, 1 anonymous, 2 rejected\n")
    wrong = lyceum_cli(tmp_path, *command, "--data", made.data, LYCEUM_SECRET=secret)
    assert wrong.code == 2
    assert "Leave out --source, --data and --init-key." in wrong.err
