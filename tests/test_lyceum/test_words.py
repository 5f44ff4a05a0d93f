"""Every column of a person that a model may use has words, the same in both languages but for the language."""

import re
from string import Formatter

import pytest

from lyceum import words
from lyceum.errors import UsageError
from lyceum.schema import BIGINT, DOUBLE, MONEY, table

NUMBERS = [c for c in table("features.user_snapshot").columns if c.type in (BIGINT, DOUBLE, MONEY)]
COMPARING = ("value", "tail")  # zh repeats the unit of what is usual, en does not
PLACES = {"n", "share", "change", "times", "money", "hour"}


def places(text):
    return sorted({name for _, name, _, _ in Formatter().parse(text) if name and name not in COMPARING})


def flat(language):
    return {f"{name}.{key}": text for name, part in words.sections(language).items() for key, text in part.items()}


def test_languages_have_the_same_keys_and_places():
    zh, en = flat("zh"), flat("en")
    assert list(zh) == list(en)
    differing = [key for key in zh if (set(places(zh[key])) ^ set(places(en[key]))) - {"within"}]
    assert differing == []


def test_no_text_is_empty_and_no_english_text_holds_chinese():
    for language in words.LANGUAGES:
        assert all(text.strip() for text in flat(language).values())
    assert [key for key, text in flat("en").items() if re.search(r"[\u3000-\u9fff]", text)] == []


def test_nothing_is_said_to_be_a_cause():
    causes = re.compile(
        r"because|due to|thanks to|leads? to|caus|reason|因为|导致|由于|使得|得益于|造成", re.IGNORECASE
    )
    for language in words.LANGUAGES:
        assert [key for key, text in flat(language).items() if causes.search(text)] == []


@pytest.mark.parametrize("language", words.LANGUAGES)
@pytest.mark.parametrize("column", NUMBERS, ids=lambda column: column.name)
def test_every_column_that_a_model_may_use_has_words(column, language):
    pattern = words.entry("facts", column.name, language=language)
    assert pattern is not None
    assert words.label(column.name, language=language) != column.name
    days = words.stem(column.name)[1]
    windowed = "{within}" in pattern
    assert windowed == (days is not None and column.name not in words.sections(language)["facts"])
    known = words.entry("nulls", column.name, language=language)
    assert known is None or "{within}" not in known or days is not None


@pytest.mark.parametrize("column", NUMBERS, ids=lambda column: column.name)
def test_a_value_is_written_in_the_unit_of_its_column(column):
    held = set(places(words.entry("facts", column.name, language="en"))) - {"within"}
    expected = {
        "currency": {"money"},
        "ratio": {"share", "change", "times"},
        "index": {"share", "times"},
        "nats": {"times"},
        "hour": {"hour"},
        "0 or 1": set(),
    }.get(column.unit, {"n"})
    assert len(held) == min(1, len(expected)) and held <= expected <= PLACES


def test_words_are_found_by_stem():
    assert words.stem("acts_28d") == ("acts", 28)
    assert words.stem("spend_total") == words.stem("spend")
    assert words.stem("answered_48h_share_84d") == ("answered_48h_share", 84)
    assert words.label("acts_28d", language="en") == "acts, 28 days"
    assert words.label("purchases_total", language="zh") == "累计购买次数"
    assert words.label("nonsense_28d", language="zh") == "nonsense_28d"
    assert words.label("nonsense_total", language="zh") == "nonsense_total"
    assert words.entry("facts", "nonsense_28d", language="zh") is None


def test_another_language_is_an_error():
    with pytest.raises(UsageError):
        words.sections("fr")
