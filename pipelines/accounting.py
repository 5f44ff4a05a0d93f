"""The accounts of a batch: what became of the rows of each file through each mapping."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lyceum.adopting import DataFile
from lyceum.engine import connect, values
from lyceum.tables.canonical import DELIVERIES
from pipelines.data_files import write_files
from pipelines.forgotten import REASON
from pipelines.groups import Group, Mapped
from pipelines.landing import Batch, Landed
from pipelines.mapping_stage import SKIPPED


def accounts_of(group: Group, part: Mapped, landed: Landed, /) -> Iterator[tuple[int, dict[str, Any]]]:
    """The number of each file of a group, and its account through one mapping."""
    for file, work in enumerate(group.works):
        counts = {status: count for status, (count, *_) in part.counts.get(file, {}).items()}
        where = (file, part.one.number)
        new, anonymous = landed.rows.get(where, 0), landed.anonymous.get(where, 0)
        good, skipped = counts.pop(None, 0), counts.pop(SKIPPED, 0)
        forgotten = landed.forgotten.get(where, 0)
        reasons = [part.one.mapping.filter_name, REASON if forgotten else ""]
        yield (
            work.number,
            {
                **{"file": work.delivered.name, "file_digest": work.delivered.digest, "mapping": part.one.identity},
                **{"rows": group.rows[file] + group.blank[file], "mapped": new - anonymous},
                **{"skipped": skipped + forgotten, "anonymous": anonymous, "duplicate": good - new - forgotten},
                **{"rejected": sum(counts.values()), "blank": group.blank[file]},
                **{"skip_reason": ", ".join(filter(None, reasons)) or None},
            },
        )


def write_accounts(batch: Batch, accounts: Sequence[dict[str, Any]], folder: Path, /) -> DataFile:
    """Write the accounts, at least one, as rows of `deliveries` below `folder`, which must be new."""
    names = list(accounts[0])
    given = values(names, [list(account.values()) for account in accounts])
    sources = {**{name: name for name in names}, **batch.written}
    listed = ", ".join(f"{sources[column.name]}::{column.type} AS {column.name}" for column in DELIVERIES.columns)
    select = f"SELECT {listed} FROM ({given})"
    with connect() as con:
        return write_files(con, DELIVERIES, select, rows=f"({given})", folder=folder, threads=1)[0]
