"""Reading line by line what the engine does not read line for line: bad lines become faults, no row is lost."""

import csv
import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lyceum.delivery import MARK, Delivered, opened
from lyceum.source_records import FileSet

if TYPE_CHECKING:
    import pyarrow as pa

LONGEST = 16 << 20  # bytes of one line
JOINED = 100  # physical lines that a quoted cell may span
BATCH = 20_000
BATCH_BYTES = 32 << 20


class Row(NamedTuple):
    """One row: its first physical line, how many it spans, its fault or its text and cells."""

    line: int
    lines: int
    fault: str | None
    text: str = ""
    cells: Sequence[str | None] = ()


def physical_lines(path: Path, /) -> Iterator[tuple[int, bytes]]:
    """Number (1 = first) and bytes of every line; of a line over 16 MiB only that much and one byte."""
    with opened(path) as stream:
        number = 0
        while raw := stream.readline(LONGEST + 1):
            number += 1
            piece = raw
            while not piece.endswith(b"\n") and (piece := stream.readline(LONGEST)):
                pass
            yield number, raw.removeprefix(MARK) if number == 1 else raw


def write_rows(
    delivered: Delivered, files: FileSet, /, *, header: Sequence[str], needed: Sequence[int], target: Path
) -> tuple[int, int]:
    """Write the rows of the file as Parquet to `target`; the number of rows and of blank lines.

    Columns: line, lines, fault, and for CSV digest and c<n>, for JSON lines the text t.
    """
    import pyarrow.parquet as pq

    lines = physical_lines(delivered.path)
    above = int(files.format == "csv" and files.header)
    kept = (pair for pair in lines if pair[0] > above)
    blank = _Blank()
    rows = _json_rows(kept, blank) if files.format == "jsonl" else _csv_rows(kept, blank, files, len(header))
    places = [header.index(files.columns[n]) for n in needed]
    order = sorted(range(len(header)), key=lambda n: (header[n], n))
    names = ["t"] if files.format == "jsonl" else ["digest", *(f"c{n}" for n in needed)]
    schema = _schema(names)
    count = 0
    with pq.ParquetWriter(target, schema, compression="lz4") as writer:
        for batch in _batches(rows):
            count += len(batch)
            made = [_record(row, files.format, places=places, order=order) for row in batch]
            writer.write_batch(_arrow(made, schema))
    return count, blank.count


class _Blank:
    """Counts the blank lines while the rows are drawn."""

    count = 0


def _schema(names: Sequence[str]) -> "pa.Schema":
    import pyarrow as pa

    numbers = [("line", pa.int64()), ("lines", pa.int64())]
    return pa.schema([*numbers, *((name, pa.string()) for name in ("fault", *names))])


def _arrow(records: Sequence[tuple[object, ...]], schema: "pa.Schema") -> "pa.RecordBatch":
    import pyarrow as pa

    columns = zip(*records, strict=True)
    return pa.record_batch(
        [pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)], schema=schema
    )


def _record(row: Row, form: str, *, places: Sequence[int], order: Sequence[int]) -> tuple[object, ...]:
    start = (row.line, row.lines, row.fault)
    if form == "jsonl":
        return (*start, row.text)
    if row.fault:
        return (*start, "", *(None for _ in places))
    joined = "\x1f".join("\x1e" if row.cells[n] is None else str(row.cells[n]) for n in order)
    return (*start, hashlib.sha256(joined.encode()).hexdigest(), *(row.cells[n] for n in places))


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += len(row.text) + sum(len(cell or "") for cell in row.cells)
        if len(batch) >= BATCH or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _text(raw: bytes) -> tuple[str | None, str]:
    """Fault and text of a line."""
    if len(raw) > LONGEST:
        return "line_too_long", ""
    if b"\0" in raw:
        return "nul_byte", ""
    try:
        return None, raw.decode()
    except UnicodeDecodeError:
        return "invalid_utf8", ""


def _is_blank(raw: bytes) -> bool:
    return raw in (b"\n", b"\r\n", b"")


def _json_rows(lines: Iterator[tuple[int, bytes]], blank: _Blank) -> Iterator[Row]:
    for number, raw in lines:
        if _is_blank(raw):
            blank.count += 1
            continue
        fault, text = _text(raw)
        yield Row(number, 1, fault, text.removesuffix("\n").removesuffix("\r"))


def _csv_rows(lines: Iterator[tuple[int, bytes]], blank: _Blank, files: FileSet, width: int) -> Iterator[Row]:
    csv.field_size_limit(LONGEST)
    waiting: deque[tuple[int, bytes]] = deque()
    while pair := waiting.popleft() if waiting else next(lines, None):
        number, raw = pair
        if _is_blank(raw):
            blank.count += 1
            continue
        fault, text = _text(raw)
        cells = None if fault else _cells(text, files.delimiter)
        if fault or cells is not None:
            yield _checked(number, 1, fault, cells or [], width)
            continue
        span, cells = _spanning(text, lines, waiting, files.delimiter, width)
        if span:
            yield Row(number, span, None, "", cells or [])
        else:
            yield Row(number, 1, "unclosed_quote" if text.count('"') % 2 else "bad_csv")


def _checked(number: int, span: int, fault: str | None, cells: list[str | None], width: int) -> Row:
    if fault is None and len(cells) != width:
        fault = "ragged"
    return Row(number, span, fault, "", cells)


def _cells(text: str, delimiter: str) -> list[str | None] | None:
    """The cells of one row, '' as None; None if it is no whole row."""
    body = text.removesuffix("\n").removesuffix("\r")
    try:
        rows = list(csv.reader([body], delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return [cell or None for cell in rows[0]] if len(rows) == 1 else None


def _spanning(
    text: str,
    lines: Iterator[tuple[int, bytes]],
    waiting: deque[tuple[int, bytes]],
    delimiter: str,
    width: int,
) -> tuple[int, list[str | None] | None]:
    """How many lines a row with an open quote spans, and its cells; 0 if no following line closes it well.

    Lines that were looked at in vain go back to `waiting`, so that one stray quote costs one row.
    """
    if text.count('"') % 2 == 0:
        return 0, None
    for ahead in range(JOINED):
        if ahead >= len(waiting):
            drawn = next(lines, None)
            if drawn is None:
                break
            waiting.append(drawn)
        fault, more = _text(waiting[ahead][1])
        if fault or len(text) + len(more) > LONGEST:
            break
        text += more
        cells = _cells(text, delimiter)
        if cells is not None:
            if len(cells) != width:
                break
            for _ in range(ahead + 1):
                waiting.popleft()
            return ahead + 2, cells
    return 0, None
