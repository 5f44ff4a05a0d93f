"""Publishing: build the week's DuckDB file and report, verify both, switch the link.

Nobody sees anything of a release before the link is switched. Whatever fails before, or kills the process, leaves the
release that was current where it was, and the next publish clears what is left.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from lyceum import releases
from lyceum.errors import HomeError
from lyceum.faults import reach
from lyceum.home import clear_half_written
from lyceum.releases import Release
from lyceum.tables import quality
from pipelines import building, shortages, succession
from pipelines.context import Context
from pipelines.digest import engine_version
from pipelines.report import render_pages, write_archive
from pipelines.steps import Part
from pipelines.validate import validate_published

Render = Callable[[Path, str], None]  # draws the pages of the release of that name beside the database


def publish(ctx: Context, as_of: date, /) -> Iterator[Part]:
    """Publish the week as a new release, unless the newest release of the week already says the same.

    A week older than the current one is published but never takes `current` from it.

    The tables are judged as they stand in the release, so that what is judged is what is read, byte for byte.

    Raises:
        CheckError: a check of severity `fail` failed on the lake, the snapshots or the scores.
        HomeError: the release could not be written or read back; nothing of it is left.
    """
    with staging(ctx, as_of) as staged:
        file = staged / releases.DATABASE
        tables = building.fill(ctx, file, as_of, lambda table: table is not quality.CHECKS)
        yield validate_published(ctx, as_of, file)
        tables |= building.fill(ctx, file, as_of, lambda table: table is quality.CHECKS)
        building.ask(file)
        release, part = settle(ctx, staged, tables, as_of=as_of, render=partial(_pages, ctx, as_of))
        yield part
    succession.published(ctx, release)
    lead(ctx, release)


@contextmanager
def staging(ctx: Context, as_of: date, /) -> Iterator[Path]:
    """An empty folder to build the week's next release in; of what fails there nothing is left.

    Raises:
        HomeError: the disk is full, there was too little memory, or the engine could not read or write.
    """
    import duckdb

    refused = OSError, duckdb.IOException, duckdb.FatalException, duckdb.TransactionException
    try:
        with shortages.explained(ctx, "publish"):
            yield releases.stage(ctx.home, as_of)
    except refused as error:
        releases.discard_staged(ctx.home)
        raise HomeError(
            f"The release could not be built below {ctx.home.root} ({type(error).__name__}); "
            "nothing was published and the last good release stays.",
            remedy="Look for space and rights there, then `lyceum publish`.",
        ) from error
    except BaseException:
        releases.discard_staged(ctx.home)
        raise


def _pages(ctx: Context, as_of: date, file: Path, name: str) -> None:
    render_pages(ctx, file, file.parent / "report", as_of=as_of, release=name)


def settle(
    ctx: Context, staged: Path, tables: dict[str, Any], /, *, as_of: date, render: Render
) -> tuple[Release, Part]:
    """Make a release of the staged database, unless the newest of the week already says the same.

    Raises:
        HomeError: it cannot be read back whole.
    """
    last = releases.newest(ctx.home, as_of)
    manifest = _manifest(ctx, as_of, tables)
    if last is not None and _says_the_same(last, manifest):
        releases.discard_staged(ctx.home)
        return last, Part("release", rows=0, digest=last.name, code="unchanged", why=f"{last.name} says the same.")
    name = staged.name.removeprefix(releases.STAGED)
    render(staged / releases.DATABASE, name)
    reach("release.staged")
    release = releases.commit(ctx.home, staged, manifest)
    return release, Part("release", rows=sum(facts["rows"] for facts in tables.values()), digest=release.name)


def lead(ctx: Context, release: Release, /) -> None:
    """Make the release current unless a later week is; then keep its pages and remove releases that expired."""
    before = ctx.home.current.resolve().name
    if _may_lead(ctx, release):
        releases.switch(ctx.home, release)
    clear_half_written(ctx.home.reports)
    write_archive(ctx, release)
    reach("release.archived")
    _expire(ctx, before)


def _may_lead(ctx: Context, release: Release) -> bool:
    if not ctx.home.current.is_symlink():
        return True
    held = releases.NAME.match(ctx.home.current.resolve().name)
    return held is None or date.fromisoformat(held[1]) <= release.as_of


def _says_the_same(release: Release, manifest: dict[str, Any]) -> bool:
    """Whether it is whole, and nothing differs but the record of the runs, which differs by nature."""
    if not releases.is_whole(release):
        return False
    before = release.manifest()
    told = succession.identity(before["tables"]), bool(before.get("provisional"))
    return told == (manifest["identity"], manifest["provisional"])


def _manifest(ctx: Context, as_of: date, tables: dict[str, Any]) -> dict[str, Any]:
    return {
        "platform": ctx.platform.name,
        "as_of": as_of.isoformat(),
        "published_at": ctx.now.isoformat(),
        "provisional": succession.provisional(ctx, as_of),
        "identity": succession.identity(tables),
        "engine": engine_version(),
        "tables": tables,
    }


def _expire(ctx: Context, before: str) -> None:
    """Keep the newest release of each kept week, the newest two, and whatever `current` leads to; the rest goes.

    `before` is what it led to until now: a reader who has just resolved the link may be about to open it.
    """
    newest = {release.as_of: release for release in releases.listing(ctx.home)}
    kept = {release.name for release in sorted(newest.values(), key=lambda r: r.as_of)[-ctx.settings.kept_weeks :]}
    kept |= {before, ctx.home.current.resolve().name}
    second = {release.name for release in releases.listing(ctx.home)[-2:]}
    for release in releases.listing(ctx.home):
        if release.name not in kept | second:
            releases.remove(release)
