"""Data files that lie ready in staging become rows of a Delta table: moved into its folder, then committed at once.

Until the commit no reader knows of them. A process that dies in between leaves files that no version names; they
carry the batch and the version that they were meant for in their names, by which `remove_orphans` tells them.
"""

import json
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from lyceum.faults import reach
from lyceum.lake import Lake, Receipt, hide, impersonal, is_private
from lyceum.schema import Table

if TYPE_CHECKING:
    from deltalake.transaction import AddAction

_MEANT = re.compile(r"-v([0-9]+)-[0-9]+\.parquet$")  # the version in the name of an adopted file


@dataclass(frozen=True)
class DataFile:
    """A Parquet file with all columns of its table but the partition's, whose one value is `partition`."""

    path: Path
    rows: int
    partition: str = ""


def adopt(lake: Lake, table: Table, files: Sequence[DataFile], /, *, batch: str, digest: str = "") -> Receipt:
    """Move the files of a batch into the table and commit them as its next version.

    The files lie on the lake's file system, and what they hold has reached the disk (`sync`). The log gets their
    numbers of rows and no other statistics. `digest` is passed on in the receipt.
    """
    current = lake.version(table)
    version = 0 if current is None else current + 1
    folder = lake.path(table)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700 if is_private(table) else 0o777)
    added = [
        _moved(table, file, folder, name=f"{batch}-v{version}-{number:05d}.parquet")
        for number, file in enumerate(files)
    ]
    for place in {folder, *((folder / action.path).parent for action in added)}:
        sync(place)
    _commit(folder, table, added, first=current is None)
    if is_private(table):
        hide(folder)
    sync(folder / "_delta_log")
    made = lake.version(table)
    assert made is not None, "a commit leaves a version"
    return Receipt(table.name, "", sum(file.rows for file in files), made, digest)


def _moved(table: Table, file: DataFile, folder: Path, *, name: str) -> "AddAction":
    from deltalake.transaction import AddAction

    place = f"{table.partition}={file.partition}/{name}" if table.partition else name
    target = folder / place
    target.parent.mkdir(exist_ok=True)
    file.path.rename(target)
    reach("table.moved")
    status = target.stat()
    values = {table.partition: file.partition} if table.partition else {}
    stats = json.dumps({"numRecords": file.rows})
    return AddAction(place, status.st_size, values, status.st_mtime_ns // 1_000_000, True, stats)


def _commit(folder: Path, table: Table, added: "list[AddAction]", *, first: bool) -> None:
    from deltalake import DeltaTable, Schema
    from deltalake.transaction import create_table_with_add_actions

    schema, partition = Schema.from_arrow(table.arrow()), [table.partition] if table.partition else []
    if first:
        create_table_with_add_actions(
            str(folder),
            schema,
            added,
            partition_by=partition,
            configuration={"delta.dataSkippingStatsColumns": impersonal(table)},
        )
    else:
        DeltaTable(str(folder)).create_write_transaction([*added], "append", schema, partition)


def sync(path: Path, /) -> None:
    """Wait until a file, or the names in a folder, have reached the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_orphans(lake: Lake, table: Table, /) -> int:
    """Remove the adopted files that no version of the table names, nor ever named; their number.

    A file that an earlier version names stays, for those who still read that version.
    """
    folder = lake.path(table)
    found = [(path, meant[1]) for path in folder.rglob("*.parquet") if (meant := _MEANT.search(path.name))]
    if not found:
        return 0
    live = {path.resolve() for path in _live(lake, table)}
    version = lake.version(table)
    orphans = [
        path
        for path, meant in found
        if path.resolve() not in live and not _was_named(folder, path, int(meant), current=version)
    ]
    for path in orphans:
        path.unlink()
    return len(orphans)


def _live(lake: Lake, table: Table) -> Iterable[Path]:
    from deltalake import DeltaTable

    if not lake.exists(table):
        return []
    return [Path(unquote(uri)) for uri in DeltaTable(str(lake.path(table))).file_uris()]


def _was_named(folder: Path, file: Path, version: int, *, current: int | None) -> bool:
    """Whether the version that the file was meant for has it; also if its entry of the log is gone by now."""
    if current is None or version > current:
        return False
    entry = folder / "_delta_log" / f"{version:020d}.json"
    return not entry.exists() or file.name in entry.read_text(encoding="utf-8")
