"""Words about the columns of the user snapshot, the one place for reports and reasons; one TOML file a language.

[features] names a column as a heading, [facts] says a person's value in a sentence, [nulls] says that there is none.
A column has an entry of its own, or shares that of its stem: acts_28d is said by `acts` with a window of 28 days.

In [facts] one place holds the value and names how it is written: {n} a number, {share} a percentage, {change} a
percentage with its sign, {times} a number with one decimal, {money} an amount, {hour} a time of day. {within} is the
window. [a|b] is a where the number before it is 1, b otherwise. A phrase without a place of its own is about 1 or 0.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from lyceum.errors import UsageError

LANGUAGES = ("zh", "en")
WINDOWED = re.compile(r"(\w+)_(?:(\d+)d|total)")


@cache
def sections(language: str, /) -> Mapping[str, Mapping[str, str]]:
    """The words of `language` as {section: {key: text}}; UsageError if there is no such language."""
    if language not in LANGUAGES:
        raise UsageError(
            "There is no catalogue of words for that language.", remedy=f"Languages: {', '.join(LANGUAGES)}."
        )
    text = (files("lyceum.words") / f"{language}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def stem(column: str, /) -> tuple[str, int | None]:
    """What a column counts and over how many days: acts_28d is ("acts", 28), spend_total ("spend", None)."""
    match = WINDOWED.fullmatch(column)
    if match is None:
        return column, None
    return match[1], int(match[2]) if match[2] else None


def entry(section: str, column: str, /, *, language: str) -> str | None:
    """The text of `section` for a column, its own or that of its stem; None where there is neither."""
    texts = sections(language)[section]
    return texts.get(column, texts.get(stem(column)[0]))


def label(column: str, /, *, language: str) -> str:
    """A column as a heading: acts_28d is "acts, 28 days"; the column's name where there is no word for it."""
    names = sections(language)["features"]
    name, days = stem(column)
    if column in names:
        return names[column]
    if days is None or name not in names:
        return column
    return names["windowed"].format(name=names[name], days=days)
