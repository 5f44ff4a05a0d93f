"""Replay: the rows kept in lake/rejects through the mappings as they are now.

A replay is a delivery of its own: its rows go the ordinary way, it has an account per file and mapping, and a batch.
The commits are the tables, the accounts, and last the rejects, in one. A replay that died before the last one is
completed by the next: its rows are known by then, and what the mapping still refuses is the same.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lyceum.adopting import DataFile
from lyceum.engine import connect, quoted
from lyceum.faults import reach
from lyceum.lake import Receipt
from lyceum.privacy import fingerprint, load_key
from lyceum.sources import load
from lyceum.tables.canonical import REJECTS
from pipelines import kept_rejects, shortages
from pipelines.context import Context
from pipelines.ingest import New, accounts, commit, stage_all
from pipelines.kept_rejects import REPLAY, Kept
from pipelines.landing import Batch
from pipelines.leftovers import remove_leftovers, staging
from pipelines.rejecting import expire

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class ReplayResult:
    """What a replay did: a receipt per commit, an account per file and mapping, rows that cannot be read again."""

    batch_id: str = ""
    receipts: tuple[Receipt, ...] = ()
    accounts: tuple[dict[str, Any], ...] = ()
    unreadable: Mapping[str, int] = field(default_factory=dict)


def replay(ctx: Context, /) -> ReplayResult:
    """Take into the lake what of the kept rejects is good under the mappings as they are now.

    Good rows leave lake/rejects, the others stay there with their new reason, until 30 days after they came. The
    share of rejects that stops an ingest does not hold here: these rows were counted when they came.

    Raises:
        UsageError: the source is wrong.
        InputError: a lookup has no file.
        HomeError: no key, another run is writing here, no space or memory left.
    """
    source = load(ctx.platform.source)
    key = None if source.pseudonymous else load_key(ctx.platform.name, create=False)
    ctx.home.claim(replace(ctx.platform, key_fingerprint=fingerprint(key) if key else ""))
    with shortages.explained(ctx, "ingest"), ctx.home.lock(), staging(ctx.home.staging) as folder:
        reach("replay.locked")
        remove_leftovers(ctx.lake)
        expire(ctx.lake, now=ctx.now)
        kept_rejects.drop_superseded(ctx.lake, source)
        rows = folder / "replayed"
        rows.mkdir()
        with connect(memory_limit=ctx.settings.memory_limit, threads=ctx.settings.threads, temp=folder) as con:
            kept_rejects.waiting(con, ctx.lake, source)
            kept = list(kept_rejects.written(con, source, rows))
            reach("replay.written")
            if not kept:
                return ReplayResult(unreadable=kept_rejects.unreadable(con))
            batch = Batch(source, _name(kept), ctx.now, ctx.platform.timezone, ctx.platform.currency, key)
            return _replayed(ctx, con, batch, kept, folder)


def _name(kept: Sequence[Kept]) -> str:
    read = "\n".join(sorted(f"{one.delivered.digest} {one.identity}" for one in kept))
    return REPLAY + hashlib.sha256(read.encode()).hexdigest()[:16]


def _replayed(
    ctx: Context, con: "duckdb.DuckDBPyConnection", batch: Batch, kept: Sequence[Kept], folder: Path
) -> ReplayResult:
    lenient = replace(ctx, settings=ctx.settings.model_copy(update={"reject_limit": 1.0}))
    staged = stage_all(
        lenient, batch, [New(one.number, one.delivered, one.files, (one.mapping,)) for one in kept], folder
    )
    changed = kept_rejects.judge(con, _rejected(staged.rejects))
    staged.rejects.clear()  # they stay where they are
    known = {(digest, mapping) for _, digest, mapping in accounts(ctx.lake)}
    staged.accounts = {
        place: account
        for place, account in staged.accounts.items()
        if place[0] in changed and (account["file_digest"], account["mapping"]) not in known
    }
    receipts = commit(ctx, batch, staged, folder) if staged.accounts else ()
    reach("replay.landed")
    if changed:
        kept_rejects.settle(con, ctx.lake, changed)
        reach("replay.settled")
    done = tuple(account for _, account in sorted(staged.accounts.items()))
    return ReplayResult(batch.batch_id, receipts, done, kept_rejects.unreadable(con))


def _rejected(files: Sequence[DataFile]) -> str:
    """A SELECT of what the mappings have rejected this time."""
    if not files:
        columns = ", ".join(f'NULL::{column.type} AS "{column.name}"' for column in REJECTS.columns)
        return f"SELECT {columns} WHERE false"
    return f"SELECT * FROM read_parquet([{', '.join(quoted(file.path) for file in files)}])"
