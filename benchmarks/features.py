"""How fast the feature store is: `python -m benchmarks.features --events 10000000 --users 200000 [--seed 1]`.

A synthetic log in the lake's own form is made first. Forty columns of the user snapshot (ten counts, ten sums, ten
distinct counts, ten gaps and streaks) are computed from it by the project's feature sets and by the one hand-written
query of benchmarks/features.sql: each in a process of its own, in turn, both writing the same Parquet file, imports
not counted; then, as `python -m benchmarks.peers` does, by other libraries. The values must be equal. Then the whole
snapshot of one Monday is written, and those of 52 Mondays in one pass, each into an empty home, and the rows that the
latter reads of the log are counted. The last line is one JSON object.

  python -m benchmarks.features --events 2000000 --users 40000
  python -m benchmarks.features --events 10000000 --users 200000 --keep /tmp/log    (the log is made once)
  python -m benchmarks.features --events 1000000 --users 20000 --engine spark
"""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.feature_log import WEEKS
from benchmarks.folders import kept
from benchmarks.peers.bench import Bench, Result, best
from benchmarks.peers.compared import Compared, compare, speedups
from benchmarks.record import add_option, record, typed


def main(argv: list[str] | None = None, /) -> int:
    """Make the log, run all, print the table and the JSON line."""
    given = _parser().parse_args(argv)
    with kept(given.keep) as folder:
        log = Bench(folder / f"{given.events}-{given.users}-{given.seed}")
        events = log.make(given.events, given.users, given.seed)
        results = _race(log, given)
        few = log
        if given.frame_events < given.events:
            few = Bench(folder / f"{given.frame_events}-{given.users}-{given.seed}")
            few.make(given.frame_events, given.users, given.seed)
            print(f"The other libraries were run on {given.frame_events:,} events, and ours on the same.")
        peers = compare(few, ours=_contender(given.engine), rounds=1)
        whole = _whole(log) if given.engine == "duckdb" else {}
    figures = _figures(events, results, peers, whole)
    _show(results, peers, whole)
    told = {"engine": given.engine, "seed": given.seed, "users": given.users, **figures}
    print(json.dumps(told))
    if given.record:
        name, today = f"features: {given.events:,} events, {given.users:,} people", datetime.now(UTC).date()
        record(name, told, command=typed("benchmarks.features", argv), today=today)
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
    parser.add_argument("--frame-events", type=int, default=10_000_000, help="at most, for the other libraries")
    parser.add_argument("--keep", type=Path, help="a folder to keep the log in, for the next run")
    add_option(parser)
    return parser


def _race(log: Bench, given: argparse.Namespace) -> dict[str, list[Result]]:
    """Ours and the hand-written query in turn."""
    name = _contender(given.engine)
    found: dict[str, list[Result]] = {"ours": [], "sql": []}
    for _ in range(given.rounds):
        found["sql"].append(log.run("sql"))
        found["ours"].append(log.run(name))
    log.require_equal(name, "sql")
    return found


def _contender(engine_name: str) -> str:
    return "ours" if engine_name == "duckdb" else "spark"


def _whole(log: Bench) -> dict[str, Result]:
    """The whole snapshot of a Monday, that of 52, one more, and what 52 read of the log."""
    found = {name: log.run(name) for name in ("week", "year", "again")}
    found["counted"] = log.run("year", "--count")
    return found


def _figures(events: int, results: dict[str, list[Result]], peers: Compared, whole: dict[str, Result]) -> Result:
    figures: Result = {
        "events": events,
        "ratio_to_sql": best(results["ours"]) / best(results["sql"]),
        "cpu_ratio_to_sql": best(results["ours"], "cpu_seconds") / best(results["sql"], "cpu_seconds"),
        **speedups(peers),
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


def _show(results: dict[str, list[Result]], peers: Compared, whole: dict[str, Result]) -> None:
    print(f"{'':24}{'seconds':>10}{'CPU':>10}{'GB':>8}")
    several = {name: min(found, key=lambda each: each["seconds"]) for name, found in results.items()}
    labels = {"ours": "ours, 40 columns", "sql": "features.sql", "week": "whole snapshot, 1 week"}
    labels |= {"year": f"whole, {WEEKS} weeks", "again": "1 week, days stored", "counted": f"{WEEKS} weeks, counted"}
    others = {name: runs[0] for name, runs in peers.items() if runs and name != "ours"}
    for name, found in {**several, **others, **whole}.items():
        print(
            f"{labels.get(name, name):24}{found['seconds']:>10.2f}{found['cpu_seconds']:>10.2f}"
            f"{found['peak_gb']:>8.2f}"
        )


if __name__ == "__main__":
    sys.exit(main())
