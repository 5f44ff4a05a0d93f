"""Fitted models on disk: every version that was trained, and from which week on which of them scores.

    models/<name>/versions/<as_of>/  one version, named by the Monday whose run trained it (see lyceum.artifacts)
    models/<name>/champions.json     {"<from as_of>": {"version": "<as_of>", "by": "gate" | "rollback", "why": ...}}

The champion of a week is that of the newest entry up to it. A challenger that is refused is kept and has no entry.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from lyceum import artifacts, weeks
from lyceum.errors import HomeError, UsageError
from lyceum.home import Home, write_atomically
from models.contract import Model
from models.registry import load_class

GATE, ROLLBACK = "gate", "rollback"  # who decided that a version scores
PROMOTED, REFUSED, ROLLED_BACK = "promoted", "refused", "rolled_back"  # what was decided about a version


@dataclass(frozen=True)
class Version:
    """A stored model: what it is for, when it was trained, its card, and how the people it learnt from looked.

    `digest` is that of the artifact.
    """

    name: str
    trained_as_of: date
    card: Mapping[str, Any]
    state: Mapping[str, Any]
    profile: Mapping[str, Any]
    digest: str

    @property
    def estimator(self) -> str:
        """The registered name of its estimator."""
        return str(self.card["estimator"])

    def model(self) -> Model:
        """The fitted model."""
        return load_class(self.estimator).restore(self.state)


@dataclass(frozen=True)
class Entry:
    """From the week `since` on, the version trained in `version` scores; `by` is GATE or ROLLBACK."""

    since: date
    version: date
    by: str
    why: str


def names(home: Home, /) -> list[str]:
    """The models of which a version is stored, in alphabetical order."""
    return sorted(folder.parent.name for folder in home.models.glob("*/versions") if any(folder.iterdir()))


def versions(home: Home, name: str, /) -> list[date]:
    """The weeks whose runs trained a model of this name, oldest first."""
    folder = home.models / name / "versions"
    if not folder.is_dir():
        return []
    return sorted(date.fromisoformat(path.name) for path in folder.iterdir() if not path.name.startswith("."))


def load(home: Home, name: str, version: date, /) -> Version:
    """One version; HomeError if it is missing or damaged."""
    folder = folder_of(home, name, version)
    state, card = artifacts.load(folder)
    digest = json.loads((folder / artifacts.MANIFEST).read_bytes())["digest"]
    return Version(name, version, card, state["model"], state["profile"], digest)


def entries(home: Home, name: str, /) -> list[Entry]:
    """Which version scores from which week on, oldest first; HomeError if the record is damaged."""
    file = _file(home, name)
    if not file.is_file():
        return []
    try:
        held = json.loads(file.read_text(encoding="utf-8"))
        days = date.fromisoformat
        return [Entry(days(since), days(kept["version"]), kept["by"], kept["why"]) for since, kept in held.items()]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise HomeError(f"{file} is damaged.", remedy="Restore it from a backup.") from None


def entry(home: Home, name: str, /, *, as_of: date) -> Entry | None:
    """The entry that says which version scores the week before `as_of`; None if there was none by then."""
    return max((each for each in entries(home, name) if each.since <= as_of), key=lambda e: e.since, default=None)


def champion(home: Home, name: str, /, *, as_of: date) -> Version | None:
    """The version that scores the week before `as_of`; None if there was none by then."""
    found = entry(home, name, as_of=as_of)
    return load(home, name, found.version) if found else None


def is_due(home: Home, name: str, /, *, as_of: date, retrain_weeks: int) -> bool:
    """Whether the week before `as_of` trains a challenger.

    It does if there is no champion, or one from too few people, or if nothing was trained for `retrain_weeks`. That
    is judged by the weeks before, so that a week run again does what it did.
    """
    before = champion(home, name, as_of=as_of - weeks.WEEK)
    if before is None or not before.card["enough"]:
        return True
    newest = max(day for day in versions(home, name) if day < as_of)
    return as_of - newest >= weeks.WEEK * retrain_weeks


def keep(
    home: Home, name: str, model: Model, /, *, as_of: date, card: Mapping[str, Any], profile: Mapping[str, Any]
) -> str:
    """Store a fitted model as the version of the week; its digest. `settle` says whether it scores."""
    state = {"model": model.state(), "profile": dict(profile)}
    return artifacts.save(folder_of(home, name, as_of), state, card={**card, "estimator": model.name})


def keep_at_once(home: Home, name: str, model: Model, /, *, as_of: date, card: Mapping[str, Any], why: str) -> str:
    """Store a model that has no challenger as the version of the week, and let it score from then on; its digest."""
    decision = {"decision": PROMOTED, "why": why}
    digest = keep(home, name, model, as_of=as_of, card={**card, "decision": decision}, profile={})
    settle(home, name, as_of=as_of, promoted=True, why=why)
    return digest


def settle(home: Home, name: str, /, *, as_of: date, promoted: bool, why: str) -> None:
    """Record what the gate decided about the version of the week; what a person decided for that week stays."""
    held = {each.since: each for each in entries(home, name)}
    if as_of in held and held[as_of].by == ROLLBACK:
        return
    others = {since: each for since, each in held.items() if since != as_of}
    settled = others | ({as_of: Entry(as_of, as_of, GATE, why)} if promoted else {})
    if settled != held:
        _write(home, name, settled)


def roll_back(home: Home, name: str, /, *, to: str, since: date) -> Entry:
    """Let the version `to` score from the week `since` on, forwards as well as back.

    Going to what the gate itself promoted in that week restores the gate's own entry.

    Raises:
        UsageError: there is no such model, or no such version by that week; those that there are are named.
    """
    version = named(home, name, to, until=since)
    decision = load(home, name, version).card["decision"]
    chosen = Entry(since, version, ROLLBACK, f"A person chose the version of {version}.")
    if version == since and decision["decision"] == PROMOTED:
        chosen = Entry(since, version, GATE, decision["why"])
    held = {each.since: each for each in entries(home, name)}
    _write(home, name, held | {since: chosen})
    return chosen


def named(home: Home, name: str, version: str, /, *, until: date = date.max) -> date:
    """The version written as `version`, trained by the week `until`.

    Raises:
        UsageError: there is no such model or version; those that there are are named.
    """
    if name not in names(home):
        known = ", ".join(names(home)) or "none yet; `lyceum train` trains them"
        raise UsageError(f"There is no model {name} below {home.models}.", remedy=f"The models are: {known}.")
    there = {day.isoformat(): day for day in versions(home, name) if day <= until}
    if version not in there:
        by = f" by the week before {until}" if until < date.max else ""
        listed = ", ".join(there) or "none"
        raise UsageError(f"The model {name} has no version {version}{by}.", remedy=f"Its versions are: {listed}.")
    return there[version]


def folder_of(home: Home, name: str, version: date, /) -> Path:
    """Where a version lies."""
    return home.models / name / "versions" / version.isoformat()


def _file(home: Home, name: str) -> Path:
    return home.models / name / "champions.json"


def _write(home: Home, name: str, held: Mapping[date, Entry]) -> None:
    rows = {
        since.isoformat(): {"version": each.version.isoformat(), "by": each.by, "why": each.why}
        for since, each in sorted(held.items())
    }
    write_atomically(_file(home, name), json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
