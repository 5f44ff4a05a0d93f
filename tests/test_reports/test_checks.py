"""The page of verdicts: what blocks stands first, hostile values are text, nothing runs and nothing is fetched."""

import html
import json
import re
from datetime import date

import pytest

from lyceum.errors import UsageError
from lyceum.tables.quality import CHECKS
from reports.checks import render_checks
from reports.page import POLICY

AS_OF = date(2026, 7, 20)
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "</code><base href=//evil.example>",
    "&lt;script&gt; {{ 7 * 7 }} {% raw %}",
)


def check(rule, *, success=True, **values):
    named = {"suite": "events", "rule": rule, "expectation": "unexpected_rows_expectation", "severity": "fail"}
    told = {"sentence": f"About {rule}.", "sentence_zh": f"关于 {rule}。", "success": success}
    return dict.fromkeys(CHECKS.names) | named | told | values


def page(checks, *, language="en", platform="demo"):
    return render_checks(checks, platform=platform, as_of=AS_OF, language=language)


def text_of(markup):
    return " ".join(html.unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", markup, flags=re.DOTALL)).split())


def test_what_blocks_stands_before_what_warns_with_its_counts_and_keys():
    keys = json.dumps(["event_id=e1", "event_id=e2"])
    found = [
        check("rating.range", success=False, severity="warn", unexpected=3, share=0.25),
        check("key", success=False, unexpected=12_000, share=0.5, sample=keys),
        check("rows"),
        check("key", suite="users"),
    ]
    seen = text_of(page(found))
    assert seen.startswith("demo: data checks, W29 (13–19 Jul 2026) demo: data checks")
    assert "Nothing was published: 1 of 4 checks failed." in seen
    assert "failed events About key. 12,000 50.0% event_id=e1 event_id=e2" in seen
    assert "warning events About rating.range. 3 25.0%" in seen
    assert seen.index("About key.") < seen.index("About rating.range.")
    assert "events 3 1 1 1 users 1 1 0 0" in seen
    assert "All 4 checks" in seen


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([check("rows")], "1 项检查全部通过。"),
        ([check("a", success=False, severity="warn")], "1 项检查中有 1 项警告。"),
        ([check("a", success=False)], "本周未发布：1 项检查中有 1 项未通过。"),
    ],
)
def test_the_chinese_page_says_the_verdict_and_its_sentences(found, said):
    seen = text_of(page(found, language="zh"))
    assert said in seen
    assert "关于" in seen
    assert "About" not in seen


@pytest.mark.parametrize("language", ["zh", "en"])
def test_hostile_values_are_shown_as_text(language):
    found = [
        check(value, success=False, sentence=value, sentence_zh=value, suite=value, sample=json.dumps([value]))
        for value in HOSTILE
    ]
    markup = page(found, language=language, platform=HOSTILE[0])
    assert not re.search(r"<(script|img|svg|base|iframe|object|link|form)\b", markup, re.IGNORECASE)
    tags = re.findall(r"<[a-zA-Z][^>]*>", markup)
    assert not [tag for tag in tags if re.search(r"\son\w+\s*=|\ssrc\s*=", tag)]
    assert set(re.findall(r'href="([^"]*)"', markup)) == {f"checks.{'en' if language == 'zh' else 'zh'}.html"}
    seen = text_of(markup)
    assert all(" ".join(value.split()) in seen for value in HOSTILE if "<" not in value)
    assert all(html.escape(value, quote=False).replace('"', "&#34;") in markup for value in HOSTILE[:4])
    assert html.escape(POLICY).replace("&#x27;", "&#39;") in markup


def test_an_unknown_language_is_wrong_use():
    with pytest.raises(UsageError):
        page([check("rows")], language="fr")
