"""The demo: simulate a platform, run its last weeks under Airflow, leave a release and a report."""

import csv
import json
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from lyceum import privacy, releases
from lyceum.errors import HomeError, UsageError
from lyceum.home import Home, write_atomically
from lyceum.progress import Say
from lyceum.settings import Settings
from lyceum.sources import load
from lyceum.weeks import instant, weeks_before
from pipelines import steps
from pipelines.context import Context
from pipelines.exporting import own_rows
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

    In between the platform acts on the list of the week before: whom it names is contacted, and answers to it.

    Called again with the same numbers, it runs the last week once more and publishes nothing new.
    Raises:
        UsageError: more weeks under Airflow than are simulated, or numbers that make no world.
        HomeError: the home holds something else than this demo, or there is no usable pseudonym key.
        LyceumError: a task failed.
    """
    if not 1 <= airflow_weeks <= weeks:
        raise UsageError(f"{airflow_weeks} of {weeks} weeks cannot be run.", remedy="Run between 1 and all of them.")
    begin = time.monotonic()
    numbers = {"users": users, "weeks": weeks, "seed": seed}
    held = _held(home, numbers)
    if held is None:
        write_atomically(_marker(home), json.dumps(numbers) + "\n")
    config = _configure(home)
    _make_key(say)
    runner = Runner(environment(home, config), say)
    if held is not None:
        say(f"The deliveries of the demo lie in {home.landing} already.")
        as_of = held
        runner.run(plan(as_of, count=1))
    else:
        as_of = _live(home, numbers, runner, last_weeks=airflow_weeks)
    release = releases.current(home)
    in_all = time.monotonic() - begin
    seconds = {"simulate": in_all - runner.seconds, "airflow": runner.seconds}
    return DemoResult(
        report=home.current / release.report.name / "index.html",
        database=home.current / releases.DATABASE,
        config=config,
        as_of=as_of,
        seconds={**seconds, **_step_seconds(home, as_of, count=airflow_weeks)},
    )


class Runner:
    """Runs DAGs and adds up how long that took."""

    def __init__(self, env: Mapping[str, str], say: Say, /) -> None:
        self.env, self.say = env, say
        self.seconds = 0.0

    def run(self, runs: Sequence[Run], /) -> None:
        """Run them in order; LyceumError if one fails."""
        begin = time.monotonic()
        run_dags(self.env, runs, say=self.say)
        self.seconds += time.monotonic() - begin


def plan(as_of: date, /, *, count: int) -> list[Run]:
    """The runs of the `count` Mondays that end with `as_of`: take in what is new, then the week.

    Three in the morning lies after both schedules of the Monday and is no moment of either, so that no run takes the
    logical date of one that a scheduler may make later.
    """
    timezone = load(NAME).timezone
    mornings = [instant(monday, timezone=timezone) + timedelta(hours=3) for monday in weeks_before(as_of, count)]
    return [Run(dag, morning) for morning in mornings for dag in ("ingest_events", "weekly_insights")]


def _held(home: Home, numbers: dict[str, int]) -> date | None:
    """The Monday after the last week of the same demo, lived here before; None for a new or a half-lived one."""
    marker = _marker(home)
    if not marker.is_file():
        if home.root.exists() and (not home.root.is_dir() or any(home.root.iterdir())):
            raise HomeError(
                f"{home.root} holds something else than a demo.", remedy="Name another folder with --home."
            )
        return None
    held: dict[str, object] = json.loads(marker.read_text(encoding="utf-8"))
    if {name: held.get(name) for name in numbers} != numbers:
        was = ", ".join(f"{name} {held.get(name)}" for name in numbers)
        raise HomeError(f"{home.root} holds a demo with {was}.", remedy="Name another folder with --home.")
    return date.fromisoformat(str(held["as_of"])) if "as_of" in held else None


def _marker(home: Home) -> Path:
    return home.root / "demo.json"


def _live(home: Home, numbers: dict[str, int], runner: Runner, *, last_weeks: int) -> date:
    """Live the platform's weeks; after each of the last ones run its Monday, and act on its list in the week after.

    Whatever a demo that was stopped left half-lived is begun anew; the same numbers give the same bytes.
    """
    from lyceum.simulator import Platform

    truth = home.root / "truth"  # beside the landing folder, where no source looks
    for folder in (home.landing, truth):
        shutil.rmtree(folder, ignore_errors=True)
    users, weeks, seed = (numbers[name] for name in ("users", "weeks", "seed"))
    platform = Platform(home.landing, users=users, weeks=weeks, seed=seed, world=NAME, truth=truth)
    for week in range(weeks):
        listed = _listed(home) if week > weeks - last_weeks else {}
        platform.step(week, listed)
        contacted = f", {len(listed)} people contacted from last week's list" if listed else ""
        runner.say(f"Simulated week {week + 1} of {weeks}: {platform.events:,} events so far{contacted}.")
        if week >= weeks - last_weeks:
            runner.run(plan(platform.finish().as_of, count=1))
    as_of = platform.finish().as_of
    write_atomically(_marker(home), json.dumps({**numbers, "as_of": as_of.isoformat()}) + "\n")
    return as_of


def _listed(home: Home) -> dict[str, str]:
    """Whom the newest early warnings say to contact, by the platform's own ids, and how; never the holdout."""
    ids = [row["uid"] for file in sorted(home.landing.glob("users/*.csv")) for row in _rows(file)]
    platform = home.platform()
    published = instant(releases.current(home).as_of, timezone=platform.timezone)
    ctx = Context(Settings(), home, platform, published, lambda _line: None)
    rows = own_rows(ctx, "early_warnings", ids).to_pylist()
    return {row["user_id"]: row["suggested_action"] for row in rows if row["suggested_action"] != "none"}


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


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
