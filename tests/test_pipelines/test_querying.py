"""Questions to a release: answered in four formats, from that database and nothing else."""

import csv
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lyceum.errors import HomeError, UsageError
from lyceum.home import Home
from pipelines.querying import FORMULA, as_csv, ask, differences

NUMBERS = "SELECT * FROM (VALUES (1, 'a', 0.5), (2, NULL, NULL)) v(n, name, share)"


def asked(small, sql, *, as_of=None, format="csv", to=None):
    return ask(small.home, sql, as_of=as_of, format=format, to=to)


def test_csv_json_and_table(small):
    assert asked(small, NUMBERS) == "n,name,share\n1,a,0.5\n2,,"
    found = json.loads(asked(small, NUMBERS, format="json"))
    assert [(row["n"], row["name"]) for row in found] == [(1, "a"), (2, None)]
    shown = asked(small, NUMBERS, format="table")
    assert "name" in shown
    assert "NULL" in shown


def test_parquet_needs_a_file(small, tmp_path):
    with pytest.raises(UsageError, match="--to"):
        asked(small, NUMBERS, format="parquet")
    file = tmp_path / "x.parquet"
    assert asked(small, NUMBERS, format="parquet", to=file) == f"2 rows written to {file}."
    assert pq.read_table(file).num_rows == 2


def test_markup_in_a_cell_is_text(small):
    assert "[red]x[/nonsense]" in asked(small, "SELECT '[red]x[/nonsense]' AS title", format="table")


def test_another_week_is_asked_by_its_monday(small):
    assert asked(small, "SELECT count(*) AS n FROM marts.user_scores", as_of="2026-06-29") == "n\n4"
    with pytest.raises(UsageError, match=r"2026-06-22 is not published.*2026-06-29, 2026-07-06"):
        asked(small, "SELECT 1", as_of="2026-06-22")
    with pytest.raises(UsageError, match="Tuesday"):
        asked(small, "SELECT 1", as_of="2026-06-30")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "COPY (SELECT 1) TO '{folder}/out.csv'",
        "ATTACH '{folder}/other.duckdb'",
        "DELETE FROM marts.user_scores",
        "CREATE TABLE marts.mine AS SELECT 1",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "EXPORT DATABASE '{folder}/all'",
        "SELECT 1; DROP TABLE marts.user_scores",
        "SELEC 1",
        "SELECT nothing FROM marts.user_scores",
        "",
    ],
)
def test_what_reads_or_writes_elsewhere_or_is_no_question_is_refused(small, tmp_path, sql):
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(UsageError) as caught:
        asked(small, sql.format(folder=tmp_path))
    assert caught.value.remedy
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_an_unknown_format_and_an_empty_home_are_named(small, tmp_path):
    with pytest.raises(UsageError, match="table, csv, json, parquet"):
        asked(small, "SELECT 1", format="xlsx")
    with pytest.raises(HomeError, match="no release yet"):
        ask(Home(tmp_path / "none"), "SELECT 1", as_of=None, format="csv", to=None)


@settings(max_examples=50)
@given(st.text("=+-@\t\r\n＝＋－＠a1 ,\"'", max_size=6))
def test_no_cell_of_a_csv_starts_as_a_formula_and_the_rest_survives(text):
    written = as_csv(pa.table({"cell": [text, "end"]}))
    cell = list(csv.reader(io.StringIO(written, newline="")))[1:]
    found = cell[0][0] if cell[0] else ""
    assert not found.startswith(FORMULA)
    assert found.removeprefix("'") == text.removeprefix("'")
    assert cell[-1] == ["end"]


def test_numbers_keep_their_sign(small):
    assert asked(small, "SELECT -5 AS a, -0.25 AS b, '-5' AS c") == "a,b,c\n-5,-0.25,'-5"


def test_releases_are_compared_by_content(small):
    assert list(differences(small.home, "2026-06-29-r001", "2026-07-06-r001"))[-1].startswith("0 of ")
    with pytest.raises(UsageError, match=r"no release x\. There are: 2026-06-29-r001, 2026-07-06-r001"):
        list(differences(small.home, "x", "2026-07-06-r001"))
