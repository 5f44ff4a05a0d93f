"""How long the pages of a week of many people take: `python -m benchmarks.report --users 1000000 [--seed 1]`.

A release is made up directly in DuckDB: every table that a release has, those with a row per person as large as a
platform of that size has them (see benchmarks/published_people.py), the others as large as those of the demo (see
benchmarks/published_weeks.py). Then all pages of the release are rendered from it in a fresh process: `seconds` for
that with all imports, `cpu_seconds` of all its threads, `peak_gb` the peak of that process's memory, `page_bytes` the
largest weekly page (it is to stay below 2,000,000), `charts` the pictures on it. The last line is one JSON object.

Examples:
    python -m benchmarks.report --users 1000000
    python -m benchmarks.report --users 20000 --seed 2 --record
"""

import argparse
import json
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import record
from benchmarks.ingest import Figures, apart
from benchmarks.published_homes import AS_OF, context
from benchmarks.published_people import GIVEN, SOURCES, drawn
from benchmarks.published_weeks import rows_of
from benchmarks.waiting import peak_gb
from lyceum import engine, releases
from lyceum.schema import Table

if TYPE_CHECKING:
    import duckdb

DATABASE = "release.duckdb"
COMPARED = 8  # weeks back to the oldest release that a page compares with
EARLIER = {"user_scores": "user_id, segment_id", "segments": "segment_id, name_zh, name_en, kind"}


def main(argv: list[str] | None = None, /) -> int:
    """Print the table and the JSON line."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__, formatter_class=form)
    parser.add_argument("--users", type=int, default=1_000_000, help="people of the release (default 1000000)")
    parser.add_argument("--seed", type=int, default=1, help="of the draws (default 1)")
    record.add_option(parser)
    given = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="lyceum-report-") as folder:
        apart(prepare, Path(folder), given.users, given.seed)
        found = {"users": given.users, **apart(measure, Path(folder))}
    print(" ".join(f"{name:>12}" for name in found))
    print(" ".join(f"{value:>12}" for value in found.values()))
    if given.record:
        today = datetime.now(UTC).date()
        command = record.typed("benchmarks.report", argv)
        record.record(f"report: {given.users:,} people", found, command=command, today=today)
    print(json.dumps(found))
    return 0


def prepare(folder: Path, users: int, seed: int, /) -> Figures:
    """Make the database of a release up: every table of one, each with rows but for the weeks before."""
    ctx = context(folder / "home")
    with engine.connect(folder / DATABASE, memory_limit=ctx.settings.memory_limit) as con:
        for schema in ("marts", "history", "features", "quality"):
            con.execute(f"CREATE SCHEMA {schema}")
        ids = f"md5(concat(n, ' {seed}'))"
        con.execute(
            f"CREATE TEMP TABLE people AS SELECT n, {ids} AS user_id FROM range({users}) numbers(n) ORDER BY 2"
        )
        for each in releases.contents():
            con.execute(each.ddl())
            _fill(con, each, users=users)
        _weeks_before(con)
    return {}


def _fill(con: "duckdb.DuckDBPyConnection", each: Table, *, users: int) -> None:
    """The rows of a table; of a history this week's, as a release has them."""
    if each.name.startswith("history."):
        rows = f"SELECT DATE '{AS_OF}' AS as_of, * FROM marts.{each.short}"
        con.execute(f"INSERT INTO {each.name} BY NAME {rows}")
        return
    given, source = rows_of(each, users=users)
    if each.name in GIVEN:
        people = {column.name: drawn(column) for column in each.columns if not column.unit.startswith("JSON")}
        given, source = people | {"as_of": f"DATE '{AS_OF}'", **GIVEN[each.name]}, SOURCES.get(each.name, "people")
    held = ", ".join(f"CAST({given.get(c.name, 'NULL')} AS {c.type})" for c in each.columns)
    con.execute(f"INSERT INTO {each.name} SELECT {held} FROM {source}")


def _weeks_before(con: "duckdb.DuckDBPyConnection") -> None:
    """What the pages compare with: who was in which segment, all the weeks back to the oldest that is read."""
    for back in range(1, COMPARED + 1):
        week = f"DATE '{AS_OF}' - {7 * back}"
        for name, columns in EARLIER.items():
            con.execute(f"INSERT INTO history.{name} BY NAME SELECT {week} AS as_of, {columns} FROM marts.{name}")


def measure(folder: Path, /) -> Figures:
    """Render every page of the release; the peak of memory of this process."""
    from pipelines.report import render_pages

    ctx, pages = context(folder / "home"), folder / "pages"
    pages.mkdir()
    begin, used = time.monotonic(), time.process_time()
    render_pages(ctx, folder / DATABASE, pages, as_of=AS_OF, release=f"{AS_OF}-r001")
    seconds, used = time.monotonic() - begin, time.process_time() - used
    weekly = [path.read_text(encoding="utf-8") for path in pages.glob("index.*.html")]
    return {
        "rows": _people(folder / DATABASE),
        "seconds": round(seconds, 1),
        "cpu_seconds": round(used, 1),
        "peak_gb": peak_gb(),
        "page_bytes": max(len(page.encode()) for page in weekly),
        "pages": len(list(pages.glob("*.html"))),
        "charts": max(page.count("<figure") for page in weekly),
    }


def _people(database: Path) -> int:
    with engine.connect(database, read_only=True) as con:
        counted: int = con.execute("SELECT count(*) FROM marts.user_scores").fetchall()[0][0]
    return counted


if __name__ == "__main__":
    sys.exit(main())
