"""Delivered files as rows of text, every physical line accounted for.

A first pass in Python digests the file, checks its compression, and counts its lines; then the engine reads it
without any guessing. Only if the engine's rows are exactly the counted lines is its reading believed; else the file
is read line by line (`lyceum.slow_reading`). (Measured: the engine's own detection lost 100 of 102 rows.)
"""

import csv
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lyceum.delivery import MARK, Delivered, opened
from lyceum.engine import quoted
from lyceum.errors import InputError
from lyceum.mapping import near
from lyceum.source_records import FileSet
from lyceum.unfolding import stored_columns, unfolded

if TYPE_CHECKING:
    import duckdb

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
    path = _plain_name(delivered.path, folder)
    header = _header(delivered, files)
    stored = stored_columns(files, needed)
    staged = _fast(con, delivered, files, path=path, header=header, needed=stored, target=target)
    if staged is None:
        staged = _slow(delivered, files, header=header, needed=stored, target=target)
    target.chmod(0o600)
    if files.each:
        staged = unfolded(con, staged, files, target=folder / "each.parquet", needed=needed)
    delivered.check_unchanged()
    return staged


def _plain_name(path: Path, folder: Path) -> Path:
    """The engine takes *?[ in a name for a pattern: such a file is copied under a plain name."""
    if not any(mark in str(path) for mark in "*?["):
        return path
    copy = folder / ("delivered" + "".join(path.suffixes[-2:]))
    shutil.copyfile(path, copy)
    copy.chmod(0o600)
    return copy


def _header(delivered: Delivered, files: FileSet) -> list[str]:
    """The raw columns in the file's own order, checked by name. JSON lines have no order: the declared one."""
    if files.format == "jsonl" or (files.format == "csv" and not files.header):
        return list(files.columns)
    header = _parquet_names(delivered) if files.format == "parquet" else _csv_names(delivered, files.delimiter)
    missing = [name for name in files.columns if name not in header]
    if missing:
        raise InputError(
            f"{delivered.name} has no column {missing[0]}; it has {len(header)} columns.",
            remedy=f"{near(missing[0], header)} Mend [files.{files.name}] of the source or the delivery.".strip(),
        )
    doubled = [name for name in files.columns if header.count(name) > 1]
    if doubled:
        raise InputError(
            f"{delivered.name} has {header.count(doubled[0])} columns called {doubled[0]}.",
            remedy="Which one is meant cannot be told: rename one in the delivery.",
        )
    return header


def _csv_names(delivered: Delivered, delimiter: str) -> list[str]:
    with opened(delivered.path) as stream:
        line = stream.readline(1 << 20).removeprefix(MARK)
    try:
        return next(csv.reader([line.decode().rstrip("\r\n")], delimiter=delimiter, strict=True), [])
    except (UnicodeDecodeError, csv.Error):
        raise InputError(
            f"{delivered.name} does not begin with a header line.", remedy="Deliver it as UTF-8 CSV with a header."
        ) from None


def _parquet_names(delivered: Delivered) -> list[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return list(pq.read_schema(delivered.path).names)
    except (pa.ArrowException, OSError):
        raise InputError(
            f"{delivered.name} is no readable Parquet file.", remedy="Deliver it again, whole."
        ) from None


def _fast(
    con: "duckdb.DuckDBPyConnection",
    delivered: Delivered,
    files: FileSet,
    *,
    path: Path,
    header: Sequence[str],
    needed: Sequence[int],
    target: Path,
) -> Staged | None:
    """The engine's reading, or None if its rows are not the file's lines."""
    import duckdb

    if not delivered.plain:
        return None
    select = _SELECTS[files.format](path, files, header, needed)
    try:
        copied = con.execute(f"COPY ({select}) TO {quoted(target)} (FORMAT parquet, COMPRESSION lz4)").fetchall()
    except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
        if files.format == "parquet":
            raise InputError(f"{delivered.name} cannot be read as Parquet.", remedy="Deliver it again.") from error
        return None
    rows, above = int(copied[0][0]), int(files.format == "csv" and files.header)
    if files.format != "parquet" and rows != max(delivered.lines - above, 0):
        return None
    relation = (
        f"SELECT file_row_number + {above + 1} AS line, 1 AS lines, * EXCLUDE (file_row_number) "
        f"FROM read_parquet({quoted(target)}, file_row_number = true)"
    )
    return Staged(relation, rows, blank=0)


def _row_digest(cells: Sequence[str]) -> str:
    joined = ", ".join(f"coalesce({cell}, chr(30))" for cell in cells)
    return f"sha256(concat_ws(chr(31), {joined}))"


def _compression(path: Path) -> str:
    return {".gz": "gzip", ".zst": "zstd"}.get(path.suffix, "none")


def _csv_select(path: Path, files: FileSet, header: Sequence[str], needed: Sequence[int]) -> str:
    columns = ", ".join(f"'h{n}': 'VARCHAR'" for n in range(len(header)))
    by_name = [f"h{n}" for n in sorted(range(len(header)), key=lambda n: (header[n], n))]
    wanted = "".join(f", h{header.index(files.columns[n])} AS c{n}" for n in needed)
    return (
        f"SELECT NULL::VARCHAR AS fault, {_row_digest(by_name)} AS digest{wanted} FROM read_csv({quoted(path)}, "
        f"columns = {{{columns}}}, header = {str(files.header).lower()}, delim = {quoted(files.delimiter)}, "
        f"quote = '\"', escape = '\"', compression = '{_compression(path)}', auto_detect = false, "
        "strict_mode = true, null_padding = false, ignore_errors = false)"
    )


def _jsonl_select(path: Path, files: FileSet, header: Sequence[str], needed: Sequence[int]) -> str:
    lines = (
        f"SELECT t FROM read_csv({quoted(path)}, columns = {{'t': 'VARCHAR'}}, header = false, delim = '\x1f', "
        f"quote = '', escape = '', compression = '{_compression(path)}', auto_detect = false, strict_mode = true)"
    )
    return parsed_json(lines, files, needed)


def parsed_json(lines: str, files: FileSet, needed: Sequence[int], /, *, carried: str = "", fault: str = "") -> str:
    """A SELECT of fault, digest and c<n> from a SELECT of JSON lines `t`; `carried` columns pass through."""
    paths = ", ".join(quoted("$" + "".join(f'."{key}"' for key in files.paths[n])) for n in needed)
    wanted = "".join(f", j[{at}] AS c{n}" for at, n in enumerate(needed, 1))
    found = "CASE WHEN j IS NULL OR NOT starts_with(ltrim(t), '{') THEN 'bad_json' END"
    return (
        f"SELECT {carried}{f'coalesce({fault}, {found})' if fault else found} AS fault, sha256(t) AS digest{wanted} "
        f"FROM (SELECT *, TRY(json_extract_string(t, [{paths or quoted('$.x')}])) AS j FROM ({lines}))"
    )


def _parquet_select(path: Path, files: FileSet, header: Sequence[str], needed: Sequence[int]) -> str:
    cells = [f'CAST("{name}" AS VARCHAR)' for name in sorted(header)]
    wanted = "".join(f", {_parquet_cell(files.columns[n])} AS c{n}" for n in needed)
    return (
        f"SELECT NULL::VARCHAR AS fault, {_row_digest(cells)} AS digest{wanted} "
        f"FROM read_parquet({quoted(path)}, hive_partitioning = false)"
    )


def _parquet_cell(name: str) -> str:
    column = '"' + name.replace('"', '""') + '"'
    nested = f"regexp_matches(typeof({column}), '\\[|^(STRUCT|MAP)')"
    return f"CASE WHEN {nested} THEN CAST(to_json({column}) AS VARCHAR) ELSE CAST({column} AS VARCHAR) END"


_SELECTS = {"csv": _csv_select, "jsonl": _jsonl_select, "parquet": _parquet_select}


def _slow(
    delivered: Delivered, files: FileSet, *, header: Sequence[str], needed: Sequence[int], target: Path
) -> Staged:
    from lyceum.slow_reading import write_rows

    rows, blank = write_rows(delivered, files, header=header, needed=needed, target=target)
    relation = f"SELECT * FROM read_parquet({quoted(target)})"
    if files.format == "jsonl":
        relation = parsed_json(relation, files, needed, carried="line, lines, ", fault="fault")
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

    found, number = {}, 0
    for batch in pq.ParquetFile(path).iter_batches():
        for place in [line - number - 1 for line in lines if number < line <= number + batch.num_rows]:
            row = batch.slice(place, 1).to_pylist()[0]
            found[number + place + 1] = json.dumps(row, default=str, ensure_ascii=False)[:RAW_LONGEST]
        number += batch.num_rows
    return found
