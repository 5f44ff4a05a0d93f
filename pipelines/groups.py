"""Delivered files in groups: many small ones, or one large one, are read and mapped by one statement.

The engine's rows are believed if every file has exactly its counted lines, in one piece. If not, the group is halved
until the file in question stands alone; that one is read line by line. Order is kept: of files, and of their lines.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lyceum.delivery import Delivered
from lyceum.headers import header, layout
from lyceum.raw_select import COMPRESSIONS, select
from lyceum.reading import expected_rows, plain_name, refusals, stage
from lyceum.source_records import FileSet
from pipelines.mapping_stage import Compiled, Rows, mapped

if TYPE_CHECKING:
    import duckdb

GROUP_BYTES, GROUP_LINES = 256 << 20, 2_000_000  # of a group with more than one file
UNPACKED = 8  # times the size of a compressed or columnar file, roughly
MAPPING_BIT, MAPPINGS = 36, 1 << 12  # of a row's place in its group: number of the row below, then mapping, then file


@dataclass(frozen=True)
class Work:
    """One new file with the mappings that have not read it yet; `number` counts the files of the run."""

    number: int
    delivered: Delivered
    files: FileSet
    mappings: tuple[Compiled, ...]
    needed: tuple[int, ...]


@dataclass(frozen=True)
class Mapped:
    """The rows of a group through one mapping, in the table `name` of the engine.

    `number` is the column that numbers the rows of each file in their order. Where `spans`, the table has line and
    lines; else a row is the line `number` - first row of the file + 1, below the header. `counts` are rows by file
    and status, of them without a person and without an id; `misses` are rows that a lookup did not answer.
    """

    name: str
    one: Compiled
    number: str
    spans: bool
    counts: Mapping[int, Mapping[str | None, tuple[int, int, int]]]
    misses: Mapping[str, int]

    @property
    def base(self) -> str:
        """SQL of a row's place in the group: by file, mapping, and number."""
        return f"(((file::BIGINT * {MAPPINGS}) + {self.one.number}) << {MAPPING_BIT}) + {self.number}"

    @property
    def without_id(self) -> bool:
        """Whether a good row has no event_id of its own."""
        return any(statuses.get(None, (0, 0, 0))[2] for statuses in self.counts.values())


@dataclass(frozen=True)
class Group:
    """Files that were read together: rows and blank lines of each, and what each mapping made of them."""

    works: tuple[Work, ...]
    rows: tuple[int, ...]
    blank: tuple[int, ...]
    parts: tuple[Mapped, ...]

    def first_row(self, file: int, /) -> int:
        """The number of a file's first row, where the order of the rows numbers them."""
        return sum(self.rows[:file])


def planned(works: Sequence[Work], /) -> Iterator[tuple[Work, ...]]:
    """Neighbours of one layout and the same mappings, up to the size of a group; what is not plain stands alone."""
    waiting: list[Work] = []
    shared, size, lines = None, 0, 0
    for work in works:
        kind, more = _kind(work), _unpacked_size(work)
        if waiting and (kind != shared or size + more > GROUP_BYTES or lines + work.delivered.lines > GROUP_LINES):
            yield tuple(waiting)
            waiting, size, lines = [], 0, 0
        waiting.append(work)
        shared, size, lines = kind, size + more, lines + work.delivered.lines
    if waiting:
        yield tuple(waiting)


def _kind(work: Work) -> object:
    """Equal for files that one statement can read."""
    if not work.delivered.plain or work.files.each:
        return work.number
    return work.files.name, [one.identity for one in work.mappings], layout(work.delivered, work.files)


def _unpacked_size(work: Work) -> int:
    packed = work.delivered.path.suffix in COMPRESSIONS or work.files.format == "parquet"
    return work.delivered.stamp[1] * (UNPACKED if packed else 1)


def read(
    con: "duckdb.DuckDBPyConnection", works: tuple[Work, ...], /, *, timezone: str, folder: Path
) -> Iterator[Group]:
    """The group, or its parts one after the other; their tables are gone when the next one is asked for.

    Raises:
        InputError: a file is damaged, or changed while it was read.
    """
    try:
        group = _by_engine(con, works, timezone=timezone, folder=folder)
        if group is None and len(works) == 1:
            group = _alone(con, works[0], timezone=timezone, folder=folder)
        if group is not None:
            yield group
    finally:
        _clear(con, works)
    if group is None:
        half = len(works) // 2
        for part in (works[:half], works[half:]):
            yield from read(con, part, timezone=timezone, folder=folder)


def _clear(con: "duckdb.DuckDBPyConnection", works: tuple[Work, ...]) -> None:
    for name in ("raw_rows", *(_table(one) for one in works[0].mappings)):
        con.execute(f"DROP TABLE IF EXISTS {name}")


def _table(one: Compiled) -> str:
    return f"mapped_{one.number}"


def _by_engine(
    con: "duckdb.DuckDBPyConnection", works: tuple[Work, ...], *, timezone: str, folder: Path
) -> Group | None:
    """The group as the engine reads it; None if that is not line for line."""
    if not all(work.delivered.plain for work in works) or works[0].files.each:
        return None
    try:
        rows, counted = _raw(con, works, timezone=timezone, folder=folder)
    except refusals(works[0].delivered.path):
        return None
    found = in_order(con, counted)
    expected = tuple(expected_rows(work.delivered, work.files) for work in works)
    counts = None if found is None else tuple(found.get(file, 0) for file in range(len(works)))
    if counts is None or (works[0].files.format != "parquet" and counts != expected):
        return None
    return _mapped(con, works, rows, counts, (0,) * len(works), timezone=timezone)


def _raw(
    con: "duckdb.DuckDBPyConnection", works: tuple[Work, ...], *, timezone: str, folder: Path
) -> tuple[Rows | None, str]:
    """The rows of the group in a table, whose name comes second: mapped at once if there is but one plain mapping.

    More mappings share the raw rows; and a join may change their order, so that they are numbered before it.
    """
    first = works[0]
    paths = [plain_name(work.delivered.path, folder / f"delivered-{work.number}") for work in works]
    chosen = select(paths, first.files, header=header(first.delivered, first.files), needed=first.needed)
    if len(first.mappings) == 1 and not first.mappings[0].mapping.join:
        rows = Rows(chosen.relation, chosen.digest, chosen.text)
        _create(con, first.mappings[0], rows, timezone=timezone)
        return None, _table(first.mappings[0])
    wanted = any(one.mapping.table == "events" for one in first.mappings)
    digest = chosen.digest if wanted else "NULL::VARCHAR"
    cells = "".join(f", c{n}" for n in first.needed)
    con.execute(
        f"CREATE OR REPLACE TABLE raw_rows AS "
        f"SELECT file, fault, {digest} AS digest, {chosen.text} AS line_text{cells} FROM ({chosen.relation})"
    )
    return Rows("SELECT rowid AS number, * FROM raw_rows", "digest", "line_text", ("number",)), "raw_rows"


def _create(con: "duckdb.DuckDBPyConnection", one: Compiled, rows: Rows, *, timezone: str) -> None:
    con.execute(f"CREATE OR REPLACE TABLE {_table(one)} AS {mapped(rows, one, timezone=timezone)}")


def in_order(con: "duckdb.DuckDBPyConnection", table: str, /) -> dict[int, int] | None:
    """Rows by file; None if those of a file do not lie together, one file after the other."""
    found = con.execute(f"SELECT file, count(*), min(rowid), max(rowid) FROM {table} GROUP BY file ORDER BY file")
    rows, end = {}, 0
    for file, count, first, last in found.fetchall():
        if (first, last) != (end, end + count - 1):
            return None
        rows[int(file)] = int(count)
        end += count
    return rows


def _alone(con: "duckdb.DuckDBPyConnection", work: Work, *, timezone: str, folder: Path) -> Group:
    """A file that the engine cannot read line for line, or whose lines hold lists."""
    staged = stage(con, work.delivered, work.files, needed=work.needed, folder=folder)
    number = tuple(dict.fromkeys((staged.number, "line", "lines")))
    rows = Rows(f"SELECT 0 AS file, * FROM ({staged.relation})", "digest", "NULL::VARCHAR", number)
    return _mapped(con, (work,), rows, (staged.rows,), (staged.blank,), timezone=timezone)


def _mapped(
    con: "duckdb.DuckDBPyConnection",
    works: tuple[Work, ...],
    rows: Rows | None,
    counts: tuple[int, ...],
    blank: tuple[int, ...],
    *,
    timezone: str,
) -> Group:
    parts = []
    for one in works[0].mappings:
        if rows is not None:
            _create(con, one, rows, timezone=timezone)
        parts.append(_part(con, one, rows))
    return Group(works, counts, blank, tuple(parts))


def _part(con: "duckdb.DuckDBPyConnection", one: Compiled, rows: Rows | None) -> Mapped:
    table = _table(one)
    given = {name: "count(*)" if name not in one.mapping.columns else f"count(*) - count({name})" for name in _WHO}
    counts: dict[int, dict[str | None, tuple[int, int, int]]] = {}
    query = f"SELECT file, status, count(*), {', '.join(given.values())} FROM {table} GROUP BY file, status"
    for file, status, *numbers in con.execute(f"{query} ORDER BY file, status").fetchall():
        counts.setdefault(int(file), {})[status] = (numbers[0], numbers[1], numbers[2])
    sums = [f"count(*) FILTER (missed_{name} AND status IS DISTINCT FROM 'skipped')" for name in one.mapping.join]
    missed = con.execute(f"SELECT {', '.join(sums)} FROM {table}").fetchall()[0] if sums else ()
    number = rows.kept[0] if rows is not None else "rowid"
    spans = rows is not None and "lines" in rows.kept
    return Mapped(table, one, number, spans, counts, dict(zip(one.mapping.join, missed, strict=True)))


_WHO = ("user_id", "event_id")
