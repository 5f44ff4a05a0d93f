"""Sentences about one person's value of one column, in Chinese and English, from the words in `lyceum.words`.

A sentence holds numbers and our own words, nothing that came from the logs. It says what goes together with an
outcome, and never that the one causes the other.
"""

import re
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from lyceum import words

PLACE = re.compile(r"\{(n|share|change|times|money|hour)\}")
CHOICE = re.compile(r"\[([^|\]]*)\|([^\]]*)\]")  # [where the number is 1|where it is not]
FLAG = "flag"  # a phrase without a number of its own
MINUS = "−"
WAN = 10_000
# Decimals of small values and of large ones, and from where on a value is large.
ROUNDED = {
    "n": (1, 0, 10.0),
    "money": (2, 0, 10.0),
    "share": (3, 2, 0.1),
    "change": (2, 2, 0.0),
    "times": (1, 1, 0.0),
}
REMEMBERED = 100_000  # sentences; people share most of theirs


@cache
def kind(column: str, /) -> str:
    """How the value of a column is written: n, share, change, times, money, hour (see lyceum.words), or flag.

    A column without words is written as a number.
    """
    pattern = words.entry("facts", column, language="en")
    if pattern is None:
        return "n"
    place = PLACE.search(pattern)
    return place[1] if place else FLAG


def rounded(values: NDArray[np.float64], /, *, column: str) -> NDArray[np.float64]:
    """The values as precisely as a sentence about the column shows them; null stays NaN."""
    small, large, limit = ROUNDED.get(kind(column), (0, 0, 0.0))
    coarse = np.abs(values) >= limit
    return np.where(coarse, np.round(values, large), np.round(values, small)) + 0.0  # no minus before a zero


@lru_cache(REMEMBERED)
def sentence(
    column: str, value: float | None, /, *, usual: float | None, towards: str, language: str, currency: str | None
) -> str:
    """What a person has of a column, beside what is usual, and what that is associated with.

    Both values are as `rounded` gives them; None = unknown. `towards` is a key of [towards] in the words; amounts are
    of `currency` (ISO 4217; None = say the bare number).
    """
    texts = words.sections(language)
    fact = _unknown(column, language) if value is None else _fact(column, value, usual, language, currency)
    return texts["reasons"]["sentence"].format(fact=fact, towards=texts["towards"][towards])


def _unknown(column: str, language: str, /) -> str:
    known = words.entry("nulls", column, language=language)
    if known is None:
        named = words.label(column, language=language)
        return words.sections(language)["reasons"]["unknown"].format(label=named)
    return known.format(within=_within(column, language))


def _fact(column: str, value: float, usual: float | None, language: str, currency: str | None, /) -> str:
    pattern = words.entry("facts", column, language=language) or f"{words.label(column, language=language)} {{n}}"
    how = kind(column)
    own = _filled(pattern, column, value, language, currency)
    if how == FLAG or usual is None:
        return own
    texts = words.sections(language)["reasons"]
    place = f"{{{how}}}"
    tail = _filled(pattern[pattern.index(place) :], column, usual, language, currency)
    compared = _filled(place, column, usual, language, currency)
    same = compared == _filled(place, column, value, language, currency)
    return texts["same" if same else "usual"].format(fact=own, value=compared, tail=tail)


def _filled(pattern: str, column: str, value: float, language: str, currency: str | None, /) -> str:
    chosen = CHOICE.sub(lambda choice: choice[1] if value == 1 else choice[2], pattern)
    text = chosen.format(within=_within(column, language), **_written(kind(column), value, language, currency))
    return text.replace("万 ", "万")  # 1.3 万元, not 1.3 万 元


def _within(column: str, language: str, /) -> str:
    days = words.stem(column)[1]
    pattern = words.sections(language)["reasons"]["within"] if days else ""
    return CHOICE.sub(lambda choice: choice[1] if days == 1 else choice[2], pattern).format(days=days)


def _written(how: str, value: float, language: str, currency: str | None, /) -> dict[str, str]:
    """The one place of a phrase with its text."""
    if how in ("share", "change"):
        percent = round(value * 100, 1)
        text = f"{percent:{'+' if how == 'change' and value else ''},.{0 if percent == int(percent) else 1}f}%"
    elif how == "times":
        text = f"{value:,.1f}"
    elif how == "hour":
        text = f"{value:02.0f}:00"
    else:
        text = _number(value, language, places=2 if how == "money" else 1)
    if how == "money":
        sums = words.sections(language)["money"]
        text = sums.get(currency or "none", sums["other"]).format(amount=text, currency=currency)
    return {how: text.replace("-", MINUS)}


def _number(value: float, language: str, /, *, places: int) -> str:
    if language == "zh" and abs(value) >= WAN:
        return f"{value / WAN:,.1f} 万"
    return f"{value:,.{0 if value == int(value) else places}f}"
