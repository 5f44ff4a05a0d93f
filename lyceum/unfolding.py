"""A list inside a JSON line as rows of its own: the lines of an order, the events of an envelope."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lyceum.engine import quoted
from lyceum.source_records import FileSet

if TYPE_CHECKING:
    import duckdb

    from lyceum.reading import Staged


def stored_columns(files: FileSet, needed: Sequence[int], /) -> list[int]:
    """The positions to read out of a file: of what is `needed` the raw columns, and the list to unfold."""
    columns = [n for n in needed if n < len(files.columns)]
    return [*columns, len(files.columns)] if files.each else columns


def unfolded(
    con: "duckdb.DuckDBPyConnection", staged: "Staged", files: FileSet, /, *, target: Path, needed: Sequence[int]
) -> "Staged":
    """Every element of the list as a row, written to `target`; a line without elements stays one row.

    An element is text if it is a text, else JSON; null and a line without elements give NULL. A line that comes
    again gives rows of the same digests, equal elements of one line are different rows.
    """
    element, number = len(files.columns), len(files.columns) + 1
    others = "".join(f", c{n}" for n in needed if n < element)
    found = f"SELECT *, coalesce(TRY(json_extract(c{element}, '$[*]')), []) AS found FROM ({staged.relation})"
    rows = (
        "SELECT *, len(found) > 0 AS listed, unnest(CASE WHEN len(found) > 0 THEN found ELSE [NULL] END) AS one, "
        f"unnest(range(1, greatest(len(found), 1) + 1)) AS nth FROM ({found})"
    )
    select = (
        f"SELECT line, lines, fault, CASE WHEN listed THEN sha256(concat(digest, chr(31), nth)) ELSE digest END AS "
        f"digest{others}, json_extract_string(one, '$') AS c{element}, "
        f"CASE WHEN listed THEN CAST(nth AS VARCHAR) END AS c{number} FROM ({rows})"
    )
    target.unlink(missing_ok=True)
    copied = con.execute(f"COPY ({select}) TO {quoted(target)} (FORMAT parquet, COMPRESSION lz4)").fetchall()
    target.chmod(0o600)
    relation = (
        f"SELECT file_row_number + 1 AS ordinal, * EXCLUDE (file_row_number) "
        f"FROM read_parquet({quoted(target)}, file_row_number = true)"
    )
    return replace(staged, relation=relation, rows=int(copied[0][0]), number="ordinal")
