"""Every physical line of a delivered file is a row, a blank, a header or a fault, whatever the file holds."""

import csv
import gzip
import hashlib
import io

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lyceum import delivery
from lyceum.delivery import find, inspect
from lyceum.errors import InputError
from lyceum.reading import originals, stage
from lyceum.slow_reading import physical_lines
from lyceum.source_records import FileSet

CSV = FileSet("f", "*.csv*", "csv", ("a", "b"))
JSONL = FileSet("f", "*.jsonl*", "jsonl", ("a", "b"))
STRANGE = (b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80", b"\xe8", b"\x80", b"\0", b"\xff")  # no UTF-8, or NUL
PARQUET = FileSet("f", "*.parquet", "parquet", ("a", "b"))


def read(folder, data, files=CSV, name="x.csv"):
    """Rows as (line, lines, fault, a, b), blank lines, and physical lines of a file with these bytes."""
    (folder / name).write_bytes(data)
    return read_file(folder, files, name)


def read_file(folder, files, name):
    delivered = inspect(name, folder / name, files)
    with duckdb.connect() as con:
        staged = stage(con, delivered, files, needed=[0, 1], folder=folder)
        rows = con.execute(f"SELECT line, lines, fault, c0, c1 FROM ({staged.relation}) ORDER BY line").fetchall()
    assert staged.rows == len(rows)
    return rows, staged.blank, delivered.lines


@pytest.mark.parametrize(
    "data",
    [
        b"a,b\n1,2\n3,\n",
        b"a,b\n1,2\n3,",
        b"a,b\r\n1,2\r\n3,\r\n",
        b"\xef\xbb\xbfa,b\n1,2\n3,\n",
        b"b,a\n2,1\n,3\n",
        b"z,b,y,a\n,2,,1\n,,,3\n",
        b'"a","b"\n"1","2"\n"3",""\n',
    ],
    ids=["plain", "no last newline", "windows", "mark", "reordered", "extra", "quoted"],
)
def test_the_same_rows_in_every_spelling(tmp_path, data):
    rows, blank, _ = read(tmp_path, data)
    assert rows == [(2, 1, None, "1", "2"), (3, 1, None, "3", None)]
    assert blank == 0


@pytest.mark.parametrize(
    ("data", "rows", "blank"),
    [
        (b"a,b\n1,2\n3\n4,5\n", [(2, None), (3, "ragged"), (4, None)], 0),
        (b"a,b\n1,2,3\n4,5\n", [(2, "ragged"), (3, None)], 0),
        (b"a,b\n1,2\n\n\r\n4,5\n", [(2, None), (5, None)], 2),
        (b'a,b\n1,"2\n3,4\n', [(2, "unclosed_quote"), (3, None)], 0),
        (b'a,b\n1,"x"y\n3,4\n', [(2, "bad_csv"), (3, None)], 0),
        (b"a,b\n1,\xff\n3,4\n", [(2, "invalid_utf8"), (3, None)], 0),
        (b"a,b\n1,\0\n3,4\n", [(2, "nul_byte"), (3, None)], 0),
        (b"a,b\n1,2\r3,4\n5,6\n", [(2, "bad_csv"), (3, None)], 0),
        (b"a,b\n1," + b"x" * (17 << 20) + b"\n5,6\n", [(2, "line_too_long"), (3, None)], 0),
        (b"a,b\n1," + b"x" * (3 << 20) + b"\n5,6\n", [(2, None), (3, None)], 0),
        (b"a,b\n", [], 0),
    ],
)
def test_a_bad_line_costs_itself_and_no_other(tmp_path, data, rows, blank):
    found, blanks, _ = read(tmp_path, data)
    assert [(line, fault) for line, _, fault, _, _ in found] == rows
    assert blanks == blank


def test_a_quoted_cell_may_span_lines(tmp_path):
    rows, blank, lines = read(tmp_path, b'a,b\n1,"x\ny"\n2,z\n')
    assert rows == [(2, 2, None, "1", "x\ny"), (4, 1, None, "2", "z")]
    assert (blank, lines) == (0, 4)


def test_json_lines(tmp_path):
    good = b'{"a": 1, "b": {"c": [2]}}\r\n{"b": null, "a": "x,\\"y\\""}\n'
    rows, _, _ = read(tmp_path, good, JSONL, "x.jsonl")
    assert rows == [(1, 1, None, "1", '{"c":[2]}'), (2, 1, None, 'x,"y"', None)]
    bad = b'# noise\n\n[1, 2]\n{"a": 1\n\xff\n{"a": 3}\n{"a": "\\ud800"}'
    rows, blank, _ = read(tmp_path, bad, JSONL, "x.jsonl")
    faults = ["bad_json", "bad_json", "bad_json", "invalid_utf8", None, "bad_json"]
    assert [(line, fault) for line, _, fault, _, _ in rows] == list(zip([1, 3, 4, 5, 6, 7], faults, strict=True))
    assert blank == 1


def test_parquet(tmp_path):
    table = pa.table({"b": [None, "y"], "extra": [1, 2], "a": [{"k": 1}, {"k": 2}]})
    pq.write_table(table, tmp_path / "x.parquet")
    rows, _, _ = read_file(tmp_path, PARQUET, "x.parquet")
    assert rows == [(1, 1, None, '{"k":1}', None), (2, 1, None, '{"k":2}', "y")]
    delivered = inspect("x.parquet", tmp_path / "x.parquet", PARQUET)
    assert originals(delivered, PARQUET, lines={2: 1}) == {2: '{"b":"y","extra":"2","a":{"k":2}}'}


def test_compressed_files_are_the_same_rows(tmp_path):
    data = b"a,b\n1,2\n"
    (tmp_path / "x.csv.zst").write_bytes(pa.compress(data, codec="zstd", asbytes=True))
    two = gzip.compress(b"a,b\n") + gzip.compress(b"1,2\n")
    for name, packed in (("x.csv.gz", two), ("x.csv.zst", (tmp_path / "x.csv.zst").read_bytes())):
        rows, _, lines = read(tmp_path, packed, CSV, name)
        assert (rows, lines) == ([(2, 1, None, "1", "2")], 2)


PACKED = gzip.compress(b"a,b\n" + b"1,2\n" * 1000)


@pytest.mark.parametrize(
    "data",
    [PACKED[:-10], PACKED[:-8] + b"\0\0\0\0" + PACKED[-4:], b"a,b\n1,2\n", PACKED + b"garbage", b""],
    ids=["truncated", "checksum", "plain", "trailing", "empty"],
)
def test_damaged_gzip_is_refused_whole(tmp_path, data):
    with pytest.raises(InputError, match=r"damaged|header|column"):
        read(tmp_path, data, CSV, "x.csv.gz")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
        (b"a,c\n1,2\n", "no column b"),
        (b"a,b,b\n1,2,3\n", "2 columns called b"),
        (b"\xff\xfa\n1\n", "header line"),
        (b"", "no column a"),
    ],
)
def test_a_file_that_is_not_what_the_source_says_is_refused(tmp_path, data, said):
    with pytest.raises(InputError, match=said):
        read(tmp_path, data)


def test_a_near_header_is_named(tmp_path):
    with pytest.raises(InputError, match="Near names: amount"):
        read(tmp_path, b"a,amount\n1,2\n", FileSet("f", "*.csv", "csv", ("a", "amout")))


def test_what_unpacks_to_far_more_than_a_log_is_refused(tmp_path):
    with pytest.raises(InputError, match="300 times"):
        read(tmp_path, gzip.compress(b"\n" * (80 << 20)), CSV, "x.csv.gz")


def test_links_out_of_the_folder_and_folders_named_like_files_are_refused(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.csv").write_text("a,b\n")
    (tmp_path / "in" / "x.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(InputError, match="link out"):
        find(tmp_path / "in", CSV)
    (tmp_path / "in" / "x.csv").unlink()
    (tmp_path / "in" / "y.csv").mkdir()
    with pytest.raises(InputError, match="regular file"):
        find(tmp_path / "in", CSV)


def test_odd_names_are_read(tmp_path):
    for name in ("a*b?[c].csv", 'it\'s "x".csv', "课 程.csv", "new\nline.csv"):
        rows, _, _ = read(tmp_path, b"a,b\n1,2\n", CSV, name)
        assert rows == [(2, 1, None, "1", "2")]


def test_a_file_that_changes_after_the_digest_is_refused(tmp_path):
    (tmp_path / "x.csv").write_bytes(b"a,b\n1,2\n")
    delivered = inspect("x.csv", tmp_path / "x.csv", CSV)
    (tmp_path / "x.csv").write_bytes(b"a,b\n1,2\n3,4\n")
    with duckdb.connect() as con, pytest.raises(InputError, match="changed"):
        stage(con, delivered, CSV, needed=[0], folder=tmp_path)


def test_rejected_lines_come_back_as_delivered(tmp_path):
    (tmp_path / "x.csv").write_bytes(b'a,b\r\n1,\xff\x00\r\n2,"x\ny"\n')
    delivered = inspect("x.csv", tmp_path / "x.csv", CSV)
    assert originals(delivered, CSV, lines={2: 1, 3: 2}) == {2: "1,\\xff\\x00", 3: '2,"x\ny"'}


def test_equal_rows_have_equal_digests_on_both_paths(tmp_path):
    def digests(data):
        (tmp_path / "x.csv").write_bytes(data)
        delivered = inspect("x.csv", tmp_path / "x.csv", CSV)
        with duckdb.connect() as con:
            staged = stage(con, delivered, CSV, needed=[0], folder=tmp_path)
            return [d for (d,) in con.execute(f"SELECT digest FROM ({staged.relation}) ORDER BY line").fetchall()]

    fast, slow = digests(b"b,a\nx,1\n,2\n"), digests(b"a,b\n1,x\n\n2,\n")
    assert fast == slow
    assert fast[0] == hashlib.sha256(b"1\x1fx").hexdigest()


@pytest.mark.parametrize("chunk", [1, 2, 3, 5, 64])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from([b"a", b"\n", b"\r", b"\r\n", "é".encode(), "课".encode(), "😀".encode(), *STRANGE]),
        max_size=9,
    )
)
def test_lines_and_plainness_are_those_of_python(tmp_path, monkeypatch, chunk, made):
    """Wherever the chunks end: in a character, between carriage return and newline."""
    data = b"".join(made)
    monkeypatch.setattr(delivery, "CHUNK", chunk)
    monkeypatch.setattr(delivery, "LONG", 1000)
    (tmp_path / "x.csv").write_bytes(data)
    found = inspect("x.csv", tmp_path / "x.csv", CSV)
    try:
        whole = data.decode()
    except UnicodeDecodeError:
        whole = "\0"
    assert found.plain == ("\0" not in whole and "\r" not in whole.replace("\r\n", ""))
    assert found.lines == data.count(b"\n") + (not data.endswith(b"\n") and data != b"")
    assert found.digest == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("size", [1_900_000, 3_000_000])
def test_a_line_beyond_the_engine_s_reader_is_not_plain(tmp_path, size):
    (tmp_path / "x.csv").write_bytes(b"a,b\n1," + b"x" * size + b"\n1,2\n")
    assert inspect("x.csv", tmp_path / "x.csv", CSV).plain == (size < 2_000_000)


def test_a_file_that_is_damaged_after_the_digest_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "x.csv.gz").write_bytes(PACKED[:-10])
    for path, said in ((tmp_path / "x.csv.gz", "is damaged"), (tmp_path / "y.csv", "vanished")):
        with pytest.raises(InputError, match=said):
            list(physical_lines(path))


cells = st.text(alphabet='ab", \n\r\té课\x00', max_size=6)
lines = st.lists(st.one_of(st.binary(max_size=12), st.tuples(cells, cells)), max_size=12)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines)
def test_no_line_is_lost_or_invented(tmp_path, made):
    """Physical lines = header + blank lines + the lines that rows span, for any garbage between good rows."""
    out = io.BytesIO(b"a,b\n")
    out.seek(0, 2)
    for one in made:
        if isinstance(one, bytes):
            out.write(one + b"\n")
        else:
            text = io.StringIO(newline="")
            csv.writer(text, lineterminator="\n").writerow(one)
            out.write(text.getvalue().encode())
    rows, blank, physical = read(tmp_path, out.getvalue())
    assert 1 + blank + sum(span for _, span, *_ in rows) == physical
    assert len({line for line, *_ in rows}) == len(rows)
