"""Forgetting people who asked for it: out of the lake, the snapshots, the scores and every published week.

In this order, so that a run that dies can be run again from the start: the list that keeps them from coming back,
what half-made things hold, raw lines, tables, releases; last of all a look at what is left, and the request loses
its people. The survey of where they stood is kept before anything is removed, so that the receipt is of the whole.
"""

import re
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lyceum import engine, suppression
from lyceum.errors import HomeError
from lyceum.faults import reach
from lyceum.home import clear_half_written
from lyceum.privacy import LENGTH
from pipelines import forget_releases, forget_tables, shortages, steps
from pipelines.context import Context
from pipelines.forget_requests import BEGUN, DONE, Found, Request, finished, keep, read
from pipelines.leftovers import remove_leftovers
from pipelines.steps import Part

if TYPE_CHECKING:
    import duckdb

RECORD = "forget.json"  # below the home's runs
WORD = re.compile(rb"[0-9a-f]{%d,}" % LENGTH)
LOOKED_THROUGH = ("models", "reports", "runs")  # files that are no tables; none of them should name anybody


@dataclass(frozen=True)
class Erasure:
    """What became of a request: rows that were theirs, rows of others that named them, raw lines; releases.

    `left` are folders with the platform's own files, which are the platform's to clean.
    """

    request: str
    state: str
    rows: int
    references: int
    texts: int
    rebuilt: Sequence[str]
    removed: Sequence[str]
    left: Sequence[str]


def forget(ctx: Context, request_id: str, /) -> Erasure:
    """Carry out a request, or go on with it; once it is done, say again what was done.

    Raises:
        UsageError: there is no such request.
        HomeError: another run is writing here, no space or memory left, or the people still stand somewhere.
    """
    read(ctx.home, request_id)
    with shortages.explained(ctx, "forget"), ctx.home.lock():
        reach("forget.locked")
        request = read(ctx.home, request_id)
        if request.state != DONE:
            request = _carried_out(ctx, request)
    return erasure(ctx, request)


def erasure(ctx: Context, request: Request, /) -> Erasure:
    """The receipt of a request."""
    found = request.found or Found()
    return Erasure(
        request=request.request,
        state=request.state,
        rows=sum(found.rows.values()),
        references=sum(found.references.values()),
        texts=found.texts,
        rebuilt=request.rebuilt,
        removed=request.removed,
        left=[str(folder) for folder in _left(ctx) if folder.is_dir()],
    )


def _left(ctx: Context) -> list[Path]:
    return sorted({ctx.platform.data, ctx.home.landing, ctx.home.root / "truth"})


def _carried_out(ctx: Context, request: Request) -> Request:
    begin = time.monotonic()
    suppression.add(ctx.home, request.people)
    reach("forget.suppressed")
    forget_tables.clear_staging(ctx)
    clear_half_written(suppression.folder(ctx.home))
    remove_leftovers(ctx.lake)
    with _engine(ctx, request.people) as con:
        if request.found is None:
            request = replace(request, state=BEGUN, found=_survey(ctx, con, request.people))
            keep(ctx.home, request)
            reach("forget.surveyed")
        _clear(ctx, con)
        request = _released(ctx, request)
        _require_nobody(ctx, con, request.people)
    _record(ctx, request, seconds=round(time.monotonic() - begin, 3))
    reach("forget.recorded")
    done = finished(request, at=ctx.now.isoformat())
    keep(ctx.home, done)
    reach("forget.done")
    return done


@contextmanager
def _engine(ctx: Context, people: Sequence[str]) -> "Iterator[duckdb.DuckDBPyConnection]":
    settings = ctx.settings
    con = engine.connect(memory_limit=settings.memory_limit, threads=settings.threads, temp=ctx.home.staging)
    try:
        forget_tables.put_gone(con, people)
        yield con
    finally:
        con.close()


def _survey(ctx: Context, con: "duckdb.DuckDBPyConnection", people: Sequence[str]) -> Found:
    """Where the people stand, in numbers."""
    ctx.say("forget: looking where they stand")
    counts = {one.place: forget_tables.counted(con, one) for one in forget_tables.stored(ctx.home)}
    return Found(
        rows={place: theirs for place, (theirs, _) in counts.items() if theirs},
        references={place: named for place, (_, named) in counts.items() if named},
        releases=forget_releases.holders(ctx, people),
        texts=forget_tables.raw_lines(con, ctx),
    )


def _clear(ctx: Context, con: "duckdb.DuckDBPyConnection") -> None:
    ctx.say("forget: lines kept as delivered")
    forget_tables.drop_raw(con, ctx)
    forget_tables.drop_superseded(con, ctx)
    forget_tables.drop_prepared(ctx)
    for one in list(forget_tables.stored(ctx.home)):
        ctx.say(f"forget: {one.place}")
        forget_tables.erase(con, one)


def _released(ctx: Context, request: Request) -> Request:
    """Make the releases anew; each is noted at once, so that the receipt survives a kill."""
    for what, name in forget_releases.rebuild(ctx, request.people):
        ctx.say(f"forget: {what} {name}")
        if what == forget_releases.REBUILT:
            request = replace(request, rebuilt=sorted({*request.rebuilt, name}))
        else:
            request = replace(request, removed=sorted({*request.removed, name}))
        keep(ctx.home, request)
        reach("forget.noted")
    return request


def _require_nobody(ctx: Context, con: "duckdb.DuckDBPyConnection", people: Sequence[str]) -> None:
    """HomeError if any of the people still stands somewhere; it names the place."""
    left = _survey(ctx, con, people)
    places = [*left.rows, *left.references, *left.releases, *_files_naming(ctx, people)]
    if places or left.texts:
        raise HomeError(
            f"People who are to be forgotten still stand in {', '.join(places) or 'lake/rejects'}.",
            remedy="Remove what is named (a model's version is trained anew by `lyceum train`), then run it again.",
        )


def _files_naming(ctx: Context, people: Sequence[str]) -> list[str]:
    """Files that are no tables and name one of the people; only pseudonyms of our own making can be told there."""
    asked = {person.encode() for person in people if WORD.fullmatch(person.encode())}
    files = (file for name in LOOKED_THROUGH for file in sorted((ctx.home.root / name).rglob("*")))
    return [
        file.relative_to(ctx.home.root).as_posix()
        for file in files
        if asked and file.is_file() and any(not asked.isdisjoint(WORD.findall(part)) for part in _unpacked(file))
    ]


def _unpacked(file: Path) -> Iterator[bytes]:
    """The bytes of a file; of packed arrays each one, texts in them without what pads their letters to four bytes."""
    if file.suffix != ".npz":
        yield file.read_bytes()
        return
    with zipfile.ZipFile(file) as arrays:
        yield from (arrays.read(name).replace(b"\0", b"") for name in arrays.namelist())


def _record(ctx: Context, request: Request, *, seconds: float) -> None:
    """The step's record: counts by place, and no ids."""
    found = request.found or Found()
    part = Part("forget", code=forget_releases.CODE, why=forget_releases.WHY, rows=sum(found.rows.values()))
    steps.keep_record(ctx, ctx.home.runs / RECORD, "forget", [part], seconds=seconds)
