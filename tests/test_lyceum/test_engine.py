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


def test_a_cursor_of_the_sandbox_is_in_utc_wherever_the_machine_stands(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    with engine.sandbox([tmp_path]) as con, con.cursor() as cursor:
        assert cursor.execute("SELECT current_setting('TimeZone')").fetchall() == [("UTC",)]


@pytest.fixture
def sandboxed(tmp_path: Path):
    """A sandbox, and a relation in it of the numbers from 0 on, over several files."""
    files = [tmp_path / f"{number}.csv" for number in range(8)]
    with engine.connect() as con:
        for number, file in enumerate(files):
            numbers = f"SELECT range + {number * 150_000} FROM range(150_000)"
            con.execute(f"COPY ({numbers}) TO {engine.quoted(file)} (HEADER false)")
    listed = ", ".join(map(engine.quoted, files))
    with engine.sandbox([tmp_path]) as con:
        yield con, f"read_csv([{listed}], columns = {{'a': 'VARCHAR'}}, header = false, auto_detect = false)"


def test_the_sandbox_keeps_rows_in_the_order_of_their_files_and_lines(sandboxed):
    con, read = sandboxed
    words = ", ".join(f"'{word}'" for word in range(100))
    con.execute(f"CREATE TABLE t AS SELECT a, CASE WHEN a NOT IN ({words}) THEN 'x' END AS other FROM {read}")
    assert con.execute("SELECT count(*), count(*) FILTER (a::BIGINT <> rowid) FROM t").fetchall() == [(1_200_000, 0)]


def test_what_is_tried_twice_in_the_sandbox_fails_only_where_it_fails(sandboxed):
    con, read = sandboxed
    number = "CAST(regexp_extract(a, '^([1-9]+)$', 1) AS BIGINT)"
    tried = f"SELECT TRY({number}) AS b, TRY({number} + 1) AS c FROM {read} LIMIT 20"
    assert con.execute(f"SELECT count(b), count(c), count(*) FROM ({tried})").fetchall() == [(18, 18, 20)]


@pytest.mark.parametrize("rows", [[("it's", 1, None)], [("a", -1, "x"), ("b", None, "y")]])
def test_literal_rows_come_back(rows):
    with engine.connect() as con:
        assert con.execute(engine.values(("a", "b", "c"), rows)).fetchall() == rows


def test_both_halves_of_a_union_over_two_joins_with_one_table_are_read():
    """An optimizer of DuckDB 2.0.0 gave the second half twice."""
    with engine.connect() as con:
        con.execute("CREATE TABLE pairs AS FROM (VALUES (0, 'a', NULL), (1, 'a', 'e'), (2, 'e', 'b')) t(n, u, w)")
        con.execute("CREATE TABLE names AS FROM (VALUES ('a', 'A'), ('b', 'B'), ('e', 'E')) t(raw, name)")
        con.execute(
            "CREATE VIEW named AS SELECT p.* REPLACE (x.name AS u, y.name AS w) FROM pairs p "
            "LEFT JOIN names x ON p.u = x.raw LEFT JOIN names y ON p.w = y.raw"
        )
        found = con.execute("SELECT u FROM named UNION SELECT w FROM named").fetchall()
    assert {name for (name,) in found} == {"A", "B", "E", None}
