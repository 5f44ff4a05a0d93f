"""Upkeep of one Delta table: small files become large ones, the log gets its checkpoint and loses its oldest entries.

Rows stay as they are, in their order. What a merged file replaces stays on disk for those who read it
(`Lake.vacuum` removes it a day later), and the log gets statistics of no person's id, as on every other write
(the table's own property says which columns have them).
"""

from collections import Counter
from typing import TYPE_CHECKING

from lyceum.lake import Lake
from lyceum.schema import Table

if TYPE_CHECKING:
    from deltalake import DeltaTable

SMALL = 32 << 20  # bytes: reading a file costs about as much as this many bytes of it
LARGE = 128 << 20  # bytes of a merged file
CROWD = 4  # small files of one partition that are worth merging
COMMITS = 20  # that a reader has to replay before a checkpoint spares it


def compact(lake: Lake, table: Table, /, *, threads: int) -> tuple[int, int]:
    """Merge the small files of every partition that has `CROWD` of them, in one commit; files merged, files made."""
    if not lake.exists(table):
        return 0, 0
    delta = _open(lake, table)
    crowded = _crowded(delta, table)
    if not crowded:
        return 0, 0
    chosen = [(table.partition, "in", crowded)] if table.partition else None
    done = delta.optimize.compact(chosen, target_size=LARGE, max_concurrent_tasks=threads)
    return int(done["numFilesRemoved"]), int(done["numFilesAdded"])


def _open(lake: Lake, table: Table) -> "DeltaTable":
    from deltalake import DeltaTable

    return DeltaTable(str(lake.path(table)))


def _crowded(delta: "DeltaTable", table: Table) -> list[str]:
    """The partitions with many small files, in order; one empty name for a table without partitions."""
    import pyarrow as pa

    files = pa.table(delta.get_add_actions(flatten=True)).to_pylist()
    places = [_place(file, table) for file in files if file["size_bytes"] < SMALL]
    return sorted(place for place, count in Counter(places).items() if count >= CROWD)


def _place(file: dict[str, object], table: Table) -> str:
    return str(file[f"partition.{table.partition}"]) if table.partition else ""


def tidy_log(lake: Lake, table: Table, /) -> bool:
    """After many commits, write a checkpoint and drop log entries of over 30 days; whether that was done."""
    if not lake.exists(table):
        return False
    delta = _open(lake, table)
    log = lake.path(table) / "_delta_log"
    checkpoints = [int(path.name.split(".")[0]) for path in log.glob("*.checkpoint*.parquet")]
    if delta.version() - max(checkpoints, default=0) < COMMITS:
        return False
    delta.create_checkpoint()
    delta.cleanup_metadata()
    return True
