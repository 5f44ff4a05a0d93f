"""One log and the contenders that run over it, and whether they say the same."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.feature_log import context
from lyceum import engine
from lyceum.engine import quoted
from lyceum.tables import canonical

CLOSE = 1e-9  # relative, for ratios; counts, sums and money must be the same
Result = dict[str, Any]


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
        command = [sys.executable, "-m", "benchmarks.peers.alone", name, f"--home={self.home}"]
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


def best(results: Sequence[Result], key: str = "seconds", /) -> float:
    """The least of several runs: what disturbs a run only makes it longer."""
    return min(float(result[key]) for result in results)
