"""The raw columns of a delivered file in its own order, checked by name."""

import csv
import io
from typing import TYPE_CHECKING

from lyceum.delivery import MARK, Delivered, opened
from lyceum.errors import InputError
from lyceum.mapping import near
from lyceum.raw_select import COMPRESSIONS
from lyceum.source_records import FileSet

if TYPE_CHECKING:
    import pyarrow as pa


def header(delivered: Delivered, files: FileSet, /) -> list[str]:
    """The raw columns in the file's own order. JSON lines have no order: the declared one.

    Raises:
        InputError: a column is missing or there twice, or the file does not begin as one of its format does.
    """
    if files.format == "jsonl" or (files.format == "csv" and not files.header):
        return list(files.columns)
    found = _parquet_schema(delivered).names if files.format == "parquet" else _csv_names(delivered, files.delimiter)
    missing = [name for name in files.columns if name not in found]
    if missing:
        raise InputError(
            f"{delivered.name} has no column {missing[0]}; it has {len(found)} columns.",
            remedy=f"{near(missing[0], found)} Mend [files.{files.name}] of the source or the delivery.".strip(),
        )
    doubled = [name for name in files.columns if found.count(name) > 1]
    if doubled:
        raise InputError(
            f"{delivered.name} has {found.count(doubled[0])} columns called {doubled[0]}.",
            remedy="Which one is meant cannot be told: rename one in the delivery.",
        )
    return list(found)


def header_line(delivered: Delivered, files: FileSet, /) -> str | None:
    """The header of a CSV file as one line; None where the rows can be read without. Raises what `header` raises."""
    if files.format != "csv" or not files.header:
        return None
    written = io.StringIO()
    csv.writer(written, delimiter=files.delimiter, lineterminator="").writerow(header(delivered, files))
    return written.getvalue()


def _csv_names(delivered: Delivered, delimiter: str) -> list[str]:
    with opened(delivered.path) as stream:
        line = stream.readline(1 << 20).removeprefix(MARK)
    try:
        return next(csv.reader([line.decode().rstrip("\r\n")], delimiter=delimiter, strict=True), [])
    except (UnicodeDecodeError, csv.Error):
        raise InputError(
            f"{delivered.name} does not begin with a header line.", remedy="Deliver it as UTF-8 CSV with a header."
        ) from None


def _parquet_schema(delivered: Delivered) -> "pa.Schema":
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_schema(delivered.path)
    except (pa.ArrowException, OSError):
        raise InputError(
            f"{delivered.name} is no readable Parquet file.", remedy="Deliver it again, whole."
        ) from None


def layout(delivered: Delivered, files: FileSet, /) -> tuple[str, ...]:
    """What files must have in common to be read by one statement; raises what `header` raises."""
    compression = delivered.path.suffix if delivered.path.suffix in COMPRESSIONS else ""
    if files.format != "parquet":
        return (compression, *header(delivered, files))
    header(delivered, files)
    return tuple(f"{field.name} {field.type}" for field in _parquet_schema(delivered))
