"""What the bodies of Airflow's tasks call: open the platform by name, do the step, log what was left out.

With the command line this is the outermost shell: here the clock is read and errors become Airflow's.
"""

import logging
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from lyceum import sources, weeks
from lyceum.errors import HomeError, LyceumError
from lyceum.settings import Settings
from pipelines import opening, upkeep, week
from pipelines.context import Context

LOG = logging.getLogger("lyceum")


@dataclass(frozen=True)
class Scheduled:
    """A platform that has DAGs."""

    name: str
    timezone: str
    alone: bool

    def dag_id(self, what: str, /) -> str:
        """`what` for the only platform, else `what`__NAME."""
        return what if self.alone else f"{what}__{self.name}"


def scheduled() -> list[Scheduled]:
    """The platforms that the settings configure, by name.

    Raises:
        UsageError: a mistake in the settings, or a platform of an unknown source; Airflow shows it as import error.
    """
    chosen = Settings.load().platforms
    return [
        Scheduled(name, platform.timezone or _timezone(platform.source), alone=len(chosen) == 1)
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


def ingest(platform: str, /) -> str:
    """Take in what was delivered since the last time; the id of the batch, empty if nothing was new."""
    with failures_explained():
        return week.take_in(open_context(platform)).batch_id


def maintain(platform: str, /) -> int:
    """Look after the platform's lake; how many of its tables had something to be done."""
    with failures_explained():
        return len(upkeep.maintain(open_context(platform)))


def perform(platform: str, step: str, /, *, until: datetime, as_of: str | None = None, asked: bool = False) -> str:
    """Do one step of the week that ended by `until`, or of the week before `as_of` if that is given; its Monday.

    `asked`: the step was asked for by itself (see pipelines.week.perform).
    """
    with failures_explained():
        ctx = open_context(platform)
        monday = weeks.parse_as_of(as_of) if as_of else week_ending(until, timezone=ctx.platform.timezone)
        result = week.perform(ctx, step, as_of=monday, asked=asked)
    for part in result.skips:
        LOG.info("%s left out %s: %s", step, part.part, part.why)
    return monday.isoformat()


def open_context(platform: str, /) -> Context:
    """The context of a configured platform at this moment."""
    return opening.open_platform(platform, settings=Settings.load(), now=datetime.now(UTC), say=LOG.info)


@contextmanager
def failures_explained() -> Iterator[None]:
    """Wrong input fails the task for good, with its sentence; a busy or damaged home leaves Airflow its retries."""
    from airflow.sdk.exceptions import AirflowException, AirflowFailException

    try:
        yield
    except LyceumError as error:
        LOG.error("%s", error)
        lasting = not isinstance(error, HomeError)
        raise (AirflowFailException if lasting else AirflowException)(str(error)) from None
