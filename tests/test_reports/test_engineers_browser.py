"""What a reader's browser makes of the page for engineers and of the list of weeks. Needs Debian's chromium."""

import pytest

from reports.archive import Told, index
from reports.engineers import past, summarise
from reports.engineers_page import render_engineers

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def folder(full, support, tmp_path_factory):
    made = tmp_path_factory.mktemp("engineers")
    given = {"as_of": support.AS_OF, "platform": support.PLATFORM, "release": "2026-07-20-r001"}
    before = past(full, as_of=support.AS_OF, release="2026-07-13-r001")
    summary = summarise(full, **given, past=[before, before])
    empty = summarise(support.empty_release(), **given)
    pages = frozenset({"index.zh.html", "index.en.html", "engineers.zh.html", "engineers.en.html"})
    first = {"zh": "周活跃 1,200 人。", "en": "1,200 weekly active people."}
    week = Told("2026-07-20", pages, {"state": "alert", "work": "watch", "provisional": True, "first": first})
    for language in ("zh", "en"):
        texts = {
            "full": render_engineers(summary, language=language, cards=("retention_28d",)),
            "empty": render_engineers(empty, language=language),
            "archive": index({support.AS_OF: week}, language=language),
        }
        for name, text in texts.items():
            (made / f"{name}.{language}.html").write_text(text, encoding="utf-8")
    return made


@pytest.mark.parametrize("name", ["full.zh", "full.en", "empty.zh", "archive.en"])
@pytest.mark.parametrize("width", [390, 1280])
def test_quiet_closed_and_no_wider_than_the_screen_even_with_everything_open(browser, folder, name, width):
    page = browser.new_page(viewport={"width": width, "height": 900})
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    url = (folder / f"{name}.html").as_uri()
    page.goto(url)
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    assert said == []
    assert asked == [url]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


@pytest.mark.parametrize("name", ["full.zh", "full.en", "empty.en", "archive.zh"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_that_shuts_readers_out(browser, violations, folder, name, scheme):
    page = browser.new_page(viewport={"width": 390, "height": 900}, color_scheme=scheme)
    page.goto((folder / f"{name}.html").as_uri())
    assert violations(page) == []
    page.close()


def test_the_contents_lead_to_every_section(browser, folder):
    page = browser.new_page(viewport={"width": 390, "height": 900})
    page.goto((folder / "full.en.html").as_uri())
    for link in page.query_selector_all("nav a"):
        link.click()
        target = page.evaluate("document.querySelector(location.hash).getBoundingClientRect().top")
        assert target < 900
    page.close()


def test_text_in_charts_is_large_enough_and_none_is_cut(browser, folder):
    page = browser.new_page(viewport={"width": 390, "height": 900})
    page.goto((folder / "full.en.html").as_uri())
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
