"""Publishing: build the week's DuckDB file and report, verify both, switch the link."""

import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lyceum import engine, releases
from lyceum.engine import quoted
from lyceum.errors import CheckError
from lyceum.schema import Table, with_history
from lyceum.tables import canonical, quality
from pipelines import steps
from pipelines.context import Context
from pipelines.digest import digest
from pipelines.report import render_pages, write_archive
from pipelines.steps import Part
from pipelines.validate import validate_published

if TYPE_CHECKING:
    import duckdb


def publish(ctx: Context, as_of: date, /) -> Iterator[Part]:
    """Publish the week as a new release, unless the newest release of the week already says the same.

    A week older than the current one is published but never takes `current` from it.

    The tables are judged as they stand in the release, so that what is judged is what is read, byte for byte.

    Raises:
        CheckError: a check of severity `fail` failed on the lake, the snapshots or the scores.
    """
    staged = releases.stage(ctx.home, as_of)
    file = staged / releases.DATABASE
    tables = _fill(ctx, file, as_of, lambda table: table is not quality.CHECKS)
    try:
        yield validate_published(ctx, as_of, file)
    except CheckError:
        releases.discard_staged(ctx.home)
        raise
    tables |= _fill(ctx, file, as_of, lambda table: table is quality.CHECKS)
    last = releases.newest(ctx.home, as_of)
    if last is not None and _says_the_same(last, tables):
        releases.discard_staged(ctx.home)
        yield Part("release", rows=0, digest=last.name, code="unchanged", why=f"{last.name} already says the same.")
        release = last
    else:
        name = staged.name.removeprefix(".staging-")
        render_pages(ctx, file, staged / "report", as_of=as_of, release=name)
        release = releases.commit(ctx.home, staged, _manifest(ctx, as_of, tables))
        yield Part("release", rows=sum(facts["rows"] for facts in tables.values()), digest=release.name)
    if _may_lead(ctx, release):
        releases.switch(ctx.home, release)
    write_archive(ctx, release)
    _expire(ctx)


def _may_lead(ctx: Context, release: releases.Release) -> bool:
    if not ctx.home.current.is_symlink():
        return True
    held = releases.NAME.match(ctx.home.current.resolve().name)
    return held is None or date.fromisoformat(held[1]) <= release.as_of


def _says_the_same(release: releases.Release, tables: dict[str, Any]) -> bool:
    """Whether nothing differs but the record of the runs, which differs by nature."""
    before = dict(release.manifest()["tables"])
    after = dict(tables)
    for each in (before, after):
        each.pop(quality.RUNS.name, None)
    return before == after


def _manifest(ctx: Context, as_of: date, tables: dict[str, Any]) -> dict[str, Any]:
    return {
        "platform": ctx.platform.name,
        "as_of": as_of.isoformat(),
        "published_at": ctx.now.isoformat(),
        "provisional": provisional(ctx, as_of),
        "tables": tables,
    }


def provisional(ctx: Context, as_of: date, /) -> bool:
    """Whether an earlier week of this home was published but not the one right before."""
    earlier = [release.as_of for release in releases.listing(ctx.home) if release.as_of < as_of]
    return bool(earlier) and earlier[-1] != as_of - timedelta(days=7)


def _fill(ctx: Context, file: Path, as_of: date, chosen: Callable[[Table], bool]) -> dict[str, Any]:
    """Build the `chosen` tables in the database at `file`; rows and digest per table."""
    con = engine.connect(memory_limit=ctx.settings.memory_limit, threads=ctx.settings.threads, temp=ctx.home.staging)
    try:
        version = quoted(ctx.settings.storage_version)
        con.execute(f"ATTACH {quoted(file)} AS release (STORAGE_VERSION {version})")
        con.execute("USE release")
        for name in ("marts", "history", "features", "quality"):
            con.execute(f"CREATE SCHEMA IF NOT EXISTS {name}")
        facts = {}
        for table, query in _contents(ctx, as_of):
            if chosen(table):
                _create(con, table, query)
                facts[table.name] = digest(con, table)
        con.execute("CHECKPOINT release")
        con.execute("USE memory")
        con.execute("DETACH release")
    finally:
        con.close()
    return facts


def _create(con: "duckdb.DuckDBPyConnection", table: Table, query: str) -> None:
    names = ", ".join(f'"{name}"' for name in table.names)
    con.execute(table.ddl())
    con.execute(f"INSERT INTO {table.name} SELECT {names} FROM ({query}) ORDER BY {', '.join(table.key)}")
    con.execute(f"COMMENT ON TABLE {table.name} IS {quoted(table.meaning)}")
    for column in table.columns:
        con.execute(f'COMMENT ON COLUMN {table.name}."{column.name}" IS {quoted(column.comment)}')


def _contents(ctx: Context, as_of: date) -> Iterator[tuple[Table, str]]:
    """Every table of the release with the query that fills it."""
    week = f"as_of = DATE '{as_of}'"
    oldest = as_of - timedelta(days=7 * (ctx.settings.kept_weeks - 1))
    kept = f"as_of BETWEEN DATE '{oldest}' AND DATE '{as_of}'"
    special = {
        quality.REJECTS.name: ctx.lake.source(canonical.REJECTS),
        quality.DELIVERIES.name: ctx.lake.source(canonical.DELIVERIES),
        quality.RUNS.name: _runs(ctx, as_of),
    }
    for table in releases.contents():
        lake = ctx.features if table.name.startswith("features.") else ctx.scored
        stored = with_history(table)
        period = kept if table.name.startswith("history.") else week
        yield table, special.get(table.name) or lake.source(stored, where=period)


def _runs(ctx: Context, as_of: date) -> str:
    """The step records of the week as a query over literals: they are few."""
    rows = [
        ", ".join(
            (
                f"DATE '{as_of}'",
                *(quoted(text) for text in (entry["step"], part["part"], part["status"])),
                *(quoted(text) for text in (part["code"], part["why"])),
                "NULL" if part["rows"] is None else str(part["rows"]),
                quoted(part["digest"]),
                quoted(json.dumps(entry["reads"], sort_keys=True)),
                str(provisional(ctx, as_of)).lower(),
                f"TIMESTAMPTZ {quoted(entry['ran_at'])}",
                *(str(float(entry[key])) for key in ("seconds", "peak_mb")),
            )
        )
        for entry in steps.records(ctx.home, as_of)
        if entry["step"] not in ("publish", "report")
        for part in entry["parts"]
    ]
    names = ", ".join(quality.RUNS.names)
    if not rows:
        return ctx.lake.source(quality.RUNS)
    return f"SELECT * FROM (VALUES {', '.join(f'({row})' for row in rows)}) runs({names})"


def _expire(ctx: Context) -> None:
    """Keep the newest release of each kept week and whatever `current` points to; their reports stay in reports/."""
    newest = {release.as_of: release for release in releases.listing(ctx.home)}
    kept = {release.name for release in sorted(newest.values(), key=lambda r: r.as_of)[-ctx.settings.kept_weeks :]}
    kept.add(ctx.home.current.resolve().name)
    second = {release.name for release in releases.listing(ctx.home)[-2:]}
    for release in releases.listing(ctx.home):
        if release.name not in kept | second:
            releases.remove(release)
