"""Mapped rows of a group as data files in staging: pseudonyms put in, repetition left out.

Runs on a cursor of its own, which alone is given the key, in a schema of its own, which no mapping can name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lyceum.adopting import DataFile
from lyceum.engine import quoted
from lyceum.lake import Lake
from lyceum.privacy import LENGTH, Key, hmac_sql
from lyceum.schema import Column, Table
from lyceum.source_records import Source
from lyceum.tables.canonical import PERSONAL
from pipelines.data_files import write_files
from pipelines.forgotten import forgotten_rows, naming_nobody
from pipelines.groups import MAPPING_BIT, MAPPINGS, Mapped
from pipelines.repetition import SCHEMA, Seen, drop_repeated, remember

if TYPE_CHECKING:
    import duckdb

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
    forgotten: frozenset[str] = frozenset()  # markers of people who were erased (see lyceum.suppression)

    @property
    def written(self) -> dict[str, str]:
        """SQL of the columns that every row of every table gets."""
        return {
            "source": quoted(self.source.name),
            "batch_id": quoted(self.batch_id),
            "ingested_at": f"TIMESTAMPTZ {quoted(self.ingested_at.isoformat())}",
        }


@dataclass
class Landing:
    """One table's new rows, group after group: the files that hold them, and the sum of their keys' hashes."""

    table: Table
    seen: Seen
    files: list[DataFile] = field(default_factory=list)
    keys: int = 0

    @property
    def digest(self) -> str:
        """Equal for equal sets of keys, whatever files they came in; 16 hex digits."""
        return f"{self.keys % 2**64:016x}"

    def add(self, con: "duckdb.DuckDBPyConnection", written: list[DataFile], /) -> None:
        """Take in what was written of a group."""
        self.files += written
        self.keys += remember(con, self.seen, written)


@dataclass(frozen=True)
class Landed:
    """How many rows of a group were new: by file and number of the mapping, and of them those without a person.

    `forgotten` are rows of people who were erased: they are good, and yet they are left out.
    """

    rows: Mapping[tuple[int, int], int]
    anonymous: Mapping[tuple[int, int], int]
    forgotten: Mapping[tuple[int, int], int]


def landing(table: Table, source: Source, /) -> Landing:
    """An empty landing of `table`.

    Its key is one text, without known_at where only the first version of a key is wanted.
    """
    if table.name == "events":
        return Landing(table, Seen(table, "event_id"))
    first = any(mapping.versions == "first" for mapping in source.mappings if mapping.target is table)
    columns = [name for name in table.key if not (first and name == "known_at")]
    texts = [f'CAST("{name}" AS VARCHAR)' for name in columns]
    return Landing(table, Seen(table, f"concat_ws(chr(31), {', '.join(texts)})"))


def land(
    con: "duckdb.DuckDBPyConnection",
    batch: Batch,
    target: Landing,
    parts: Sequence[Mapped],
    /,
    *,
    lake: Lake,
    folder: Path,
    threads: int,
) -> Landed:
    """Write the rows of a group that are new into files below `folder`, and say how many they are."""
    table = target.table
    given = {column for part in parts for column in part.one.mapping.columns}
    con.execute(f"CREATE OR REPLACE VIEW {SCHEMA}.good_{table.short} AS {_good_rows(parts, table, given)}")
    _pseudonyms(con, batch, table, given)
    known = f"CREATE OR REPLACE VIEW {SCHEMA}.known_{table.short} AS"
    con.execute(f"{known} {_with_pseudonyms(batch, table, given)}")
    forgotten = forgotten_rows(con, batch, table, given)
    if forgotten:
        con.execute(f"{known} {naming_nobody(table, given, _with_pseudonyms(batch, table, given))}")
    derived = _keyed(con, batch, target, parts)
    drop_repeated(con, target.seen, lake=lake)
    if forgotten:
        con.execute(
            f"INSERT INTO {SCHEMA}.dropped_{table.short} SELECT place FROM {forgotten} "
            f"WHERE place NOT IN (FROM {SCHEMA}.dropped_{table.short})"
        )
    landed = _counted(con, target, parts, forgotten)
    stays = f"place NOT IN (FROM {SCHEMA}.dropped_{table.short})"
    select = f"{_selected(batch, table, given, derived=derived)} WHERE {stays}"
    rows = f"{SCHEMA}.good_{table.short} WHERE {stays}"
    written = write_files(con, table, select, rows=rows, folder=folder, threads=threads)
    assert sum(file.rows for file in written) == sum(landed.rows.values()), "the account and the files differ"
    target.add(con, written)
    return landed


def _good_rows(parts: Sequence[Mapped], table: Table, given: set[str]) -> str:
    return " UNION ALL ".join(_good(part, table, given) for part in parts)


def _good(part: Mapped, table: Table, given: set[str]) -> str:
    own = part.one.mapping.columns
    columns = [f'"{c.name}"' if c.name in own else f'NULL::{c.type} AS "{c.name}"' for c in _mappable(table, given)]
    events = ["digest", "event_date"] if table.name == "events" else []
    listed = ", ".join([f"{part.base} AS place", *events, *columns])
    return f"SELECT {listed} FROM {part.name} WHERE status IS NULL"


def _mappable(table: Table, given: set[str]) -> list[Column]:
    """The columns that a mapping of the batch fills, and those that landing reads."""
    read = {"user_id", "event_id", "amount", "currency", "known_at", *KNOWN_FROM.values()}
    return [column for column in table.columns if column.name in given or column.name in read]


def _personal(table: Table, given: set[str]) -> list[str]:
    return [name for name in table.names if name in PERSONAL and name in given]


def _pseudonyms(con: "duckdb.DuckDBPyConnection", batch: Batch, table: Table, given: set[str]) -> None:
    """The table people_T of each distinct raw id of the group and its pseudonym; an id is hashed once in a run."""
    if batch.key is None:
        return
    people, every = f"{SCHEMA}.people_{table.short}", f"{SCHEMA}.pseudonyms"
    con.execute(f"CREATE TABLE IF NOT EXISTS {every} (raw VARCHAR, pseudonym VARCHAR)")
    ids = [f'SELECT "{column}" AS raw FROM {SCHEMA}.good_{table.short}' for column in _personal(table, given)]
    raw = " UNION ALL ".join(ids) or "SELECT NULL::VARCHAR AS raw"
    hashed = hmac_sql("'person:' || raw")
    con.execute(
        f"CREATE OR REPLACE TABLE {people} AS "
        f"SELECT raw, coalesce(pseudonym, {hashed}) AS pseudonym, pseudonym IS NULL AS new "
        f"FROM (SELECT DISTINCT raw FROM ({raw}) WHERE raw IS NOT NULL) LEFT JOIN {every} USING (raw)",
        batch.key.pads(),
    )
    con.execute(f"INSERT INTO {every} SELECT raw, pseudonym FROM {people} WHERE new")


def _with_pseudonyms(batch: Batch, table: Table, given: set[str]) -> str:
    hidden = _personal(table, given) if batch.key else []
    joins = [
        f'LEFT JOIN {SCHEMA}.people_{table.short} p{n} ON r."{column}" = p{n}.raw' for n, column in enumerate(hidden)
    ]
    replaced = [f'p{n}.pseudonym AS "{column}"' for n, column in enumerate(hidden)]
    replaced += _defaults(batch, table)
    replace = f" REPLACE ({', '.join(replaced)})" if replaced else ""
    return f"SELECT r.*{replace} FROM {SCHEMA}.good_{table.short} r {' '.join(joins)}"


def _defaults(batch: Batch, table: Table) -> list[str]:
    if table.name in KNOWN_FROM:
        return [f"coalesce(r.known_at, r.{KNOWN_FROM[table.name]}, {ALWAYS}) AS known_at"]
    if table.name == "events":
        currency = quoted(batch.currency)
        return [f"CASE WHEN r.amount IS NOT NULL THEN coalesce(r.currency, {currency}) END AS currency"]
    return []


def _keyed(con: "duckdb.DuckDBPyConnection", batch: Batch, target: Landing, parts: Sequence[Mapped]) -> bool:
    """Make the view keyed_T (place, key); whether it holds event ids that had to be derived."""
    short = target.table.short
    derived = target.table.name == "events" and any(part.without_id for part in parts)
    if derived:
        _derive_ids(con, batch, parts)
    elif target.table.name != "events":
        keys = f"SELECT place, {target.seen.stored} AS key FROM {SCHEMA}.known_{short}"
        con.execute(f"CREATE OR REPLACE TABLE {SCHEMA}.keys_{short} AS {keys}")
    own = f"SELECT place, event_id AS key FROM {SCHEMA}.good_{short}"
    rows = f"FROM {SCHEMA}.keys_{short}" if derived or target.table.name != "events" else own
    con.execute(f"CREATE OR REPLACE VIEW {SCHEMA}.keyed_{short} AS {rows}")
    return derived


def _derive_ids(con: "duckdb.DuckDBPyConnection", batch: Batch, parts: Sequence[Mapped]) -> None:
    """The table keys_events: place and event_id, the source's own or derived from mapping, row and occurrence.

    A derived id is keyed: without the key nobody can find out by trying whose row an id belongs to.
    """
    whens = " ".join(f"WHEN {part.one.number} THEN {quoted(part.one.mapping.label)}" for part in parts)
    occurrence = "1"
    if batch.source.duplicates == "keep":
        occurrence = f"row_number() OVER (PARTITION BY place >> {MAPPING_BIT}, digest ORDER BY place)"
    label = f"CASE (place >> {MAPPING_BIT}) & {MAPPINGS - 1} {whens} END"
    material = f"'event:' || {label} || ':' || digest || ':' || ({occurrence})"
    hashed = hmac_sql(material) if batch.key else f"left(sha256({material}), {LENGTH})"
    rows = f"{SCHEMA}.good_events"
    con.execute(
        f"CREATE OR REPLACE TABLE {SCHEMA}.keys_events AS "
        f"SELECT place, {hashed} AS key FROM {rows} WHERE event_id IS NULL "
        f"UNION ALL SELECT place, event_id FROM {rows} WHERE event_id IS NOT NULL",
        batch.key.pads() if batch.key else {},
    )


def _counted(con: "duckdb.DuckDBPyConnection", target: Landing, parts: Sequence[Mapped], forgotten: str) -> Landed:
    """The rows that stay: those that are good less those that were dropped."""
    nobody = "user_id IS NULL" if "user_id" in target.table.names else "false"
    short = target.table.short
    found = con.execute(
        f"SELECT place >> {MAPPING_BIT}, count(*), count(*) FILTER (WHERE {nobody}) FROM {SCHEMA}.good_{short} "
        f"WHERE place IN (FROM {SCHEMA}.dropped_{short}) GROUP BY 1"
    ).fetchall()
    dropped = {(where // MAPPINGS, where % MAPPINGS): (rows, anonymous) for where, rows, anonymous in found}
    left_out = _by_mapping(con, forgotten) if forgotten else {}
    rows, anonymous = {}, {}
    for part in parts:
        for file, statuses in part.counts.items():
            where = (file, part.one.number)
            good, no_user, _ = statuses.get(None, (0, 0, 0))
            gone, gone_anonymous = dropped.get(where, (0, 0))
            rows[where] = good - gone
            anonymous[where] = no_user - gone_anonymous if "user_id" in target.table.names else 0
    return Landed(rows, anonymous, left_out)


def _by_mapping(con: "duckdb.DuckDBPyConnection", places: str) -> dict[tuple[int, int], int]:
    found = con.execute(f"SELECT place >> {MAPPING_BIT}, count(*) FROM {places} GROUP BY 1").fetchall()
    return {(where // MAPPINGS, where % MAPPINGS): rows for where, rows in found}


def _selected(batch: Batch, table: Table, given: set[str], *, derived: bool) -> str:
    """The known rows with all columns of the table."""
    short = table.short
    written = {**batch.written, **({"event_id": "k.key"} if derived else {})}
    known = {column.name for column in _mappable(table, given)} | {"event_date"}
    columns = [
        f"{written[column.name]} AS {column.name}"
        if column.name in written
        else f'r."{column.name}"'
        if column.name in known
        else f'NULL::{column.type} AS "{column.name}"'
        for column in table.columns
    ]
    keys = f" JOIN {SCHEMA}.keys_{short} k USING (place)" if derived else ""
    return f"SELECT {', '.join(columns)} FROM {SCHEMA}.known_{short} r{keys}"
