"""The page for engineers: what wants a hand first, then runs, checks, deliveries, tables, models, drift, freshness.

One HTML page a language, without script, beside the report of the same release.
"""

from collections.abc import Sequence
from typing import Any

from reports.checks import shown
from reports.engineers_sections import ORDER
from reports.page import HTML_LANGUAGES, environment
from reports.sections import Page
from reports.voice import Voice


def engineers_file(language: str, /) -> str:
    """The name of the file beside the report that holds the page in `language`."""
    return f"engineers.{language}.html"


def render_engineers(summary: dict[str, Any], /, *, language: str, cards: Sequence[str] = ()) -> str:
    """`summary` (of reports.engineers.summarise) as one HTML page in `language`, zh or en; UsageError for another.

    `cards` names the models whose cards are written beside the page: it links to them.
    """
    voice = Voice.of(summary, language=language)
    page = Page(summary, voice, cards=cards)
    return (
        environment()
        .get_template("engineers.html")
        .render(
            s=summary,
            w=voice.words,
            f=voice.formats,
            lang=HTML_LANGUAGES[language],
            title=_title(summary, voice),
            others=_others(voice),
            needs=[_need(need, summary, voice) for need in summary["needs"]],
            checks=shown(summary["figures"]["verdicts"]["value"], voice.words, voice.formats),
            sections=[build(page) for build in ORDER],
        )
    )


def _title(summary: dict[str, Any], voice: Voice) -> str:
    return voice.words(
        "engineers.title",
        platform=summary["platform"]["name"],
        number=summary["week_number"],
        span=voice.formats.span(summary["week"]),
    )


def _others(voice: Voice) -> list[dict[str, str]]:
    """The pages beside this one."""
    own, other = voice.words.language, voice.words("page.other_code")
    named = (
        (f"index.{own}.html", "dictionary.report", own),
        (f"dictionary.{own}.html", "engineers.dictionary", own),
        (engineers_file(other), "page.other_language", other),
    )
    return [{"href": href, "text": voice.words(key), "language": language} for href, key, language in named]


def _need(need: dict[str, Any], summary: dict[str, Any], voice: Voice) -> dict[str, Any]:
    named = {"step": "steps", "model": "models"}
    values = {
        name: {"kind": "text", "value": voice.code(named[part["kind"]], part["value"])}
        if part["kind"] in named
        else part
        for name, part in need["what"]["values"].items()
    }
    told = {"what": voice.say(need["what"] | {"values": values}), "do": voice.say(need["do"])}
    return need | told | {"source": summary["figures"][need["source"]]}
