"""What runs that died have left: staging folders, files that no version names, rows of batches without account."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lyceum.adopting import remove_orphans
from lyceum.engine import connect, quoted
from lyceum.faults import reach
from lyceum.lake import Lake
from lyceum.tables.canonical import DELIVERIES, FROM_SOURCES, REJECTS

PREFIX = "ingest-"  # of the batches of ingest, and of its staging folders


@contextmanager
def staging(folder: Path, /) -> Iterator[Path]:
    """A private folder that is gone afterwards, with those of runs that died (the home's lock is held)."""
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob(f"{PREFIX}*"):
        shutil.rmtree(stale, ignore_errors=True)
    own = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder))
    try:
        yield own
    finally:
        shutil.rmtree(own, ignore_errors=True)


def remove_leftovers(lake: Lake, /) -> None:
    """Remove the uncommitted files of runs that died, and the rows of batches that have no account.

    A batch gets its account by its last commit: without it, it never happened.
    """
    for table in (*FROM_SOURCES, REJECTS, DELIVERIES):
        remove_orphans(lake, table)
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
    reach("leftovers.removed")
