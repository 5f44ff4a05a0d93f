"""The page for engineers compares with earlier releases; the archive lists what each week says, over real HTTP."""

import json
from datetime import date

import pytest

from lyceum import releases
from pipelines.report import TOLD, earlier_weeks, write_archive
from reports.engineers_page import engineers_file
from reports.query import SMALL

from .test_serving import get, located, served

FIRST = {"zh": "周活跃 1,200 人。", "en": "1,200 weekly active people."}


def rows(week):
    return {row["table_name"]: row["rows"] for row in week["figures"]["published"]["value"]}


def test_earlier_weeks_come_newest_first_and_keep_a_handful_of_people_to_themselves(small):
    found = earlier_weeks(small, date(2026, 7, 13))
    assert [(week["as_of"], week["release"]) for week in found] == [
        ("2026-07-06", "2026-07-06-r001"),
        ("2026-06-29", "2026-06-29-r001"),
    ]
    assert rows(found[0])["marts.early_warnings"] == SMALL
    assert rows(found[0])["quality.checks"] == 0
    assert [week["as_of"] for week in earlier_weeks(small, date(2026, 7, 6))] == ["2026-06-29"]
    assert earlier_weeks(small, date(2026, 6, 29)) == []


def test_a_damaged_earlier_release_is_left_out(small):
    broken = releases.current(small.home).database
    broken.chmod(0o644)
    broken.write_bytes(b"no database")
    assert [week["as_of"] for week in earlier_weeks(small, date(2026, 7, 13))] == ["2026-06-29"]


@pytest.fixture
def archived(small):
    """Two weeks in the archive, the newer one with a summary and a page for engineers."""
    older, newer = releases.listing(small.home)
    write_archive(small, older)
    newer.report.chmod(0o755)
    (newer.report / TOLD).write_text(
        json.dumps({"state": "watch", "work": "alert", "first": FIRST}), encoding="utf-8"
    )
    for language in ("zh", "en"):
        (newer.report / engineers_file(language)).write_text(f"<h1>{language}</h1>", encoding="utf-8")
    write_archive(small, newer)
    return small.home


def test_the_archive_tells_of_each_week_in_both_languages(archived):
    with served(archived) as port:
        _, chinese = get(port, "/")
        _, english = get(port, "/index.en.html")
        assert FIRST["zh"] in chinese and FIRST["en"] in english and FIRST["zh"] not in english
        assert chinese.index("2026-07-06/") < chinese.index("2026-06-29/")
        assert "./2026-07-06/engineers.en.html" in english and "./2026-06-29/engineers.en.html" not in english
        assert located(port, "/latest") == (302, "/2026-07-06/")
        assert located(port, "/latest/engineers.en.html") == (302, "/2026-07-06/engineers.en.html")
        assert get(port, "/2026-07-06/engineers.en.html") == (200, "<h1>en</h1>")


def test_a_damaged_summary_costs_a_week_its_sentence_only(small, archived):
    for text in ("{", "[1]", '{"first": 3, "state": []}'):
        (archived.reports / "2026-06-29" / TOLD).write_text(text, encoding="utf-8")
        write_archive(small, releases.listing(archived)[1])
        assert "./2026-06-29/index.html" in (archived.reports / "index.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_every_release_and_every_archived_week_has_the_page(finished):
    release = releases.current(finished.home)
    kept = finished.home.reports / release.as_of.isoformat()
    for language in ("zh", "en"):
        text = (release.report / engineers_file(language)).read_text(encoding="utf-8")
        assert release.name in text
        assert str(finished.home.root) not in text
        assert (kept / engineers_file(language)).read_text(encoding="utf-8") == text
        report = (release.report / f"index.{language}.html").read_text(encoding="utf-8")
        assert f'href="{engineers_file(language)}"' in report
        assert f'href="index.{language}.html"' in text
    summary = json.loads((release.report / TOLD).read_text(encoding="utf-8"))
    listed = (finished.home.reports / "index.en.html").read_text(encoding="utf-8")
    assert summary["release"] == release.name
    assert summary["first"]["en"] and summary["first"]["en"].split(",")[0] in listed
