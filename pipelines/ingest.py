"""The ingest step: delivered files into the lake, whole or not at all, every row accounted for.

Files are read, mapped and written to staging in groups; nothing touches the lake before all of them are done. The
order of commits is events, other tables, rejects, and the accounts in `deliveries` last: a batch without an account
never happened, and the next run removes what it left.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lyceum.adopting import DataFile, adopt
from lyceum.delivery import Delivered, find, inspect
from lyceum.engine import connect, sandbox
from lyceum.errors import HomeError, InputError
from lyceum.faults import reach
from lyceum.lake import Lake, Receipt
from lyceum.privacy import VARIABLE, Key, fingerprint, key_file, load_key
from lyceum.source_records import FileSet, Source, TableMapping
from lyceum.sources import load
from lyceum.suppression import markers
from lyceum.tables.canonical import DELIVERIES, FROM_SOURCES, REJECTS
from pipelines import shortages
from pipelines.accounting import accounts_of, write_accounts
from pipelines.context import Context
from pipelines.groups import Group, Work, planned, read
from pipelines.kept_rejects import drop_superseded
from pipelines.landing import Batch, Landing, land, landing
from pipelines.leftovers import PREFIX, remove_leftovers, staging
from pipelines.lookups import load_lookup
from pipelines.mapping_stage import compiled, needed_columns
from pipelines.rejecting import Tally, check_limit, expire, write_rejects
from pipelines.repetition import SCHEMA

if TYPE_CHECKING:
    import duckdb


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
class New:
    """One new file with the mappings that have not read it yet; `number` counts the files found."""

    number: int
    delivered: Delivered
    files: FileSet
    mappings: tuple[TableMapping, ...]


@dataclass
class Staged:
    """What lies ready in staging: landings by table, files of rejects, accounts by file and mapping, misses."""

    landings: dict[str, Landing]
    rejects: list[DataFile] = field(default_factory=list)
    accounts: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)
    misses: Counter[str] = field(default_factory=Counter)
    tally: Tally = field(default_factory=Tally)

    @property
    def settled(self) -> tuple[dict[str, Any], ...]:
        """The accounts in the order of files and mappings."""
        return tuple(account for _, account in sorted(self.accounts.items()))


def ingest(ctx: Context, /, *, init_key: bool = False) -> IngestResult:
    """Bring every file that the platform's data folder holds and the lake does not know into the lake.

    Raises:
        UsageError: the source is wrong.
        InputError: no folder or file, a damaged file, a missing column, too many rejects; nothing landed.
        HomeError: no key, another key or platform, another run is writing here, no space or memory left.
    """
    source = load(ctx.platform.source)
    found = _found(ctx.platform.data, source)
    key = None if source.pseudonymous else _key(ctx, init_key=init_key)
    platform = replace(ctx.platform, key_fingerprint=fingerprint(key) if key else "")
    if ctx.home.platform_file.exists():
        ctx.home.claim(platform)
    with shortages.explained(ctx, "ingest"), ctx.home.lock(), staging(ctx.home.staging) as folder:
        reach("ingest.locked")
        remove_leftovers(ctx.lake)
        expire(ctx.lake, now=ctx.now)
        drop_superseded(ctx.lake, source)
        news, known = _news(ctx, source, found)
        reach("ingest.inspected")
        if not news:
            ctx.say(f"ingest: nothing new, {known} files known")
            return IngestResult("", 0, known)
        batch = _batch(ctx, source, news, key)
        staged = stage_all(ctx, batch, news, folder)
        ctx.home.claim(platform)
        receipts = commit(ctx, batch, staged, folder)
        drop_superseded(ctx.lake, source)
        return IngestResult(batch.batch_id, len(news), known, receipts, staged.settled, dict(staged.misses))


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


def _news(ctx: Context, source: Source, found: list[tuple[FileSet, str, Path]]) -> tuple[list[New], int]:
    """The files to read, digested and numbered, and how many are known already."""
    settled = accounts(ctx.lake)
    taken = {(digest, mapping) for _, digest, mapping in settled}
    before: dict[str, list[tuple[str, str]]] = {}
    for name, digest, mapping in settled:
        before.setdefault(name, []).append((digest, mapping))
    identities = {mapping.label: source.identity(mapping) for mapping in source.mappings}
    news, known = [], 0
    for number, (files, delivered) in enumerate(_inspected(ctx, found)):
        name = delivered.name
        mappings = [mapping for mapping in source.mappings if mapping.file == files.name]
        _refuse_correction(delivered, mappings, before.get(name, []))
        new = tuple(m for m in mappings if (delivered.digest, identities[m.label]) not in taken)
        taken.update((delivered.digest, identities[m.label]) for m in new)
        known += not new
        if new:
            news.append(New(number, delivered, files, new))
    return news, known


def _inspected(ctx: Context, found: list[tuple[FileSet, str, Path]]) -> Iterator[tuple[FileSet, Delivered]]:
    """The files in their order; several are read at once, for digests are computed outside of Python's lock."""
    pool = ThreadPoolExecutor(ctx.settings.threads)
    try:
        passes = [pool.submit(inspect, name, path, files) for files, name, path in found]
        for number, (files, name, _) in enumerate(found):
            ctx.say(f"ingest: checking file {number + 1} of {len(found)}, {name}")
            yield files, passes[number].result()
    finally:
        pool.shutdown(cancel_futures=True)


def accounts(lake: Lake, /) -> set[tuple[str, str, str]]:
    """Name, digest and mapping of every file that was taken in."""
    with connect() as con:
        return set(con.execute(f"SELECT file, file_digest, mapping FROM ({lake.source(DELIVERIES)})").fetchall())


def _refuse_correction(delivered: Delivered, mappings: list[TableMapping], accounts: list[tuple[str, str]]) -> None:
    """A file of events that comes again with other content would count what it corrects twice."""
    labels = tuple(f"{mapping.label}#" for mapping in mappings if mapping.table == "events")
    before = {digest for digest, label in accounts if label.startswith(labels)}
    if labels and before and delivered.digest not in before:
        raise InputError(
            f"{delivered.name} was delivered before with other content; corrections of events are not supported.",
            remedy="Deliver additions as a new file, and the old one as it was.",
        )


def _batch(ctx: Context, source: Source, news: list[New], key: Key | None) -> Batch:
    read = sorted(f"{new.delivered.digest} {source.identity(m)}" for new in news for m in new.mappings)
    batch_id = PREFIX + hashlib.sha256("\n".join(read).encode()).hexdigest()[:16]
    return Batch(source, batch_id, ctx.now, ctx.platform.timezone, ctx.platform.currency, key)


def stage_all(ctx: Context, batch: Batch, news: list[New], folder: Path, /) -> Staged:
    """Read, map and write every group; nothing has left the staging folder when this returns.

    Raises:
        InputError: a file cannot be read or has changed, or too many rows were rejected.
        HomeError: the engine could not work there.
    """
    import duckdb

    data, settings = ctx.platform.data.resolve(), ctx.settings
    batch = replace(batch, forgotten=markers(ctx.home))
    tables = {mapping.table for new in news for mapping in new.mappings}
    staged = Staged({table.name: landing(table, batch.source) for table in FROM_SOURCES if table.name in tables})
    try:
        with sandbox([data, folder], memory_limit=settings.memory_limit, threads=settings.threads) as con:
            _stage_groups(ctx, batch, con, _works(con, batch.source, news, data, folder), staged, folder)
    except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
        for new in news:
            new.delivered.check_unchanged()
        if shortages.recognised(error):
            raise
        raise HomeError(
            f"The engine could not work below {folder.parent}: {type(error).__name__}; nothing was taken.",
            remedy="Look for space on its disk, then try again.",
        ) from error
    for new in news:
        new.delivered.check_unchanged()
    check_limit(staged.tally, limit=settings.reject_limit)
    return staged


def _works(con: "duckdb.DuckDBPyConnection", source: Source, news: list[New], data: Path, folder: Path) -> list[Work]:
    """The new files with their mappings compiled, once for all of them; the lookups are made first."""
    for name in sorted({name for new in news for mapping in new.mappings for name in mapping.join}):
        load_lookup(con, source, source.lookups[name], data=data, folder=folder)
    used = {mapping.label: mapping for new in news for mapping in new.mappings}
    made = {label: compiled(con, source, mapping) for label, mapping in used.items()}
    needed: dict[tuple[str, ...], tuple[int, ...]] = {}
    works = []
    for new in news:
        labels = tuple(mapping.label for mapping in new.mappings)
        if labels not in needed:
            needed[labels] = tuple(needed_columns(source, new.mappings))
        own = tuple(made[label] for label in labels)
        works.append(Work(new.number, new.delivered, new.files, own, needed[labels]))
    return works


def _stage_groups(
    ctx: Context, batch: Batch, con: "duckdb.DuckDBPyConnection", works: list[Work], staged: Staged, folder: Path
) -> None:
    con.execute(f"CREATE SCHEMA {SCHEMA}")
    done = rows = 0
    with con.cursor() as cursor:
        for number, planned_group in enumerate(planned(works)):
            for part, group in enumerate(read(con, planned_group, timezone=batch.timezone, folder=folder)):
                reach("group.mapped")
                own = folder / f"group-{number}-{part}"
                own.mkdir()
                _stage_group(ctx, batch, cursor, group, staged, own)
                done, rows = done + len(group.works), rows + sum(group.rows)
                ctx.say(f"ingest: file {done} of {len(works)}, {rows:,} rows so far")


def _stage_group(
    ctx: Context,
    batch: Batch,
    con: "duckdb.DuckDBPyConnection",
    group: Group,
    staged: Staged,
    folder: Path,
) -> None:
    for name, target in staged.landings.items():
        parts = [part for part in group.parts if part.one.mapping.table == name]
        if not parts:
            continue
        own = folder / target.table.short
        landed = land(con, batch, target, parts, lake=ctx.lake, folder=own, threads=ctx.settings.threads)
        for part in parts:
            staged.tally.add(group, part)
            staged.misses.update(part.misses)
            for number, account in accounts_of(group, part, landed):
                staged.accounts[number, part.one.number] = account
            rejected = folder / f"rejects-{part.one.number}"
            staged.rejects += write_rejects(con, batch, group, part, folder=rejected)


def commit(ctx: Context, batch: Batch, staged: Staged, folder: Path, /) -> tuple[Receipt, ...]:
    """Move what lies ready into the lake: one commit a table, the accounts last."""
    receipts = []
    for made in staged.landings.values():
        if made.files:
            ctx.say(f"ingest: landing {made.table.name}")
            receipts.append(adopt(ctx.lake, made.table, made.files, batch=batch.batch_id, digest=made.digest))
            reach("table.committed")
    if staged.rejects:
        receipts.append(adopt(ctx.lake, REJECTS, staged.rejects, batch=batch.batch_id))
        reach("rejects.committed")
    settled = write_accounts(batch, staged.settled, folder / "accounts")
    receipts.append(adopt(ctx.lake, DELIVERIES, [settled], batch=batch.batch_id))
    reach("deliveries.committed")
    return tuple(receipts)
