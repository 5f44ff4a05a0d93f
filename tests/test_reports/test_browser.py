"""What a reader's browser makes of the page. Needs Debian's chromium."""

from datetime import timedelta

import pytest

from reports.archive import Told, index, told
from reports.cards import render_card
from reports.page import render
from reports.summary import summarise

from .test_cards import card

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def folder(full, support, tmp_path_factory):
    made = tmp_path_factory.mktemp("pages")
    for name, con in (("full", full), ("empty", support.empty_release())):
        summary = summarise(con, as_of=support.AS_OF, platform=support.PLATFORM, release="r001")
        for language in ("zh", "en"):
            (made / f"{name}.{language}.html").write_text(render(summary, language=language), encoding="utf-8")
            (made / f"card.{language}.html").write_text(render_card(card(), language=language), encoding="utf-8")
            held, kept = frozenset({"index.zh.html", "index.en.html"}), told(summary, work="watch")
            weeks = {
                support.AS_OF: Told("2026-07-20", held, kept),
                support.AS_OF - timedelta(days=7): Told("2026-07-13", held, kept),
            }
            (made / f"archive.{language}.html").write_text(index(weeks, language=language), encoding="utf-8")
    return made


@pytest.mark.parametrize("name", ["full.zh", "full.en", "empty.zh", "empty.en", "card.zh", "card.en"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_quiet_closed_and_no_wider_than_the_screen(browser, folder, name, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    url = (folder / f"{name}.html").as_uri()
    page.goto(url)
    assert said == []
    assert asked == [url]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


@pytest.mark.parametrize("name", ["full.zh", "full.en", "card.en"])
def test_text_in_charts_is_large_enough_on_a_telephone_and_none_is_cut(browser, folder, name):
    page = browser.new_page(viewport={"width": 390, "height": 900})
    page.goto((folder / f"{name}.html").as_uri())
    found = page.evaluate(
        """() => [...document.querySelectorAll('figure > svg')].flatMap(svg => {
             const frame = svg.getBoundingClientRect();
             return [...svg.querySelectorAll('text')].filter(text => text.textContent.trim()).map(text => {
               const box = text.getBoundingClientRect();
               const size = parseFloat(getComputedStyle(text).fontSize) * frame.width / svg.viewBox.baseVal.width;
               const inside = box.left >= frame.left - 1 && box.right <= frame.right + 1;
               return {text: text.textContent, size, inside};
             });
           })"""
    )
    assert len(found) > 20
    assert [each for each in found if each["size"] < 8 or not each["inside"] or each["text"].endswith("…")] == []
    page.close()


def test_text_in_charts_keeps_its_contrast_in_the_dark(browser, folder):
    page = browser.new_page(color_scheme="dark")
    page.goto((folder / "full.zh.html").as_uri())
    ink = page.evaluate("getComputedStyle(document.querySelector('figure text')).fill")
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    bright, dark = (sum(map(int, color[4:-1].split(","))) for color in (ink, paper))
    assert bright > 600
    assert dark < 120
    page.close()


@pytest.mark.parametrize("name", ["full.zh", "full.en", "empty.en", "card.zh", "card.en", "archive.zh"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_that_shuts_readers_out(browser, violations, folder, name, scheme):
    page = browser.new_page(viewport={"width": 390, "height": 900}, color_scheme=scheme)
    page.goto((folder / f"{name}.html").as_uri())
    assert violations(page) == []
    page.close()
