"""The order of a week's steps. The command line and the DAGs both read it from here."""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from datetime import date
from functools import partial
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING

from lyceum import releases, weeks
from lyceum.errors import BusyError, InputError, LyceumError
from lyceum.lake import Receipt
from lyceum.tables.canonical import EVENTS
from pipelines import awaiting, blocking, steps
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


def perform(ctx: Context, step: str, /, *, as_of: date, asked: bool = False, part: str = "") -> StepResult:
    """Do one step of the week before `as_of`, holding the home's lock; or one `part` of the step, beside others.

    `asked`: a person asked for this very step, so that it is done even where the week would leave it out.

    Raises:
        InputError: the week has no events yet, and nothing is published about a week that has not been seen.
        BusyError: another run is writing to the home.
    """
    require_events(ctx, as_of)
    with _told_if_it_fails(ctx, step, as_of) if step in STEPS and not asked else nullcontext():
        what = f"{part or step} of the week before {as_of}"
        with ctx.home.lock(what, part=part):
            result = steps.perform(ctx, step, _work(step, part=part, asked=asked), as_of=as_of, part=part)
    if step == "publish":
        _clear(ctx, as_of)
    return result


def run_week(ctx: Context, /, *, as_of: date) -> list[StepResult]:
    """Every step of one week, holding the home's lock.

    The lake is judged beside the making of features, for the one is Python's work and the other mostly the engine's.
    Nothing is learnt, scored or published before the verdict.

    Raises:
        InputError: the week has no events yet.
        CheckError: the lake or the week failed a check that blocks.
        BusyError: another run is writing to the home.
    """
    require_events(ctx, as_of)
    with _told_if_it_fails(ctx, "run", as_of):
        results = _run_week(ctx, as_of)
    _clear(ctx, as_of)
    return results


def _run_week(ctx: Context, as_of: date) -> list[StepResult]:
    work = {step: _work(step) for step in STEPS}  # all imports in this thread, see `preloading`
    for name in JUDGING:
        import_module(name)
    _load()
    with ctx.home.lock(f"the week before {as_of}"):
        first = _beside(
            lambda: steps.perform(ctx, "validate", work.pop("validate"), as_of=as_of),
            lambda: steps.perform(ctx, "featurise", work.pop("featurise"), as_of=as_of),
        )
        return [*first, *(steps.perform(ctx, step, each, as_of=as_of) for step, each in work.items())]


@contextmanager
def _told_if_it_fails(ctx: Context, step: str, as_of: date) -> Iterator[None]:
    """Leave word that the week is blocked; not where it only has to wait for another run, or was published before.

    A week without events may be a slip of the pen: that it is missed is for those to say who know the schedule.
    """
    try:
        yield
    except LyceumError as error:
        if not isinstance(error, BusyError) and releases.newest(ctx.home, as_of) is None:
            with suppress(OSError):  # on a full disk the error itself is what counts
                blocking.record(ctx.home, as_of, step, error.message, error.remedy, now=ctx.now)
            _show_stale(ctx)
        raise


def _clear(ctx: Context, as_of: date) -> None:
    """The week is published: forget that it was stopped."""
    blocking.clear(ctx.home, as_of)
    _show_stale(ctx)


def _show_stale(ctx: Context) -> None:
    """Nothing about the banner may hide a failure, or make one of a week that is published."""
    from pipelines import staleness

    try:
        staleness.show(ctx)
    except (LyceumError, OSError) as error:
        ctx.say(f"The archive does not say how old its newest page is: {type(error).__name__}")


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


def _work(step: str, /, *, part: str = "", asked: bool = False) -> Work:
    """What a step does, or a part of it."""
    known = {**STEPS, **steps.ASIDE, **(steps.ASKED if asked else {})}
    module, _, function = (steps.PARTS[part] if part else known[step]).partition(":")
    work: Work = getattr(import_module(module), function)
    return partial(_judged, work) if step == "validate" else work


def _judged(judge: Work, ctx: Context, as_of: date) -> Iterator[Part]:
    """The verdict on the lake, what of the week had not been delivered, and how long readers had an older one."""
    yield from judge(ctx, as_of)
    yield from awaiting.late(ctx, as_of)
    yield from blocking.told(ctx.home, as_of)


def require_events(ctx: Context, as_of: date, /) -> None:
    """InputError if the lake holds no event of the week, or none at all."""
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
