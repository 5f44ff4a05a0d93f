"""Delivered files as rows of text, every physical line accounted for.

A first pass in Python digests the file, checks its compression, and counts its lines; then the engine reads it
without any guessing. Only if the engine's rows are exactly the counted lines is its reading believed; else the file
is read line by line (`lyceum.slow_reading`). (Measured: the engine's own detection lost 100 of 102 rows.)
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lyceum.delivery import Delivered
from lyceum.engine import connect, quoted
from lyceum.errors import InputError
from lyceum.headers import header
from lyceum.raw_select import COMPRESSIONS, is_nested, parsed_json, select
from lyceum.source_records import FileSet
from lyceum.unfolding import stored_columns, unfolded

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

SENTENCES = {
    "bad_json": "The line is not one JSON object.",
    "bad_csv": "The line is no row of CSV: a stray quote or a lone carriage return.",
    "ragged": "The line has another number of cells than the header.",
    "unclosed_quote": "A quoted cell of the line is never closed.",
    "invalid_utf8": "The line is not UTF-8.",
    "nul_byte": "The line holds a NUL byte.",
    "line_too_long": "The line is longer than 16 MiB.",
}
RAW_LONGEST = 65_536  # characters of a rejected row that are kept


@dataclass(frozen=True)
class Staged:
    """One file as rows: `relation` is a SELECT of line, lines, fault, digest and the needed c<n>, all text.

    `line` is the first physical line of the row, `lines` how many it spans, `fault` a reason code for a line that is
    no row. `rows` counts them all; `blank` lines are not among them. `number` is the column that numbers the rows in
    their order: the line, or another where a line is several rows.
    """

    relation: str
    rows: int
    blank: int
    number: str = "line"


def stage(
    con: "duckdb.DuckDBPyConnection",
    delivered: Delivered,
    files: FileSet,
    /,
    *,
    needed: Sequence[int],
    folder: Path,
) -> Staged:
    """Read the file into Parquet below `folder`; `needed` are positions in `files.names`.

    Raises:
        InputError: a column is missing, the file is damaged, or it changed while it was read.
    """
    target = folder / "raw.parquet"
    target.unlink(missing_ok=True)
    path = plain_name(delivered.path, folder / "delivered")
    names = header(delivered, files)
    stored = stored_columns(files, needed)
    staged = _fast(con, delivered, files, path=path, names=names, needed=stored, target=target)
    if staged is None:
        staged = _slow(delivered, files, names=names, needed=stored, target=target)
    target.chmod(0o600)
    if files.each:
        staged = unfolded(con, staged, files, target=folder / "each.parquet", needed=needed)
    delivered.check_unchanged()
    return staged


def plain_name(path: Path, copy: Path, /) -> Path:
    """The engine takes *?[ in a name for a pattern: such a file is copied to `copy` (+ .gz, .zst)."""
    if not any(mark in str(path) for mark in "*?["):
        return path
    if path.suffix in COMPRESSIONS:
        copy = copy.with_name(copy.name + path.suffix)
    shutil.copyfile(path, copy)
    copy.chmod(0o600)
    return copy


def _fast(
    con: "duckdb.DuckDBPyConnection",
    delivered: Delivered,
    files: FileSet,
    *,
    path: Path,
    names: Sequence[str],
    needed: Sequence[int],
    target: Path,
) -> Staged | None:
    """The engine's reading, or None if its rows are not the file's lines."""
    if not delivered.plain:
        return None
    chosen = select([path], files, header=names, needed=needed)
    cells = "".join(f", c{n}" for n in needed)
    rows = f"SELECT fault, {chosen.digest} AS digest{cells} FROM ({chosen.relation})"
    try:
        copied = con.execute(f"COPY ({rows}) TO {quoted(target)} (FORMAT parquet, COMPRESSION lz4)").fetchall()
    except refusals(path) as error:
        if files.format == "parquet":
            raise InputError(f"{delivered.name} cannot be read as Parquet.", remedy="Deliver it again.") from error
        return None
    if files.format != "parquet" and copied[0][0] != expected_rows(delivered, files):
        return None
    relation = (
        f"SELECT file_row_number + {lines_above(files) + 1} AS line, 1 AS lines, * EXCLUDE (file_row_number) "
        f"FROM read_parquet({quoted(target)}, file_row_number = true)"
    )
    return Staged(relation, int(copied[0][0]), blank=0)


def refusals(path: Path, /) -> "tuple[type[duckdb.Error], ...]":
    """What the engine raises for a file that it cannot read; for a compressed one also as if the disk had failed."""
    import duckdb

    packed = (duckdb.IOException,) if path.suffix in COMPRESSIONS else ()
    return (duckdb.InvalidInputException, duckdb.ConversionException, *packed)


def lines_above(files: FileSet, /) -> int:
    """Lines before the first row of a file: its header."""
    return int(files.format == "csv" and files.header)


def expected_rows(delivered: Delivered, files: FileSet, /) -> int:
    """The rows of a text file if every line under the header is one."""
    return max(delivered.lines - lines_above(files), 0)


def _slow(
    delivered: Delivered, files: FileSet, *, names: Sequence[str], needed: Sequence[int], target: Path
) -> Staged:
    from lyceum.slow_reading import write_rows

    rows, blank = write_rows(delivered, files, header=names, needed=needed, target=target)
    relation = f"SELECT * FROM read_parquet({quoted(target)})"
    if files.format == "jsonl":
        carried = "line, lines, sha256(t) AS digest"
        relation = parsed_json(relation, files, needed, carried=carried, fault="fault")
    return Staged(relation, rows, blank)


def originals(delivered: Delivered, files: FileSet, /, *, lines: Mapping[int, int]) -> dict[int, str]:
    """The rows that begin at `lines` (first line -> how many it spans) as they were delivered, as text.

    Bytes that are no UTF-8 are written as \\xNN; a row is cut at 65,536 characters. Rows of Parquet become JSON.
    """
    if not lines:
        return {}
    if files.format == "parquet":
        return _parquet_originals(delivered.path, lines)
    from lyceum.slow_reading import physical_lines

    wanted = {line + offset: line for line, count in lines.items() for offset in range(count)}
    pieces: dict[int, str] = {}
    for number, raw in physical_lines(delivered.path):
        if number in wanted:
            text = raw[:RAW_LONGEST].decode(errors="backslashreplace").replace("\0", "\\x00")
            pieces[wanted[number]] = (pieces.get(wanted[number], "") + text)[:RAW_LONGEST]
    return {line: text.rstrip("\r\n") for line, text in pieces.items()}


def _parquet_originals(path: Path, lines: Mapping[int, int]) -> dict[int, str]:
    import pyarrow.parquet as pq

    found: dict[int, str] = {}
    number = 0
    for batch in pq.ParquetFile(path).iter_batches():
        places = [line - number - 1 for line in sorted(lines) if number < line <= number + batch.num_rows]
        texts = _parquet_texts(batch, places) if places else []
        found.update((number + place + 1, text[:RAW_LONGEST]) for place, text in zip(places, texts, strict=True))
        number += batch.num_rows
    return found


def _parquet_texts(batch: "pa.RecordBatch", places: Sequence[int]) -> list[str]:
    """Rows as JSON objects: of each cell the text that mappings see, lists and structs as they are."""
    import pyarrow as pa

    rows = pa.Table.from_batches([batch.slice(place, 1) for place in places])
    names = rows.schema.names
    shown = [
        f"CASE WHEN {is_nested(n)} THEN to_json(h{n}) ELSE to_json(CAST(h{n} AS VARCHAR)) END"
        for n in range(len(names))
    ]
    cells = ", ".join(f"{quoted(name)}, {cell}" for name, cell in zip(names, shown, strict=True))
    with connect() as con:
        con.register("chosen", rows.rename_columns([f"h{n}" for n in range(len(names))]))
        return [
            text for (text,) in con.execute(f"SELECT CAST(json_object({cells}) AS VARCHAR) FROM chosen").fetchall()
        ]
