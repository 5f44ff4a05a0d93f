"""Which fitted model scores a week: the newest that was trained in it or before it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from lyceum import artifacts
from lyceum.home import Home
from models.contract import Model
from models.registry import load_class


@dataclass(frozen=True)
class Champion:
    """A stored model: what it is for, which estimator it is, when it was trained, and its card."""

    name: str
    trained_as_of: date
    state: Mapping[str, Any]
    card: Mapping[str, Any]

    @property
    def estimator(self) -> str:
        """The registered name of its estimator."""
        return str(self.card["estimator"])

    def model(self) -> Model:
        """The fitted model."""
        return load_class(self.estimator).restore(self.state)


def champion(home: Home, name: str, /, *, as_of: date) -> Champion | None:
    """The champion `name` for the week before `as_of`; None if none was trained by then."""
    trained = [day for day in weeks_trained(home, name) if day <= as_of]
    if not trained:
        return None
    state, card = artifacts.load(_folder(home, name, trained[-1]))
    return Champion(name, trained[-1], state, card)


def weeks_trained(home: Home, name: str, /) -> list[date]:
    """The weeks in which a model of this name was trained, oldest first."""
    folder = home.models / name
    if not folder.is_dir():
        return []
    return sorted(date.fromisoformat(path.name) for path in folder.iterdir() if not path.name.startswith("."))


def keep(home: Home, name: str, model: Model, /, *, as_of: date, card: Mapping[str, Any]) -> str:
    """Store a fitted model as the champion from `as_of` on; its digest."""
    return artifacts.save(_folder(home, name, as_of), model.state(), card={**card, "estimator": model.name})


def _folder(home: Home, name: str, as_of: date) -> Path:
    return home.models / name / as_of.isoformat()
