"""Mapped rows of a batch into one table of the lake: pseudonyms, repetition, one commit.

Runs on a connection of its own: mappings never see the key, and the rows they wrote are read from staging.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from lyceum.engine import quoted
from lyceum.lake import Lake, Receipt
from lyceum.privacy import LENGTH, Key, hmac_sql
from lyceum.schema import Column, Table
from lyceum.source_records import Source
from lyceum.tables.canonical import PERSONAL
from pipelines.mapping_stage import Mapped

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

MAPPING_BIT, FILE_BIT = 36, 44  # of a row's place: line below, then mapping, then file
KNOWN_FROM = {"users": "registered_at", "items": "published_at"}
ALWAYS = "TIMESTAMPTZ '1970-01-01 00:00:00+00'"


@dataclass(frozen=True)
class Batch:
    """What all rows of one ingest share. `key` is None where ids are pseudonyms already."""

    source: Source
    batch_id: str
    ingested_at: datetime
    timezone: str
    currency: str
    key: Key | None


@dataclass(frozen=True)
class Landing:
    """One table's new rows: how many per place >> MAPPING_BIT, and how many of them without a person."""

    table: Table
    landed: Mapping[int, int]
    anonymous: Mapping[int, int]


def place_of(file: int, mapping: int, /) -> int:
    """The place of line 0 of a file and mapping, by their numbers in the batch."""
    return (file << FILE_BIT) + (mapping << MAPPING_BIT)


def prepare(
    con: "duckdb.DuckDBPyConnection", batch: Batch, table: Table, parts: Sequence[Mapped], /, *, lake: Lake
) -> Landing:
    """Make the view known_T (the table's rows, with pseudonyms) and the table kept_T (the places that are new)."""
    name = table.short
    given = {column for part in parts for column in part.mapping.columns}
    con.execute(f"CREATE TEMP VIEW rows_{name} AS {_good_rows(parts, table, given)}")
    _pseudonyms(con, batch, table, given)
    con.execute(f"CREATE TEMP VIEW known_{name} AS {_with_pseudonyms(batch, table, given)}")
    if name == "events":
        _event_keys(con, batch, parts, given)
        stored = "event_id"
    else:
        stored = _key(table, parts)
        con.execute(f"CREATE TEMP TABLE keys_{name} AS SELECT place, {stored} AS key FROM known_{name}")
    _keep_first(con, table, f"SELECT {stored} AS key FROM ({lake.source(table)})")
    return _count(con, table)


def _good_rows(parts: Sequence[Mapped], table: Table, given: set[str]) -> str:
    paths = ", ".join(quoted(part.path) for part in parts)
    columns = [f'"{c.name}"' if c.name in given else f'NULL::{c.type} AS "{c.name}"' for c in _mappable(table)]
    return (
        f"SELECT place, digest, {', '.join(columns)} FROM read_parquet([{paths}], union_by_name = true) "
        "WHERE status IS NULL"
    )


def _mappable(table: Table) -> list[Column]:
    written = ("source", "batch_id", "ingested_at", "event_date")
    return [column for column in table.columns if column.name not in written]


def _personal(table: Table, given: set[str]) -> list[str]:
    return [name for name in table.names if name in PERSONAL and name in given]


def _pseudonyms(con: "duckdb.DuckDBPyConnection", batch: Batch, table: Table, given: set[str]) -> None:
    """The table people_T of each distinct raw id and its pseudonym."""
    if batch.key is None:
        return
    ids = [f'SELECT "{column}" AS raw FROM rows_{table.short}' for column in _personal(table, given)]
    raw = " UNION ALL ".join(ids) or "SELECT NULL::VARCHAR AS raw"
    hashed = hmac_sql("'person:' || raw")
    con.execute(
        f"CREATE TEMP TABLE people_{table.short} AS SELECT raw, {hashed} AS pseudonym FROM "
        f"(SELECT DISTINCT raw FROM ({raw}) WHERE raw IS NOT NULL)",
        batch.key.pads(),
    )


def _with_pseudonyms(batch: Batch, table: Table, given: set[str]) -> str:
    hidden = _personal(table, given) if batch.key else []
    joins = [f'LEFT JOIN people_{table.short} p{n} ON r."{column}" = p{n}.raw' for n, column in enumerate(hidden)]
    replaced = [f'p{n}.pseudonym AS "{column}"' for n, column in enumerate(hidden)]
    replaced += _defaults(batch, table)
    replace = f" REPLACE ({', '.join(replaced)})" if replaced else ""
    return f"SELECT r.*{replace} FROM rows_{table.short} r {' '.join(joins)}"


def _defaults(batch: Batch, table: Table) -> list[str]:
    if table.name in KNOWN_FROM:
        return [f"coalesce(r.known_at, r.{KNOWN_FROM[table.name]}, {ALWAYS}) AS known_at"]
    if table.name == "events":
        currency = quoted(batch.currency)
        return [f"CASE WHEN r.amount IS NOT NULL THEN coalesce(r.currency, {currency}) END AS currency"]
    return []


def _event_keys(con: "duckdb.DuckDBPyConnection", batch: Batch, parts: Sequence[Mapped], given: set[str]) -> None:
    """The table keys_events: place and event_id, the source's own or derived from mapping, row and occurrence.

    A derived id is keyed: without the key nobody can find out by trying whose row an id belongs to.
    """
    labels = {_mapping_number(part.place): part.mapping.label for part in parts}
    whens = " ".join(f"WHEN {number} THEN {quoted(label)}" for number, label in labels.items())
    occurrence = "1"
    if batch.source.duplicates == "keep":
        occurrence = f"row_number() OVER (PARTITION BY place >> {MAPPING_BIT}, digest ORDER BY place)"
    label = f"CASE (place >> {MAPPING_BIT}) & 255 {whens} END"
    material = f"'event:' || {label} || ':' || digest || ':' || ({occurrence})"
    hashed = hmac_sql(material) if batch.key else f"left(sha256({material}), {LENGTH})"
    derived = f"SELECT place, {hashed} AS key FROM rows_events WHERE event_id IS NULL"
    own = " UNION ALL SELECT place, event_id FROM rows_events WHERE event_id IS NOT NULL"
    con.execute(
        f"CREATE TEMP TABLE keys_events AS {derived}{own if 'event_id' in given else ''}",
        batch.key.pads() if batch.key else {},
    )


def _mapping_number(place: int) -> int:
    return (place >> MAPPING_BIT) & 255


def _key(table: Table, parts: Sequence[Mapped]) -> str:
    """The key as one text; without known_at where only the first version of a key is wanted."""
    first = any(part.mapping.versions == "first" for part in parts)
    columns = [name for name in table.key if not (first and name == "known_at")]
    texts = [f'CAST("{name}" AS VARCHAR)' for name in columns]
    return f"concat_ws(chr(31), {', '.join(texts)})"


def _keep_first(con: "duckdb.DuckDBPyConnection", table: Table, stored: str) -> None:
    """The table kept_T: the first place of each key that the lake does not hold yet."""
    name = table.short
    con.execute(
        f"CREATE TEMP TABLE seen_{name} AS SELECT DISTINCT key FROM ({stored}) "
        f"WHERE key IN (SELECT key FROM keys_{name})"
    )
    con.execute(
        f"CREATE TEMP TABLE repeated_{name} AS SELECT key, min(place) AS first_place FROM keys_{name} "
        "GROUP BY key HAVING count(*) > 1"
    )
    con.execute(
        f"CREATE TEMP TABLE kept_{name} AS SELECT place, key FROM keys_{name} LEFT JOIN repeated_{name} USING (key) "
        f"WHERE (first_place IS NULL OR first_place = place) AND key NOT IN (SELECT key FROM seen_{name})"
    )


def _count(con: "duckdb.DuckDBPyConnection", table: Table) -> Landing:
    nobody = "user_id IS NULL" if "user_id" in table.names else "false"
    found = con.execute(
        f"SELECT place >> {MAPPING_BIT}, count(*), count(*) FILTER (WHERE {nobody}) "
        f"FROM rows_{table.short} JOIN kept_{table.short} USING (place) GROUP BY 1"
    ).fetchall()
    return Landing(table, {where: rows for where, rows, _ in found}, {where: n for where, _, n in found})


def write(con: "duckdb.DuckDBPyConnection", batch: Batch, landing: Landing, /, *, lake: Lake) -> Receipt | None:
    """Append the prepared rows in one commit, sorted; None if there is no new row."""
    if not landing.landed:
        return None
    table = landing.table
    written = {
        "event_date": f"CAST(occurred_at AT TIME ZONE {quoted(batch.timezone)} AS DATE)",
        "event_id": "k.key",
        "source": quoted(batch.source.name),
        "batch_id": quoted(batch.batch_id),
        "ingested_at": f"TIMESTAMPTZ {quoted(batch.ingested_at.isoformat())}",
    }
    columns = ", ".join(written.get(name, f'r."{name}"') + f' AS "{name}"' for name in table.names)
    order = ("event_date", "occurred_at", "event_id") if table.name == "events" else table.key
    sorted_by = ", ".join(f'"{name}"' for name in order)
    select = (
        f"SELECT {columns} FROM known_{table.short} r JOIN kept_{table.short} k USING (place) ORDER BY {sorted_by}"
    )
    receipt = lake.append(table, _reader(con, select, table))
    assert receipt.rows == sum(landing.landed.values()), "the account and the commit differ"
    return receipt


def _reader(con: "duckdb.DuckDBPyConnection", select: str, table: Table) -> "pa.RecordBatchReader":
    return con.sql(select).to_arrow_reader(100_000).cast(table.arrow())
