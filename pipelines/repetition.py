"""What of a group is new: the first row of each key that neither the batch nor the lake has had before.

Keys are compared by their 64-bit hashes first, and in full only where two hashes are equal.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lyceum.engine import connect, quoted
from lyceum.lake import Lake
from lyceum.schema import Table

if TYPE_CHECKING:
    import duckdb

    from lyceum.adopting import DataFile


SCHEMA = "landing"  # of the tables in the engine by which a group lands


@dataclass
class Seen:
    """The keys of one table that came before: `stored` is the key's expression over stored rows.

    The hashes of the batch's own keys lie in the table seen_T, with the number of the group that brought them;
    `files` holds what each group wrote.
    """

    table: Table
    stored: str
    files: list[Sequence["DataFile"]] = field(default_factory=list)

    def name(self, kind: str, /) -> str:
        """The engine's name of one of the tables by which this table lands."""
        return f"{SCHEMA}.{kind}_{self.table.short}"


def drop_repeated(con: "duckdb.DuckDBPyConnection", seen: Seen, /, *, lake: Lake) -> None:
    """Make the table dropped_T (place) of the rows in keyed_T (place, key) that came before or twice.

    Of equal keys the one with the lowest place stays.
    """
    keyed, doubled, dropped = seen.name("keyed"), seen.name("doubled"), seen.name("dropped")
    con.execute(
        f"CREATE OR REPLACE TABLE {doubled} AS SELECT hash(key) AS h FROM {keyed} GROUP BY h HAVING count(*) > 1"
    )
    con.execute(
        f"CREATE OR REPLACE TABLE {dropped} AS SELECT place FROM {keyed} WHERE hash(key) IN (FROM {doubled}) "
        "QUALIFY row_number() OVER (PARTITION BY key ORDER BY place) > 1"
    )
    for keys in (_written_before(con, seen), _landed_before(con, seen, lake)):
        if keys:
            con.execute(
                f"INSERT INTO {dropped} SELECT place FROM {keyed} WHERE key IN ({keys}) "
                f"AND place NOT IN (FROM {dropped})"
            )


def remember(con: "duckdb.DuckDBPyConnection", seen: Seen, written: "Sequence[DataFile]", /) -> int:
    """Add the keys of the group's new rows to those that came before; the sum of their hashes."""
    hashes, new = seen.name("seen"), f"place NOT IN (FROM {seen.name('dropped')})"
    con.execute(f"CREATE TABLE IF NOT EXISTS {hashes} (h UBIGINT, written INTEGER)")
    number = len(seen.files)
    con.execute(f"INSERT INTO {hashes} SELECT hash(key), {number} FROM {seen.name('keyed')} WHERE {new}")
    seen.files.append(written)
    found = con.execute(f"SELECT coalesce(sum(h), 0) FROM {hashes} WHERE written = {number}").fetchall()
    return int(found[0][0])


def _written_before(con: "duckdb.DuckDBPyConnection", seen: Seen) -> str:
    """A SELECT of the keys of this group that earlier ones of the batch wrote; empty if there is none."""
    if not seen.files:
        return ""
    found = con.execute(
        f"SELECT DISTINCT written FROM {seen.name('seen')} "
        f"WHERE h IN (SELECT hash(key) FROM {seen.name('keyed')}) ORDER BY written"
    ).fetchall()
    files = [file for (number,) in found for file in seen.files[number]]
    if not files:
        return ""
    paths = ", ".join(quoted(file.path) for file in files)
    return f"SELECT {seen.stored} FROM read_parquet([{paths}], hive_partitioning = false)"


def _landed_before(con: "duckdb.DuckDBPyConnection", seen: Seen, lake: Lake) -> str:
    """The same of the lake; it lies outside of what `con` may read, so that another connection looks there."""
    if not lake.exists(seen.table):
        return ""
    hashes = con.sql(f"SELECT DISTINCT hash(key) AS h FROM {seen.name('keyed')}").to_arrow_table()
    with connect() as other:
        other.register("hashes", hashes)
        rows = f"SELECT {seen.stored} AS key FROM ({lake.source(seen.table)})"
        found = other.sql(f"SELECT key FROM ({rows}) WHERE hash(key) IN (SELECT h FROM hashes)").to_arrow_table()
    con.register("landed", found)
    return "SELECT key FROM landed" if found.num_rows else ""
