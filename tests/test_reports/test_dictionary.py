"""The dictionary of a release: what it says, and what a browser makes of it."""

import re
from pathlib import Path

import pytest

from lyceum.schema import published, questions
from lyceum.sources import load
from lyceum.tables import canonical
from reports.catalogue import strings
from reports.dictionary import dictionary_file, render_dictionary
from reports.explaining import explain, read_by
from reports.lineage_picture import Layer, broken, picture

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def release(support):
    """Every table and view, empty but for two lines of the catalogue and two rates."""
    con = support.empty_release()
    for each in questions():
        con.execute(f"CREATE VIEW {each.view} AS {each.query}")
    common = {"table_name": "features.user_snapshot", "feature_set": "activity", "sql": "SELECT\n    1 AS x"}
    held = {"available": True, "null_share": 0.25, "minimum": 0.0, "median": 3.0, "maximum": 28.0}
    expression = {"expression": "COUNT(*) FILTER(WHERE (t1.acts > 0))"}
    gone = {"available": False, "why_not": "The logs hold no such thing."}
    support.plant(
        con,
        "features.catalogue",
        [{"name": "active_days_28d", **common, **held, **expression}, {"name": "gender", **common, **gone}],
    )
    names = ("rate", "area", "numerator", "denominator", "parts", "ages_days", "available", "why_not")
    told = (
        ("stickiness", "engagement", "days", "seven days", "", "[0]", True, ""),
        (HOSTILE, *("x",) * 5, False, ""),
    )
    support.plant(con, "marts.rate_definitions", [dict(zip(names, row, strict=True)) for row in told])
    return con


@pytest.fixture(scope="module")
def explained(release):
    return explain(release, source=load("demo"))


@pytest.fixture(scope="module")
def pages(explained, support):
    return {language: page(explained, support, language) for language in ("zh", "en")}


def page(explained, support, language):
    told = {"platform": support.PLATFORM, "as_of": support.AS_OF, "release": "2026-07-20-r001"}
    return render_dictionary(explained, **told, language=language)


def column(explained, table, name):
    found = next(each for each in explained["tables"] if each["name"] == table)
    columns = [*found["columns"], *(column for each in found["sets"] for column in each["columns"])]
    return next(each for each in columns if each["name"] == name)


def block(text, anchor):
    """What stands beside one column, as plain text."""
    found = re.search(
        rf'<div class="column" id="{re.escape(anchor)}">(.*?)(?=<div class="column"|</details>\n)', text, re.S
    )
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split())


def test_the_way_of_a_column_leads_from_the_raw_file_to_the_table(explained, pages):
    found = column(explained, "features.user_snapshot", "active_days_28d")
    assert found["inputs"] == ["user_days.acts", "user_days.event_date"]
    assert "events.event_type" in found["lake"]
    text = block(pages["en"], "features.user_snapshot.active_days_28d")
    parts = (
        "events/*.jsonl.gz: target, ts, type, uid",
        "events.event_type",
        "user_days.acts",
        "activity",
        "COUNT(*)",
    )
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert "25.0% null" in text and "0 to 28, median 3" in text
    assert "近28天活跃天数" in block(pages["zh"], "features.user_snapshot.active_days_28d")


def test_a_column_that_the_logs_cannot_tell_says_so(pages):
    assert "Unknown on this platform. The logs hold no such thing." in block(
        pages["en"], "features.user_snapshot.gender"
    )


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_table_view_and_column_has_a_place_of_its_own(pages, language):
    anchors = re.findall(r' id="([^"]+)"', pages[language])
    assert len(anchors) == len(set(anchors))
    known = set(anchors)
    for table in (*published(), *canonical.FROM_SOURCES):
        assert {table.name, *(f"{table.name}.{column}" for column in table.names)} <= known
    for each in questions():
        assert {each.view, *(f"{each.view}.{name}" for name in each.columns)} <= known
    assert set(re.findall(r'href="#([^"]+)"', pages[language])) <= known


def test_rows_are_counted_and_a_table_names_what_is_made_from_it(explained):
    tables = {each["name"]: each for each in explained["tables"]}
    assert tables["features.catalogue"]["rows"] == 2
    assert tables["marts.user_scores"]["rows"] == 0
    assert "marts.user_scores" in tables["features.user_snapshot"]["feeds"]
    assert "marts.q_stickiness" in tables["marts.rates"]["feeds"]
    assert tables["marts.activity_effects"]["from"] == []


def test_a_view_reads_what_its_query_names():
    query = "WITH x AS (SELECT * FROM marts.rates) SELECT * FROM x JOIN marts.weekly_kpis USING (week)"
    assert read_by(query) == ["marts.rates", "marts.weekly_kpis"]
    for each in questions():
        names = {table.name for table in published()}
        assert read_by(each.query) and set(read_by(each.query)) <= names | {f"history.{name[6:]}" for name in names}


def test_without_its_source_the_files_are_unknown_and_all_else_is_there(release, support):
    bare = explain(release, source=None)
    assert bare["files"] == []
    text = page(bare, support, "en")
    assert strings("en")["dictionary.no_source"] in text
    assert "user_days.acts" in text and "*.jsonl.gz" not in text


@pytest.mark.parametrize("name", ["xiaoetong", "oulad", "discourse"])
def test_other_sources_are_explained_too(release, support, name):
    explained = explain(release, source=load(name))
    text = page(explained, support, "zh")
    assert all(each["glob"] in text for each in explained["files"])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_table_has_a_title(language):
    named = {key.removeprefix("titles.") for key in strings(language) if key.startswith("titles.")}
    assert named == {*(table.name for table in published()), *(f"lake.{t.name}" for t in canonical.FROM_SOURCES)}


def test_nothing_but_the_one_script_runs_and_nothing_is_fetched(pages):
    text = pages["en"]
    assert HOSTILE not in text and "&lt;script&gt;alert(1)" in text
    assert text.count("<script") == 1
    assert re.search(r"default-src &#39;none&#39;[^\"]*script-src &#39;sha256-[A-Za-z0-9+/=]+&#39;", text)
    assert not re.search(r"<(img|link|iframe|object|base|form)\b|https?://|\son\w+=", text)
    assert f'href="{dictionary_file("zh")}"' in text


def test_boxes_of_the_picture_hold_their_texts():
    assert broken("one two three", 7) == ["one two", "three"]
    assert broken("活跃 days 天数", 9) == ["活跃 days", "天数"]
    drawn = picture([[Layer("a", "A <b>", "x, y")], [], [Layer("b", "B", ""), Layer("c", "C", "z")]], alt='"map"')
    assert drawn.count("<rect") == 3 and drawn.count("<path") == 1
    assert "A &lt;b&gt;" in drawn and "&quot;map&quot;" in drawn


@pytest.fixture(scope="module")
def folder(pages, tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("dictionary")
    for language, text in pages.items():
        (made / dictionary_file(language)).write_text(text, encoding="utf-8")
    return made


def opened(browser, folder, language, anchor="", **options):
    found = browser.new_page(**options)
    said, asked = [], []
    found.on("console", lambda message: said.append(message.text))
    found.on("pageerror", lambda error: said.append(str(error)))
    found.on("request", lambda request: asked.append(request.url))
    url = (folder / dictionary_file(language)).as_uri()
    found.goto(url + anchor)
    assert said == [] and len(asked) == 1
    return found


@pytest.mark.browser
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_wider_than_the_screen_and_texts_stay_in_their_boxes(browser, folder, language, width, scheme):
    found = opened(browser, folder, language, viewport={"width": width, "height": 900}, color_scheme=scheme)
    found.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    assert found.evaluate("document.documentElement.scrollWidth") <= width
    outside = found.evaluate(
        """() => [...document.querySelectorAll('.map a')].flatMap(box => {
             const frame = box.querySelector('rect').getBoundingClientRect();
             return [...box.querySelectorAll('text')].map(text => text.getBoundingClientRect())
               .filter(text => text.right > frame.right || text.bottom > frame.bottom);
           }).length"""
    )
    assert outside == 0
    found.close()


@pytest.mark.browser
@pytest.mark.parametrize("language", ["zh", "en"])
def test_axe_finds_nothing_that_shuts_readers_out(browser, violations, folder, language):
    """What is folded stays so: opened, axe-core reads some thousand boxes for minutes."""
    found = opened(browser, folder, language, viewport={"width": 1280, "height": 900}, color_scheme="dark")
    assert violations(found) == []
    found.close()


@pytest.mark.browser
def test_searching_a_column_shows_it_alone_with_its_way_open(browser, folder):
    found = opened(browser, folder, "en")
    found.fill("#find", "Active_Days_28d")
    shown = found.locator(".column:visible")
    assert shown.count() == 1
    assert shown.first.get_attribute("id") == "features.user_snapshot.active_days_28d"
    assert "user_days.acts" in shown.first.inner_text()
    found.fill("#find", "no such word anywhere")
    assert found.locator(".entry:visible").count() == 0
    found.fill("#find", "")
    assert found.locator(".entry:visible").count() > 60
    found.close()


@pytest.mark.browser
def test_a_link_to_a_column_opens_what_holds_it_also_without_scripts(browser, folder):
    found = opened(browser, folder, "zh", "#features.user_snapshot.spend_84d", java_script_enabled=False)
    assert found.locator(".column:target").is_visible()
    assert found.locator("#search").is_hidden()
    found.close()
