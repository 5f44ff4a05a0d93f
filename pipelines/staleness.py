"""Saying on the newest page that it is out of date, while a later week is stopped.

A release stays as it was published. Drawn again, with a banner, is its copy in the archive (reports/<as_of>/), which
people open; once the week is published or another release leads, the copy is the release's own again.
"""

from datetime import date
from pathlib import Path

from lyceum import releases
from lyceum.errors import HomeError
from lyceum.home import write_atomically
from lyceum.releases import Release
from pipelines import report
from pipelines.blocking import stale_since
from pipelines.context import Context

MARK = ".stale"  # lies beside pages that have the banner, and holds the week


def show(ctx: Context, /) -> None:
    """Draw the banner where it belongs, and take it away where it does not any more; HomeError if that fails."""
    since = stale_since(ctx.home)
    shown = releases.current(ctx.home).name if since else ""
    for release in releases.listing(ctx.home):
        mark = ctx.home.reports / release.as_of.isoformat() / MARK
        if since and release.name == shown:
            _draw(ctx, release, since, mark)
        elif mark.is_file() and release == releases.newest(ctx.home, release.as_of):
            for page in report.in_languages(ctx, "index"):
                write_atomically(mark.parent / page[0], (release.report / page[0]).read_text(encoding="utf-8"))
            mark.unlink()


def _draw(ctx: Context, release: Release, since: date, mark: Path) -> None:
    from reports.page import render

    if not mark.parent.is_dir():
        raise HomeError(f"{mark.parent} is gone.", remedy="Run `lyceum publish` for its week.")
    summary = report.summary_of(ctx, release, stale_since=since)
    cards = tuple(sorted(card.name.split(".")[1] for card in release.report.glob("card.*.json")))
    for name, language in report.in_languages(ctx, "index"):
        write_atomically(mark.parent / name, render(summary, language=language, cards=cards))
    write_atomically(mark, f"{since}\n")
