"""From codes and sayings to sentences: what a summary says, in one language."""

from typing import Any, Self

from markupsafe import Markup

from lyceum import words as words_of_columns
from reports.catalogue import Words
from reports.formats import Formats
from reports.query import Value


class Voice:
    """Says the codes, columns and sayings of a summary with the words and formats of one language."""

    def __init__(self, words: Words, formats: Formats, /) -> None:
        self.words, self.formats = words, formats

    @classmethod
    def of(cls, summary: dict[str, Any], /, *, language: str) -> Self:
        """The voice of a summary in `language`, zh or en, with the platform's money; UsageError for another."""
        words, platform = Words(language), summary["platform"]
        return cls(words, Formats(words, currency=platform["currency"], timezone=platform["timezone"]))

    def title(self, summary: dict[str, Any], /) -> str:
        """The line above the week: platform, number of the week, its days."""
        return self.words(
            "page.title",
            platform=summary["platform"]["name"],
            number=summary["week_number"],
            span=self.formats.span(summary["week"]),
        )

    def say(self, saying: dict[str, Any], /) -> str:
        """The sentence of a saying {key, values}."""
        values = {name: self._value(part["kind"], part["value"]) for name, part in saying["values"].items()}
        return self.words(saying["key"], **values)

    def _value(self, kind: str, value: Value, /) -> str:
        if kind == "saying":
            return self.say(value)
        return self.feature(value) if kind == "column" else self.formats(kind, value)

    def told(self, saying: dict[str, Any], /) -> Markup:
        """The same as HTML, text of the platform in an element of its own, so that its direction stays its own."""
        parts = saying["values"].items()
        return self.words.marked(
            saying["key"], **{name: self.marked(part["kind"], part["value"]) for name, part in parts}
        )

    def marked(self, kind: str, value: Value, /) -> str:
        """One value of a sentence as HTML knows it; what is Markup already stays as it is."""
        if isinstance(value, Markup):
            return value
        if kind == "saying":
            return self.told(value)
        text = self._value(kind, value)
        return Markup("<bdi>{}</bdi>").format(text) if kind == "text" else text

    def code(self, section: str, code: str, /) -> str:
        """The word for a code that came with the data, or the code itself where the catalogue has none."""
        return self.words.known(section, code) or code

    def feature(self, column: str, /) -> str:
        """A snapshot column in words: acts_28d is "acts, 28 days"; the column's name where there is no word."""
        return words_of_columns.label(column, language=self.words.language)

    def estimator(self, code: str, /) -> str:
        """The word for an estimator; "forest of 2026-01-05" is the one that was used before."""
        kind, _, version = code.partition(" of ")
        kind, mark, _ = kind.partition("_diverse")
        name = self.code("estimators", kind)
        name = self.words("page.diverse", name=name) if mark else name
        return self.words("page.earlier", name=name, day=self.formats.date(version)) if version else name

    def slice(self, part: str, /) -> str:
        """A part of the people: "new users", or "channel: NAME"."""
        column, _, value = part.partition(": ")
        if value and column == "channel":
            return self.words("card.channel", name=value)
        return self.words("card.new_users") if part == "new users" else part

    def listed(self, names: list[str], /) -> str:
        """Several names in a sentence."""
        return self.words("page.comma").join(names)

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
