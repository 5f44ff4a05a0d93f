"""The order of a week's steps. The command line and the DAGs both read it from here."""

import time
from collections.abc import Callable, Iterable
from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING

from lyceum import weeks
from lyceum.errors import InputError
from lyceum.lake import Receipt
from lyceum.tables.canonical import EVENTS
from pipelines import steps
from pipelines.context import Context
from pipelines.steps import Part, StepResult

if TYPE_CHECKING:
    from pipelines.ingest import IngestResult
    from pipelines.replaying import ReplayResult

Work = Callable[[Context, date], Iterable[Part]]

STEPS = steps.STEPS


def take_in(ctx: Context, /, *, init_key: bool = False) -> "IngestResult":
    """Take new deliveries into the lake and keep the record of it; what `pipelines.ingest.ingest` raises."""
    from pipelines.ingest import ingest

    begin = time.monotonic()
    result = ingest(ctx, init_key=init_key)
    if result.files:
        _keep_record(ctx, result.receipts, begin)
    return result


def take_again(ctx: Context, /) -> "ReplayResult":
    """Take kept rejects into the lake and keep the record of it; what `pipelines.replaying.replay` raises."""
    from pipelines.replaying import replay

    begin = time.monotonic()
    result = replay(ctx)
    if result.accounts:
        _keep_record(ctx, result.receipts, begin)
    return result


def _keep_record(ctx: Context, receipts: Iterable[Receipt], begin: float) -> None:
    parts = [Part(receipt.table, rows=receipt.rows, digest=receipt.digest) for receipt in receipts]
    seconds = round(time.monotonic() - begin, 3)
    steps.keep_record(ctx, steps.ingest_file(ctx.home), "ingest", parts, seconds=seconds)


def perform(ctx: Context, step: str, /, *, as_of: date, asked: bool = False) -> StepResult:
    """Do one step of the week before `as_of`, holding the home's lock.

    `asked`: a person asked for this very step, so that it is done even where the week would leave it out.

    Raises:
        InputError: the week has no events yet, and nothing is published about a week that has not been seen.
    """
    _require_events(ctx, as_of)
    place = steps.ASKED.get(step, STEPS[step]) if asked else STEPS[step]
    module, _, function = place.partition(":")
    work: Work = getattr(import_module(module), function)
    with ctx.home.lock():
        return steps.perform(ctx, step, work, as_of=as_of)


def run_week(ctx: Context, /, *, as_of: date) -> list[StepResult]:
    """Every step of one week in order."""
    return [perform(ctx, step, as_of=as_of) for step in STEPS]


def _require_events(ctx: Context, as_of: date) -> None:
    newest = newest_week(ctx)
    days = ctx.lake.partitions(EVENTS)
    if not any(str(as_of - weeks.WEEK) <= day < str(as_of) for day in days):
        raise InputError(
            f"The lake has no event in the week before {as_of}; its first day is {days[0]}, "
            f"its newest week ends {newest}.",
            remedy="Deliver the week's logs and run `lyceum ingest`, or name another --as-of.",
        )


def newest_week(ctx: Context, /) -> date:
    """The newest Monday that the lake's events fill.

    Raises:
        InputError: the lake holds no events.
    """
    days = ctx.lake.partitions(EVENTS)
    if not days:
        raise InputError(f"The lake below {ctx.home.lake} holds no events.", remedy="Run `lyceum ingest`.")
    return weeks.newest_complete(date.fromisoformat(days[-1]))
