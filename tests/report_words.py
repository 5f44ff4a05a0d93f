"""Whose words stand on a page: the interface's in its own language, the platform's marked as the platform's.

The catalogues say what the interface can say. Text of the platform stands in <bdi> or <code>, or in a drawing,
where nothing can be marked and where texts are names of rows that stand in a table, too.
"""

import re
from collections.abc import Iterator
from functools import cache
from string import Formatter

from lyceum import words
from reports.catalogue import strings

from .report_reading import Element

CHINESE = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f]")
WORD = re.compile(r"[A-Za-z][A-Za-z_]+")
MARKED = ("bdi", "code", "style", "script", "title")
NAMES = re.compile(  # of tables, releases, currencies
    r"\b(?:marts|features|quality|history)\.\w+|\bduckdb_tables\(\)|\b\d{4}-\d\d-\d\d-r\d+|\b[A-Z]{3}\b"
)


@cache
def said(language: str, /) -> frozenset[str]:
    """Every text of the interface in that language, as it is in the catalogues."""
    of_columns = (text for section in words.sections(language).values() for text in section.values())
    return frozenset((*strings(language).values(), *of_columns))


@cache
def spoken(language: str, /) -> frozenset[str]:
    """The Latin words that the interface of that language uses."""
    return frozenset(word for text in said(language) for piece in literal(text) for word in WORD.findall(piece))


def literal(text: str, /) -> list[str]:
    """The pieces of a catalogue's text between its places."""
    try:
        return [piece for piece, *_ in Formatter().parse(text) if piece]
    except ValueError:  # braces that are no places
        return [text]


def interface(page: Element, /, *, language: str) -> Iterator[str]:
    """What a page says that is not marked as the platform's, drawings left out."""
    for where, text in page.texts(without=(*MARKED, "svg")):
        about = [each.attributes.get("lang", "") for each in where.around()]
        if text.strip() and not any(tag and not tag.startswith(language) for tag in about):
            yield " ".join(text.split())
    for each in page.all():
        yield from (value for key, value in each.attributes.items() if key in ("title", "placeholder") and value)


def marked(page: Element, /) -> Iterator[str]:
    """What stands in <bdi>: the platform's words, and cells of tables."""
    for each in page.all("bdi"):
        yield each.text(without=())


def word_faults(page: Element, /, *, language: str) -> list[str]:
    """Words of the other language: Chinese, or Latin words that the Chinese catalogue does not use."""
    other = "zh" if language == "en" else "en"
    foreign = {text for text in said(other) - said(language) if len(WORD.findall(text)) > 1 or CHINESE.search(text)}
    found = [f"in the other language: {text[:80]}" for text in marked(page) if text in foreign]
    for text in interface(page, language=language):
        if language == "en" and CHINESE.search(text):
            found.append(f"Chinese: {text[:80]}")
        strange = set(WORD.findall(NAMES.sub(" ", text))) - spoken("zh") if language == "zh" else set()
        if strange:
            found.append(f"not Chinese: {sorted(strange)} in {text[:80]}")
    return found


def unmarked(page: Element, planted: str, /) -> list[str]:
    """Where a text of the platform stands outside <bdi>, <code> and drawings."""
    return [text[:120] for text in interface(page, language="") if planted in text]
