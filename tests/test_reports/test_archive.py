"""The list of all weeks: newest first, its state and first conclusion in the reader's language, nobody named."""

import html
import json
import re
from datetime import date

import pytest

from reports.archive import Told, index, told
from reports.page import POLICY

PAGES = frozenset(
    f"{name}.{language}.html" for name in ("index", "engineers", "dictionary") for language in ("zh", "en")
)
SUMMARY = {
    "state": "alert",
    "work": "watch",
    "provisional": True,
    "first": {"zh": "周活跃 1,200 人。", "en": "1,200 weekly active people."},
}


def links(text):
    return re.findall(r'href="([^"]+)"', text)


def test_the_newest_week_stands_first_with_its_state_conclusion_and_pages():
    weeks = {date(2026, 7, 13): Told("2026-07-13", PAGES, {}), date(2026, 7, 20): Told("2026-07-20", PAGES, SUMMARY)}
    text = index(weeks, language="zh")
    newest, before = text[text.index("<li>") :].split("</li>")[:2]
    assert links(newest) == [
        *("./2026-07-20/index.html", "./2026-07-20/index.zh.html", "./2026-07-20/index.en.html"),
        *("./2026-07-20/engineers.zh.html", "./2026-07-20/dictionary.zh.html"),
    ]
    assert "第29周" in newest and "第28周" in before
    assert 'class="tag alert">预警<' in newest and "工程页：关注" in newest and "暂定" in newest
    assert "周活跃 1,200 人。" in newest and "1,200 weekly" not in text
    assert "tag" not in before
    assert "1,200 weekly active people." in index(weeks, language="en")


def test_only_pages_that_are_there_are_linked():
    old = Told("2026-07-13", frozenset({"index.html", "index.en.html"}), {})
    assert links(index({date(2026, 7, 13): old}, language="en"))[1:] == [
        "./2026-07-13/index.html",
        "./2026-07-13/index.en.html",
    ]
    assert "No report has been published yet." in index({}, language="en")


@pytest.mark.parametrize(
    "summary", [{"state": "<b>", "work": 7, "first": "x"}, {"first": {"en": "<script>alert(1)</script>\u202e"}}]
)
def test_a_summary_with_anything_in_it_is_text(summary):
    week = Told('2026-07-20"><script>', frozenset({"index.en.html"}), summary)
    text = index({date(2026, 7, 20): week}, language="en")
    assert "<script" not in text and "\u202e" not in text
    assert links(text)[1] == "./2026-07-20%22%3E%3Cscript%3E/index.html"
    assert html.escape(POLICY).replace("&#x27;", "&#39;") in text


def summary_of(conclusions):
    return {
        **{"as_of": "2026-07-20", "release": "2026-07-20-r001", "state": "watch", "conclusions": conclusions},
        "platform": {"name": "Demo", "timezone": "Asia/Shanghai", "currency": "CNY"},
        "figures": {"provisional": {"value": [{"provisional": False}]}, "people": {"value": [{"user": "secret"}]}},
    }


def test_what_is_kept_of_a_week_is_its_first_conclusion_in_both_languages_and_nothing_of_its_figures():
    what = {"key": "conclusions.trust_do_normal", "values": {}}
    kept = told(summary_of([{"what": what}, {"what": {"key": "never said", "values": {}}}]), work="normal")
    assert json.loads(json.dumps(kept)) == {
        **{"as_of": "2026-07-20", "release": "2026-07-20-r001", "state": "watch", "work": "normal"},
        "provisional": False,
        "first": {"zh": "数据可以引用。", "en": "The data can be quoted."},
    }


def test_a_week_without_conclusions_has_none():
    assert told(summary_of([]), work="normal")["first"] == {"zh": "", "en": ""}
