"""The page that lists every kept week: its state, its first conclusion, and its pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

from reports.catalogue import Words
from reports.formats import Formats
from reports.page import HTML_LANGUAGES, environment
from reports.query import clean
from reports.voice import Voice

STATES = ("none", "normal", "watch", "alert")
LONGEST = 300  # characters of a conclusion
PAGES = (  # of a week, where they are there: file, word
    ("index.{own}.html", "archive_report"),
    ("index.{other}.html", "other_language"),
    ("engineers.{own}.html", "archive_engineers"),
    ("dictionary.{own}.html", "archive_dictionary"),
)


@dataclass(frozen=True)
class Told:
    """A kept week: the folder and names of its pages, and `summary` (see `told`), empty where there is none."""

    folder: str
    pages: frozenset[str]
    summary: Mapping[str, Any]


def told(summary: Mapping[str, Any], /, *, work: str) -> dict[str, Any]:
    """What the archive keeps of a report's summary: counts and codes only, nothing about a person.

    {week, release, state, work, provisional, first}: `work` is the state of the page for engineers, `first` the first
    conclusion in each language.
    """
    first = {language: _first(summary, language) for language in HTML_LANGUAGES}
    return {
        "as_of": summary["as_of"],
        "release": summary["release"],
        "state": summary["state"],
        "work": work,
        "provisional": bool(summary["figures"]["provisional"]["value"][0]["provisional"]),
        "first": first,
    }


def _first(summary: Mapping[str, Any], language: str) -> str:
    conclusions: Sequence[Mapping[str, Any]] = summary["conclusions"]
    if not conclusions:
        return ""
    said = Voice.of(dict(summary), language=language).say(conclusions[0]["what"])
    return clean(getattr(said, "striptags", lambda: said)(), limit=LONGEST)


def index(weeks: Mapping[date, Told], /, *, language: str) -> str:
    """One HTML page in `language` with each of `weeks` (by as_of) and links to its pages, newest first."""
    words = Words(language)
    formats = Formats(words, currency=None, timezone="UTC")
    lines = [_line(as_of, weeks[as_of], words=words, formats=formats) for as_of in sorted(weeks, reverse=True)]
    return environment().get_template("archive.html").render(w=words, lang=HTML_LANGUAGES[language], lines=lines)


def _line(as_of: date, week: Told, /, *, words: Words, formats: Formats) -> dict[str, Any]:
    monday = as_of - timedelta(days=7)
    state, work = (week.summary.get(name) for name in ("state", "work"))
    first = week.summary.get("first")
    return {
        "href": _href(week.folder, "index.html"),
        "week": words("page.archive_week", number=monday.isocalendar().week),
        "span": formats.span(monday.isoformat()),
        "state": state if state in STATES else None,
        "work": work if work in STATES[2:] else None,
        "provisional": week.summary.get("provisional") is True,
        "first": clean(str(first.get(words.language, "")), limit=LONGEST) if isinstance(first, dict) else "",
        "pages": _pages(week, words),
    }


def _pages(week: Told, words: Words) -> list[dict[str, str]]:
    own, other = words.language, words("page.other_code")
    named = [(file.format(own=own, other=other), word) for file, word in PAGES]
    return [
        {
            "href": _href(week.folder, file),
            "text": words(f"page.{word}"),
            "language": file.split(".")[1],
        }
        for file, word in named
        if file in week.pages
    ]


def _href(folder: str, file: str) -> str:
    return "./" + quote(f"{folder}/{file}")  # a relative path stays one, whatever it holds
