"""Ours against other libraries: `python -m benchmarks.peers --events 1000000 --users 20000 [--seed 1]`.

A synthetic log in the lake's own form is made first. Forty columns of the user snapshot are computed from it by the
project's feature sets and by each peer: in turn, each in a process of its own, all from the same Parquet files to one
Parquet file, imports not counted. The values must be equal, money and counts to the last digit. A peer whose package
is not installed is left out, and its figures are null. The last line is one JSON object.

  python -m benchmarks.peers --events 1000000 --users 20000
  python -m benchmarks.peers --events 10000000 --users 200000 --keep /tmp/log --record    (docs/benchmarks.md)
"""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.folders import kept
from benchmarks.peers.bench import Bench
from benchmarks.peers.compared import Compared, compare, speedups
from benchmarks.peers.forty import columns
from benchmarks.record import add_option, record, typed

MEASURED = ("seconds", "cpu_seconds", "peak_gb")


def main(argv: list[str] | None = None, /) -> int:
    """Make the log, run all, print the table and the JSON line."""
    given = _parser().parse_args(argv)
    with kept(given.keep) as folder:
        log = Bench(folder / f"{given.events}-{given.users}-{given.seed}")
        events = log.make(given.events, given.users, given.seed)
        found = compare(log, ours="ours", rounds=given.rounds)
    given_too = {"events": events, "users": given.users, "seed": given.seed, "columns": len(columns())}
    figures: dict[str, Any] = {**given_too, **speedups(found), "contenders": contenders(found)}
    show(figures["contenders"])
    print(json.dumps(figures))
    if given.record:
        name, today = f"peers: {given.events:,} events, {given.users:,} people", datetime.now(UTC).date()
        record(name, figures, command=typed("benchmarks.peers", argv), today=today)
    return 0


def _parser() -> argparse.ArgumentParser:
    text = str(__doc__).split("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers",
        description="\n\n".join(text[:-1]),
        epilog="examples:\n" + text[-1],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--events", type=int, default=1_000_000, help="in the log, about (default 1,000,000)")
    parser.add_argument("--users", type=int, default=20_000, help="who cause them (default 20,000)")
    parser.add_argument("--seed", type=int, default=1, help="of the log (default 1)")
    parser.add_argument("--rounds", type=int, default=1, help="of all, in turn; the best counts (default 1)")
    parser.add_argument("--keep", type=Path, help="a folder to keep the log in, for the next run")
    add_option(parser)
    return parser


def contenders(found: Compared, /) -> dict[str, dict[str, float | None]]:
    """The least seconds, CPU seconds and memory of each; None of those that are absent."""
    return {
        name: {key: round(min(run[key] for run in runs), 3) if runs else None for key in MEASURED}
        for name, runs in found.items()
    }


def show(rows: dict[str, dict[str, float | None]], /) -> None:
    """The table for people."""
    print(f"{'':12}{'seconds':>10}{'CPU':>10}{'GB':>8}")
    for name, row in rows.items():
        cells = ("absent" if value is None else f"{value:.2f}" for value in row.values())
        print(f"{name:12}" + "".join(f"{cell:>{width}}" for cell, width in zip(cells, (10, 10, 8), strict=True)))


if __name__ == "__main__":
    sys.exit(main())
