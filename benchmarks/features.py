"""How fast the feature store is: `python -m benchmarks.features --events 10000000 --users 200000 [--seed 1]`.

A synthetic log in the lake's own form is made first. Forty columns of the user snapshot (ten counts, ten sums, ten
distinct counts, ten gaps and streaks) are computed from it by the project's feature sets, by the one hand-written
query of benchmarks/features.sql, by pandas and by polars: each in a process of its own, the first two in turn, all
writing the same Parquet file, imports not counted; the values must be equal. Then the whole snapshot of one Monday is
written, and those of 52 Mondays in one pass, each into an empty home, and the rows that the latter reads of the log
are counted. The last line is one JSON object.

  python -m benchmarks.features --events 2000000 --users 40000
  python -m benchmarks.features --events 10000000 --users 200000 --keep /tmp/log    (the log is made once)
  python -m benchmarks.features --events 1000000 --users 20000 --engine spark
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.feature_log import WEEKS, context
from lyceum import engine
from lyceum.engine import quoted
from lyceum.tables import canonical

CLOSE = 1e-9  # relative, for ratios; counts, sums and money must be the same
Result = dict[str, Any]


def main(argv: list[str] | None = None, /) -> int:
    """Make the log, run all, print the table and the JSON line."""
    given = _parser().parse_args(argv)
    with _folder(given.keep) as folder:
        log = Bench(folder / f"{given.events}-{given.users}-{given.seed}")
        events = log.make(given.events, given.users, given.seed)
        results = _race(log, given)
        few = log
        if given.frame_events < given.events:
            few = Bench(folder / f"{given.frame_events}-{given.users}-{given.seed}")
            few.make(given.frame_events, given.users, given.seed)
            print(f"pandas and polars were run on {given.frame_events:,} events, and ours on the same.")
        frames = _frames(few, given.engine)
        whole = _whole(log) if given.engine == "duckdb" else {}
    figures = _figures(events, results, frames, whole)
    _show(results, frames, whole)
    print(json.dumps({"engine": given.engine, "seed": given.seed, "users": given.users, **figures}))
    return 0


def _parser() -> argparse.ArgumentParser:
    text = str(__doc__).split("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.features",
        description=text[0],
        epilog="examples:\n" + text[-1].split("\n", 1)[-1],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--events", type=int, default=2_000_000, help="in the log, about (default 2,000,000)")
    parser.add_argument("--users", type=int, default=40_000, help="who cause them (default 40,000)")
    parser.add_argument("--seed", type=int, default=1, help="of the log (default 1)")
    parser.add_argument(
        "--engine", choices=("duckdb", "spark"), default="duckdb", help="that runs ours (default duckdb)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="of ours and the hand-written query (default 3)")
    parser.add_argument("--frame-events", type=int, default=10_000_000, help="at most, for pandas and polars")
    parser.add_argument("--keep", type=Path, help="a folder to keep the log in, for the next run")
    return parser


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


class Bench:
    """One log and the contenders that run over it, each in its own process."""

    def __init__(self, home: Path, /) -> None:
        self.home = home

    def make(self, events: int, users: int, seed: int, /) -> int:
        """Write the log unless it is there; how many events it has."""
        if not context(self.home).lake.exists(canonical.ENTITLEMENTS):
            self.run("log", f"--events={events}", f"--users={users}", f"--seed={seed}")
        con = engine.connect()
        found: int = con.execute(
            f"SELECT count(*) FROM ({context(self.home).lake.source(canonical.EVENTS)})"
        ).fetchall()[0][0]
        return found

    def output(self, name: str, /) -> Path:
        """What a contender has written."""
        return self.home / f"{name}.parquet"

    def run(self, name: str, /, *options: str) -> Result:
        """Run a contender and give back its figures."""
        command = [sys.executable, "-m", "benchmarks.feature_contenders", name, f"--home={self.home}"]
        print(f"  {name} ...", file=sys.stderr, flush=True)
        done = subprocess.run(
            [*command, f"--to={self.output(name)}", *options],
            stdout=subprocess.PIPE,
            check=True,
            env=dict(os.environ),
        )
        found: Result = json.loads(done.stdout.decode().strip().splitlines()[-1])
        return found

    def require_equal(self, one: str, other: str, /) -> None:
        """End with the names of the columns that differ, if any do."""
        con = engine.connect()
        for name in (one, other):
            con.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet({quoted(self.output(name))})")
        columns = [column for column in con.sql(f"FROM {one}").columns if column != "user_id"]
        unequal = ", ".join(f'count(*) FILTER ({_differs(column, one, other)}) AS "{column}"' for column in columns)
        rows = con.execute(f"SELECT count(*) FILTER ({one}.user_id IS NULL OR {other}.user_id IS NULL), {unequal} "
                           f"FROM {one} FULL JOIN {other} USING (user_id)").fetchall()[0]  # fmt: skip
        wrong = {name: count for name, count in zip(("people", *columns), rows, strict=True) if count}
        if wrong:
            raise SystemExit(f"{one} and {other} differ: {wrong}")


def _differs(column: str, one: str, other: str) -> str:
    a, b = (f'CAST({name}."{column}" AS DOUBLE)' for name in (one, other))
    null = f"isnan({b}) OR {b} IS NULL"
    apart = f"abs({a} - {b}) > {CLOSE} * abs({a})"
    return f"CASE WHEN {a} IS NULL OR {null} THEN NOT ({a} IS NULL AND ({null})) ELSE {apart} END"


def _race(log: Bench, given: argparse.Namespace) -> dict[str, list[Result]]:
    """Ours and the hand-written query in turn."""
    name = "ours" if given.engine == "duckdb" else "spark"
    found: dict[str, list[Result]] = {"ours": [], "sql": []}
    for _ in range(given.rounds):
        found["sql"].append(log.run("sql"))
        found["ours"].append(log.run(name))
    log.require_equal(name, "sql")
    return found


def _frames(log: Bench, engine_name: str) -> dict[str, Result]:
    """pandas, polars, and ours between them on the same log."""
    ours = "ours" if engine_name == "duckdb" else "spark"
    found = {"polars": log.run("polars"), "ours": log.run(ours), "pandas": log.run("pandas")}
    for name in ("polars", "pandas"):
        log.require_equal(ours, name)
    return found


def _whole(log: Bench) -> dict[str, Result]:
    """The whole snapshot of a Monday, that of 52, one more, and what 52 read of the log."""
    found = {name: log.run(name) for name in ("week", "year", "again")}
    found["counted"] = log.run("year", "--count")
    return found


def best(results: Sequence[Result], key: str = "seconds", /) -> float:
    """The least of several runs: what disturbs a run only makes it longer."""
    return min(float(result[key]) for result in results)


def _figures(
    events: int, results: dict[str, list[Result]], frames: dict[str, Result], whole: dict[str, Result]
) -> Result:
    figures: Result = {
        "events": events,
        "ratio_to_sql": best(results["ours"]) / best(results["sql"]),
        "cpu_ratio_to_sql": best(results["ours"], "cpu_seconds") / best(results["sql"], "cpu_seconds"),
        **{
            f"speedup_over_{name}": frames[name]["seconds"] / frames["ours"]["seconds"]
            for name in ("pandas", "polars")
        },
        "seconds_of_forty": best(results["ours"]),
    }
    if whole:
        week, year = whole["week"], whole["year"]
        figures |= {
            "columns": week["columns"],
            "seconds": week["seconds"],
            "seconds_when_stored": whole["again"]["seconds"],
            "year_seconds": year["seconds"],
            "peak_gb": max(found["peak_gb"] for found in (week, year, *results["ours"])),
            "year_over_week": year["seconds"] / (WEEKS * week["seconds"]),
            "rows_scanned_ratio": whole["counted"]["log_rows"] / events,
        }
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in figures.items()}


def _show(results: dict[str, list[Result]], frames: dict[str, Result], whole: dict[str, Result]) -> None:
    print(f"{'':24}{'seconds':>10}{'CPU':>10}{'GB':>8}")
    several = {name: min(found, key=lambda each: each["seconds"]) for name, found in results.items()}
    labels = {"ours": "ours, 40 columns", "sql": "features.sql", "week": "whole snapshot, 1 week"}
    labels |= {"year": f"whole, {WEEKS} weeks", "again": "1 week, days stored", "counted": f"{WEEKS} weeks, counted"}
    for name, found in {**several, **{name: frames[name] for name in ("pandas", "polars")}, **whole}.items():
        print(
            f"{labels.get(name, name):24}{found['seconds']:>10.2f}{found['cpu_seconds']:>10.2f}"
            f"{found['peak_gb']:>8.2f}"
        )


if __name__ == "__main__":
    sys.exit(main())
