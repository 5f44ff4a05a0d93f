"""The dict to one self-contained page: no script, no network, everything from the platform escaped."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from reports import platform_sections, sections
from reports.audit import trust
from reports.driver_sections import drivers
from reports.modelling import models, survival
from reports.sections import Page, build
from reports.segments import interests, segments
from reports.voice import Voice
from reports.voices import voices

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
ORDER = (
    *(sections.kpis, drivers, platform_sections.growth, segments, survival),
    *(platform_sections.learning, interests, platform_sections.money, platform_sections.items),
    *(platform_sections.community, voices, sections.risk, sections.buyers, sections.recommendations),
)
CLOSING = (sections.outcomes, models, trust)
HTML_LANGUAGES = {"zh": "zh-CN", "en": "en"}


@cache
def environment() -> Environment:
    """The templates of the package, autoescaped; an undefined name is an error."""
    folder = files("reports") / "templates"
    templates = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    made = Environment(
        loader=DictLoader(templates), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.globals["policy"] = POLICY
    made.globals["style"] = Markup(templates["style.css"])  # noqa: S704  (a file of this package)
    made.filters["drawn"] = Markup  # SVG of reports/drawing.py, whose texts are escaped already
    return made


def render(summary: dict[str, Any], /, *, language: str, cards: Sequence[str] = ()) -> str:
    """`summary` (of `summarise`) as one HTML page in `language`, zh or en; UsageError for another.

    `cards` names the models whose cards (reports/cards.py) are written beside the page: it links to them.
    """
    voice = Voice.of(summary, language=language)
    page = Page(summary, voice, cards=cards)
    return (
        environment()
        .get_template("report.html")
        .render(
            s=summary,
            w=voice.words,
            f=voice.formats,
            say=voice.told,
            lang=HTML_LANGUAGES[language],
            title=voice.title(summary),
            provisional=bool(summary["figures"]["provisional"]["value"][0]["provisional"]),
            **_parts(page),
        )
    )


def _parts(page: Page, /) -> dict[str, Any]:
    """The sections before and after the actions, and the table of contents of all."""
    opening = [build(part, page) for part in ORDER]
    closing = [*(build(part, page) for part in CLOSING)]
    first, actions = (
        {"id": name, "title": page.voice.words(f"sections.{name}")} for name in ("conclusions", "actions")
    )
    return {"sections": opening, "closing": closing, "contents": [first, *opening, actions, *closing]}
