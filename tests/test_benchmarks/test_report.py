"""A made-up release has rows in every table, its pages render, and the last line has the fixed keys."""

import json

import duckdb
import pytest

from benchmarks import report
from lyceum import releases


def test_every_published_table_has_rows_and_people_are_as_many_as_asked(tmp_path):
    report.prepare(tmp_path, 300, 1)
    con = duckdb.connect(str(tmp_path / report.DATABASE), read_only=True)
    rows = {
        each.name: con.execute(f"SELECT count(*) FROM {each.name}").fetchall()[0][0] for each in releases.contents()
    }
    weeks = con.execute("SELECT count(DISTINCT as_of), count(*) FROM history.user_scores").fetchall()[0]
    con.close()
    assert rows["marts.user_scores"] == rows["features.user_snapshot"] == 300
    assert weeks == (1 + report.COMPARED, 300 * (1 + report.COMPARED))
    assert [name for name, count in rows.items() if not count] == []


@pytest.mark.slow
def test_the_last_line_has_the_fixed_keys(capsys):
    assert report.main(["--users", "3000"]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {"users", "rows", "seconds", "cpu_seconds", "peak_gb", "page_bytes", "charts"} <= set(last)
    assert last["users"] == last["rows"] == 3_000
    assert 50_000 < last["page_bytes"] < 2_000_000
    assert last["pages"] >= 7 and last["charts"] >= 15  # nothing is fast because nothing is there to draw
