"""However a log is cut, ordered, packed, repeated and delayed, it ends in the same lake.

What holds where, for rows of the same mapping:

- *With ids*: an id lands once, in whatever file, format or week it comes again, and however its row is written.
  (Two rows of one id and other content contradict each other: the first stays. The log here has none.)
- *Without ids, `duplicates = "drop"`*: equal rows are one event, wherever they stand. Equal means equal cells by
  column name for CSV (the order of columns is free), an equal line for JSON lines.
- *Without ids, `duplicates = "keep"`*: equal rows of ONE file are different events; an equal row of another file is
  the same event again. So a row counts as often as it stands in the file that holds it most often. A log may be cut
  anywhere but between equal rows.
- A file with the same bytes is known by its content, under any name. The same rows in other bytes (another order,
  another compression, another cut) are read, and count as duplicates.
"""

import gzip
import itertools
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.ingest import ingest

SOURCE = """
name = "school"
title = "A school"
timezone = "Asia/Shanghai"
currency = "CNY"
language = "zh"
ids = "raw"
duplicates = "DUPLICATES"

[files.cells]
glob = "**/*.csv*"
format = "csv"
columns = ["id", "user", "at", "type", "course", "price"]

[files.lines]
glob = "**/*.jsonl*"
format = "jsonl"
columns = ["id", "user", "at", "type", "course", "price"]
"""
MAPPING = """
[[events]]
name = "FILE"
file = "FILE"
[events.columns]
EVENT_ID
user_id = "user"
event_type = "type"
occurred_at = "iso(at)"
item_id = "course"
amount = "money(price)"
"""
NAMES = ("id", "user", "at", "type", "course", "price")


def source(kind: str) -> str:
    """A source whose events have ids, or none with one of the two rules for equal rows."""
    own = 'event_id = "id"' if kind == "ids" else ""
    mappings = "".join(MAPPING.replace("FILE", name).replace("EVENT_ID", own) for name in ("cells", "lines"))
    return SOURCE.replace("DUPLICATES", "keep" if kind == "keep" else "drop") + mappings


def event(number: int, at: str, **more: str) -> dict[str, str]:
    row = {"id": f"e{number}", "user": "", "at": at, "type": "view", "course": f"课,{number % 3}", "price": ""}
    return row | more


LOG = [
    event(n, f"2026-06-{n // 6 * 7 + n % 7 + 1:02}T{15 + n % 3}:00:00Z", user=f"u{n % 4}" if n % 5 else "")
    for n in range(18)
] + [event(n, "2026-06-05T08:00:00Z", user="u1", type="purchase", price="19.90", course="c,1") for n in range(18, 21)]
ANONYMOUS = [{**row, "id": ""} for row in LOG]  # without ids the last three rows are equal
GROUPS = [*((n,) for n in range(18)), (18, 19, 20)]
EVENTS = {"ids": 21, "drop": 19, "keep": 21}


@dataclass(frozen=True)
class File:
    """Rows of the log (by number), how they are written, and the ingest that is the first to find the file."""

    rows: tuple[int, ...]
    form: str
    packing: str
    columns: tuple[str, ...]
    ingest: int

    def content(self, log: Sequence[dict[str, str]]) -> bytes:
        rows = [log[n] for n in self.rows]
        if self.form == "jsonl":
            text = "".join(json.dumps({k: v or None for k, v in row.items()}) + "\n" for row in rows)
        else:
            cells = [[row[name] for name in self.columns] for row in rows]
            quoted = [[f'"{cell}"' if "," in cell else cell for cell in row] for row in cells]
            text = "".join(",".join(row) + "\n" for row in [list(self.columns), *quoted])
        if self.packing == ".gz":
            return gzip.compress(text.encode(), mtime=0)
        return pa.Codec("zstd").compress(text.encode(), asbytes=True) if self.packing else text.encode()


def cut(units: Sequence[tuple[int, ...]], at: Sequence[int]) -> list[tuple[int, ...]]:
    """The units in pieces, cut before the places `at`."""
    edges = [0, *sorted(at), len(units)]
    pieces = [units[begin:end] for begin, end in itertools.pairwise(edges)]
    return [tuple(itertools.chain.from_iterable(piece)) for piece in pieces if piece]


@st.composite
def plans(draw: st.DrawFn, *, ids: bool) -> list[File]:
    """Files that together hold the whole log, some of it more than once, over up to three ingests."""
    forms = ("csv", "jsonl") if ids else (draw(st.sampled_from(["csv", "jsonl"])),)
    units = [(n,) for n in range(len(LOG))] if ids else GROUPS
    pieces = cut(draw(st.permutations(units)), draw(st.lists(st.integers(1, len(units) - 1), max_size=4)))
    again = draw(st.lists(st.lists(st.integers(0, len(LOG) - 1), min_size=1, max_size=9, unique=True), max_size=3))
    files = [
        File(
            tuple(draw(st.permutations(rows))),
            draw(st.sampled_from(forms)),
            draw(st.sampled_from(["", ".gz", ".zst"])),
            tuple(draw(st.permutations(NAMES))),
            draw(st.integers(1, 3)),
        )
        for rows in [*pieces, *again]
    ]
    copies = draw(st.lists(st.sampled_from(files), max_size=2))
    return [*files, *(replace(one, ingest=draw(st.integers(1, 3))) for one in copies)]


def taken(made, files: Sequence[File], log: Sequence[dict[str, str]]):
    """The delivery folder after every file was delivered and taken in, ingest by ingest."""
    numbered = sorted(enumerate(files), key=lambda pair: pair[1].ingest)
    for ingest_number, waiting in itertools.groupby(numbered, key=lambda pair: pair[1].ingest):
        for number, file in waiting:
            made.deliver(f"{ingest_number}/log-{number}.{file.form}{file.packing}", file.content(log))
        ingest(made.context())
    return made


def landed(made) -> list[tuple[object, ...]]:
    """The events, without what tells which ingest brought them."""
    return made.content("batch_id")["events"]


@pytest.fixture(scope="module")
def whole(deliveries, tmp_path_factory):
    """The lake of the log in one file, by kind of source and form; each made once."""

    @cache
    def make(kind: str, form: str) -> list[tuple[object, ...]]:
        made = deliveries(source(kind), tmp_path_factory.mktemp("whole") / "school")
        file = File(tuple(range(len(LOG))), form, "", NAMES, 1)
        rows = landed(taken(made, [file], LOG if kind == "ids" else ANONYMOUS))
        assert len(rows) == EVENTS[kind]
        return rows

    return make


@pytest.fixture(scope="module")
def check(deliveries, whole, tmp_path_factory):
    """Takes in a plan and holds the lake against that of the whole log."""

    def same(kind: str, files: Sequence[File]) -> None:
        made = deliveries(source(kind), tmp_path_factory.mktemp("plan") / "school")
        log = LOG if kind == "ids" else ANONYMOUS
        taken(made, files, log)
        assert landed(made) == whole(kind, files[0].form)
        accounts = made.rows("deliveries", "rows, mapped + anonymous, duplicate")
        assert all(rows == new + duplicate for rows, new, duplicate in accounts)
        assert sum(new for _, new, _ in accounts) == EVENTS[kind]
        assert len(accounts) == len({file.content(log) for file in files})  # one per content
        shutil.rmtree(made.root)

    return same


@pytest.mark.parametrize("kind", ["ids", "drop", "keep"])
@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_cut_shuffled_packed_repeated_and_delayed_it_is_the_same_lake(kind, check, secret, data):
    check(kind, data.draw(plans(ids=kind == "ids")))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ids", "drop", "keep"])
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_and_so_it_is_for_many_more_ways(kind, check, secret, data):
    check(kind, data.draw(plans(ids=kind == "ids")))


def test_equal_rows_count_as_often_as_in_the_file_that_holds_most_of_them(deliveries, secret, tmp_path):
    made = deliveries(source("keep"), tmp_path / "school")
    row = File((18,), "csv", "", NAMES, 1)
    for rows, expected in (((18,), 1), ((18, 19, 20), 3), ((18, 19), 3), ((0, 18, 19, 20), 4)):
        made.deliver(f"log-{len(made.rows('deliveries'))}.csv", replace(row, rows=rows).content(ANONYMOUS))
        ingest(made.context())
        assert len(made.rows("events")) == expected


def test_a_late_event_lands_on_the_day_it_happened(deliveries, secret, tmp_path):
    made = deliveries(source("ids"), tmp_path / "school")
    one = File((), "jsonl", "", NAMES, 1)
    taken(made, [replace(one, rows=(17,)), replace(one, rows=(0, 1), ingest=2)], LOG)
    days = [str(day) for (day,) in made.rows("events", "DISTINCT event_date")]
    assert days == ["2026-06-01", "2026-06-03", "2026-06-19"]  # in Shanghai, eight hours ahead
    assert {file.parent.name for file in made.home.lake.glob("events/*/*.parquet")} == {
        f"event_date={day}" for day in days
    }
    batches = made.rows("events", "event_date::VARCHAR, batch_id")
    assert len({batch for _, batch in batches}) == 2
    assert batches[0][1] == batches[1][1] != batches[2][1]
