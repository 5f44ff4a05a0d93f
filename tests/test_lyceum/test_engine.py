"""Connections: offline, in UTC, and a sandbox that nothing leaves."""

from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lyceum import engine


@settings(max_examples=30)
@given(st.text(alphabet=st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), max_size=50))
def test_any_text_survives_as_a_literal(text):
    with duckdb.connect() as con:
        assert con.execute(f"SELECT {engine.quoted(text)}").fetchall() == [(text,)]


def test_a_key_of_json_text_is_read_by_the_function_that_spark_has():
    read = "SELECT get_json_object($text, $path)"
    told = '{"city":"杭州 \\"West\\"","n":19.9,"none":null,"a b":1}'
    wanted = {"$.city": '杭州 "West"', "$.n": "19.9", "$.none": None, "$.absent": None, "$.a b": "1"}
    with engine.connect() as con:
        found = {path: con.execute(read, {"text": told, "path": path}).fetchall()[0][0] for path in wanted}
        assert found == wanted
        assert con.execute(read, {"text": "no JSON", "path": "$.n"}).fetchall() == [(None,)]


def test_instants_are_shown_in_utc_and_nothing_is_fetched():
    with engine.connect() as con:
        assert con.execute("SELECT TIMESTAMPTZ '2026-07-06 00:00:00+08'::VARCHAR").fetchall() == [
            ("2026-07-05 16:00:00+00",)
        ]
        for name in ("autoinstall_known_extensions", "autoload_known_extensions"):
            assert con.execute(f"SELECT current_setting('{name}')").fetchall() == [(False,)]


def test_a_reader_cannot_write(tmp_path: Path):
    file = tmp_path / "some.duckdb"
    with engine.connect(file) as con:
        con.execute("CREATE TABLE t AS SELECT 1 AS n")
    with engine.connect(file, read_only=True) as con, pytest.raises(duckdb.Error, match="read-only"):
        con.execute("INSERT INTO t VALUES (2)")


@pytest.mark.parametrize("name", ["plain", "it's here", 'a "b"', "数据 = 100%"])
def test_the_sandbox_reads_and_writes_its_folders_whatever_they_are_called(tmp_path: Path, name):
    data, own = tmp_path / name, tmp_path / "own"
    for folder in (data, own):
        folder.mkdir()
    (data / "x.csv").write_text("a\n1\n")
    with engine.sandbox([data, own]) as con:
        read = f"read_csv({engine.quoted(data / 'x.csv')})"
        assert con.execute(f"SELECT a FROM {read}").fetchall() == [(1,)]
        con.execute(f"COPY (SELECT 1 AS n) TO {engine.quoted(own / 'y.parquet')}")


def test_the_sandbox_reads_nothing_else_and_cannot_be_unlocked(tmp_path: Path):
    inside, outside = tmp_path / "in", tmp_path / "in-not"
    for folder in (inside, outside):
        folder.mkdir()
        (folder / "x.csv").write_text("a\n1\n")
    (inside / "link.csv").symlink_to(outside / "x.csv")
    tries = [
        f"SELECT * FROM read_csv({engine.quoted(outside / 'x.csv')})",
        f"SELECT * FROM read_csv({engine.quoted(inside / '..' / 'in-not' / 'x.csv')})",
        f"SELECT * FROM read_csv({engine.quoted(inside / 'link.csv')})",
        f"COPY (SELECT 1) TO {engine.quoted(outside / 'y.csv')}",
        f"ATTACH {engine.quoted(outside / 'z.duckdb')}",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
        "SET lock_configuration = false",
        "INSTALL httpfs",
    ]
    with engine.sandbox([inside]) as con:
        for attempt in tries:
            with pytest.raises(duckdb.Error):
                con.execute(attempt)
    assert [path.name for path in outside.iterdir()] == ["x.csv"]
