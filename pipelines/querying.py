"""Asking a release: read-only, without access to anything but its database."""

import json
from collections.abc import Iterator
from pathlib import Path
from shutil import get_terminal_size
from types import SimpleNamespace
from typing import TYPE_CHECKING

from lyceum import releases, warehouse
from lyceum.errors import UsageError
from lyceum.home import Home
from lyceum.releases import Release

if TYPE_CHECKING:
    import pyarrow as pa

FORMATS = ("table", "csv", "json", "parquet")
SHOWN_ROWS = 100
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def ask(home: Home, sql: str, /, *, as_of: str | None, format: str, to: Path | None) -> str:
    """The answer to `sql` from the current release (or another week's) as text, or a sentence where it was written.

    Raises:
        UsageError: no such format or week, the query is wrong, or Parquet without a file to write to.
    """
    if format not in FORMATS:
        raise UsageError(f"There is no format {format}.", remedy=f"Choose one of {', '.join(FORMATS)}.")
    if format == "parquet" and to is None:
        raise UsageError("Parquet is no text for a screen.", remedy="Name a file with --to.")
    rows = _answer(warehouse.release_of(home, as_of=as_of), sql)
    if format == "parquet" and to is not None:
        import pyarrow.parquet as pq

        pq.write_table(rows, to)
        return f"{rows.num_rows} rows written to {to}."
    text = {"csv": as_csv, "json": _as_json, "table": _as_table}[format](rows)
    if to is None:
        return text
    to.write_text(text + "\n", encoding="utf-8")
    return f"{rows.num_rows} rows written to {to}."


def _answer(release: Release, sql: str) -> "pa.Table":
    import duckdb

    con = warehouse.connect_release(release)
    try:
        con.execute("SET enable_external_access = false")
        con.execute("SET lock_configuration = true")
        answer = con.sql(sql)
        if answer is None:
            raise UsageError("That statement returns no rows.", remedy="Ask with one SELECT.")
        return answer.to_arrow_table()
    except duckdb.Error as error:
        raise UsageError(
            f"The database {release.name} cannot answer: {str(error).splitlines()[0].rstrip('.!')}.",
            remedy="See `lyceum tables`.",
        ) from None
    finally:
        con.close()


def as_csv(rows: "pa.Table", /) -> str:
    """CSV whose text cells no spreadsheet runs as a formula: such cells get a leading apostrophe."""
    import csv
    import io

    text = io.StringIO()
    # A lone carriage return within a cell is quoted only if lines end with one, too.
    lines = SimpleNamespace(write=lambda line: text.write(line.removesuffix("\r\n") + "\n"))
    writer = csv.writer(lines, lineterminator="\r\n")
    writer.writerow(rows.column_names)
    for row in zip(*(column.to_pylist() for column in rows.columns), strict=True):
        writer.writerow([_harmless(value) for value in row])
    return text.getvalue().rstrip("\n")


def _harmless(value: object) -> object:
    if isinstance(value, str) and value.startswith(FORMULA):
        return "'" + value
    return value


def _as_json(rows: "pa.Table") -> str:
    return json.dumps(rows.to_pylist(), indent=1, default=str, ensure_ascii=False)


def _as_table(rows: "pa.Table") -> str:
    shown = [{name: _short(value) for name, value in row.items()} for row in rows.slice(0, SHOWN_ROWS).to_pylist()]
    lengths = [max([len(name), *(len(row[name]) for row in shown)]) + 3 for name in rows.column_names]
    width = get_terminal_size((200, 50)).columns
    text = _drawn(rows.column_names, shown, width) if sum(lengths) < width else _listed(shown)
    more = rows.num_rows - SHOWN_ROWS
    return text + (f"\n({more} more rows; --format csv shows all)" if more > 0 else "")


def _short(value: object) -> str:
    if value is None:
        return "NULL"
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _drawn(names: list[str], shown: list[dict[str, str]], width: int) -> str:
    import io

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table()
    for name in names:
        drawn.add_column(name)
    for row in shown:
        drawn.add_row(*map(Text, row.values()))
    page = io.StringIO()
    Console(file=page, width=width).print(drawn)
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines())


def _listed(shown: list[dict[str, str]]) -> str:
    """One column a line, for rows too wide for a table."""
    longest = max((len(name) for row in shown for name in row), default=0)
    records = ("\n".join(f"{name:>{longest}}  {value}" for name, value in row.items()) for row in shown)
    return "\n\n".join(records)


def differences(home: Home, older: str, newer: str, /) -> Iterator[str]:
    """A line for each table whose content differs between two releases.

    Raises:
        UsageError: one of them does not exist.
    """
    known = {release.name: release for release in releases.listing(home)}
    for name in (older, newer):
        if name not in known:
            raise UsageError(f"There is no release {name}.", remedy=f"There are: {', '.join(known) or 'none'}.")
    before, after = (known[name].manifest()["tables"] for name in (older, newer))
    changed = [name for name in after if before.get(name, {}).get("digest") != after[name]["digest"]]
    for name in changed:
        rows = before.get(name, {"rows": 0})["rows"]
        yield f"{name:34} {rows:>10,} -> {after[name]['rows']:>10,} rows"
    yield f"{len(changed)} of {len(after)} tables differ."
