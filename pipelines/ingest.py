"""The ingest step: delivered files into the lake, whole or not at all, every row accounted for.

The order of commits is events, other tables, rejects, and the accounts in `deliveries` last: a batch without an
account never happened, and the next run removes what it left.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lyceum.delivery import Delivered, find, inspect
from lyceum.engine import connect, quoted, sandbox
from lyceum.errors import InputError
from lyceum.lake import Lake, Receipt
from lyceum.privacy import VARIABLE, Key, fingerprint, key_file, load_key
from lyceum.reading import stage
from lyceum.schema import Table
from lyceum.source_records import FileSet, Source, TableMapping
from lyceum.sources import load
from lyceum.tables.canonical import DELIVERIES, FROM_SOURCES, REJECTS
from pipelines.context import Context
from pipelines.landing import MAPPING_BIT, Batch, Landing, place_of, prepare, write
from pipelines.mapping_stage import Mapped, account, load_lookup, map_rows, needed_columns
from pipelines.rejecting import check_limit, expire, rejects

if TYPE_CHECKING:
    import duckdb

PREFIX = "ingest-"  # of the batches of this step, and of its staging folders


@dataclass(frozen=True)
class IngestResult:
    """What an ingest did: files read and files known already, a receipt per commit, accounts, lookup misses."""

    batch_id: str
    files: int
    known: int
    receipts: tuple[Receipt, ...] = ()
    accounts: tuple[dict[str, Any], ...] = ()
    misses: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Work:
    """One new file with the mappings that have not read it yet."""

    number: int
    delivered: Delivered
    files: FileSet
    mappings: tuple[TableMapping, ...]


@dataclass
class Collected:
    """What mapping all files leaves for the landing: parts, accounts by place, and rejects."""

    parts: list[Mapped] = field(default_factory=list)
    accounts: dict[int, dict[str, Any]] = field(default_factory=dict)
    rejects: list[dict[str, Any]] = field(default_factory=list)


def ingest(ctx: Context, /, *, init_key: bool = False) -> IngestResult:
    """Bring every file that the platform's data folder holds and the lake does not know into the lake.

    Raises:
        UsageError: the source is wrong.
        InputError: no folder or file, a damaged file, a missing column, too many rejects; nothing landed.
        HomeError: no key, another key or platform, or another run is writing here.
    """
    source = load(ctx.platform.source)
    found = _found(ctx.platform.data, source)
    key = None if source.pseudonymous else _key(ctx, init_key=init_key)
    platform = replace(ctx.platform, key_fingerprint=fingerprint(key) if key else "")
    if ctx.home.platform_file.exists():
        ctx.home.claim(platform)
    with ctx.home.lock(), _staging(ctx.home.staging) as folder:
        _remove_leftovers(ctx.lake)
        expire(ctx.lake, now=ctx.now)
        works, known = _works(ctx, source, found)
        if not works:
            ctx.say(f"ingest: nothing new, {known} files known")
            return IngestResult("", 0, known)
        batch = _batch(ctx, source, works, key)
        collected = _map_all(ctx, source, works, folder)
        ctx.home.claim(platform)
        receipts = _land(ctx, batch, collected, folder)
        misses: dict[str, int] = {}
        for part in collected.parts:
            for lookup, rows in part.misses.items():
                misses[lookup] = misses.get(lookup, 0) + rows
        return IngestResult(batch.batch_id, len(works), known, receipts, tuple(collected.accounts.values()), misses)


def _key(ctx: Context, *, init_key: bool) -> Key:
    """The platform's key. One is made for a new home only: an old home's people hang on the key it was begun with."""
    name = ctx.platform.name
    fresh = init_key and not ctx.home.platform_file.exists()
    if fresh and VARIABLE not in os.environ and not key_file(name).exists():
        ctx.say(f"Made the pseudonym key {key_file(name)}; keep a backup, the home is of no use without it.")
    return load_key(name, create=fresh)


def _found(data: Path, source: Source) -> list[tuple[FileSet, str, Path]]:
    if not data.is_dir():
        raise InputError(f"There is no data folder {data}.", remedy="Name the folder of the delivery with --data.")
    used = {mapping.file for mapping in source.mappings}
    found = [(files, *pair) for files in source.files.values() if files.name in used for pair in find(data, files)]
    if not found:
        globs = ", ".join(files.glob for files in source.files.values())
        raise InputError(
            f"{data} holds no file of source {source.name} ({globs}).", remedy="Check --data and --source."
        )
    return found


@contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    """A private folder that is gone afterwards, with those of runs that died (the lock is held)."""
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob(f"{PREFIX}*"):
        shutil.rmtree(stale, ignore_errors=True)
    own = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder))
    try:
        yield own
    finally:
        shutil.rmtree(own, ignore_errors=True)


def _remove_leftovers(lake: Lake) -> None:
    """Delete the rows of batches that have no account: their run died before its last commit."""
    with connect() as con:
        done = f"SELECT batch_id FROM ({lake.source(DELIVERIES)})"
        for table in (*FROM_SOURCES, REJECTS):
            if not lake.exists(table):
                continue
            left = con.execute(
                f"SELECT DISTINCT batch_id FROM ({lake.source(table)}) "
                f"WHERE starts_with(batch_id, '{PREFIX}') AND batch_id NOT IN ({done})"
            ).fetchall()
            for (batch_id,) in left:
                lake.delete(table, f"batch_id = {quoted(batch_id)}")


def _works(ctx: Context, source: Source, found: list[tuple[FileSet, str, Path]]) -> tuple[list[Work], int]:
    """The files to read, digested and numbered, and how many are known already."""
    accounts = _accounts(ctx.lake)
    taken = {(digest, mapping) for _, digest, mapping in accounts}
    works, known = [], 0
    for number, (files, name, path) in enumerate(found):
        ctx.say(f"ingest: checking file {number + 1} of {len(found)}, {name}")
        delivered = inspect(name, path, files)
        mappings = [mapping for mapping in source.mappings if mapping.file == files.name]
        _refuse_correction(delivered, mappings, accounts)
        new = tuple(m for m in mappings if (delivered.digest, source.identity(m)) not in taken)
        taken.update((delivered.digest, source.identity(m)) for m in new)
        known += not new
        if new:
            works.append(Work(number, delivered, files, new))
    return works, known


def _accounts(lake: Lake) -> set[tuple[str, str, str]]:
    with connect() as con:
        return set(con.execute(f"SELECT file, file_digest, mapping FROM ({lake.source(DELIVERIES)})").fetchall())


def _refuse_correction(
    delivered: Delivered, mappings: list[TableMapping], accounts: set[tuple[str, str, str]]
) -> None:
    """A file of events that comes again with other content would count what it corrects twice."""
    labels = tuple(f"{mapping.label}#" for mapping in mappings if mapping.table == "events")
    before = {digest for name, digest, label in accounts if name == delivered.name and label.startswith(labels)}
    if labels and before and delivered.digest not in before:
        raise InputError(
            f"{delivered.name} was delivered before with other content; corrections of events are not supported.",
            remedy="Deliver additions as a new file, and the old one as it was.",
        )


def _batch(ctx: Context, source: Source, works: list[Work], key: Key | None) -> Batch:
    read = sorted(f"{work.delivered.digest} {source.identity(m)}" for work in works for m in work.mappings)
    batch_id = PREFIX + hashlib.sha256("\n".join(read).encode()).hexdigest()[:16]
    return Batch(source, batch_id, ctx.now, ctx.platform.timezone, ctx.platform.currency, key)


def _map_all(ctx: Context, source: Source, works: list[Work], folder: Path) -> Collected:
    data = ctx.platform.data.resolve()
    collected = Collected()
    settings = ctx.settings
    with sandbox([data, folder], memory_limit=settings.memory_limit, threads=settings.threads) as con:
        joined = {name for work in works for mapping in work.mappings for name in mapping.join}
        for name in sorted(joined):
            load_lookup(con, source, source.lookups[name], data=data, folder=folder)
        for number, work in enumerate(works, 1):
            ctx.say(f"ingest: file {number} of {len(works)}, {work.delivered.name}")
            _map_file(con, source, work, folder, collected)
        check_limit(collected.parts, limit=settings.reject_limit)
        for work in works:
            parts = [part for part in collected.parts if part.delivered is work.delivered]
            collected.rejects += rejects(con, work.delivered, work.files, parts)
            work.delivered.check_unchanged()
    return collected


def _map_file(
    con: "duckdb.DuckDBPyConnection", source: Source, work: Work, folder: Path, collected: Collected
) -> None:
    needed = needed_columns(source, work.mappings)
    staged = stage(con, work.delivered, work.files, needed=needed, folder=folder)
    for mapping in work.mappings:
        place = place_of(work.number, source.mappings.index(mapping))
        target = folder / f"{mapping.label}-{work.number}.parquet"
        mapped = map_rows(con, staged, source, mapping, delivered=work.delivered, place=place, target=target)
        collected.parts.append(mapped)
        collected.accounts[place >> MAPPING_BIT] = account(mapped, staged)


def _land(ctx: Context, batch: Batch, collected: Collected, folder: Path) -> tuple[Receipt, ...]:
    settings = ctx.settings
    receipts = []
    with connect(memory_limit=settings.memory_limit, threads=settings.threads, temp=folder) as con:
        for table in FROM_SOURCES:
            parts = [part for part in collected.parts if part.mapping.target is table]
            if not parts:
                continue
            ctx.say(f"ingest: landing {table.name}")
            landing = prepare(con, batch, table, parts, lake=ctx.lake)
            _settle(collected, parts, landing)
            receipts.append(write(con, batch, landing, lake=ctx.lake))
    receipts.append(_append(ctx.lake, batch, REJECTS, collected.rejects))
    receipts.append(_append(ctx.lake, batch, DELIVERIES, list(collected.accounts.values())))
    return tuple(receipt for receipt in receipts if receipt is not None)


def _settle(collected: Collected, parts: list[Mapped], landing: Landing) -> None:
    """Complete the accounts: what landed, with and without a person, and what was there already."""
    for part in parts:
        where = part.place >> MAPPING_BIT
        landed, anonymous = landing.landed.get(where, 0), landing.anonymous.get(where, 0)
        settled = {"mapped": landed - anonymous, "anonymous": anonymous}
        collected.accounts[where].update(settled, duplicate=part.counts.get(None, 0) - landed)


def _append(lake: Lake, batch: Batch, table: Table, rows: list[dict[str, Any]]) -> Receipt | None:
    import pyarrow as pa

    if not rows:
        return None
    shared = {"source": batch.source.name, "batch_id": batch.batch_id, "ingested_at": batch.ingested_at}
    made = pa.Table.from_pylist([{**row, **shared} for row in rows], schema=table.arrow())
    return lake.append(table, made.to_reader())
