"""One contender of the feature benchmarks, alone in its process: the last line says seconds and memory."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import feature_snapshots
from benchmarks.feature_log import context, write_log
from benchmarks.peers import ours
from benchmarks.peers.compared import PEERS
from benchmarks.peers.forty import Job
from benchmarks.waiting import peak_gb

CONTENDERS: dict[str, Callable[[Job], dict[str, float]]] = {
    **{"sql": ours.sql, "ours": ours.ours, "spark": ours.spark},
    **{peer.name: peer.write for peer in PEERS},
    **{"week": feature_snapshots.week, "year": feature_snapshots.year, "again": feature_snapshots.again},
}


def main(argv: list[str] | None = None, /) -> int:
    """Run one contender; `log` writes the log."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers.alone", description=str(__doc__))
    parser.add_argument("name", choices=["log", *CONTENDERS])
    parser.add_argument("--home", type=Path, required=True, help="the home that holds the log")
    parser.add_argument("--to", type=Path, default=Path("out.parquet"), help="the file to write")
    parser.add_argument("--count", action="store_true", help="count the rows read from the log")
    for number in ("events", "users", "seed"):
        parser.add_argument(f"--{number}", type=int, default=1)
    given = parser.parse_args(argv)
    ctx = context(given.home)
    ctx.home.staging.mkdir(parents=True, exist_ok=True)
    if given.name == "log":
        found: dict[str, float] = {"events": write_log(ctx, events=given.events, users=given.users, seed=given.seed)}
    else:
        found = CONTENDERS[given.name](Job(ctx, given.to, given.count))
    print(json.dumps({**found, "peak_gb": peak_gb()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
