"""Weeks lived by the project's own steps, each function in a process of its own: seconds, and the peak of memory."""

import json
import os
import shutil
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.waiting import Meter, forget_peak, peak_gb

if TYPE_CHECKING:
    from pipelines.context import Context
    from pipelines.steps import StepResult

NOW = datetime(2026, 7, 6, 3, tzinfo=UTC)
EVENTS_A_PERSON = 107.0  # in half a year of the world `demo`
HALF_A_YEAR = 26  # weeks
WEEK = timedelta(weeks=1)

Figures = dict[str, Any]
Apart = Callable[..., Figures]  # runs a function in a process of its own


def simulated(world: Path, events: int, weeks: int, seed: int, /) -> Figures:
    """Write the deliveries of about so many events, unless they lie there; what is true of them."""
    from lyceum.simulator import simulate

    kept = world.with_suffix(".json")
    if not kept.is_file():
        shutil.rmtree(world, ignore_errors=True)  # half-made
        begin = time.monotonic()
        people = max(round(events / EVENTS_A_PERSON * HALF_A_YEAR / weeks), 1)
        made = simulate(world, users=people, weeks=weeks, seed=seed)
        about = {"events": made.events, "users": made.users, "as_of": made.as_of.isoformat()}
        kept.write_text(json.dumps({**about, "simulate_seconds": round(time.monotonic() - begin, 1)}))
    found: Figures = json.loads(kept.read_text())
    return found


def week(data: Path, folder: Path, as_of: str, /) -> Figures:
    """Take in what `data` holds that is new and do every step of the week before `as_of`, as `lyceum run` does."""
    begin = time.monotonic()
    with Meter() as meter:
        phases = Phases(meter)
        results = _lived(_context(data, folder, phases.heard), date.fromisoformat(as_of), phases)
    whole, found = time.monotonic() - begin, phases.found
    return {
        "seconds": round(whole, 2),
        "cpu_seconds": round(time.process_time(), 2),
        "peak_gb": max(each["peak_gb"] for each in found.values()),
        "imports_seconds": round(meter.seconds, 2),
        "steps": {"ingest": round(found["ingest"]["seconds"], 2), **{each.step: each.seconds for each in results}},
        **{
            f"phases_{what}": {name: round(each[what], 2) for name, each in found.items()}
            for what in ("seconds", "cpu_seconds", "imports_seconds", "peak_gb")
        },
        "home_gb": round(sum(each.stat().st_size for each in folder.rglob("*") if each.is_file()) / 2**30, 3),
    }


def _lived(ctx: "Context", as_of: date, phases: "Phases") -> "list[StepResult]":
    from pipelines.week import preloading, run_week, take_in

    phases.begin("ingest")
    with preloading():
        take_in(ctx)
    results = run_week(ctx, as_of=as_of)
    phases.end()
    return results


BESIDE = "validate + featurise"  # done at once, so that what they take cannot be told apart


class Phases:
    """What the process took from the beginning of a step to that of the next, told by what the steps say."""

    def __init__(self, meter: Meter, /) -> None:
        self.meter = meter
        self.found: dict[str, Figures] = {}
        self._name = ""
        self._at: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def heard(self, line: str, /) -> None:
        """Notice that a step begins."""
        step, told, _ = line.partition(": week before")
        name = BESIDE if step in BESIDE else step
        if told and name != self._name:
            self.end()
            self.begin(name)

    def begin(self, name: str, /) -> None:
        """From now on what is taken belongs to `name`."""
        forget_peak()
        self._name, self._at = name, self._now()

    def end(self) -> None:
        """Write down what has been taken since the phase began."""
        taken = (now - then for now, then in zip(self._now(), self._at, strict=True))
        seconds = dict(zip(("seconds", "cpu_seconds", "imports_seconds"), taken, strict=True))
        self.found[self._name] = {**seconds, "peak_gb": peak_gb()}

    def _now(self) -> tuple[float, float, float]:
        return time.monotonic(), time.process_time(), self.meter.seconds


def _context(data: Path, folder: Path, say: Callable[[str], None]) -> "Context":
    from lyceum.home import Home
    from lyceum.privacy import VARIABLE
    from lyceum.settings import Settings
    from pipelines.opening import open_source

    os.environ.setdefault(VARIABLE, "a key for benchmarks only, no secret")
    return open_source("demo", data, Home(folder), settings=Settings(), now=NOW, say=say)


def delivered(world: Path, target: Path, /, *, since: date, until: date) -> Path:
    """A folder with links to the files of `world` that tell of days from `since` on and before `until`; `target`.

    Files without a day in their name, and the catalogue, belong to every delivery.
    """
    for file in sorted(each for each in world.rglob("*") if each.is_file()):
        place, day = target / file.relative_to(world), _day_of(file)
        if not place.exists() and _belongs(day, file, since, until):
            place.parent.mkdir(parents=True, exist_ok=True)
            os.link(file, place)
    return target


def _belongs(day: date | None, file: Path, since: date, until: date) -> bool:
    return day is None or (day < until and (day >= since or file.parent.name == "courses"))


def _day_of(file: Path) -> date | None:
    """The newest day that a file tells of: the day of a log, the eve of a weekly list."""
    try:
        named = date.fromisoformat(file.name.split(".")[0])
    except ValueError:
        return None
    return named if file.parent.name == "events" else named - timedelta(days=1)


def further(world: Path, folder: Path, as_of: str, apart: Apart, /) -> tuple[Figures, Figures]:
    """What the week before `as_of` costs after all weeks before it, and what it costs alone: in a home that has the
    same models and of the platform's days only those of that week.
    """
    last = date.fromisoformat(as_of)
    begins = last - WEEK
    data = delivered(world, folder / "data", since=date.min, until=begins)
    apart(week, data, folder / "long", begins.isoformat())
    delivered(world, data, since=begins, until=last)
    after = apart(week, data, folder / "long", as_of)
    alone = delivered(world, folder / "data of a week", since=begins, until=last)
    shutil.copytree(folder / "long" / "models", folder / "short" / "models")
    return after, apart(week, alone, folder / "short", as_of)
