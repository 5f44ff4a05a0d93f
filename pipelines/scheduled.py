"""The platforms that have DAGs, and the week that a moment of theirs belongs to."""

import tomllib
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from lyceum import sources, weeks
from lyceum.settings import Settings


@dataclass(frozen=True)
class Scheduled:
    """A platform that has DAGs."""

    name: str
    timezone: str
    alone: bool
    patience_hours: float = 12.0  # that a week's data are waited for

    def dag_id(self, what: str, /) -> str:
        """`what` for the only platform, else `what`__NAME."""
        return what if self.alone else f"{what}__{self.name}"


def scheduled() -> list[Scheduled]:
    """The platforms that the settings configure, by name.

    Raises:
        UsageError: a mistake in the settings, or a platform of an unknown source; Airflow shows it as import error.
    """
    settings = Settings.load()
    chosen, hours = settings.platforms, settings.data_deadline_hours
    return [
        Scheduled(name, platform.timezone or _timezone(platform.source), len(chosen) == 1, hours)
        for name, platform in sorted(chosen.items())
    ]


def _timezone(source: str) -> str:
    """The time zone that a source declares, read alone: checking its mappings would load a database engine."""
    file = Path(source) if source.endswith(".toml") else sources.SHIPPED / f"{source}.toml"
    try:
        return str(tomllib.loads(file.read_text(encoding="utf-8"))["timezone"])
    except (OSError, ValueError, KeyError):
        return sources.load(source).timezone  # says what is wrong


def week_ending(moment: datetime, /, *, timezone: str) -> date:
    """The Monday that ended the newest week before `moment`: its date is the platform's, not that of UTC."""
    return weeks.monday_of(moment.astimezone(ZoneInfo(timezone)).date())
