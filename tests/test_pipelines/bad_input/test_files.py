"""Files that are no files, that change while they are read, or that are called like nothing else."""

import gzip
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from lyceum.delivery import find, inspect
from lyceum.errors import LyceumError, UsageError
from lyceum.source_records import FileSet
from lyceum.sources import load

HEAD = "user,at,type,price,course,title\n"
FILES = FileSet("csv", "csv-*.csv*", "csv", ("user",))
ODD = (
    "it's",
    'say "x"',
    "a*b",
    "a?b",
    "[abc]",
    "{a,b}",
    "new\nline",
    "per%20cent",
    "课 程 😀",
    "-rf",
    "a;b--",
    "$HOME",
    "#",
    "~",
)


def good(item: str) -> str:
    return f"{HEAD}u1,2026-07-14T20:00:00Z,view,,{item},\n"


def items(desk) -> list[str]:
    return [item for (item,) in desk.rows("events", "item_id", "true")]


@pytest.fixture
def filled(desk):
    """A desk whose lake holds a row, and beside it the next delivery."""
    (desk.data / "csv-1.csv").write_text(good("c1"))
    desk.ingest()
    (desk.data / "csv-2.csv").write_text(good("c2"))
    return desk


def test_what_vanishes_before_it_is_read_is_refused(filled):
    def say(line: str) -> None:
        if "csv-2.csv" in line:
            (filled.data / "csv-2.csv").unlink(missing_ok=True)

    filled.ctx = replace(filled.ctx, say=say)
    assert "csv-2.csv vanished while it was read" in filled.refusal()
    assert items(filled) == ["c1"]


def grow(path: Path) -> None:
    with path.open("a") as file:
        file.write("u1,2026-07-14T21:00:00Z,view,,c3,\n")


def exchange(path: Path) -> None:
    path.unlink()
    path.write_text(good("c3"))


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (grow, "changed while"),
        (exchange, "changed while"),
        (Path.unlink, "vanished"),
        (lambda path: path.write_text(""), "csv-2.csv"),
    ],
    ids=["grows", "is exchanged", "vanishes", "is emptied"],
)
@pytest.mark.parametrize("slow", [False, True], ids=["by the engine", "line by line"])
def test_what_changes_after_it_was_digested_is_refused(filled, monkeypatch, act, said, slow):
    """The last moment before the rows are read: when the home's lock has been passed and the digest taken."""
    from pipelines import ingest as step

    path = filled.data / "csv-2.csv"
    path.write_text(good("c2") + "\n" * slow)

    def then(name, found, files):
        delivered = inspect(name, found, files)
        if name == "csv-2.csv":
            act(path)
        return delivered

    monkeypatch.setattr(step, "inspect", then)
    assert said in filled.refusal()
    assert items(filled) == ["c1"]


def test_a_file_that_grows_all_the_time_is_refused_or_taken_as_it_was(filled):
    path, stop = filled.data / "csv-2.csv", threading.Event()

    def writing() -> None:
        while not stop.is_set():
            grow(path)

    writer = threading.Thread(target=writing)
    writer.start()
    try:
        assert "changed while" in filled.refusal()
    finally:
        stop.set()
        writer.join()
    assert items(filled) == ["c1"]


def test_a_link_out_of_the_folder_is_refused(filled, tmp_path):
    (filled.data / "csv-2.csv").unlink()
    (tmp_path / "outside.csv").write_text(good("c9"))
    (filled.data / "csv-2.csv").symlink_to(tmp_path / "outside.csv")
    assert "csv-2.csv is a link out of the data folder" in filled.refusal()


def test_a_linked_folder_outside_is_refused(filled, tmp_path):
    source = filled.source.read_text().replace("csv-*.csv*", "**/csv-*.csv*")
    filled.source.write_text(source.replace('"**/csv-', '"*/csv-'))
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "csv-9.csv").write_text(good("c9"))
    (filled.data / "inside").symlink_to(tmp_path / "outside")
    assert "inside/csv-9.csv is a link out" in filled.refusal()


def test_a_link_within_the_folder_is_read_by_its_own_name(filled):
    (filled.data / "store").mkdir()
    (filled.data / "store" / "0f3a").write_bytes(gzip.compress(good("c3").encode()))
    (filled.data / "csv-3.csv.gz").symlink_to("store/0f3a")
    filled.ingest()
    assert items(filled) == ["c1", "c2", "c3"]


def test_a_link_to_nothing_is_refused(filled):
    (filled.data / "csv-3.csv").symlink_to("nothing.csv")
    assert "csv-3.csv is no regular file" in filled.refusal()


def test_a_pipe_is_refused_and_nobody_waits_for_it(filled):
    os.mkfifo(filled.data / "csv-3.csv")
    assert "csv-3.csv is no regular file" in filled.refusal()


def test_a_folder_named_like_a_file_is_refused(filled):
    (filled.data / "csv-3.csv").mkdir()
    assert "csv-3.csv is no regular file" in filled.refusal()


@pytest.mark.parametrize("glob", ["../csv-*.csv", "a/../../csv-*.csv", "/etc/csv-*.csv", ""])
def test_a_pattern_that_leads_out_is_refused_with_the_source(desk, glob):
    desk.source.write_text(desk.source.read_text().replace('"csv-*.csv*"', f'"{glob}"'))
    with pytest.raises(UsageError, match="glob must be a pattern below the data folder"):
        load(desk.source)


def test_files_of_any_name_are_read(filled):
    for n, name in enumerate(ODD):
        (filled.data / f"csv-{name}.csv").write_text(good(f"odd{n:02}"))
        (filled.data / f"csv-{name}.csv.gz").write_bytes(gzip.compress(good(f"zip{n:02}").encode()))
    filled.ingest()
    assert items(filled) == ["c1", "c2", *(f"{kind}{n:02}" for kind in ("odd", "zip") for n in range(len(ODD)))]
    assert {name for (name,) in filled.rows("deliveries", "file", "true")} >= {f"csv-{name}.csv" for name in ODD}


def test_bad_rows_of_files_of_any_name_are_kept(filled):
    for name in ODD:
        (filled.data / f"csv-{name}.csv").write_text(f"{HEAD}u1,never,view,,,{ODD.index(name)}\n")
    filled.ingest()
    assert {row[0] for row in filled.rows("rejects", "file", "true")} == {f"csv-{name}.csv" for name in ODD}


def test_a_name_that_is_no_text_is_refused(filled):
    Path(os.fsdecode(os.fsencode(filled.data) + b"/csv-\xff.csv")).write_text(good("c3"))
    assert r"csv-\udcff.csv is not UTF-8" in filled.refusal()


FOLDERS = ('a\'b "c"; #d 课程', "a*b? [cd]")
NO_HOMES = (
    "per%20cent",
    "new\nline",
    "event_date=1",
)  # deltalake, or the engine's reading of folders, takes them apart


def deliver_twice(desk) -> None:
    (desk.data / "csv-1.csv").write_text(good("c1") + "u1,never,view,,,\n")
    desk.ingest()
    (desk.data / "csv-2.csv").write_text(good("c2"))
    desk.ingest()
    assert items(desk) == ["c1", "c2"]
    assert desk.account("csv-1.csv") == {"mapped": 1, "rejected": 1}


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_of_any_name_holds_a_home_and_its_data(make_desk, tmp_path, name):
    deliver_twice(make_desk(tmp_path / name / "x"))


@pytest.mark.parametrize("name", NO_HOMES)
def test_a_folder_of_any_name_holds_data(make_desk, tmp_path, name):
    deliver_twice(make_desk(tmp_path / name / "x", home=tmp_path / "home"))


@pytest.mark.parametrize("name", NO_HOMES)
def test_a_home_where_the_lake_cannot_be_is_refused(make_desk, tmp_path, name):
    with pytest.raises(LyceumError, match="--home"):
        desk = make_desk(tmp_path / "x", home=tmp_path / name / "home")
        (desk.data / "csv-1.csv").write_text(good("c1"))
        desk.ingest()


def test_dated_folders_are_no_columns(filled):
    """The engine reads key=value in a path as a column unless told otherwise."""
    filled.source.write_text(filled.source.read_text().replace('"csv-*.csv*"', '"*/*/csv-*.csv"'))
    for n, name in enumerate(("event_date=2026-01-01", "t=1", "h0=1", "c0=x", "file=2"), 3):
        (filled.data / "user=x" / name).mkdir(parents=True)
        (filled.data / "user=x" / name / "csv-a.csv").write_text(good(f"c{n}"))
    filled.ingest()
    assert items(filled) == ["c1", "c3", "c4", "c5", "c6", "c7"]
    assert filled.rows("events", "DISTINCT user_id, event_date::VARCHAR", "true") == [("u1", "2026-07-15")]


def test_a_data_folder_that_is_a_link_is_read(desk, tmp_path):
    (tmp_path / "data").rename(tmp_path / "elsewhere")
    (tmp_path / "data").symlink_to(tmp_path / "elsewhere")
    (desk.data / "csv-1.csv").write_text(good("c1"))
    desk.ingest()
    assert items(desk) == ["c1"]


def test_names_come_in_their_order(tmp_path):
    for name in ("csv-b.csv", "csv-a.csv", "csv-10.csv"):
        (tmp_path / name).write_text(HEAD)
    assert [name for name, _ in find(tmp_path, FILES)] == ["csv-10.csv", "csv-a.csv", "csv-b.csv"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(filled):
    (filled.data / "csv-2.csv").chmod(0)
    assert "csv-2.csv cannot be read: Permission denied" in filled.refusal()


@pytest.mark.slow
def test_ten_thousand_files_of_a_row_each(desk):
    for n in range(10_000):
        (desk.data / f"csv-{n:05}.csv").write_text(good(f"c{n:05}") + "never\n" * (n % 1000 == 0))
    desk.ingest()
    assert items(desk) == [f"c{n:05}" for n in range(10_000)]
    sums = desk.rows("deliveries", "count(*), sum(rows)::INT, sum(mapped)::INT, sum(rejected)::INT", "true")
    assert sums == [(10_000, 10_010, 10_000, 10)]
