"""The demo: simulate a platform, run its last weeks under Airflow, leave a release and a report."""

import json
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from lyceum import privacy, releases
from lyceum.errors import HomeError, UsageError
from lyceum.home import Home, write_atomically
from lyceum.progress import Say
from lyceum.sources import load
from lyceum.weeks import instant, weeks_before
from pipelines import steps
from pipelines.orchestration import Run, environment, run_dags
from pipelines.week import STEPS

NAME = "demo"

CONFIG = """\
# Written by `lyceum demo`. Paths are relative to this file.
[platforms.demo]
source = "demo"
home = "."
data = "landing"
"""


@dataclass(frozen=True)
class DemoResult:
    """What the demo left behind: the page to open, the database to query, the settings for further commands.

    `seconds` has the whole time of `simulate` and of `airflow`, and within the latter that of each step of all weeks.
    """

    report: Path
    database: Path
    config: Path
    as_of: date
    seconds: Mapping[str, float]


def demo(
    home: Home, /, *, users: int = 5000, weeks: int = 26, seed: int = 7, airflow_weeks: int = 2, say: Say
) -> DemoResult:
    """Simulate a platform into an empty home and run its last `airflow_weeks` Mondays under Airflow's task runner.

    Called again with the same numbers, it runs the same weeks once more and publishes nothing new.
    Raises:
        UsageError: more weeks under Airflow than are simulated, or numbers that make no world.
        HomeError: the home holds something else than this demo, or there is no usable pseudonym key.
        LyceumError: a task failed.
    """
    if not 1 <= airflow_weeks <= weeks:
        raise UsageError(f"{airflow_weeks} of {weeks} weeks cannot be run.", remedy="Run between 1 and all of them.")
    begin = time.monotonic()
    as_of = _landed(home, {"users": users, "weeks": weeks, "seed": seed}, say)
    simulated = time.monotonic()
    config = _configure(home)
    _make_key(say)
    run_dags(environment(home, config), plan(as_of, count=airflow_weeks), say=say)
    release = releases.current(home)
    seconds = {"simulate": simulated - begin, "airflow": time.monotonic() - simulated}
    return DemoResult(
        report=home.current / release.report.name / "index.html",
        database=home.current / releases.DATABASE,
        config=config,
        as_of=as_of,
        seconds={**seconds, **_step_seconds(home, as_of, count=airflow_weeks)},
    )


def plan(as_of: date, /, *, count: int) -> list[Run]:
    """The runs of the `count` Mondays that end with `as_of`: take in everything once, then week after week.

    Three in the morning lies after both schedules of the Monday and is no moment of either, so that no run takes the
    logical date of one that a scheduler may make later.
    """
    timezone = load(NAME).timezone
    mondays = weeks_before(as_of, count)
    mornings = [instant(monday, timezone=timezone) + timedelta(hours=3) for monday in mondays]
    return [Run("ingest_events", mornings[-1]), *(Run("weekly_insights", morning) for morning in mornings)]


def _landed(home: Home, numbers: dict[str, int], say: Say) -> date:
    """Simulate the deliveries unless they lie there already; the Monday after their last week."""
    marker = home.root / "demo.json"
    held = _held(home, marker)
    if held is not None and {name: held.get(name) for name in numbers} != numbers:
        was = ", ".join(f"{name} {held.get(name)}" for name in numbers)
        raise HomeError(f"{home.root} holds a demo with {was}.", remedy="Name another folder with --home.")
    if held is not None and "as_of" in held:
        say(f"The deliveries of the demo lie in {home.landing} already.")
        return date.fromisoformat(str(held["as_of"]))
    write_atomically(marker, json.dumps(numbers) + "\n")
    as_of = _simulate(home, numbers, say)
    write_atomically(marker, json.dumps({**numbers, "as_of": as_of.isoformat()}) + "\n")
    return as_of


def _held(home: Home, marker: Path) -> dict[str, object] | None:
    """What the marker of an earlier demo says; None for a new home."""
    if marker.is_file():
        found: dict[str, object] = json.loads(marker.read_text(encoding="utf-8"))
        return found
    if home.root.exists() and (not home.root.is_dir() or any(home.root.iterdir())):
        raise HomeError(f"{home.root} holds something else than a demo.", remedy="Name another folder with --home.")
    return None


def _simulate(home: Home, numbers: dict[str, int], say: Say) -> date:
    """Simulate into the home; what a demo that was stopped left half-made is removed first."""
    from lyceum.simulator import simulate

    truth = home.root / "truth"  # beside the landing folder, where no source looks
    for folder in (home.landing, truth):
        shutil.rmtree(folder, ignore_errors=True)
    return simulate(home.landing, **numbers, world=NAME, truth=truth, progress=say).as_of


def _configure(home: Home) -> Path:
    config = home.root / "lyceum.toml"
    if not config.exists():
        write_atomically(config, CONFIG)
    return config


def _make_key(say: Say) -> None:
    file = privacy.key_file(NAME)
    if privacy.VARIABLE not in os.environ and not file.exists():
        say(f"Made the key of the demo's pseudonyms: {file}")
    privacy.load_key(NAME, create=True)


def _step_seconds(home: Home, as_of: date, *, count: int) -> dict[str, float]:
    kept = [entry for monday in weeks_before(as_of, count) for entry in steps.records(home, monday)]
    return {step: sum(entry["seconds"] for entry in kept if entry["step"] == step) for step in STEPS}
