"""The rows in lake/rejects: which of them can be read again, as files; and which of them go.

A row goes when it was read again: by a replay, or because its whole file was, under the mapping as it is now.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lyceum.delivery import Delivered, inspect
from lyceum.engine import connect, quoted, values
from lyceum.errors import InputError
from lyceum.headers import header
from lyceum.lake import Lake
from lyceum.reading import RAW_LONGEST, SENTENCES, lines_above
from lyceum.source_records import FileSet, Source, TableMapping
from lyceum.tables.canonical import DELIVERIES, REJECTS
from pipelines.leftovers import PREFIX

if TYPE_CHECKING:
    import duckdb

REPLAY = f"{PREFIX}replay-"  # of the batches of replays
LABEL = "split_part(mapping, '#', 1)"
NO_ROW = tuple(code for code in SENTENCES if code != "ragged")  # such a line is no row, whatever the mapping
CANNOT = {
    "cut": f"cut at {RAW_LONGEST:,} characters",
    "no_row": "no row in any mapping, or not UTF-8",
    "nested": "rows of Parquet with lists or structs",
    "no_header": "kept without the header of their file",
    "other_header": "from files whose header lacks a column that the source now names",
    "no_mapping": "of a mapping that the source no longer has",
}
DRAWN = 1_000


@dataclass(frozen=True)
class Kept:
    """The rows that one mapping rejected of one delivered file, written to a file of their own."""

    number: int
    delivered: Delivered
    files: FileSet
    mapping: TableMapping
    identity: str


def drop_superseded(lake: Lake, source: Source, /) -> int:
    """Drop rejects of files that were later read again, whole, by the mapping as it is now; their number.

    That reading has rejected, under its own batch, whatever still is no good.
    """
    if not lake.exists(REJECTS):
        return 0
    present = [(mapping.label, source.identity(mapping)) for mapping in source.mappings]
    labelled = f"SELECT *, {LABEL} AS label FROM"
    with connect() as con:
        con.execute(f"CREATE TEMP VIEW kept AS {labelled} ({lake.source(REJECTS)})")
        con.execute(f"CREATE TEMP VIEW accounts AS {labelled} ({lake.source(DELIVERIES)})")
        gone = (
            f"EXISTS (FROM accounts a JOIN accounts b USING (file_digest) JOIN ({values(_PRESENT, present)}) p "
            "ON p.label = a.label AND p.identity = b.mapping "
            "WHERE b.batch_id <> a.batch_id AND b.ingested_at >= a.ingested_at "
            "AND a.batch_id = kept.batch_id AND a.file = kept.file AND a.label = kept.label)"
        )
        found = int(con.execute(f"SELECT count(*) FROM kept WHERE {gone}").fetchall()[0][0])
        if found:
            rewrite(con, lake, f"SELECT * FROM kept WHERE NOT {gone}")
    return found


_PRESENT = ("label", "identity")


def rewrite(con: "duckdb.DuckDBPyConnection", lake: Lake, select: str, /) -> None:
    """Put the rows of `select` in place of all rejects, and remove the bytes of those that went."""
    columns = ", ".join(f'"{name}"' for name in REJECTS.names)
    order = ", ".join(REJECTS.key)
    reader = con.sql(f"SELECT {columns} FROM ({select}) ORDER BY {order}").to_arrow_reader(DRAWN)
    lake.replace(REJECTS, reader.cast(REJECTS.arrow()))
    lake.vacuum(REJECTS, hours=0)


def waiting(con: "duckdb.DuckDBPyConnection", lake: Lake, source: Source, /) -> None:
    """Make the table waiting: the rejects with their label, and in `cannot` why one cannot be read again."""
    forms = [(m.label, source.files[m.file].format, int(source.files[m.file].header)) for m in source.mappings]
    no_row = ", ".join(map(quoted, NO_ROW))
    con.execute(
        f"CREATE TEMP TABLE waiting AS SELECT *, CASE WHEN form IS NULL THEN 'no_mapping' "
        f"WHEN code IN ({no_row}) OR raw IS NULL THEN 'no_row' WHEN length(raw) >= {RAW_LONGEST} THEN 'cut' "
        "WHEN form = 'csv' AND headed = 1 AND header IS NULL THEN 'no_header' "
        f"WHEN form = 'parquet' AND regexp_matches(raw, '{_NESTED}') THEN 'nested' END AS cannot "
        f"FROM (SELECT *, {LABEL} AS label FROM ({lake.source(REJECTS)})) "
        f"LEFT JOIN ({values(('label', 'form', 'headed'), forms)}) USING (label)"
    )
    con.execute(
        "CREATE TEMP TABLE placed (unit INTEGER, name VARCHAR, identity VARCHAR, now_line BIGINT, line BIGINT)"
    )
    con.execute("CREATE TEMP TABLE units (unit INTEGER, batch_id VARCHAR, file VARCHAR, label VARCHAR)")


_NESTED = '":\\s*[\\[{]'


def written(con: "duckdb.DuckDBPyConnection", source: Source, folder: Path, /) -> Iterator[Kept]:
    """The rows that can be read again as files below `folder`, by file set, file and batch, as at first.

    Fills the tables units and placed (which line of which file each row now is).
    """
    by_label = {mapping.label: mapping for mapping in source.mappings}
    order = {name: place for place, name in enumerate(source.files)}
    found = con.execute("SELECT DISTINCT label, file, batch_id FROM waiting WHERE cannot IS NULL").fetchall()
    for unit, (label, file, batch) in enumerate(
        sorted(found, key=lambda one: (order[by_label[one[0]].file], one[1], one[2], one[0]))
    ):
        mapping = by_label[label]
        kept = _written(con, source, mapping, unit, file, batch, folder)
        if kept is not None:
            yield kept


def _written(
    con: "duckdb.DuckDBPyConnection",
    source: Source,
    mapping: TableMapping,
    unit: int,
    file: str,
    batch: str,
    folder: Path,
) -> Kept | None:
    files, name, identity = source.files[mapping.file], f"rejects of {file} ({batch})", source.identity(mapping)
    path = folder / f"{unit}.{files.format}"
    own = (
        f"file = {quoted(file)} AND batch_id = {quoted(batch)} AND label = {quoted(mapping.label)} AND cannot IS NULL"
    )
    rows = f"SELECT line, any_value(raw) AS raw, any_value(header) AS header FROM waiting WHERE {own} GROUP BY line"
    places = list(_WRITERS[files.format](con, f"{rows} ORDER BY line", files, path))
    delivered = inspect(name, path, files)
    try:
        header(delivered, files)
    except InputError:
        con.execute(f"UPDATE waiting SET cannot = 'other_header' WHERE {own}")
        return None
    con.execute("INSERT INTO units VALUES (?, ?, ?, ?)", [unit, batch, file, mapping.label])
    con.execute(
        "INSERT INTO placed SELECT ?, ?, ?, unnest(?), unnest(?)",
        [unit, name, identity, [at for at, _ in places], [line for _, line in places]],
    )
    # Not the digest of the bytes alone: a file that holds the same rows is not thereby known.
    digest = hashlib.sha256(f"{name}\n{mapping.label}\n{delivered.digest}".encode()).hexdigest()
    return Kept(unit, replace(delivered, digest=digest), files, mapping, identity)


def _write_text(con: "duckdb.DuckDBPyConnection", rows: str, files: FileSet, path: Path) -> Iterator[tuple[int, int]]:
    """Header and rows as they were delivered; the line that each one now begins at, and the one it began at."""
    at = 1
    found = con.execute(rows)
    with path.open("w", encoding="utf-8", newline="") as handle:
        path.chmod(0o600)
        while drawn := found.fetchmany(DRAWN):
            for line, raw, head in drawn:
                if at == 1 and lines_above(files):
                    handle.write(f"{head}\n")
                    at += 1
                yield at, line
                handle.write(f"{raw}\n")
                at += raw.count("\n") + 1


def _write_parquet(
    con: "duckdb.DuckDBPyConnection", rows: str, files: FileSet, path: Path
) -> Iterator[tuple[int, int]]:
    """Every column as the text that it was read as."""
    found = con.execute(f"SELECT DISTINCT unnest(json_keys(raw)) FROM ({rows}) ORDER BY 1").fetchall()
    cells = [f'json_extract_string(raw, {quoted(_pointer(name))}) AS "{_doubled(name)}"' for (name,) in found]
    con.execute(f"COPY (SELECT {', '.join(cells)} FROM ({rows})) TO {quoted(path)} (FORMAT parquet)")
    path.chmod(0o600)
    for number, (line,) in enumerate(con.execute(f"SELECT line FROM ({rows})").fetchall(), 1):
        yield number, line


def _pointer(key: str) -> str:
    """The JSON pointer (RFC 6901) of a key of the outermost object."""
    return "/" + key.replace("~", "~0").replace("/", "~1")


def _doubled(name: str) -> str:
    return name.replace('"', '""')


_WRITERS = {"csv": _write_text, "jsonl": _write_text, "parquet": _write_parquet}


def judge(con: "duckdb.DuckDBPyConnection", rejected: str, /) -> set[int]:
    """The units of which any row is judged otherwise than before; `rejected` is a SELECT of what is rejected now.

    Makes the tables still (the rows that stay, with their new reason) and before (the same rows as they were kept).
    """
    own = "units.batch_id = waiting.batch_id AND units.file = waiting.file AND units.label = waiting.label"
    con.execute(
        f"CREATE TEMP TABLE before AS SELECT unit, waiting.* FROM waiting JOIN units ON {own} "
        "JOIN placed USING (unit, line)"
    )
    con.execute(
        "CREATE TEMP TABLE still AS "
        "SELECT b.* REPLACE (r.mapping AS mapping, r.code AS code, r.sentence AS sentence) "
        f"FROM ({rejected}) r JOIN placed p ON r.file = p.name AND r.mapping = p.identity AND r.line = p.now_line "
        "JOIN (FROM before QUALIFY row_number() OVER (PARTITION BY unit, line) = 1) b "
        "ON b.unit = p.unit AND b.line = p.line"
    )
    old, new = (f"SELECT unit, line, mapping, code FROM {name}" for name in ("before", "still"))
    found = con.execute(f"SELECT unit FROM (({old} EXCEPT ALL {new}) UNION ({new} EXCEPT ALL {old}))").fetchall()
    return {int(unit) for (unit,) in found}


def settle(con: "duckdb.DuckDBPyConnection", lake: Lake, changed: set[int], /) -> None:
    """In one commit: rows of the changed units that are good now go, the others get their new reason."""
    units = ", ".join(map(str, sorted(changed)))
    names = ", ".join(f'"{name}"' for name in REJECTS.names)
    own = "u.batch_id = w.batch_id AND u.file = w.file AND u.label = w.label AND p.line = w.line"
    read = f"EXISTS (FROM units u JOIN placed p USING (unit) WHERE {own} AND unit IN ({units}))"
    left = f"SELECT {names} FROM waiting w WHERE NOT {read}"
    rewrite(con, lake, f"{left} UNION ALL SELECT {names} FROM still WHERE unit IN ({units})")


def unreadable(con: "duckdb.DuckDBPyConnection", /) -> Mapping[str, int]:
    """How many rows cannot be read again, by reason in words."""
    found = con.execute("SELECT cannot, count(*) FROM waiting WHERE cannot IS NOT NULL GROUP BY 1 ORDER BY 1")
    return {CANNOT[reason]: int(count) for reason, count in found.fetchall()}
