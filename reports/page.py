"""The dict to one self-contained page: no script, no network, everything from the platform escaped."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from reports import sections
from reports.audit import trust
from reports.modelling import models, survival
from reports.sections import Page, build
from reports.segments import interests, segments
from reports.voice import Voice
from reports.voices import voices

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
ORDER = (
    *(sections.kpis, sections.growth, segments, interests, sections.learning, sections.money, sections.items),
    *(sections.community, voices, survival, sections.risk, sections.buyers, sections.recommendations),
)
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
            say=voice.say,
            lang=HTML_LANGUAGES[language],
            title=voice.title(summary),
            provisional=bool(summary["figures"]["provisional"]["value"][0]["provisional"]),
            sections=[build(part, page) for part in ORDER],
            closing=[build(sections.outcomes, page), build(models, page), trust(page)],
        )
    )
