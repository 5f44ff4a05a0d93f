"""Rows that could not be used: how many are too many, and what is kept of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from lyceum.adopting import DataFile
from lyceum.engine import connect, quoted, values
from lyceum.errors import InputError
from lyceum.headers import header_line
from lyceum.lake import Lake
from lyceum.raw_select import lines
from lyceum.reading import RAW_LONGEST, lines_above, originals, plain_name, refusals
from lyceum.tables.canonical import REJECTS
from pipelines.data_files import write_files
from pipelines.forgotten import texts_naming_nobody
from pipelines.groups import Group, Mapped, in_order
from pipelines.landing import Batch
from pipelines.mapping_stage import SKIPPED, sentence

if TYPE_CHECKING:
    import duckdb

KEPT = timedelta(days=30)
REJECTED = f"status <> '{SKIPPED}'"


@dataclass
class Tally:
    """What was rejected so far: rows by mapping and reason code, of how many, and where first."""

    rows: int = 0
    codes: Counter[tuple[str, str]] = field(default_factory=Counter)
    first: str = ""

    def add(self, group: Group, part: Mapped, /) -> None:
        """Count the rows of one mapping of a group."""
        for file, statuses in part.counts.items():
            self.rows += sum(count for count, *_ in statuses.values())
            for code, (count, *_) in statuses.items():
                if code is not None and code != SKIPPED:
                    self.codes[part.one.mapping.label, code] += count
                    self.first = self.first or group.works[file].delivered.name


def expire(lake: Lake, /, *, now: datetime) -> None:
    """Delete rejects older than 30 days, rows and bytes: they hold lines as the platform delivered them."""
    limit = quoted((now - KEPT).isoformat())
    with connect() as con:
        old = con.execute(f"SELECT 1 FROM ({lake.source(REJECTS)}) WHERE ingested_at < {limit} LIMIT 1").fetchall()
    if old:
        lake.delete(REJECTS, f"ingested_at < arrow_cast({limit}, 'Timestamp(Microsecond, Some(\"UTC\"))')")
        lake.vacuum(REJECTS, hours=0)


def check_limit(tally: Tally, /, *, limit: float) -> None:
    """Refuse the whole batch if more than the share `limit` of its rows was rejected.

    Raises:
        InputError: too many; says how many of each kind, never what they held.
    """
    rejected = tally.codes.total()
    if rejected <= limit * tally.rows:
        return
    shown = "; ".join(f"{mapping} {code}: {n:,}" for (mapping, code), n in sorted(tally.codes.items()))
    raise InputError(
        f"{rejected:,} of {tally.rows:,} rows cannot be used, more than {limit:.1%}; nothing was taken ({shown}).",
        remedy=f"Look at {tally.first} first; mend the mapping or the delivery, or raise reject_limit.",
    )


def write_rejects(
    con: "duckdb.DuckDBPyConnection", batch: Batch, group: Group, part: Mapped, /, *, folder: Path
) -> list[DataFile]:
    """Write the rejected rows of one mapping of a group, as delivered, below `folder`, which must be new."""
    codes = sorted({code for found in part.counts.values() for code in found if code and code != SKIPPED})
    if not codes:
        return []
    files = [
        (
            *(file, work.delivered.name, group.first_row(file) - 1 - lines_above(work.files)),
            header_line(work.delivered, work.files),
        )
        for file, work in enumerate(group.works)
        if any(code in codes for code in part.counts.get(file, ()))
    ]
    named = values(("file", "name", "above", "header"), files)
    line = "line, lines" if part.spans else f"{part.number} - above AS line, 1 AS lines"
    joined = f"{part.name} JOIN ({named}) USING (file)"
    found = f"SELECT file, name, header, {line}, status, raw FROM {joined} WHERE {REJECTED}"
    rows = _with_originals(con, group, part, found, folder=folder)
    columns = {
        **{"file": "name", "line": "line", "mapping": quoted(part.one.identity), "code": "code"},
        **{"sentence": "sentence", "raw": f"rtrim(left(raw, {RAW_LONGEST}), chr(13) || chr(10))", "header": "header"},
        **batch.written,
    }
    listed = ", ".join(f"{columns[column.name]}::{column.type} AS {column.name}" for column in REJECTS.columns)
    sentences = values(("code", "sentence"), [(code, sentence(code)) for code in codes])
    select = f"SELECT {listed} FROM ({rows}) JOIN ({sentences}) ON status = code ORDER BY file, line"
    select = texts_naming_nobody(con, batch, select)
    return write_files(con, REJECTS, select, rows=f"{part.name} WHERE {REJECTED}", folder=folder, threads=1)


def _with_originals(con: "duckdb.DuckDBPyConnection", group: Group, part: Mapped, found: str, *, folder: Path) -> str:
    """`found` with raw filled in where mapping had no line at hand."""
    form = group.works[0].files.format
    if not part.spans and form == "jsonl":
        return found
    if not part.spans and form == "csv" and _lines_read(con, group, folder):
        starts = values(("file", "start"), _starts([work.delivered.lines for work in group.works]))
        joined = f"JOIN ({starts}) USING (file) JOIN raw_lines ON raw_lines.rowid = start + line - 1"
        return f"SELECT * REPLACE (t AS raw) FROM ({found}) {joined}"
    import pyarrow as pa

    con.execute(f"CREATE OR REPLACE TEMP TABLE rejected_rows AS {found}")
    texts: list[tuple[int, int, str]] = []
    for file, work in enumerate(group.works):
        asked = con.execute(f"SELECT line, any_value(lines) FROM rejected_rows WHERE file = {file} GROUP BY line")
        raw = originals(work.delivered, work.files, lines=dict(asked.fetchall()))
        texts += [(file, line, text) for line, text in raw.items()]
    schema = pa.schema([("file", pa.int64()), ("line", pa.int64()), ("t", pa.string())])
    con.register(
        "texts", pa.Table.from_pylist([dict(zip(schema.names, text, strict=True)) for text in texts], schema)
    )
    return "SELECT * REPLACE (t AS raw) FROM rejected_rows LEFT JOIN texts USING (file, line)"


def _lines_read(con: "duckdb.DuckDBPyConnection", group: Group, folder: Path) -> bool:
    """Whether the engine could read the physical lines of the group's files: as raw_lines, in order."""
    paths = [plain_name(work.delivered.path, folder.with_name(f"lines-{work.number}")) for work in group.works]
    try:
        con.execute(f"CREATE OR REPLACE TEMP TABLE raw_lines AS {lines(paths)}")
    except refusals(paths[0]):
        return False
    counts = in_order(con, "raw_lines") or {}
    return [counts.get(file, 0) for file in range(len(paths))] == [work.delivered.lines for work in group.works]


def _starts(counts: Sequence[int]) -> list[tuple[int, int]]:
    """Every place with the sum of what stands before it."""
    return list(enumerate(accumulate(counts[:-1], initial=0)))
