"""Rows that could not be used: how many are too many, and what is kept of them."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lyceum.delivery import Delivered
from lyceum.engine import connect, quoted
from lyceum.errors import InputError
from lyceum.lake import Lake
from lyceum.reading import originals
from lyceum.source_records import FileSet
from lyceum.tables.canonical import REJECTS
from pipelines.mapping_stage import Mapped, sentence

if TYPE_CHECKING:
    import duckdb

KEPT = timedelta(days=30)


def expire(lake: Lake, /, *, now: datetime) -> None:
    """Delete rejects older than 30 days, rows and bytes: they hold lines as the platform delivered them."""
    limit = quoted((now - KEPT).isoformat())
    with connect() as con:
        old = con.execute(f"SELECT 1 FROM ({lake.source(REJECTS)}) WHERE ingested_at < {limit} LIMIT 1").fetchall()
    if old:
        lake.delete(REJECTS, f"ingested_at < arrow_cast({limit}, 'Timestamp(Microsecond, Some(\"UTC\"))')")
        lake.vacuum(REJECTS, hours=0)


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
