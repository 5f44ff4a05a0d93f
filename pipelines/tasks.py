"""What the bodies of Airflow's tasks call: open the platform by name, do the step, log what was left out.

With the command line this is the outermost shell: here the clock is read and errors become Airflow's.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from lyceum import weeks
from lyceum.errors import BusyError, HomeError, InputError, LyceumError
from lyceum.settings import Settings
from pipelines import alerting, awaiting, opening, upkeep, week
from pipelines.context import Context
from pipelines.scheduled import scheduled, week_ending

T = TypeVar("T")
LOG = logging.getLogger("lyceum")
PATIENCE = 20 * 60.0  # seconds that a task waits for the home's lock before that is one of its tries
ASKS_EVERY = 2.0
SAYS_EVERY = 60.0


def week_of(platform: str, /, *, until: datetime, as_of: str | None) -> date:
    """The Monday that is meant: `as_of` if it is given, else the newest by `until`."""
    with failures_explained():
        if as_of:
            return weeks.parse_as_of(as_of)
        found = {each.name: each.timezone for each in scheduled()}
        return week_ending(until, timezone=found[platform])


def ingest(platform: str, /) -> str:
    """Take in what was delivered since the last time; the id of the batch, empty if nothing was new."""
    with failures_explained():
        ctx = open_context(platform)
        return patiently(lambda: week.take_in(ctx).batch_id)


def maintain(platform: str, /) -> int:
    """Look after the platform's lake; how many of its tables had something to be done."""
    with failures_explained():
        ctx = open_context(platform)
        return patiently(lambda: len(upkeep.maintain(ctx)))


def forget(platform: str, request: str, /) -> str:
    """Erase the people whom a request names (see pipelines.forget); the request's id."""
    from pipelines.forget import forget as carry_out

    with failures_explained():
        ctx = open_context(platform)
        patiently(lambda: carry_out(ctx, request))
    return request


def is_here(platform: str, /, *, until: datetime, as_of: str | None = None, wait: bool = True) -> bool:
    """Whether the week can be made now: its data are all here, nobody wants to wait, or the deadline is over.

    While it waits it takes in what has been delivered. At a missed deadline whom `[alerts]` names are told.

    Raises:
        AirflowFailException: the deadline is over and the week has no event at all.
    """
    monday = week_of(platform, until=until, as_of=as_of)
    with failures_explained():
        ctx = open_context(platform)
        found = awaiting.arrived(ctx, monday)
        waits = wait and ctx.now < awaiting.deadline(ctx, monday)
        if not found.complete and waits:
            _take_in_meanwhile(ctx)
            found = awaiting.arrived(ctx, monday)
        LOG.info("%s", found.why)
        if found.complete or waits:
            return found.complete
        if not found.begun:
            week.require_events(ctx, monday)
        if wait:
            _tell_late(ctx, monday, found.why)
        return True


def _take_in_meanwhile(ctx: Context) -> None:
    """What cannot be taken in is told of by the ingest, whose task it is."""
    try:
        week.take_in(ctx)
    except (InputError, BusyError) as error:
        LOG.warning("%s", error)


def _tell_late(ctx: Context, monday: date, why: str) -> None:
    sentence = f"{why} The week is made from what is here; run it again when the rest has been delivered."
    alarm = alerting.Alarm(alerting.LATE, ctx.platform.name, "wait_for_data", monday.isoformat(), sentence)
    for told in alerting.alert(ctx.settings, alarm):
        LOG.info("%s", told)


def perform(
    platform: str, step: str, /, *, until: datetime, as_of: str | None = None, asked: bool = False, part: str = ""
) -> str:
    """Do one step of the week that ended by `until`, or of the week before `as_of` if that is given; its Monday.

    `asked`: the step was asked for by itself, `part`: only that part of it (see pipelines.week.perform).
    """
    monday = week_of(platform, until=until, as_of=as_of)
    with failures_explained():
        ctx = open_context(platform)
        result = patiently(lambda: week.perform(ctx, step, as_of=monday, asked=asked, part=part))
    for each in result.skips:
        LOG.info("%s left out %s: %s", step, each.part, each.why)
    return monday.isoformat()


def ask_retraining(platform: str, /, *, until: datetime, as_of: str | None = None) -> list[str]:
    """The models that the week asks to be trained anew; none if it is not the newest week."""
    from pipelines import retraining

    monday = week_of(platform, until=until, as_of=as_of)
    with failures_explained():
        ctx = open_context(platform)
        found = retraining.asked(ctx, monday) if monday == week.newest_week(ctx) else {}
    for name, why in found.items():
        LOG.info("%s is to be trained anew: %s", name, why)
    return sorted(found)


def catch_up(platform: str, /, *, states: Mapping[str, Mapping[str, Any]], run_id: str) -> list[str]:
    """Run again the weeks that were published before the week right before them; their Mondays.

    None while other runs than `run_id` have still to publish: the last of them does it for all. `states` has the
    states of the publishing tasks by run, as Airflow gives them.
    """
    from pipelines import catching_up

    if others := catching_up.waiting(states, "publish", but=run_id):
        LOG.info("%d other runs have still to publish; the last of them catches up.", len(others))
        return []
    with failures_explained():
        ctx = open_context(platform)
        return [day.isoformat() for day in patiently(lambda: catching_up.catch_up(ctx))]


def patiently(do: Callable[[], T], /) -> T:
    """Do it, as soon as no other run writes to the home; says now and then who does.

    Raises:
        BusyError: another run has been writing for the whole of PATIENCE.
    """
    begin, said = time.monotonic(), -SAYS_EVERY
    while True:
        try:
            return do()
        except BusyError as error:
            waited = time.monotonic() - begin
            if waited > PATIENCE:
                raise
            if waited - said >= SAYS_EVERY:
                LOG.info("%s", error)
                said = waited
            time.sleep(ASKS_EVERY)


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
