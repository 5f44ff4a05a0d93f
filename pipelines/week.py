"""The order of a week's steps. The command line and the DAGs both read it from here."""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import date
from importlib import import_module
from threading import Thread
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
INGESTING = ("deltalake", "pandas", "pyarrow.parquet", "pipelines.ingest")  # what an ingest imports
JUDGING = ("ibis.backends.duckdb", "reports.checks", "babel.dates", "pyarrow.pandas_compat", "deltalake")


@contextmanager
def preloading() -> Iterator[None]:
    """Load what the first verdict needs, which takes seconds, beside the ingest of the block; both are done after it.

    Where two threads import parts of one package at a time, Python may find that they wait for each other and end one
    of them by an error: so what an ingest imports is imported before, and nothing but an ingest belongs in the block.
    What cannot be loaded is told of by who needs it. If the block fails, nothing is waited for.
    """
    for name in INGESTING:
        import_module(name)
    loading = Thread(target=_load, name="preloading", daemon=True)
    loading.start()
    yield
    loading.join()


def _load() -> None:
    with suppress(Exception):  # who needs it imports it again, and meets the error
        import_module("expectations.checkpoint").load()


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
    work = _work(steps.ASKED.get(step, STEPS[step]) if asked else STEPS[step])
    with ctx.home.lock():
        return steps.perform(ctx, step, work, as_of=as_of)


def run_week(ctx: Context, /, *, as_of: date) -> list[StepResult]:
    """Every step of one week, holding the home's lock.

    The lake is judged beside the making of features, for the one is Python's work and the other mostly the engine's.
    Nothing is learnt, scored or published before the verdict.

    Raises:
        InputError: the week has no events yet.
        CheckError: the lake or the week failed a check that blocks.
    """
    _require_events(ctx, as_of)
    work = {step: _work(place) for step, place in STEPS.items()}  # all imports in this thread, see `preloading`
    for name in JUDGING:
        import_module(name)
    _load()
    with ctx.home.lock():
        first = _beside(
            lambda: steps.perform(ctx, "validate", work.pop("validate"), as_of=as_of),
            lambda: steps.perform(ctx, "featurise", work.pop("featurise"), as_of=as_of),
        )
        return [*first, *(steps.perform(ctx, step, each, as_of=as_of) for step, each in work.items())]


def _beside(judge: Callable[[], StepResult], make: Callable[[], StepResult]) -> tuple[StepResult, StepResult]:
    """Do both at once; if both fail, the judgement says why."""
    with ThreadPoolExecutor(1) as aside:
        verdict = aside.submit(judge)
        try:
            made = make()
        except Exception:
            verdict.result()
            raise
        return verdict.result(), made


def _work(place: str) -> Work:
    module, _, function = place.partition(":")
    work: Work = getattr(import_module(module), function)
    return work


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
