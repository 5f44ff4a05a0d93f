"""How fast logs become a judged lake: `python -m benchmarks.ingest --events 10000000 [--seed 1]`.

Daily files of JSON lines (ids, 2 % anonymous, some repeated lines, rejects, Chinese text) are made in a temporary
folder. Then the real `ingest` and `validate` run on them in a fresh process, alternating with the bare copy in
another: one DuckDB COPY of the same files to the same 22 columns, partitioned by event_date and compressed by zstd,
with all types given and nothing checked. The best of the repeats counts. growth_exponent is the slope of
log(seconds) over log(events) between a tenth and three times as many events. The last line is one JSON object.

Examples:
    python -m benchmarks.ingest --events 10000000
    python -m benchmarks.ingest --events 1000000 --no-growth --repeats 1
    python -m benchmarks.ingest --events 1000000 --no-growth --format csv
"""

import argparse
import json
import math
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.ingest_logs import FIELDS, START, write_logs
from benchmarks.waiting import peak_gb
from lyceum.engine import connect, quoted
from lyceum.home import Home
from lyceum.privacy import VARIABLE
from lyceum.schema import table
from lyceum.settings import Settings

Figures = dict[str, float]
Found = TypeVar("Found")
NOW = datetime(2026, 6, 1, tzinfo=UTC)
GIVEN = {
    **{"event_id": "id", "user_id": "uid", "event_type": "type", "occurred_at": "ts", "item_id": "course"},
    **{"target_user_id": "target", "object_id": "lesson", "session_id": "session", "amount": "amount"},
    **{"duration_ms": "seconds * 1000", "channel": "channel", "properties": "props"},
    **{"event_date": "CAST(ts AT TIME ZONE 'Asia/Shanghai' AS DATE)"},
    **{"currency": "CASE WHEN amount IS NOT NULL THEN 'CNY' END", "source": "'bench'", "batch_id": "'bare'"},
    **{"ingested_at": "TIMESTAMPTZ '2026-06-01 00:00:00+00'"},
}
TYPES = {"ts": "TIMESTAMPTZ", "amount": "DECIMAL(18,2)", "seconds": "BIGINT"}
READERS = {
    "jsonl": "read_json({files}, format = 'newline_delimited', {columns})",
    "csv": "read_csv({files}, {columns})",
}


def main(argv: list[str] | None = None, /) -> int:
    """Print the table and the JSON line."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingest", description=__doc__, formatter_class=form)
    parser.add_argument("--events", type=int, default=10_000_000, help="lines of the logs (default 10000000)")
    parser.add_argument("--seed", type=int, default=1, help="of the logs (default 1)")
    parser.add_argument("--days", type=int, default=84, help="daily files (default 84)")
    parser.add_argument("--repeats", type=int, default=2, help="of both, alternating (default 2)")
    parser.add_argument("--format", choices=sorted(READERS), default="jsonl", help="of the logs (default jsonl)")
    parser.add_argument("--no-growth", action="store_true", help="leave out a tenth and three times as many events")
    given = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="lyceum-ingest-") as folder:
        print(json.dumps(measure(Path(folder), given)))
    return 0


def measure(folder: Path, given: argparse.Namespace, /) -> dict[str, Any]:
    """The figures of the last line; a table for people is printed on the way."""
    print(f"{'events':>12} {'ours s':>8} {'ingest':>8} {'validate':>8} {'bare s':>8} {'peak GB':>8}", flush=True)
    sizes = [given.events // 10, given.events, given.events * 3]
    found = {}
    for events in [given.events] if given.no_growth else sizes:
        repeats = given.repeats if events == given.events else 1
        found[events] = compared(folder / str(events), events, given, repeats=repeats)
        shown = (found[events][name] for name in ("seconds", "ingest_seconds", "validate_seconds", "bare_seconds"))
        columns = " ".join(f"{value:8.2f}" for value in (*shown, found[events]["peak_gb"]))
        print(f"{events:12,} {columns}", flush=True)
    ours = found[given.events]
    return {
        "events": given.events,
        **ours,
        "events_per_second": round(given.events / ours["seconds"]),
        "ratio_to_bare_copy": round(ours["bare_seconds"] / ours["seconds"], 3),
        "ratio_without_validation": round(ours["bare_seconds"] / ours["ingest_seconds"], 3),
        "validation_share": round(ours["validate_seconds"] / ours["seconds"], 3),
        "growth_exponent": exponent({events: one["seconds"] for events, one in found.items()}),
        "peak_gb_by_events": {str(events): one["peak_gb"] for events, one in found.items()},
        "format": given.format,
        "bare": "DuckDB COPY to 22 columns, PARTITION_BY event_date, zstd, types given",
    }


def exponent(seconds: dict[int, float], /) -> float | None:
    """The slope of log(seconds) over log(events) by least squares; None of a single size."""
    if len(seconds) < 2:
        return None
    x, y = [math.log(events) for events in seconds], [math.log(value) for value in seconds.values()]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    slope = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / sum((a - mean_x) ** 2 for a in x)
    return round(slope, 3)


def compared(folder: Path, events: int, given: argparse.Namespace, /, *, repeats: int) -> Figures:
    """The best of our runs, and the seconds of the best bare copy."""
    data = folder / "data"
    apart(_write, data, events, given.days, given.seed, given.format)
    ours, bare = [], []
    for number in range(repeats):
        bare.append(apart(bare_copy, data, folder / "bare", given.format)["seconds"])
        ours.append(apart(take_in, folder / "data.toml", data, folder / f"home-{number}", given.days))
        for made in (folder / "bare", folder / f"home-{number}"):
            shutil.rmtree(made)
    shutil.rmtree(folder)
    best = min(ours, key=lambda one: one["seconds"])
    return {**best, "peak_gb": max(one["peak_gb"] for one in ours), "bare_seconds": round(min(bare), 3)}


def _write(data: Path, events: int, days: int, seed: int, form: str) -> Figures:
    write_logs(data, events=events, days=days, seed=seed, form=form)
    return {}


def apart(work: Callable[..., Found], /, *arguments: object) -> Found:
    """Do the work in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def take_in(source: Path, data: Path, folder: Path, days: int, /) -> Figures:
    """Ingest the logs into a new home and validate them; seconds by phase and the peak of memory of this process."""
    from pipelines.opening import open_home, open_source
    from pipelines.week import perform
    from pipelines.week import take_in as ingest

    os.environ.setdefault(VARIABLE, "a key for benchmarks only, no secret")
    home, settings = Home(folder), Settings()
    phases: dict[str, float] = {}
    begin = last = time.monotonic()

    def say(line: str) -> None:
        nonlocal last
        now, phase = time.monotonic(), line.split(",")[0].split(" of ")[0].rstrip("0123456789 ")
        phases[phase] = phases.get(phase, 0.0) + now - last
        last = now

    ctx = open_source(str(source), data, home, settings=settings, now=NOW, say=say)
    ingest(ctx)
    ingested = time.monotonic()
    ctx = open_home(home, settings=settings, now=NOW, say=say)
    perform(ctx, "validate", as_of=START + timedelta(days=days - days % 7))
    end = time.monotonic()
    return {
        "seconds": round(end - begin, 3),
        "ingest_seconds": round(ingested - begin, 3),
        "validate_seconds": round(end - ingested, 3),
        "peak_gb": peak_gb(),
        **{f"until {phase}": round(seconds, 3) for phase, seconds in phases.items()},
    }


def bare_copy(data: Path, target: Path, form: str, /) -> Figures:
    """What DuckDB needs at least for the same columns, files and partitions."""
    begin = time.monotonic()
    settings = Settings()
    typed = ", ".join(f"'{name}': '{TYPES.get(name, 'VARCHAR')}'" for name in FIELDS)
    files = ", ".join(quoted(file) for file in sorted(data.iterdir()))
    options = f"columns = {{{typed}}}"
    read = READERS[form].format(files=f"[{files}]", columns=options)
    columns = ", ".join(
        f"{GIVEN.get(column.name, f'NULL::{column.type}')} AS {column.name}" for column in table("events").columns
    )
    with connect(memory_limit=settings.memory_limit, threads=settings.threads) as con:
        con.execute(
            f"COPY (SELECT {columns} FROM {read}) TO {quoted(target)} "
            "(FORMAT parquet, PARTITION_BY (event_date), COMPRESSION zstd)"
        )
    return {"seconds": time.monotonic() - begin}


if __name__ == "__main__":
    sys.exit(main())
