"""People out of the published weeks: a release that holds one is made anew without them, as the next of its week.

Whoever has the old file open reads on until they close it; who asks later gets the new one. DuckDB leaves deleted
rows in its file, so what stays is copied into a new one. Sums over everybody stay as they were published.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lyceum import engine, releases
from lyceum.engine import quoted
from lyceum.errors import HomeError, LyceumError
from lyceum.faults import reach
from lyceum.home import Home, write_atomically
from lyceum.releases import Release
from lyceum.schema import Column, Table, published, with_history
from lyceum.tables import quality
from pipelines import forget_tables
from pipelines.context import Context
from pipelines.digest import digest, engine_version
from pipelines.report import render_pages, write_archive
from pipelines.steps import DONE, peak_mb

if TYPE_CHECKING:
    import duckdb

STEP = PART = "forget"  # of quality.runs
CODE, WHY = "forgotten", "People who asked for it were erased from the release; sums stay as they were published."
REBUILT, REMOVED = "rebuilt", "removed"
FROM = "made_from"  # in the manifest: the release of which this one is what stays


def holders(ctx: Context, people: Sequence[str], /) -> dict[str, int]:
    """Every release that holds one of `people`, and in how many rows; -1 where nobody can say: it cannot be read."""
    found = {release.name: _held(ctx, release, people) for release in releases.listing(ctx.home)}
    return {name: rows for name, rows in found.items() if rows}


def _held(ctx: Context, release: Release, people: Sequence[str]) -> int:
    import duckdb

    try:
        with engine.connect(release.database, read_only=True, memory_limit=ctx.settings.memory_limit) as con:
            forget_tables.put_gone(con, people)
            counts = (
                f"SELECT count(*) FROM {name} WHERE {forget_tables.is_theirs(columns)} "
                f"OR ({forget_tables.names_them(columns)})"
                for name, columns in _tables(con).items()
                if forget_tables.people_of(columns)
            )
            return sum(int(con.execute(query).fetchall()[0][0]) for query in counts)
    except duckdb.Error:
        return -1


def _tables(con: "duckdb.DuckDBPyConnection", database: str = "") -> dict[str, list[str]]:
    """The columns of every table of a database, by its full name."""
    chosen = quoted(database) if database else "current_database()"
    found = con.execute(
        "SELECT schema_name || '.' || table_name, list(column_name ORDER BY column_index) "
        f"FROM duckdb_columns() JOIN duckdb_tables() USING (database_name, schema_name, table_name) "
        f"WHERE database_name = {chosen} AND NOT duckdb_tables.internal GROUP BY ALL ORDER BY 1"
    )
    return dict(found.fetchall())


def rebuild(ctx: Context, people: Sequence[str], /) -> Iterator[tuple[str, str]]:
    """Make every week that holds one of `people` anew, and remove what holds them.

    Yields REBUILT or REMOVED with the name of the release.

    Raises:
        HomeError: the current release cannot be read.
    """
    releases.discard_staged(ctx.home)
    names = holders(ctx, people)
    held = [release for release in releases.listing(ctx.home) if release.name in names]
    for week in sorted({release.as_of for release in held}):
        doomed = [release for release in held if release.as_of == week]
        made = _week(ctx, people, doomed)
        if made is not None:
            yield REBUILT, made.name
        for release in doomed:
            yield REMOVED, release.name  # told first: of one that is gone nobody would learn its name
            releases.remove(release)


def _week(ctx: Context, people: Sequence[str], doomed: Sequence[Release]) -> Release | None:
    """The release that takes the place of the `doomed` ones of a week; None if the newest of the week may stay."""
    leads = _leading(ctx.home, doomed)
    newest = releases.newest(ctx.home, doomed[0].as_of)
    base = leads or (newest if newest in doomed else None)
    if newest is None:
        return None
    froms = [leads.name] if leads else [release.name for release in doomed]
    begun = newest not in doomed and newest.manifest().get(FROM) in froms  # by a run that died then
    if base is None and not begun:
        return None
    made = newest if begun or base is None else _made(ctx, people, base)
    if made is None:
        return None
    if leads:
        releases.switch(ctx.home, made)
    write_archive(ctx, made)
    reach("forget.archived")
    return made


def _leading(home: Home, among: Sequence[Release]) -> Release | None:
    here = home.current.resolve().name if home.current.is_symlink() else ""
    return next((release for release in among if release.name == here), None)


def _made(ctx: Context, people: Sequence[str], base: Release) -> Release | None:
    """What stays of a release, as the next of its week; None if it cannot be read and is not the current one."""
    import duckdb

    staged = releases.stage(ctx.home, base.as_of)
    try:
        tables = _copied(ctx, people, base, staged / releases.DATABASE)
    except (duckdb.Error, HomeError):
        releases.discard_staged(ctx.home)
        if _leading(ctx.home, [base]) is None:
            return None
        raise HomeError(
            f"The current release {base.name} cannot be read, so nobody can be erased from it.",
            remedy="Run `lyceum releases rollback` or `lyceum publish`, then try again.",
        ) from None
    _draw(ctx, base, staged)
    reach("forget.drawn")
    facts = {"published_at": ctx.now.isoformat(), "engine": engine_version(), "tables": tables, FROM: base.name}
    return releases.commit(ctx.home, staged, {**base.manifest(), **facts})


def _copied(ctx: Context, people: Sequence[str], base: Release, file: Path) -> dict[str, Any]:
    """Copy what stays of the database of `base` to `file`; rows and digest per table."""
    with _both(ctx, base.database, file) as con:
        forget_tables.put_gone(con, people)
        con.execute("COPY FROM DATABASE before TO after (SCHEMA)")
        for name, columns in _tables(con, "before").items():
            con.execute(f"INSERT INTO after.{name} {forget_tables.without_them(columns, f'before.{name}')}")
        con.execute("USE after")
        _tell(con, ctx, base)
        con.execute("CHECKPOINT after")
        reach("forget.copied")
        facts = {name: digest(con, _as_it_is(name, columns)) for name, columns in _tables(con, "after").items()}
        con.execute("USE memory")
        return facts


@contextmanager
def _both(ctx: Context, before: Path, after: Path) -> "Iterator[duckdb.DuckDBPyConnection]":
    settings = ctx.settings
    con = engine.connect(memory_limit=settings.memory_limit, threads=settings.threads, temp=ctx.home.staging)
    try:
        con.execute(f"ATTACH {quoted(before)} AS before (READ_ONLY)")
        con.execute(f"ATTACH {quoted(after)} AS after (STORAGE_VERSION {quoted(settings.storage_version)})")
        yield con
        con.execute("DETACH after")
    finally:
        con.close()


def _tell(con: "duckdb.DuckDBPyConnection", ctx: Context, base: Release) -> None:
    """Say in quality.runs that people were erased, and since when: one row, however often."""
    name = quality.RUNS.name
    con.execute(f"DELETE FROM {name} WHERE step = '{STEP}'")
    given = {"as_of": base.as_of, "step": STEP, "part": PART, "status": DONE, "code": CODE, "why": WHY}
    given |= {"ran_at": ctx.now, "seconds": 0.0, "peak_mb": peak_mb(), "reads": "{}", "digest": ""}
    marks = ", ".join("?" for _ in given)
    con.execute(f"INSERT INTO {name} ({', '.join(given)}) VALUES ({marks})", list(given.values()))


def _as_it_is(name: str, columns: Sequence[str]) -> Table:
    """The table of a release, which may be older than the schema of today."""
    volatile = _known().get(name, ())
    return Table(name, "", (), tuple(Column(each, "", "") for each in columns), volatile=volatile)


def _known() -> Mapping[str, tuple[str, ...]]:
    return {each.name: each.volatile for table in published() for each in (table, with_history(table))}


def _draw(ctx: Context, base: Release, staged: Path) -> None:
    """The pages of the new database; where those of an older release cannot be drawn any more, its own pages.

    Pages name nobody, so that they may stay but for the release's name.
    """
    import duckdb

    name, folder = staged.name.removeprefix(releases.STAGED), staged / "report"
    try:
        render_pages(ctx, staged / releases.DATABASE, folder, as_of=base.as_of, release=name)
    except (duckdb.Error, LyceumError, LookupError, TypeError, ValueError):
        ctx.say(f"forget: the pages of {base.name} are kept as they are")
        for page in base.report.iterdir():
            write_atomically(folder / page.name, page.read_text(encoding="utf-8").replace(base.name, name))
