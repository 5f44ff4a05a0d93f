"""Rows as Parquet files in staging: one file for each large partition, written side by side, and one for the rest."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from lyceum.adopting import DataFile, sync
from lyceum.engine import quoted
from lyceum.faults import reach
from lyceum.schema import Table

if TYPE_CHECKING:
    import duckdb

LARGE = (
    20_000  # rows of a partition from which on a statement of its own costs less than sorting out all rows at once
)
FORMAT = "FORMAT parquet, COMPRESSION snappy"  # zstd is a third smaller, and costs a third more of all the writing


def write_files(
    con: "duckdb.DuckDBPyConnection", table: Table, select: str, /, *, rows: str, folder: Path, threads: int
) -> list[DataFile]:
    """Write what `select` gives, all columns of the table, below `folder`, which must be new, and onto the disk.

    `rows` is what the rows are counted by: a relation and a condition on it, with the column of the partition.
    """
    folder.mkdir()
    if table.partition is None:
        count = int(con.execute(f"SELECT count(*) FROM {rows}").fetchall()[0][0])
        return [_one(con, select, folder / "all.parquet", partition="")] if count else []
    found = con.execute(f"SELECT CAST({table.partition} AS VARCHAR), count(*) FROM {rows} GROUP BY 1 ORDER BY 1")
    sizes = {str(value): int(count) for value, count in found.fetchall()}
    large = [value for value, count in sizes.items() if count >= LARGE]
    small = [value for value, count in sizes.items() if count < LARGE]

    def one(value: str) -> DataFile:
        own = f"SELECT * EXCLUDE ({table.partition}) FROM ({select}) WHERE {_in(table, [value])}"
        with con.cursor() as cursor:
            return _one(cursor, own, folder / f"{value}.parquet", partition=value)

    with ThreadPoolExecutor(max(1, threads)) as pool:
        files = list(pool.map(one, large))
    return [*files, *(_small(con, table, select, small, folder) if small else [])]


def _in(table: Table, values: list[str]) -> str:
    column = table.column(str(table.partition))
    return f"{column.name} IN ({', '.join(f'{quoted(value)}::{column.type}' for value in values)})"


def _one(con: "duckdb.DuckDBPyConnection", select: str, file: Path, *, partition: str) -> DataFile:
    count = con.execute(f"COPY ({select}) TO {quoted(file)} ({FORMAT})").fetchall()[0][0]
    file.chmod(0o600)
    sync(file)
    reach("group.written")
    return DataFile(file, int(count), partition)


def _small(
    con: "duckdb.DuckDBPyConnection", table: Table, select: str, values: list[str], folder: Path
) -> list[DataFile]:
    """All small partitions by one statement."""
    target = folder / "small"
    chosen = f"SELECT * FROM ({select}) WHERE {_in(table, values)}"
    options = f"{FORMAT}, PARTITION_BY ({table.partition}), RETURN_STATS"
    found = con.execute(f"COPY ({chosen}) TO {quoted(target)} ({options})").fetchall()
    files = [DataFile(Path(name), int(count), Path(name).parent.name.partition("=")[2]) for name, count, *_ in found]
    for file in files:
        sync(file.path)
        reach("group.written")
    return files
