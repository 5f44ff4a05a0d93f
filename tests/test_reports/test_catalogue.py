import re
from importlib.resources import files
from string import Formatter

import pytest

from features.kpis import KPIS
from lyceum.errors import LyceumError, UsageError
from lyceum.schema import table
from reports.catalogue import LANGUAGES, Words, strings
from reports.voice import Voice

KEY = re.compile(r"""(?:words|w|say|word", f?|\.known)\(\s*f?["']([a-z_]+\.[a-z_0-9]+)["']""")
# FIELD.md 2.2: no cause without a test, no labels on people, no jargon, no praise, no shouting.
AVOIDED = {
    "zh": "导致|得益于|必将|精准|显著|僵尸|羊毛党|韭菜|小白|劣质|赋能|抓手|闭环|颗粒度|打法|心智|！",
    "en": r"\bthanks to\b|\bcaused by\b|\bled to\b|\bdriven by\b|\bsignificantly\b|10k yuan|\bzombie|[!] ",
}
HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,;:!?()]|[,;!?()][\u4e00-\u9fff]")
LEAD = re.compile(r"""lead\(\s*["']([a-z_0-9]+)["']""")


def places(text):
    return sorted({name for _, name, _, _ in Formatter().parse(text) if name})


def test_languages_have_the_same_keys_and_places():
    zh, en = strings("zh"), strings("en")
    assert list(zh) == list(en)
    assert [key for key in zh if places(zh[key]) != places(en[key])] == []


def test_no_text_is_empty_and_no_english_text_holds_chinese():
    for language in LANGUAGES:
        assert all(text.strip() for text in strings(language).values())
    chinese = [key for key, text in strings("en").items() if re.search(r"[\u3000-\u9fff]", text)]
    assert chinese == ["page.other_language"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_has_a_word_that_the_trade_avoids(language):
    avoided = re.compile(AVOIDED[language], re.IGNORECASE)
    assert {key: text for key, text in strings(language).items() if avoided.search(text)} == {}


def test_chinese_texts_have_full_width_punctuation():
    assert {key: text for key, text in strings("zh").items() if HALF_WIDTH.search(text)} == {}


def test_every_code_or_section_of_the_catalogue_is_named_somewhere():
    """A section whose keys nobody asks for, by name or by the place for a code, is left over."""
    sources = [path for path in files("reports").iterdir() if path.name.endswith(".py")]
    sources += list((files("reports") / "templates").iterdir())
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    sections = {key.partition(".")[0] for key in strings("zh")}
    assert [name for name in sections if f"{name}." not in text and not re.search(rf"[\"':]{name}[\"']", text)] == []


def test_every_key_that_code_and_templates_name_exists():
    sources = [path for path in files("reports").iterdir() if path.name.endswith(".py")]
    sources += list((files("reports") / "templates").iterdir())
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    named = {*KEY.findall(text), *(f"leads.{key}" for key in LEAD.findall(text))}
    assert len(named) > 60
    assert sorted(named - set(strings("zh"))) == []


def test_every_weekly_figure_has_a_name():
    for language in LANGUAGES:
        names = {key.removeprefix("kpis.") for key in strings(language) if key.startswith("kpis.")}
        assert names == {kpi.name for kpi in KPIS}


def test_missing_key_and_missing_place_are_errors():
    with pytest.raises(LyceumError, match=r"no text or place for page\.nonsense"):
        Words("en")("page.nonsense")
    with pytest.raises(LyceumError, match=r"no text or place for page\.release"):
        Words("en")("page.release")
    with pytest.raises(UsageError):
        Words("fr")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_feature_of_a_person_has_words(language):
    voice = Voice(Words(language), None)
    names = [c for c in table("features.user_snapshot").names if c not in ("user_id", "as_of")]
    assert [name for name in names if voice.feature(name) == name] == []


def test_an_unknown_code_is_never_said_in_english_on_the_chinese_page():
    from reports.formats import Formats

    def voice(language):
        words = Words(language)
        return Voice(words, Formats(words, currency=None, timezone="UTC"))

    assert voice("zh").reason("brand_new", english="Something.") == "原因代码 brand_new"
    assert voice("en").reason("brand_new", english="Something.") == "Something"
    assert voice("zh").reason("no_purchases_logged") == "平台日志中没有购买记录"


def test_reject_codes_are_said_by_column():
    voice = Voice(Words("en"), None)
    assert voice.reject("bad_json") == "not valid JSON"
    assert voice.reject("bad_occurred_at") == "occurred_at cannot be read as its type"
    assert voice.reject("missing_user_id") == "user_id is missing"
    assert voice.reject("never_heard_of") == "never_heard_of"
