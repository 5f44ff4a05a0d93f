"""The weekly pages: rendered from the very database that is published with them, archived for good."""

import json
import shutil
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

from lyceum import engine, releases
from lyceum.errors import UsageError
from lyceum.home import Home, write_atomically
from lyceum.source_records import Source
from lyceum.sources import load
from pipelines import champions
from pipelines.champions import Version
from pipelines.context import Context

LANGUAGES = ("zh", "en")


def render_pages(ctx: Context, database: Path, folder: Path, /, *, as_of: date, release: str) -> None:
    """Write index.zh.html, index.en.html and index.html (the platform's language) into `folder`.

    Beside them, in each language, the data dictionary of the release, and the card of every model that scores the
    week, which is there as JSON, too (see `card_pages`).
    """
    from reports.dictionary import dictionary_file, render_dictionary
    from reports.explaining import explain
    from reports.page import render
    from reports.summary import summarise

    platform = _platform(ctx)
    with closing(engine.connect(database, read_only=True, memory_limit=ctx.settings.memory_limit)) as con:
        summary = summarise(con, as_of=as_of, platform=platform, release=release)
        explained = explain(con, source=_source(ctx))
    held = [champions.champion(ctx.home, name, as_of=as_of) for name in champions.names(ctx.home)]
    scoring = {version.name: version for version in held if version is not None}
    pages = {language: render(summary, language=language, cards=tuple(scoring)) for language in LANGUAGES}
    for name, language in in_languages(ctx, "index"):
        write_atomically(folder / name, pages[language])
    for language in LANGUAGES:
        text = render_dictionary(explained, platform=platform, as_of=as_of, release=release, language=language)
        write_atomically(folder / dictionary_file(language), text)
    for version in scoring.values():
        for page in card_pages(ctx.home, version):
            write_atomically(folder / page.name, page.read_text(encoding="utf-8"))


def summary_of(ctx: Context, release: releases.Release, /) -> dict[str, Any]:
    """The numbers of a release's report, asked of its database again."""
    from reports.summary import summarise

    memory_limit = ctx.settings.memory_limit
    with closing(engine.connect(release.database, read_only=True, memory_limit=memory_limit)) as con:
        return summarise(con, as_of=release.as_of, platform=_platform(ctx), release=release.name)


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
        write_atomically(as_json, json.dumps(card, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
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
    weeks = sorted((path.parent for path in ctx.home.reports.glob("*/index.html")), reverse=True)
    entries = [(date.fromisoformat(path.name), f"{path.name}/index.html") for path in weeks]
    write_atomically(ctx.home.reports / "index.html", index(entries, language=ctx.platform.language))


def page_of(release: releases.Release, language: str, /) -> Path:
    """A release's page in `language`, zh or en."""
    return release.report / f"index.{language}.html"


def export(ctx: Context, target: Path, /) -> list[Path]:
    """Copy the current release's pages into a folder of the reader's choice."""
    release = releases.current(ctx.home)
    target.mkdir(parents=True, exist_ok=True)
    return [Path(shutil.copyfile(page, target / page.name)) for page in sorted(release.report.iterdir())]
