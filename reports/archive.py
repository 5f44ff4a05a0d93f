"""The page that lists every kept week."""

from collections.abc import Sequence
from datetime import date, timedelta
from urllib.parse import quote

from reports.catalogue import Words
from reports.formats import Formats
from reports.page import HTML_LANGUAGES, environment


def index(weeks: Sequence[tuple[date, str]], /, *, language: str) -> str:
    """One HTML page in `language` with a link to each of `weeks` (as_of, path relative to the page), newest first."""
    words = Words(language)
    formats = Formats(words, currency=None, timezone="UTC")
    lines = [_line(as_of, path, words=words, formats=formats) for as_of, path in sorted(weeks, reverse=True)]
    return environment().get_template("archive.html").render(w=words, lang=HTML_LANGUAGES[language], lines=lines)


def _line(as_of: date, path: str, /, *, words: Words, formats: Formats) -> dict[str, str]:
    week = as_of - timedelta(days=7)
    return {
        "href": "./" + quote(path),  # a relative path stays one, whatever it holds
        "week": words("page.archive_week", number=week.isocalendar().week),
        "span": formats.span(week.isoformat()),
    }
