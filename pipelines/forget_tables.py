"""People out of the Delta tables of a home: their rows go, and rows of others that name them name nobody there.

The partitions concerned are written anew. No predicate names a person and no statistics are kept of a person's
column, so the logs hold nobody; older versions of a table go with their files.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lyceum.engine import quoted
from lyceum.errors import HomeError
from lyceum.faults import reach
from lyceum.home import Home
from lyceum.lake import Lake
from lyceum.schema import BIGINT, BOOLEAN, DATE, DOUBLE, INSTANT, MONEY, VARCHAR, Column, Table
from lyceum.tables.canonical import PERSONAL, REJECTS, SUPERSEDED
from pipelines.context import Context
from pipelines.kept_rejects import rewrite
from pipelines.prepared import FOLDER as PREPARED

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

GONE = "gone"  # the table of one column, id, with the people who are to be forgotten
OWNER = "user_id"  # whose row it is; in the other columns of PERSONAL a row names somebody else
ROWS_AT_ONCE, PARTITIONS_AT_ONCE = 1_000_000, 40  # written by one commit: each partition keeps a file open
DRAWN = 50_000
_TYPES = {
    **{"string": VARCHAR, "long": BIGINT, "double": DOUBLE, "boolean": BOOLEAN, "date": DATE},
    **{"timestamp": INSTANT, "decimal(18,2)": MONEY},
}


@dataclass(frozen=True)
class Stored:
    """A Delta table with a column that holds people, as it lies in the home; `place` is its folder there."""

    place: str
    lake: Lake
    table: Table


def put_gone(con: "duckdb.DuckDBPyConnection", people: Sequence[str], /) -> None:
    """Give `con` the table of the people who are to be forgotten."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE {GONE} AS SELECT unnest(?::VARCHAR[]) AS id", [list(people)])


def stored(home: Home, /) -> Iterator[Stored]:
    """Every Delta table of the home that has a column of people, also one that no code of today knows.

    Raises:
        HomeError: such a table has a column of a type that lyceum does not write.
    """
    roots = (home.lake, home.features)
    for log in sorted(log for root in roots for log in root.rglob("_delta_log")):
        if PREPARED not in log.relative_to(home.root).parts and any(log.glob("[0-9]*")):
            found = _described(log.parent)
            if people_of(found.names):
                yield Stored(log.parent.relative_to(home.root).as_posix(), Lake(log.parent.parent), found)


def _described(folder: Path) -> Table:
    """The table as its own log describes it."""
    from deltalake import DeltaTable

    delta = DeltaTable(str(folder))
    partition = next(iter(delta.metadata().partition_columns), None)
    try:
        columns = [Column(one.name, _TYPES[str(one.type.type)], "") for one in delta.schema().fields]
    except (KeyError, AttributeError):
        raise HomeError(
            f"{folder} has a column of a type that lyceum does not write.",
            remedy="Move that table out of the home, then try again.",
        ) from None
    return Table(folder.name, "", (), tuple(columns), partition=partition)


def people_of(columns: Sequence[str], /) -> list[str]:
    """Those of `columns` that hold people."""
    return [name for name in columns if name in PERSONAL]


def is_theirs(columns: Sequence[str], /) -> str:
    """The SQL condition that a row belongs to one of the people; false where rows belong to nobody."""
    return f"coalesce({OWNER} IN (FROM {GONE}), false)" if OWNER in columns else "false"


def names_them(columns: Sequence[str], /) -> str:
    """The SQL condition that a row of somebody else names one of the people."""
    others = [f"coalesce({name} IN (FROM {GONE}), false)" for name in people_of(columns) if name != OWNER]
    return f"NOT {is_theirs(columns)} AND ({' OR '.join(others) or 'false'})"


def without_them(columns: Sequence[str], rows: str, /) -> str:
    """A SELECT of what stays of `rows`, a relation: theirs are left out, and nobody stands where they were named."""
    emptied = [
        f"CASE WHEN {name} IN (FROM {GONE}) THEN NULL ELSE {name} END AS {name}"
        for name in people_of(columns)
        if name != OWNER
    ]
    replaced = f" REPLACE ({', '.join(emptied)})" if emptied else ""
    return f"SELECT *{replaced} FROM {rows} WHERE NOT {is_theirs(columns)}"


def counted(con: "duckdb.DuckDBPyConnection", one: Stored, /) -> tuple[int, int]:
    """How many rows are theirs, and how many of others name them."""
    counts = f"count(*) FILTER ({is_theirs(one.table.names)}), count(*) FILTER ({names_them(one.table.names)})"
    theirs, named = con.execute(f"SELECT {counts} FROM ({one.lake.source(one.table)})").fetchall()[0]
    return int(theirs), int(named)


def erase(con: "duckdb.DuckDBPyConnection", one: Stored, /) -> None:
    """Write what stays of the partitions concerned, and remove every file that is no longer live."""
    table, lake = one.table, one.lake
    if table.partition is None:
        if any(counted(con, one)):
            lake.replace(table, _staying(con, one, ""))
    else:
        for part in _parts(con, one):
            among = f'"{table.partition}" IN ({", ".join(map(quoted, part))})'
            lake.replace(table, _staying(con, one, among), partition={table.partition: part})
            reach("forget.part")
    reach("forget.written")
    lake.forget_versions(table)
    reach("forget.vacuumed")


def _staying(con: "duckdb.DuckDBPyConnection", one: Stored, where: str) -> "pa.RecordBatchReader":
    rows = f"({one.lake.source(one.table, where=where)})"
    return con.sql(without_them(one.table.names, rows)).to_arrow_reader(DRAWN).cast(one.table.arrow())


def _parts(con: "duckdb.DuckDBPyConnection", one: Stored) -> Iterator[list[str]]:
    """The partitions in which they stand, in order, as many at a time as may be written at once."""
    columns = one.table.names
    found = con.execute(
        f'SELECT CAST("{one.table.partition}" AS VARCHAR) AS part, count(*) FROM ({one.lake.source(one.table)}) '
        f"GROUP BY part HAVING bool_or({is_theirs(columns)} OR ({names_them(columns)})) ORDER BY part"
    ).fetchall()
    return parts(dict(found))


def parts(sizes: Mapping[str, int], /) -> Iterator[list[str]]:
    """The names of `sizes` in their order, in parts of a bounded number of rows and of names, none of them empty."""
    part: list[str] = []
    rows = 0
    for name, size in sizes.items():
        if part and (rows + size > ROWS_AT_ONCE or len(part) == PARTITIONS_AT_ONCE):
            yield part
            part, rows = [], 0
        part.append(name)
        rows += size
    if part:
        yield part


def raw_lines(con: "duckdb.DuckDBPyConnection", ctx: Context, /) -> int:
    """How many lines are kept as they were delivered: nobody can say for sure whom such a line names."""
    found = con.execute(f"SELECT count(raw) FROM ({ctx.lake.source(REJECTS)})").fetchall()
    return int(found[0][0])


def drop_raw(con: "duckdb.DuckDBPyConnection", ctx: Context, /) -> None:
    """Empty the lines kept in lake/rejects, all of them; file, line and reason stay, and so do the accounts."""
    if ctx.lake.exists(REJECTS):
        if raw_lines(con, ctx):
            rewrite(con, ctx.lake, f"SELECT * REPLACE (NULL AS raw) FROM ({ctx.lake.source(REJECTS)})")
        ctx.lake.forget_versions(REJECTS)
    reach("forget.rejects")


def drop_superseded(con: "duckdb.DuckDBPyConnection", ctx: Context, /) -> None:
    """Remove earlier versions of rows that name them: these lie in lake/superseded as JSON text."""
    if not ctx.lake.exists(SUPERSEDED):
        return
    texts = "string_split(concat_ws('\"', row_key, \"row\"), '\"')"
    stays = f"NOT list_has_any({texts}, (SELECT list(id) FROM {GONE}))"
    reader = con.sql(f"SELECT * FROM ({ctx.lake.source(SUPERSEDED)}) WHERE {stays}").to_arrow_reader(DRAWN)
    ctx.lake.replace(SUPERSEDED, reader.cast(SUPERSEDED.arrow()))
    ctx.lake.forget_versions(SUPERSEDED)


def drop_prepared(ctx: Context, /) -> None:
    """Remove what is stored of single days of the log: the next featurise makes it anew.

    It loses its name first, so that no half of it is ever read; what lies in staging is the next run's to clear.
    """
    prepared, doomed = ctx.home.features / PREPARED, ctx.home.staging / f"forgotten-{PREPARED}"
    if prepared.exists():
        prepared.rename(doomed)
        reach("forget.prepared")
        shutil.rmtree(doomed)


def clear_staging(ctx: Context, /) -> None:
    """Remove what runs that died have left half made; the home's lock is held, so none of it is alive."""
    ctx.home.staging.mkdir(parents=True, exist_ok=True)
    for path in ctx.home.staging.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
