import html
import re
from datetime import date
from html.parser import HTMLParser

import pytest

from lyceum.schema import published
from reports.page import POLICY, render
from reports.summary import summarise
from reports.voice import Voice

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "abc\u202egnp.exe",
    "x" * 10_000,
    "</title></style><svg onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
]


class Text(HTMLParser):
    """What a reader sees (style and code left out), the tags, and the attributes."""

    def __init__(self, page):
        super().__init__()
        self.seen, self.tags, self.attributes, self._inside = [], [], [], []
        self.feed(re.sub("</?bdi>", "", page))

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag in ("style", "code"):
            self._inside.append(tag)

    def handle_endtag(self, tag):
        if self._inside and tag == self._inside[-1]:
            self._inside.pop()

    def handle_data(self, data):
        if not self._inside and data.strip():
            self.seen.append(data.strip())


def summary_of(con, support):
    return summarise(con, as_of=support.AS_OF, platform=support.PLATFORM, release="2026-07-20-r001")


@pytest.fixture(scope="module")
def summary(full, support):
    return summary_of(full, support)


@pytest.fixture(scope="module", params=["zh", "en"])
def page(request, summary):
    return request.param, render(summary, language=request.param)


def test_nothing_runs_and_nothing_is_fetched(page):
    _, text = page
    assert POLICY == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert html.escape(POLICY, quote=True).replace("&#x27;", "&#39;") in text
    assert "<script" not in text.lower()
    assert set(re.findall(r"https?://[^\s\"'<]*", text)) == {"http://www.w3.org/2000/svg"}
    parsed = Text(text)
    assert not [name for _, name, _ in parsed.attributes if name.startswith("on") or name in ("src", "srcset")]
    assert {v for _, name, v in parsed.attributes if name == "href" and not v.startswith("#")} == {
        "index.en.html",
        "index.zh.html",
        f"dictionary.{page[0]}.html",
        f"engineers.{page[0]}.html",
    } - {f"index.{page[0]}.html"}
    assert len(text.encode()) < 2_000_000


def test_every_picture_has_a_text_alternative(page):
    _, text = page
    pictures = re.findall(r"<svg[^>]*>", text)
    assert len([p for p in pictures if "spark" not in p]) >= 15
    for picture in pictures:
        assert 'role="img"' in picture
        assert re.search(r'aria-label="[^"]{8,}"', picture)
    assert text.count("aria-roledescription") == 0


def test_title_line_numbers_and_captions(page):
    language, text = page
    seen = " ".join(Text(text).seen)
    if language == "zh":
        assert "Lyceum Demo 运营周报 第29周（2026年7月13日—7月19日）" in seen
        assert "周活跃 1,200 人，环比 −20.0%；低于近8周正常区间（1,332～1,628）。" in seen
        assert "净收 12.0 万元，环比 +5.3%；GMV 12.8 万元，退款 8,400 元" in seen
        assert "来源 marts.weekly_kpis · 第29周 · 发布 2026-07-20-r001" in seen
        assert "收到 1,000 行：有效 930，跳过 20，匿名 30，重复 10，拒收 8，空行 2；账目逐份相符。" in seen
        assert "原因代码 brand_new_code" in seen
        assert "Something in English" not in text
    else:
        assert "Lyceum Demo: weekly operations report, W29 (13–19 Jul 2026)" in seen
        assert "1,200 weekly active people, −20.0% on last week" in seen
        assert "Something in English" in seen
        assert "17 of 60 questions unanswered past 48 h (28.3%)." in seen


def test_sections_stand_in_the_order_of_a_readers_questions(page):
    _, text = page
    assert re.findall(r'<section id="(\w+)"', text) == [
        *("conclusions", "kpis", "drivers", "growth", "segments", "survival", "learning", "interests", "money"),
        *("items", "community", "voices", "risk", "buyers", "recommendations", "actions", "outcomes", "models"),
        "trust",
    ]


def test_the_contents_lead_to_every_section(page):
    _, text = page
    sections = re.findall(r'<section id="(\w+)"', text)
    contents = text[text.index("<nav") : text.index("</nav>")]
    assert re.findall(r'href="#(\w+)"', contents) == sections


def test_a_stale_or_provisional_week_says_so_first(full, support):
    stale = summarise(
        full, as_of=support.AS_OF, platform=support.PLATFORM, release="r", stale_since=date(2026, 7, 27)
    )
    for language, said in (
        ("zh", "2026年7月27日 起的一期未能发布"),
        ("en", "before 27 Jul 2026 could not be published"),
    ):
        text = render(stale, language=language)
        assert text.index('class="banner stale"') < text.index('<section id="conclusions"')
        assert said in text


def test_platform_text_in_sentences_keeps_its_direction_to_itself(support):
    con = support.empty_release()
    words = Voice.of(summary_of(con, support), language="en")
    saying = {"key": "leads.unsplit", "values": {"what": {"kind": "text", "value": "<b>A</b> & co"}}}
    assert words.told(saying) == "Not split here: <bdi>&lt;b&gt;A&lt;/b&gt; &amp; co</bdi>."
    assert words.say(saying) == "Not split here: <b>A</b> & co."


def test_the_figures_behind_sentences_are_cited_with_them(page):
    _, text = page
    for section, table in (
        ("growth", "marts.user_scores"),
        ("buyers", "marts.user_scores"),
        ("items", "item_performance"),
    ):
        part = text[text.index(f'<section id="{section}"') :]
        sources = re.findall(r'<p class="source">(.*?)</p>', part[: part.index("</section>")])
        assert any(table in source for source in sources), section


def test_english_page_holds_no_chinese(summary):
    seen = Text(render(summary, language="en"))
    texts = [*seen.seen, *(value for _, name, value in seen.attributes if name == "aria-label")]
    assert [text for text in texts if re.search(r"[\u3000-\u9fff\uff00-\uffef]", text)] == ["中文"]


def test_chinese_page_holds_no_english_interface(summary):
    seen = Text(render(summary, language="zh"))
    texts = [*seen.seen, *(value for _, name, value in seen.attributes if name == "aria-label")]
    words = {word for text in texts for word in re.findall(r"[A-Za-z_]{2,}", text)}
    names = {
        "GMV",
        "AUC",
        "UTC",
        "CNY",
        "English",
        "quality",
        "marts",
        "PR",
        "PSI",
        "RFM",
        "XGBoost",
        "Kaplan",
        "Meier",
    }
    tables = {word for figure in summary["figures"].values() for word in re.findall(r"\w+", figure["table"])}
    data = {
        "Lyceum",
        "Demo",
        "Course",
        "app",
        "web",
        "brand_new_code",
        "time",
        *("writing", "essay", "plot", "refund", "order"),
    }
    assert words - names - tables - data == set()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_person_is_named(summary, language):
    assert "secret-person" not in render(summary, language=language)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_hostile_titles_are_text(support, language):
    con = support.empty_release()
    support.plant_items(con, HOSTILE)
    con.execute("UPDATE marts.community_health SET community_id = '<script>x</script>' WHERE community_id = 'club-1'")
    for number in (1, 2):
        row = {"segment_id": number, "name_zh": HOSTILE[1], "name_en": HOSTILE[1], "users": 50 * number, "share": 0.5}
        support.plant(con, "marts.segments", [row])
    text = render(summary_of(con, support), language=language)
    parsed = Text(text)
    assert not {"script", "img", "iframe"} & set(parsed.tags)
    assert not [name for _, name, _ in parsed.attributes if name.startswith("on")]
    assert "<script>alert(1)</script>" in parsed.seen
    assert "{{ 7 * 7 }}{% raw %}" in parsed.seen
    assert "\u202e" not in text
    assert "abcgnp.exe" in parsed.seen
    assert "x" * 200 not in text


@pytest.mark.parametrize(
    ("language", "said"), [("zh", "本节暂缺：本周没有相应数据。"), ("en", "there is no data for it this week")]
)
def test_an_empty_release_renders(support, language, said):
    text = render(summary_of(support.empty_release(), support), language=language)
    assert text.count(said) == 15
    assert "<svg" not in text


def test_a_platform_that_sells_nothing_says_so_instead_of_showing_zero(support):
    con = support.empty_release()
    support.plant(con, "marts.weekly_kpis", [support.kpi("wau", value=100.0)])
    run = {"as_of": support.AS_OF, "step": "train", "part": "purchase_28d", "status": "skipped"}
    support.plant(con, "quality.runs", [run | {"code": "no_purchases_logged", "why": "No purchases."}])
    text = render(summary_of(con, support), language="zh")
    money = text[text.index('id="money"') : text.index('id="items"')]
    assert "本节暂缺：平台日志中没有购买记录。" in money
    assert "<table" not in money


def test_a_small_sample_is_said(support):
    con = support.empty_release()
    rate = support.kpi("week1_retention", value=0.5, numerator=9.0, denominator=18.0)
    support.plant(
        con, "marts.weekly_kpis", [rate, support.kpi("week1_retention", date(2026, 7, 6), 0.2, denominator=50.0)]
    )
    assert "— 样本不足（n=18）" in render(summary_of(con, support), language="zh")
    assert "— sample too small (n=18)" in render(summary_of(con, support), language="en")


def test_the_same_summary_gives_the_same_page(summary):
    assert render(summary, language="en") == render(summary, language="en")


def test_a_gap_in_a_table_says_whether_the_sample_was_too_small(support):
    con = support.empty_release()
    health = {"members_active": 50, "speakers": 40, "texts": 90}
    asked = [
        health | {"community_id": name, "questions": n, "questions_unanswered": 1}
        for name, n in (("(all)", 60), ("g1", 12))
    ]
    support.plant(con, "marts.community_health", [asked[0] | {"first_reply_in_24h": 0.5}, asked[1]])
    text = render(summary_of(con, support), language="en")
    assert text.count("— sample too small") == 1
    assert "All communities" in text


FILLED = {"VARCHAR": "new", "BIGINT": 12, "DOUBLE": 12.0, "BOOLEAN": True, "DATE": date(2026, 7, 13)}


@pytest.mark.parametrize("rows", [1, 2])
def test_rows_with_nothing_but_their_required_columns_render(support, rows):
    """Whatever a platform does not know is null: no figure, chart or sentence may fall over it."""
    con = support.empty_release()
    for table in published():
        for number in range(rows):
            row = {c.name: FILLED[c.type] for c in table.columns if c.required}
            row |= {"week": date(2026, 7, 13 - 7 * number)} if "week" in row else {}
            if table.name == "marts.growth_forecast":
                row |= {"kind": "actual"}
            if row:
                support.plant(con, table.name, [row])
    con.execute("UPDATE marts.community_health SET community_id = '(all)'")
    con.execute("UPDATE marts.weekly_kpis SET kpi = 'wau', unit = 'people', value = 50")
    con.execute("UPDATE quality.runs SET as_of = ?, status = 'skipped'", [support.AS_OF])
    for language in ("zh", "en"):
        assert "</html>" in render(summary_of(con, support), language=language)
