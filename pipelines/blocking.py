"""Weeks that failed: what stopped them, until they are published.

    runs/blocked/<as_of>.json   {"step", "why", "remedy", "at"}

A release is never altered, so that its week grew stale is not written into it. Whoever shows the newest release asks
`stale_since`, and the release that ends the gap says in quality.runs that there was one.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path

from lyceum import releases
from lyceum.errors import LyceumError
from lyceum.home import Home, write_atomically
from pipelines.steps import WHY, Part

CODE = "stale"  # of the part `release` in quality.runs


@dataclass(frozen=True)
class Blocked:
    """A week that was not published, the step that stopped it, the sentence of its error, what to do, and when."""

    as_of: date
    step: str
    why: str
    remedy: str
    at: str


def record(home: Home, as_of: date, step: str, why: str, remedy: str, /, *, now: datetime) -> None:
    """Keep that the week failed at a step, why, and what to do; neither quotes a value out of the logs."""
    found = asdict(Blocked(as_of, step, why, remedy, now.isoformat())) | {"as_of": as_of.isoformat()}
    write_atomically(_file(home, as_of), json.dumps(found, indent=1, ensure_ascii=False) + "\n")


def clear(home: Home, as_of: date, /) -> None:
    """Forget that the week failed: it is published now."""
    _file(home, as_of).unlink(missing_ok=True)


def blocked(home: Home, /) -> list[Blocked]:
    """The weeks that failed and were not published since, oldest first; a damaged record is left out."""
    found = (_read(file) for file in sorted((home.runs / "blocked").glob("????-??-??.json")))
    return [each for each in found if each]


def stale_since(home: Home, /) -> date | None:
    """The Monday of the oldest week after the current release that failed; None if there is none."""
    try:
        shown = releases.current(home).as_of
    except LyceumError:
        return None  # nothing is shown that could be stale
    return next((each.as_of for each in blocked(home) if each.as_of > shown), None)


def told(home: Home, as_of: date, /) -> Iterator[Part]:
    """For quality.runs of the week: that readers had an older release until now, and why."""
    for each in blocked(home):
        if each.as_of == as_of:
            why = f"{WHY[CODE]} {each.step} stopped it on {each.at[:10]}: {each.why}"
            yield Part("release", code=CODE, why=why)


def _file(home: Home, as_of: date) -> Path:
    return home.runs / "blocked" / f"{as_of.isoformat()}.json"


def _read(file: Path) -> Blocked | None:
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        return Blocked(**{**kept, "as_of": date.fromisoformat(kept["as_of"])})
    except (OSError, ValueError, KeyError, TypeError):
        return None
