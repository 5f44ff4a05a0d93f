"""The weekly pages: rendered from the very database that is published with them, archived for good."""

import shutil
from datetime import date
from pathlib import Path

from lyceum import engine, releases
from lyceum.home import write_atomically
from pipelines.context import Context

LANGUAGES = ("zh", "en")


def render_pages(ctx: Context, database: Path, folder: Path, /, *, as_of: date, release: str) -> None:
    """Write index.zh.html, index.en.html and index.html (the platform's language) into `folder`."""
    from reports.page import render
    from reports.summary import summarise

    con = engine.connect(database, read_only=True, memory_limit=ctx.settings.memory_limit)
    try:
        platform = {
            "name": ctx.platform.name,
            "timezone": ctx.platform.timezone,
            "currency": ctx.platform.currency,
        }
        summary = summarise(con, as_of=as_of, platform=platform, release=release)
    finally:
        con.close()
    pages = {language: render(summary, language=language) for language in LANGUAGES}
    for name, language in in_languages(ctx, "index"):
        write_atomically(folder / name, pages[language])


def in_languages(ctx: Context, stem: str, /) -> list[tuple[str, str]]:
    """The files that show one page, and the language of each: one a language, then the platform's own."""
    own = ctx.platform.language if ctx.platform.language in LANGUAGES else "en"
    return [*((f"{stem}.{language}.html", language) for language in LANGUAGES), (f"{stem}.html", own)]


def write_archive(ctx: Context, release: releases.Release, /) -> None:
    """Copy the release's pages to reports/<as_of>/, where they outlive it, and list all weeks there."""
    from reports.archive import index

    target = ctx.home.reports / release.as_of.isoformat()
    target.mkdir(parents=True, exist_ok=True)
    for page in release.report.glob("*.html"):
        write_atomically(target / page.name, page.read_text(encoding="utf-8"))
    weeks = sorted((path.parent for path in ctx.home.reports.glob("*/index.html")), reverse=True)
    entries = [(date.fromisoformat(path.name), f"{path.name}/index.html") for path in weeks]
    write_atomically(ctx.home.reports / "index.html", index(entries, language=ctx.platform.language))


def export(ctx: Context, target: Path, /) -> list[Path]:
    """Copy the current release's pages into a folder of the reader's choice."""
    release = releases.current(ctx.home)
    target.mkdir(parents=True, exist_ok=True)
    return [Path(shutil.copyfile(page, target / page.name)) for page in sorted(release.report.glob("*.html"))]
