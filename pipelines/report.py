"""The weekly pages: rendered from the very database that is published with them, archived for good."""

import json
import shutil
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lyceum import engine, releases
from lyceum.errors import HomeError, UsageError
from lyceum.home import Home, write_atomically
from lyceum.source_records import Source
from lyceum.sources import load
from pipelines import champions
from pipelines.champions import Version
from pipelines.context import Context

if TYPE_CHECKING:
    import duckdb

    from reports.archive import Told

LANGUAGES = ("zh", "en")
TOLD = "summary.json"  # what the list of all weeks says about one, beside its pages
COMPARED_WEEKS = 8  # earlier weeks with which the page for engineers compares


def render_pages(ctx: Context, database: Path, folder: Path, /, *, as_of: date, release: str) -> None:
    """Write index.zh.html, index.en.html and index.html (the platform's language) into `folder`.

    Beside them, in each language, the page for engineers, the data dictionary of the release, and the card of every
    model that scores the week, which is there as JSON, too (see `card_pages`); and what the archive lists (TOLD).
    """
    from reports.archive import told
    from reports.dictionary import dictionary_file, render_dictionary
    from reports.engineers import summarise as summarise_work
    from reports.engineers_page import engineers_file, render_engineers
    from reports.explaining import explain
    from reports.page import render
    from reports.summary import summarise

    platform, past = _platform(ctx), earlier_weeks(ctx, as_of)
    with closing(_opened(ctx, database)) as con:
        summary = summarise(con, as_of=as_of, platform=platform, release=release)
        work = summarise_work(con, as_of=as_of, platform=platform, release=release, past=past)
        explained = explain(con, source=_source(ctx))
    held = [champions.champion(ctx.home, name, as_of=as_of) for name in champions.names(ctx.home)]
    scoring = {version.name: version for version in held if version is not None}
    pages = {language: render(summary, language=language, cards=tuple(scoring)) for language in LANGUAGES}
    for name, language in in_languages(ctx, "index"):
        write_atomically(folder / name, pages[language])
    for language in LANGUAGES:
        text = render_dictionary(explained, platform=platform, as_of=as_of, release=release, language=language)
        write_atomically(folder / dictionary_file(language), text)
        text = render_engineers(work, language=language, cards=tuple(scoring))
        write_atomically(folder / engineers_file(language), text)
    for version in scoring.values():
        for page in card_pages(ctx.home, version):
            write_atomically(folder / page.name, page.read_text(encoding="utf-8"))
    write_atomically(folder / TOLD, _as_json(told(summary, work=work["state"])))


def _opened(ctx: Context, database: Path) -> "duckdb.DuckDBPyConnection":
    return engine.connect(database, read_only=True, memory_limit=ctx.settings.memory_limit)


def _as_json(told: object) -> str:
    return json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def earlier_weeks(ctx: Context, as_of: date, /) -> list[dict[str, Any]]:
    """What the page for engineers compares with, newest first: the newest release of each of the weeks before.

    A release that cannot be read is left out: `lyceum doctor` speaks of it, and this week's pages do without it.
    """
    import duckdb

    from reports.engineers import past

    newest = {release.as_of: release for release in releases.listing(ctx.home) if release.as_of < as_of}
    found = []
    for week in sorted(newest, reverse=True)[:COMPARED_WEEKS]:
        try:
            with closing(_opened(ctx, newest[week].database)) as con:
                found.append(past(con, as_of=week, release=newest[week].name))
        except duckdb.Error:
            continue
    return found


def summary_of(ctx: Context, release: releases.Release, /, *, stale_since: date | None = None) -> dict[str, Any]:
    """The numbers of a release's report, asked of its database again.

    Raises:
        HomeError: the release was made by an earlier version and lacks tables that the report reads today.
    """
    import duckdb

    from reports.summary import summarise

    as_of, platform = release.as_of, _platform(ctx)
    try:
        with closing(_opened(ctx, release.database)) as con:
            return summarise(con, as_of=as_of, platform=platform, release=release.name, stale_since=stale_since)
    except (duckdb.CatalogException, duckdb.BinderException):
        raise HomeError(
            f"Release {release.name} was made by an earlier version and lacks what the report reads today.",
            remedy=f"Run `lyceum score --as-of {release.as_of}` and `lyceum publish --as-of {release.as_of}`.",
        ) from None


def _platform(ctx: Context) -> dict[str, Any]:
    return {"name": ctx.platform.name, "timezone": ctx.platform.timezone, "currency": ctx.platform.currency}


def _source(ctx: Context) -> Source | None:
    """What the platform's source says, or nothing where its file is gone or was broken since the ingest."""
    try:
        return load(ctx.platform.source)
    except UsageError:
        return None


def card_pages(home: Home, version: Version, /) -> list[Path]:
    """The card of a version as card.<model>.json and card.<model>.<language>.html; made unless they are there.

    They lie in a folder beside the artifact, which goes when the version is trained anew (see lyceum.artifacts).
    """
    from reports.cards import render_card
    from reports.modelling import card_file

    folder = champions.folder_of(home, version.name, version.trained_as_of) / "cards"
    card = {**version.card, "model": version.name}
    as_json = folder / f"card.{version.name}.json"
    pages = {language: folder / card_file(version.name, language) for language in LANGUAGES}
    if not as_json.is_file():
        write_atomically(as_json, _as_json(card))
    for language, page in pages.items():
        if not page.is_file():
            write_atomically(page, render_card(card, language=language))
    return [as_json, *pages.values()]


def in_languages(ctx: Context, stem: str, /) -> list[tuple[str, str]]:
    """The files that show one page, and the language of each: one a language, then the platform's own."""
    own = ctx.platform.language if ctx.platform.language in LANGUAGES else "en"
    return [*((f"{stem}.{language}.html", language) for language in LANGUAGES), (f"{stem}.html", own)]


def write_archive(ctx: Context, release: releases.Release, /) -> None:
    """Copy the release's pages to reports/<as_of>/, where they outlive it, and list all weeks there."""
    from reports.archive import index

    target = ctx.home.reports / release.as_of.isoformat()
    target.mkdir(parents=True, exist_ok=True)
    for page in release.report.iterdir():
        write_atomically(target / page.name, page.read_text(encoding="utf-8"))
    weeks = {
        date.fromisoformat(path.parent.name): _told(path.parent) for path in ctx.home.reports.glob("*/index.html")
    }
    for name, language in in_languages(ctx, "index"):
        write_atomically(ctx.home.reports / name, index(weeks, language=language))


def _told(folder: Path) -> "Told":
    """What the archive says about the week of `folder`: which pages there are, and what its summary holds.

    A week that was published before there were summaries, or whose summary is damaged, is listed without one.
    """
    from reports.archive import Told

    try:
        summary = json.loads((folder / TOLD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        summary = None
    pages = frozenset(page.name for page in folder.glob("*.html"))
    return Told(folder.name, pages, summary if isinstance(summary, dict) else {})


def page_of(release: releases.Release, language: str, /) -> Path:
    """A release's page in `language`, zh or en."""
    return release.report / f"index.{language}.html"


def export(ctx: Context, target: Path, /) -> list[Path]:
    """Copy the current release's pages into a folder of the reader's choice."""
    release = releases.current(ctx.home)
    target.mkdir(parents=True, exist_ok=True)
    return [Path(shutil.copyfile(page, target / page.name)) for page in sorted(release.report.iterdir())]
