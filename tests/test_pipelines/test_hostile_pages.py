"""A platform whose own words attack its readers, through the real run: on every page they are but text."""

from pathlib import Path

import pytest

from ..hostile_platform import PLANTED, spoil_deliveries
from ..report_judging import browser_faults, print_faults
from ..report_reading import read
from ..report_words import unmarked

pytestmark = pytest.mark.slow

LANGUAGES = ("zh", "en")
STEMS = ("index", "engineers", "dictionary")
PAGES = [f"{stem}.{language}.html" for stem in STEMS for language in LANGUAGES]


@pytest.fixture(scope="session")
def report(once, lyceum_cli) -> Path:
    """The pages of one week of a small hostile platform, made by `lyceum run`."""
    from lyceum.simulator import simulate

    def make(folder: Path) -> None:
        simulate(folder / "landing", users=300, weeks=8, seed=7)
        spoil_deliveries(folder / "landing")
        ended = lyceum_cli(folder, "run", "--source", "demo", "--data", "landing", "--home", "home")
        assert ended.code == 0, ended.out + ended.err
        assert PLANTED not in ended.out + ended.err

    return once("hostile", make) / "home" / "current" / "report"


@pytest.mark.parametrize("name", PAGES)
def test_words_of_the_platform_are_text(report, name):
    html = (report / name).read_text(encoding="utf-8")
    page = read(html)
    if name.startswith("index"):
        assert PLANTED in page.text()
    if not name.startswith("dictionary"):
        assert unmarked(page, PLANTED) == []
        assert not [each.tag for each in page.all() if each.tag in ("script", "img", "iframe", "object", "embed")]
    assert not [key for each in page.all() for key in each.attributes if key.startswith("on")]
    assert not set(html) & set("\u202e\u200b\u2066\x00")
    assert "x" * 400 not in html
    assert f"{PLANTED}49" not in html


@pytest.mark.parametrize("name", PAGES)
def test_nothing_executes_nothing_is_asked_and_the_layout_holds(browser, report, name):
    assert browser_faults(browser, report / name, scripts=name.startswith("dictionary")) == []


@pytest.mark.parametrize("name", [page for page in PAGES if not page.startswith("dictionary")])
def test_paper_holds_it(browser, report, name):
    assert print_faults(browser, report / name) == []


def test_every_kept_page_holds_it(browser, report):
    kept = report.parents[1] / "reports"
    pages = sorted(path for path in kept.rglob("*.html") if not path.name.startswith("dictionary"))
    cards = [path for path in pages if path.name.startswith(("card", "index", "engineers", "checks"))]
    assert {path.parent for path in cards} >= {kept}
    assert [(path.name, fault) for path in cards for fault in browser_faults(browser, path)] == []
