"""From codes and sayings to sentences: what a summary says, in one language."""

import re
from typing import Any

from reports.catalogue import Words
from reports.formats import Formats
from reports.query import Value


class Voice:
    """Says the codes, columns and sayings of a summary with the words and formats of one language."""

    def __init__(self, words: Words, formats: Formats, /) -> None:
        self.words, self.formats = words, formats

    def say(self, saying: dict[str, Any], /) -> str:
        """The sentence of a saying {key, values}."""
        values = {name: self._value(part["kind"], part["value"]) for name, part in saying["values"].items()}
        return self.words(saying["key"], **values)

    def _value(self, kind: str, value: Value, /) -> str:
        if kind == "saying":
            return self.say(value)
        return self.feature(value) if kind == "column" else self.formats(kind, value)

    def code(self, section: str, code: str, /) -> str:
        """The word for a code that came with the data, or the code itself where the catalogue has none."""
        return self.words.known(section, code) or code

    def feature(self, column: str, /) -> str:
        """A snapshot column in words: acts_28d is "acts, 28 days"; the column's name where there is no word."""
        if (whole := self.words.known("features", column)) is not None:
            return whole
        match = re.fullmatch(r"(\w+)_(\d+)d", column)
        name = self.words.known("features", match[1]) if match else None
        return self.words("features.windowed", name=name, days=match[2]) if match and name else column

    def reject(self, code: str, /) -> str:
        """Why rows were refused: a code of its own, bad_COLUMN or missing_COLUMN."""
        kind, _, column = code.partition("_")
        if (known := self.words.known("rejects", code)) is not None:
            return known
        return self.words(f"rejects.{kind}_column", column=column) if kind in ("bad", "missing") else code

    def reason(self, code: str | None, /, *, english: str | None = None) -> str:
        """Why something is not there; a code without a text gives the English sentence (English page) or itself."""
        known = self.words.known("codes", code or "no_data")
        if known is None and english and not self.formats.chinese:
            return english.rstrip(".")
        return known or self.words("absent.unknown", code=code)
