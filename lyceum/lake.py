"""The lake: Delta tables, written whole or not at all, read without ever globbing a folder.

A Delta folder also holds dead files, so readers go through the transaction log (`file_uris`). A table may have been
written when it had fewer columns: the rows of then have null in the others. Statistics are kept for columns that hold
no person's id, because they stay in the log after a row is deleted.
"""

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from lyceum.engine import quoted
from lyceum.schema import Column, Table
from lyceum.tables.canonical import PERSONAL, RAW, SUPERSEDED

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    from deltalake import DeltaTable

SETTLING_SECONDS = 0.5  # for the threads of a write that failed, which close their last files behind its exception


@dataclass(frozen=True)
class Receipt:
    """What a write left behind: the table, the partition replaced, its rows, and the table's version after it."""

    table: str
    partition: str
    rows: int
    version: int
    digest: str = ""


class Lake:
    """The Delta tables below one folder, each in the sub-folder of its short name."""

    def __init__(self, root: Path, /) -> None:
        self.root = root

    def path(self, table: Table, /) -> Path:
        """The folder of the table."""
        return self.root / table.short

    def exists(self, table: Table, /) -> bool:
        """Whether the table has a committed version."""
        return any((self.path(table) / "_delta_log").glob("[0-9]*"))

    def _open(self, table: Table, /) -> "DeltaTable":
        from deltalake import DeltaTable

        return DeltaTable(str(self.path(table)))

    def version(self, table: Table, /) -> int | None:
        """The committed version; None if the table was never written."""
        return self._open(table).version() if self.exists(table) else None

    def partitions(self, table: Table, /) -> list[str]:
        """The values of the partition column that hold rows, in order."""
        if not self.exists(table) or table.partition is None:
            return []
        return sorted({str(row[table.partition]) for row in self._open(table).partitions()})

    def append(self, table: Table, reader: "pa.RecordBatchReader", /) -> Receipt:
        """Add the rows of `reader` in one commit."""
        return self._write(table, reader, mode="append", predicate=None, partition="")

    def replace(
        self, table: Table, reader: "pa.RecordBatchReader", /, *, partition: Mapping[str, Sequence[str]] | None = None
    ) -> Receipt:
        """Put the rows of `reader` in place of the partitions (or of the whole table) in one commit."""
        chosen = dict(partition or {})
        listed = {key: ", ".join(map(quoted, values)) for key, values in chosen.items()}
        predicate = " AND ".join(f"{key} IN ({values})" for key, values in listed.items()) or None
        name = ", ".join(f"{key}={' '.join(values)}" for key, values in chosen.items())
        return self._write(table, reader, mode="overwrite", predicate=predicate, partition=name)

    def _write(
        self,
        table: Table,
        reader: "pa.RecordBatchReader",
        *,
        mode: str,
        predicate: str | None,
        partition: str,
    ) -> Receipt:
        from deltalake import write_deltalake

        counted = _Counter(reader, volatile=table.volatile)
        options: dict[str, Any] = {"mode": mode}
        if table.partition:
            options["partition_by"] = [table.partition]
        if not self.exists(table):
            options["configuration"] = {"delta.dataSkippingStatsColumns": impersonal(table)}
        elif predicate:
            options["predicate"] = predicate
        elif mode == "overwrite":
            options["schema_mode"] = "overwrite"  # the whole table: also in the columns of today
        if "schema_mode" not in options and self.exists(table) and not self._has_the_columns_of(table):
            options["schema_mode"] = "merge"  # written by an earlier version: its rows have null in new columns
        self.root.mkdir(parents=True, exist_ok=True)
        if is_private(table):
            self.path(table).mkdir(mode=0o700, exist_ok=True)
        with self._nothing_left_if_it_fails(table):
            write_deltalake(str(self.path(table)), counted.reader(), **options)
        if is_private(table):
            hide(self.path(table))
        return Receipt(table.name, partition, counted.rows, self._open(table).version(), counted.digest)

    @contextmanager
    def _nothing_left_if_it_fails(self, table: Table) -> Iterator[None]:
        """Remove the data files of a write that fails: no version names them, and they would fill a full disk."""
        before = self._data_files(table)
        try:
            yield
        except Exception:
            time.sleep(SETTLING_SECONDS)
            named = self._open(table).file_uris() if self.exists(table) else []  # it may fail behind its commit
            for path in self._data_files(table) - before - {Path(unquote(uri)).resolve() for uri in named}:
                path.unlink()
            raise

    def _data_files(self, table: Table) -> set[Path]:
        """Also those that are being written: their names end otherwise."""
        found = self.path(table).resolve().rglob("*.parquet*")
        return {path for path in found if "_delta_log" not in path.parts}

    def _has_the_columns_of(self, table: Table) -> bool:
        """Whether what was written last has the columns that the table has today."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        held = self._open(table)
        if {field.name for field in held.schema().fields} != set(table.names):
            return False
        files = pa.table(held.get_add_actions(flatten=True)).select(["modification_time", "path"]).to_pylist()
        if not files:
            return True
        newest = max(files, key=lambda file: file["modification_time"])["path"]
        return {*pq.read_schema(self.path(table) / unquote(newest)).names, table.partition} >= set(table.names)

    def delete(self, table: Table, predicate: str, /) -> None:
        """Delete the rows that fulfil the SQL predicate, in one commit."""
        if self.exists(table):
            self._open(table).delete(predicate)
            if is_private(table):
                hide(self.path(table))

    def source(self, table: Table, /, *, where: str = "") -> str:
        """A SELECT over the live files of the table, columns in the schema's order; typed and empty if none."""
        uris = self._open(table).file_uris() if self.exists(table) else []
        files = [unquote(uri) for uri in uris]  # a URI has %20 where a folder's name has a space
        if not files:
            typed = ", ".join(f'NULL::{column.type} AS "{column.name}"' for column in table.columns)
            return f"SELECT {typed} WHERE false"
        types = {column.name: column.type for column in table.columns}
        hive = f", hive_types = {{'{table.partition}': {types[table.partition]}}}" if table.partition else ""
        columns = ", ".join(_selected(column) for column in table.columns)
        condition = f" WHERE {where}" if where else ""
        rows = (
            f"read_parquet([{', '.join(map(quoted, files))}], "
            f"hive_partitioning = {'true' if hive else 'false'}{hive}, union_by_name = true)"
        )
        if not self._has_the_columns_of(table):
            typed = ", ".join(f'NULL::{column.type} AS "{column.name}"' for column in table.columns)
            rows = f"(FROM {rows} UNION ALL BY NAME SELECT {typed} WHERE false)"
        return f"SELECT {columns} FROM {rows}{condition}"

    def view(self, con: "duckdb.DuckDBPyConnection", table: Table, /, *, name: str = "", where: str = "") -> None:
        """Make a temporary view of the table in `con`, called by its short name unless `name` is given."""
        con.execute(f'CREATE OR REPLACE TEMP VIEW "{name or table.short}" AS {self.source(table, where=where)}')

    def vacuum(self, table: Table, /, *, hours: int = 24) -> int:
        """Remove files that no version of the last `hours` needs, also those a killed write left; their number."""
        if not self.exists(table):
            return 0
        removed = self._open(table).vacuum(hours, dry_run=False, enforce_retention_duration=False, full=True)
        if is_private(table):
            hide(self.path(table))  # it has written to the log
        return len(removed)

    def forget_versions(self, table: Table, /) -> None:
        """Remove every file that is not live and every earlier entry of the log: no version but the last can be read.

        Readers of an earlier version fail and must ask again. Entries of the log go oldest first, after a checkpoint.
        """
        if not self.exists(table):
            return
        self.vacuum(table, hours=0)
        delta = self._open(table)
        delta.create_checkpoint()
        log, version = self.path(table) / "_delta_log", f"{delta.version():020d}"
        for entry in sorted(path for path in log.glob("[0-9]*") if path.name[:20] < version):
            entry.unlink()
        if is_private(table):
            hide(self.path(table))


def _selected(column: Column) -> str:
    # A column of nothing but nulls may come back as another type: the schema decides.
    return f'CAST("{column.name}" AS {column.type}) AS "{column.name}"'


def is_private(table: Table, /) -> bool:
    """Whether the table holds rows as they were delivered, with the platform's own ids in them."""
    return RAW in table.names


def hide(folder: Path, /) -> None:
    """Keep a table's folder for the owner alone."""
    for path in folder.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)


def impersonal(table: Table, /) -> str:
    """The columns that the log may have statistics of, as the table's property lists them."""
    naming = (*PERSONAL, RAW, *(("row", "row_key") if table.name == SUPERSEDED.name else ()))
    kept = [column.name for column in table.columns if column.name not in naming]
    return ",".join(name for name in kept if name != table.partition)


class _Counter:
    """Counts and digests the batches of a reader while somebody else consumes it; volatile columns do not count."""

    def __init__(self, reader: "pa.RecordBatchReader", *, volatile: tuple[str, ...]) -> None:
        self._inner = reader
        self._volatile = [name for name in volatile if name in reader.schema.names]
        self._hash = hashlib.sha256()
        self.rows = 0

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()[:16]

    def reader(self) -> "pa.RecordBatchReader":
        import pyarrow as pa

        return pa.RecordBatchReader.from_batches(self._inner.schema, self._batches())

    def _batches(self) -> "Iterator[pa.RecordBatch]":
        for batch in self._inner:
            self.rows += batch.num_rows
            self._hash.update(_settled(batch.drop_columns(self._volatile)).serialize())
            yield batch


def _settled(batch: "pa.RecordBatch") -> "pa.RecordBatch":
    """A copy of the batch: DuckDB leaves whatever lay in memory under its nulls, and that is no content."""
    import pyarrow as pa

    return batch.take(pa.array(range(batch.num_rows), pa.int64()))
