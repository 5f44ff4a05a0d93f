"""The data dictionary of a release as one page: the dict of reports/explaining.py to HTML.

It has one small script, which only filters what is there: without it the page loses the search box and nothing else.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from markupsafe import Markup

from lyceum import words as words_of_columns
from lyceum.events import ACT, INTENT, INTERACTING, LEARNING, WRITING
from reports.catalogue import Words
from reports.formats import Formats
from reports.lineage_picture import Layer, picture
from reports.page import HTML_LANGUAGES, POLICY, environment
from reports.query import clean

MOST_FILES = 4  # in the chain of one column; the columns of the lake list every mapping
SCHEMAS = ("marts", "features", "quality")
INDENT = re.compile(r"\n( +)")
GROUPS = {ACT: "act", LEARNING: "learning", INTENT: "intent", WRITING: "writing", INTERACTING: "interacting"}
Explained = Mapping[str, Any]


def dictionary_file(language: str, /) -> str:
    """The name of the page in a language, beside the report."""
    return f"dictionary.{language}.html"


def render_dictionary(
    explained: Explained, /, *, platform: Mapping[str, str], as_of: date, release: str, language: str
) -> str:
    """What `explain` found as one HTML page in `language`, zh or en; UsageError for another."""
    words = Words(language)
    formats = Formats(words, currency=None, timezone=platform["timezone"])
    script = environment().get_template("dictionary.js").render()
    week = as_of - timedelta(days=7)
    return (
        environment()
        .get_template("dictionary.html")
        .render(
            w=words,
            f=formats,
            lang=HTML_LANGUAGES[language],
            chinese=formats.chinese,
            policy=f"{POLICY}; script-src 'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'",
            script=Markup(script),  # noqa: S704  (a file of this package)
            title=words("dictionary.title", platform=clean(platform["name"])),
            week=words("page.archive_week", number=week.isocalendar().week),
            span=formats.span(week.isoformat()),
            release=release,
            e=explained,
            schemas=[(name, _in_schema(explained, name)) for name in SCHEMAS],
            names={each["name"] for part in ("tables", "views", "lake") for each in explained[part]},
            described={each["name"] for part in ("lake", "inputs") for each in explained[part]},
            title_of=lambda name: words.known("titles", name) or "",
            label=lambda name: _label(name, language),
            held=lambda column: _held(column, words, formats),
            needs=lambda column: _needs(column, words),
            narrow=lambda sql: INDENT.sub(lambda found: "\n" + " " * (len(found[1]) // 2), sql),
            chain=lambda column: _raw_columns(explained, column["lake"]),
            picture=Markup(picture(_layers(explained, words), alt=words("dictionary.map"))),  # noqa: S704  (escaped)
        )
    )


def _in_schema(explained: Explained, schema: str) -> list[Mapping[str, Any]]:
    return [table for table in explained["tables"] if table["name"].startswith(f"{schema}.")]


def _label(column: str, language: str) -> str:
    """The Chinese name of a column of a snapshot, where there is one."""
    found = words_of_columns.label(column, language=language) if language == "zh" else column
    return "" if found == column else found


def _needs(column: Mapping[str, Any], words: Words) -> str:
    """The signals without any of which a column is unknown; the name of a group where it is one."""
    group = GROUPS.get(tuple(column["needs"]))
    return words(f"signals.{group}") if group else words("page.comma").join(column["needs"])


def _held(column: Mapping[str, Any], words: Words, formats: Formats) -> str:
    """What a column holds this week: the share of nulls, then range or most frequent texts; empty where unknown."""
    if column.get("available") is None:
        return ""
    if not column["available"]:
        return words("dictionary.unknown_here", why=column["why_not"] or "")
    empty, spread = column["null_share"], column["categories"]
    share = "" if empty is None else words("dictionary.nulls", share=formats.percent(empty))
    if column["median"] is not None:
        low, middle, high = (f"{column[name]:,.4g}" for name in ("minimum", "median", "maximum"))
        spread = words("dictionary.spread", low=low, median=middle, high=high)
    return words("page.comma").join(part for part in (share, spread) if part)


def _raw_columns(explained: Explained, lake: Iterable[str]) -> dict[str, list[str]]:
    """The raw columns behind columns of the lake, by the files they lie in; of many files the first few and `…`."""
    found: dict[str, set[str]] = {}
    for name in lake:
        for mapped in explained["raw"].get(name.replace("events.event_date", "events.occurred_at"), ()):
            found.setdefault(mapped["glob"], set()).update(mapped["reads"])
    shown = {glob: sorted(columns) for glob, columns in sorted(found.items())[:MOST_FILES]}
    return shown | ({"…": []} if len(found) > MOST_FILES else {})


def _layers(explained: Explained, words: Words) -> list[list[Layer]]:
    """The map from files to views, from top to bottom."""
    features = {table["name"]: table for table in _in_schema(explained, "features")}

    def snapshot(name: str) -> Layer:
        sets = features[name]["sets"]
        count = sum(len(each["columns"]) for each in sets)
        says = words("dictionary.sets_and_columns", sets=len(sets), columns=count)
        return Layer(name, f"{name}: {says}", ", ".join(each["name"] for each in sets))

    def tables(schema: str) -> Layer:
        found = _in_schema(explained, schema)
        says = words("dictionary.count_tables", count=len(found))
        return Layer(schema, f"{schema}: {says}", ", ".join(table["short"] for table in found))

    files, views = explained["files"], explained["views"]
    lake = Layer("lake", words("dictionary.lake_short"), ", ".join(table["name"] for table in explained["lake"]))
    asked = words("dictionary.count_views", count=len(views))
    return [
        [Layer("files", words("dictionary.files"), ", ".join(each["glob"] for each in files))] if files else [],
        [lake],
        [snapshot("features.user_snapshot"), snapshot("features.item_snapshot")],
        [tables("marts"), tables("quality")],
        [Layer("views", asked, ", ".join(view["short"] for view in views))],
    ]
