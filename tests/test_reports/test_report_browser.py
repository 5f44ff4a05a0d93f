"""Every page of a release in a browser, in both languages: with everything, with nothing, of a hostile platform.

The pages are made by the code that makes them for a release; tests/test_pipelines/test_real.py judges those of real
platforms in the same way.
"""

import pytest

from reports.archive import Told, index, told
from reports.cards import render_card
from reports.engineers import summarise as summarise_work
from reports.engineers_page import render_engineers
from reports.page import render
from reports.summary import summarise

from ..hostile_platform import HOSTILE, PLANTED
from ..report_judging import axe_faults, browser_faults, print_faults
from ..report_reading import read
from ..report_words import unmarked, word_faults
from .test_cards import card

LANGUAGES = ("zh", "en")
KINDS = ("full", "empty", "hostile")
STEMS = ("index", "engineers", "dictionary", "card.retention_28d", "weeks")


def spoil(con):
    """Hostile texts in every place of the release that a platform's own words reach."""
    texts = ", ".join("'" + text.replace("'", "''") + "'" for text in HOSTILE)
    hostile = f"([{texts}])[1 + (hash(rowid) % {len(HOSTILE)})::INTEGER]"
    for table, columns in (
        ("marts.item_performance", ("title", "category")),
        ("marts.community_health", ("community_id",)),
        ("marts.channel_quality", ("channel",)),
        ("marts.segments", ("name_zh", "name_en")),
        ("marts.interests", ("topic",)),
        ("quality.rejects", ("file",)),
        ("quality.deliveries", ("file",)),
        ("quality.runs", ("why",)),
        ("quality.checks", ("sentence",)),
    ):
        for column in columns:
            con.execute(f"UPDATE {table} SET {column} = {hostile}")


def labels(con):
    """Topics carry a word of the platform as their name."""
    from lyceum.schema import table

    for name in ("label_zh", "label_en", "topic"):
        if name in table("marts.topics").names:
            con.execute(f"UPDATE marts.topics SET {name} = '{PLANTED}</b>' || {name}")


@pytest.fixture(scope="module")
def folders(full, support, tmp_path_factory):
    from reports.dictionary import render_dictionary
    from reports.explaining import explain

    made = {}
    for kind in KINDS:
        con = support.empty_release() if kind == "empty" else full
        platform = support.PLATFORM | ({"name": HOSTILE[0]} if kind == "hostile" else {})
        given = {"as_of": support.AS_OF, "platform": platform, "release": "2026-07-20-r001"}
        con.execute("BEGIN")
        if kind == "hostile":
            spoil(con)
            labels(con)
        summary, work = summarise(con, **given), summarise_work(con, **given)
        explained = explain(con, source=None)
        con.execute("ROLLBACK")
        folder = made[kind] = tmp_path_factory.mktemp(kind)
        kept = told(summary, work="watch") | (
            {"first": dict.fromkeys(LANGUAGES, HOSTILE[1])} if kind == "hostile" else {}
        )
        week = Told(".", frozenset(f"{s}.{o}.html" for s in STEMS for o in LANGUAGES), kept)
        for language in LANGUAGES:
            pages = {
                "index": render(summary, language=language, cards=("retention_28d",)),
                "engineers": render_engineers(work, language=language, cards=("retention_28d",)),
                "dictionary": render_dictionary(explained, language=language, **given),
                "card.retention_28d": render_card(card(), language=language),
                "weeks": index({support.AS_OF: week}, language=language),
            }
            for stem, text in pages.items():
                (folder / f"{stem}.{language}.html").write_text(text, encoding="utf-8")
        (folder / "card.retention_28d.json").write_text("{}")
    return made


PAGES = [f"{stem}.{language}.html" for stem in STEMS for language in LANGUAGES]
REPORTS = [name for name in PAGES if not name.startswith(("dictionary", "weeks"))]


@pytest.mark.browser
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_said_asked_run_cut_or_lost(browser, folders, kind, name):
    faults = browser_faults(browser, folders[kind] / name, scripts=name.startswith("dictionary"))
    if name.startswith("weeks"):  # the list lies one folder above the weeks and names its own other language
        faults = [fault for fault in faults if "dead links" not in fault]
    assert faults == []


@pytest.mark.browser
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", REPORTS)
def test_paper_shows_everything(browser, folders, kind, name):
    assert print_faults(browser, folders[kind] / name) == []


@pytest.mark.browser
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", REPORTS)
def test_axe_finds_nothing(browser, violations, folders, kind, name):
    assert axe_faults(browser, violations, folders[kind] / name) == []


@pytest.mark.parametrize("kind", ("full", "empty"))
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("stem", ("index", "card.retention_28d", "engineers", "weeks"))
def test_no_word_of_the_other_language(folders, kind, stem, language):
    page = read((folders[kind] / f"{stem}.{language}.html").read_text(encoding="utf-8"))
    assert word_faults(page, language=language) == []


@pytest.mark.parametrize("name", [n for n in PAGES if n.startswith(("index", "engineers", "weeks"))])
def test_words_of_the_platform_are_marked_as_such_and_are_only_text(folders, name):
    html = (folders["hostile"] / name).read_text(encoding="utf-8")
    page = read(html)
    assert PLANTED in html
    assert unmarked(page, PLANTED) == []
    assert not [each.tag for each in page.all() if each.tag in ("script", "img", "iframe", "object", "embed")]
    assert not [key for each in page.all() for key in each.attributes if key.startswith("on")]
    assert not set(html) & set("\u202e\u200b\u2066\x00")
    assert "x" * 400 not in html
    assert f"{PLANTED}49" not in html
