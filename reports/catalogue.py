"""Every string of a report: one catalogue a language; a missing key is an error, never an empty place."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from markupsafe import Markup, escape

from lyceum.errors import LyceumError, UsageError
from lyceum.words import LANGUAGES


@cache
def strings(language: str, /) -> dict[str, str]:
    """The catalogue of `language` as {"section.key": text}; UsageError if there is no such language."""
    if language not in LANGUAGES:
        raise UsageError(
            "There is no catalogue of words for that language.", remedy=f"Languages: {', '.join(LANGUAGES)}."
        )
    text = (files("reports") / "words" / f"{language}.toml").read_text(encoding="utf-8")
    return dict(_flat(tomllib.loads(text), ""))


def _flat(node: dict[str, Any], prefix: str, /) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in node.items():
        found += _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else [(prefix + key, value)]
    return found


class Words:
    """The words of one language."""

    def __init__(self, language: str, /) -> None:
        self.language = language
        self._strings = strings(language)

    def __call__(self, key: str, /, **values: object) -> str:
        """The text of `key` with its {places} filled; LyceumError if the key or a place is missing."""
        try:
            return self._strings[key].format(**values)
        except (KeyError, IndexError) as gap:
            raise LyceumError(
                f"The {self.language} catalogue of the report has no text or place for {key} ({gap}).",
                remedy=f"Add it to reports/words/{self.language}.toml.",
            ) from None

    def marked(self, key: str, /, **values: object) -> Markup:
        """The same as HTML: the text and the values escaped, but for values that are Markup already."""
        self(key, **values)
        return escape(self._strings[key]).format(**values)

    def known(self, section: str, code: str, /) -> str | None:
        """The text of a code that comes from data, or None where the catalogue does not know the code."""
        return self._strings.get(f"{section}.{code}")
