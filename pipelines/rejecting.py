"""Rows that could not be used: how many are too many, and what is kept of them."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from lyceum.delivery import Delivered
from lyceum.engine import quoted
from lyceum.errors import InputError
from lyceum.reading import originals
from lyceum.source_records import FileSet
from pipelines.mapping_stage import Mapped, sentence

if TYPE_CHECKING:
    import duckdb


def check_limit(parts: Sequence[Mapped], /, *, limit: float) -> None:
    """Refuse the whole batch if more than the share `limit` of its rows was rejected.

    Raises:
        InputError: too many; says how many of each kind, never what they held.
    """
    rows = sum(sum(part.counts.values()) for part in parts)
    rejected = sum(sum(part.rejected.values()) for part in parts)
    if rejected <= limit * rows:
        return
    counts: dict[tuple[str, str], int] = {}
    for part in parts:
        for code, number in part.rejected.items():
            counts[part.mapping.label, code] = counts.get((part.mapping.label, code), 0) + number
    shown = "; ".join(f"{mapping} {code}: {n:,}" for (mapping, code), n in sorted(counts.items()))
    first = next(part for part in parts if part.rejected)
    raise InputError(
        f"{rejected:,} of {rows:,} rows cannot be used, more than {limit:.1%}; nothing was taken ({shown}).",
        remedy=f"Look at {first.delivered.name} first; mend the mapping or the delivery, or raise reject_limit.",
    )


def rejects(
    con: "duckdb.DuckDBPyConnection", delivered: Delivered, files: FileSet, parts: Sequence[Mapped], /
) -> Iterator[dict[str, Any]]:
    """The rejected rows of one file, by mapping and line, as they were delivered."""
    found = [(part, _lines(con, part)) for part in parts if part.rejected]
    raw = originals(delivered, files, lines={line: lines for _, rows in found for line, lines, _ in rows})
    for part, rows in found:
        for line, _, code in rows:
            yield {
                **{"file": delivered.name, "line": line, "mapping": part.identity, "code": code},
                **{"sentence": sentence(code), "raw": raw.get(line)},
            }


def _lines(con: "duckdb.DuckDBPyConnection", part: Mapped) -> list[tuple[int, int, str]]:
    return con.execute(
        f"SELECT line, lines, status FROM read_parquet({quoted(part.path)}) "
        "WHERE status IS NOT NULL AND status <> 'skipped' ORDER BY line"
    ).fetchall()
