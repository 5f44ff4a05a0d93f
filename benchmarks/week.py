"""How long a whole week takes: `python -m benchmarks.week --events 1000000 [--seed 1]`.

A platform of about that many events in half a year is simulated first (not counted). Then its whole log is taken into
an empty home and every step of its last week is done, in one new process without Airflow: the first week of a home,
with all of the history to read and every model to train. Seconds, CPU seconds and the peak of memory are printed per
step (of validate and featurise, which are done at once, together); `imports_seconds` of them everything waited for
libraries to be loaded. `growth_exponent` is the slope of the logarithm of the seconds from a tenth of the events to
all of them.

Then a platform of as many events in a year (10,000,000 at most): `further_over_alone` is what its 53rd week costs
after the 52 before it, over what the same week costs alone, with the same models and no other day of the log.
`help_seconds` is the wait for `lyceum --help`, `dag_seconds` that for the slower DAG file once Airflow is loaded.

The last line is one JSON object.

Examples:
    python -m benchmarks.week --events 1000000
    python -m benchmarks.week --events 10000000 --keep worlds     (the simulated worlds are made once)
    python -m benchmarks.week --events 100000000 --keep worlds --record
"""

import argparse
import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import lived
from benchmarks.folders import kept
from benchmarks.ingest import apart, exponent
from benchmarks.lived import Figures
from benchmarks.record import add_option, record, typed
from benchmarks.starting import dag_seconds, help_seconds

PARTS = 10  # the smaller log, to see growth, has one event in so many
YEAR, YEAR_AT_MOST = 53, 10_000_000  # weeks, and events of the platform that is a year old


def main(argv: list[str] | None = None, /) -> int:
    """Print the tables and the JSON line."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m benchmarks.week", description=__doc__, formatter_class=form)
    parser.add_argument("--events", type=int, default=1_000_000, help="of the log, about (default 1000000)")
    parser.add_argument("--seed", type=int, default=1, help="of the worlds (default 1)")
    parser.add_argument("--keep", type=Path, help="a folder to keep the simulated worlds in, for the next run")
    parser.add_argument("--no-growth", action="store_true", help="leave out the tenth of the events")
    parser.add_argument("--no-year", action="store_true", help="leave out the week after a year")
    add_option(parser)
    given = parser.parse_args(argv)
    with kept(given.keep) as folder:
        found = measured(folder, given)
    print(json.dumps(found))
    if given.record:
        name = f"week: {given.events:,} events"
        record(name, found, command=typed("benchmarks.week", argv), today=datetime.now(UTC).date())
    return 0


def measured(folder: Path, given: argparse.Namespace, /) -> Figures:
    """The figures of the last line; tables for people are printed on the way."""
    sizes = [given.events] if given.no_growth else [given.events // PARTS, given.events]
    weeks = [first_week(folder, events, seed=given.seed) for events in sizes]
    year = {} if given.no_year else after_a_year(folder, min(given.events, YEAR_AT_MOST), seed=given.seed)
    starts = {"help_seconds": help_seconds(), "dag_seconds": dag_seconds()}
    print(f"lyceum --help {starts['help_seconds']:.2f} s, the slower DAG file {starts['dag_seconds']:.2f} s")
    growth = exponent({each["events"]: each["seconds"] for each in weeks})
    return {**weeks[-1], "growth_exponent": growth, **year, **starts, "seed": given.seed}


def first_week(folder: Path, events: int, /, *, seed: int) -> Figures:
    """Simulate a platform unless its world lies there, and live its last week in a home of its own."""
    world = folder / f"{events}-{seed}"
    made = apart(lived.simulated, world, events, lived.HALF_A_YEAR, seed)
    with tempfile.TemporaryDirectory(prefix="home-", dir=folder) as home:
        found = apart(lived.week, world, Path(home), made["as_of"])
    show(f"{_named(made)} in half a year, simulated in {made['simulate_seconds']:.0f} s", found)
    return {"events": made["events"], "users": made["users"], **found}


def after_a_year(folder: Path, events: int, /, *, seed: int) -> Figures:
    """The 53rd week of a platform of so many events a year: its seconds, and over those of the week alone."""
    world = folder / f"{events}-{seed}-year"
    made = apart(lived.simulated, world, events, YEAR, seed)
    with tempfile.TemporaryDirectory(prefix="year-", dir=folder) as homes:
        after, alone = lived.further(world, Path(homes), made["as_of"], apart)
    show(f"{_named(made)} in a year: its last week, after the others", after)
    show("the same week alone", alone)
    return {
        "year_events": made["events"],
        "further_seconds": after["seconds"],
        "alone_seconds": alone["seconds"],
        "further_over_alone": round(after["seconds"] / alone["seconds"], 3),
        "further_peak_gb": after["peak_gb"],
    }


def _named(made: Figures) -> str:
    return f"{made['events']:,} events of {made['users']:,} people"


def show(title: str, found: Figures, /) -> None:
    """A table for people."""
    print(f"{title}\n  {'':22} {'seconds':>9} {'CPU':>9} {'imports':>9} {'peak GB':>9}")
    kinds = ("seconds", "cpu_seconds", "imports_seconds")
    for name, peak in found["phases_peak_gb"].items():
        print(f"  {name:22} {_row(found, kinds, name)} {peak:9.2f}")
    print(
        f"  {'the week':22} {' '.join(f'{found[kind]:9.1f}' for kind in kinds)} {found['peak_gb']:9.2f}", flush=True
    )


def _row(found: Figures, kinds: tuple[str, ...], name: str) -> str:
    return " ".join(f"{found[f'phases_{kind}'][name]:9.1f}" for kind in kinds)


if __name__ == "__main__":
    sys.exit(main())
