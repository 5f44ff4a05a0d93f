"""The demo: what it refuses, and that Airflow makes no difference to what is published."""

import json
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from lyceum.errors import HomeError, UsageError
from lyceum.home import Home
from lyceum.lake import Lake
from lyceum.schema import table, tables
from pipelines.demo import demo, plan
from pipelines.orchestration import Run

SMALL = {"users": 300, "weeks": 10}


def quiet(_line: str) -> None:
    pass


def test_week_follows_week_each_after_what_was_delivered():
    assert plan(date(2026, 7, 6), count=2) == [
        Run("ingest_events", datetime(2026, 6, 28, 19, tzinfo=UTC)),
        Run("weekly_insights", datetime(2026, 6, 28, 19, tzinfo=UTC)),
        Run("ingest_events", datetime(2026, 7, 5, 19, tzinfo=UTC)),
        Run("weekly_insights", datetime(2026, 7, 5, 19, tzinfo=UTC)),
    ]


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(HomeError, match="something else"):
        demo(Home(tmp_path), **SMALL, say=quiet)
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_demo_with_other_numbers_is_left_alone(tmp_path: Path):
    (tmp_path / "demo.json").write_text(json.dumps({"users": 9, "weeks": 9, "seed": 7, "as_of": "2026-03-09"}))
    with pytest.raises(HomeError, match="users 9, weeks 9, seed 7"):
        demo(Home(tmp_path), **SMALL, say=quiet)


@pytest.mark.parametrize("count", [0, 11])
def test_only_simulated_weeks_can_be_run(tmp_path: Path, count):
    with pytest.raises(UsageError, match=f"{count} of 10 weeks"):
        demo(Home(tmp_path / "home"), **SMALL, airflow_weeks=count, say=quiet)
    assert not (tmp_path / "home").exists()


def differences(first: Path, second: Path) -> dict[str, int]:
    """Rows that only one of two databases has, per table; volatile columns do not count."""
    con = duckdb.connect()
    con.execute(f"ATTACH '{first}' AS first (READ_ONLY); ATTACH '{second}' AS second (READ_ONLY)")
    listed = "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE database_name = '{}' ORDER BY 1"
    names = [row[0] for row in con.execute(listed.format("first")).fetchall()]
    assert names == [row[0] for row in con.execute(listed.format("second")).fetchall()]
    found = {name: rows_of_one(con, name) for name in names if name != "quality.runs"}
    con.close()
    return {name: rows for name, rows in found.items() if rows}


def rows_of_one(con: duckdb.DuckDBPyConnection, name: str) -> int:
    declared = table(name.replace("history.", "marts.")) if name.replace("history.", "marts.") in tables() else None
    volatile = {"batch_id", "ingested_at", *(declared.volatile if declared else ())}
    kept = [row[0] for row in con.execute(f"DESCRIBE first.{name}").fetchall() if row[0] not in volatile]
    columns = ", ".join(f'"{column}"' for column in kept)
    one, other = (f"SELECT {columns} FROM {side}.{name}" for side in ("first", "second"))
    query = f"SELECT count(*) FROM (({one} EXCEPT ALL {other}) UNION ALL ({other} EXCEPT ALL {one}))"
    return con.execute(query).fetchall()[0][0]


@pytest.mark.airflow
def test_airflow_publishes_what_the_command_line_publishes(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    said: list[str] = []
    home, other = Home(tmp_path / "home"), Home(tmp_path / "other")
    result = demo(home, **SMALL, airflow_weeks=1, say=said.append)
    assert result.as_of == date(2026, 3, 16)
    assert result.report.is_file()
    assert any("demo.key" in line for line in said)
    assert {"simulate", "airflow", "score"} <= set(result.seconds)

    arguments = ["run", "--source", "demo", "--data", home.landing, "--home", other.root]
    command = [sys.executable, "-m", "pipelines.cli", *map(str, arguments), "--as-of", "2026-03-16"]
    found = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert found.returncode == 0, found.stderr[-2000:]
    assert differences(result.database, other.current / "lyceum.duckdb") == {}

    before = [release.name for release in sorted(home.releases.iterdir())]
    again = demo(home, **SMALL, airflow_weeks=1, say=said.append)
    assert again.as_of == result.as_of
    assert [release.name for release in sorted(home.releases.iterdir())] == before


@pytest.mark.airflow
def test_the_platform_contacts_whom_the_list_names_and_leaves_the_holdout_alone(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    home = Home(tmp_path / "home")
    result = demo(home, **SMALL, airflow_weeks=2, say=quiet)
    assert [release.name for release in sorted(home.releases.iterdir())] == ["2026-03-09-r001", "2026-03-16-r001"]
    con = duckdb.connect(str(result.database), read_only=True)
    listed = "SELECT user_id FROM history.early_warnings WHERE as_of = DATE '2026-03-09' AND {}"
    named, held_out = (
        {row[0] for row in con.execute(listed.format(c)).fetchall()}
        for c in ("suggested_action <> 'none'", "holdout")
    )
    con.execute(f"CREATE TEMP TABLE contacts AS {Lake(home.lake).source(table('contacts'))}")
    contacted = {row[0] for row in con.execute("SELECT user_id FROM contacts").fetchall()}
    con.close()
    assert contacted == named
    assert named
    assert not contacted & held_out
