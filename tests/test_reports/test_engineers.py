"""The page for engineers: numbers by hand and from the cited query, ranked needs, nobody named, text stays text."""

import html
import re
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser

import pytest
from click.testing import CliRunner
from typer.main import get_command

from lyceum.schema import published
from pipelines.cli import app
from reports.engineers import past, summarise
from reports.engineers_page import engineers_file, render_engineers
from reports.query import SMALL, reproduce

RELEASE = "2026-07-20-r002"
HOSTILE = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "a\u202eb", "x" * 10_000, "{{ 7 * 7 }}"]


class Text(HTMLParser):
    """What a reader sees (style, code and commands left out), and the tags."""

    def __init__(self, page):
        super().__init__()
        self.seen, self.tags, self._inside = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag in ("style", "code"):
            self._inside.append(tag)

    def handle_endtag(self, tag):
        if self._inside and tag == self._inside[-1]:
            self._inside.pop()

    def handle_data(self, data):
        if not self._inside and data.strip():
            self.seen.append(data.strip())


def run(support, step, part, *, seconds=10.0, **values):
    said = {"status": "done", "code": "", "why": "", "rows": 5, "reads": '{"events": 3, "users": 1}'}
    fixed = {"as_of": support.AS_OF, "provisional": False, "ran_at": datetime(2026, 7, 20, 1, 30, tzinfo=UTC)}
    return fixed | said | {"step": step, "part": part, "seconds": seconds, "peak_mb": 700.0} | values


def planted(support, *, seconds=10.0, people=200):
    con = support.empty_release()
    support.plant_models(con, support.plant)
    support.plant_quality(con)
    con.execute("DELETE FROM quality.runs")
    support.plant(
        con,
        "quality.runs",
        [
            run(support, "ingest", "users", rows=4, seconds=5.0),
            run(support, "train", "retention_28d", seconds=seconds, rows=4000, why="blend ships: it is better."),
            run(support, "train", "purchase_84d", seconds=seconds, status="failed", why="It broke."),
            run(support, "score", "marts.outcomes", status="skipped", code="no_mature_list", rows=None, reads=""),
        ],
    )
    con.execute(
        f"""INSERT INTO features.user_snapshot BY NAME SELECT 'secret-person-' || i AS user_id, 3 + i AS recency_days,
            DATE '{support.AS_OF}' AS as_of FROM range({people}) r(i)"""
    )
    return con


def summary_of(con, support, **more):
    return summarise(con, as_of=support.AS_OF, platform=support.PLATFORM, release=RELEASE, **more)


@pytest.fixture(scope="module")
def week(support):
    con = planted(support, seconds=90.0)
    earlier = planted(support, seconds=20.0)
    earlier.execute("UPDATE quality.runs SET as_of = ?", [support.AS_OF - timedelta(days=7)])
    support.plant(earlier, "marts.channel_quality", [{"channel": f"c{n}"} for n in range(5)])
    support.plant(con, "marts.channel_quality", [{"channel": "app"}])
    before = past(earlier, as_of=support.AS_OF - timedelta(days=7), release="2026-07-13-r001")
    return con, summary_of(con, support, past=[before])


@pytest.fixture(scope="module", params=["zh", "en"])
def page(request, week):
    return request.param, render_engineers(week[1], language=request.param, cards=("retention_28d",))


def test_every_figure_comes_again_from_the_query_that_it_cites(week):
    con, summary = week
    assert len(summary["figures"]) > 20
    for name, figure in summary["figures"].items():
        assert reproduce(con, figure) == figure["value"], name
        assert figure["table"]


def test_steps_and_what_they_read(week):
    figures = week[1]["figures"]
    train = next(row for row in figures["steps"]["value"] if row["step"] == "train")
    assert train == {
        **{"step": "train", "ended": "2026-07-20 09:30", "seconds": 90.0, "peak_mb": 700.0},
        **{"parts": 2, "done": 1, "skipped": 0, "failed": 1},
    }
    assert [row["step"] for row in figures["steps"]["value"]] == ["ingest", "train", "score"]
    assert [row["status"] for row in figures["runs"]["value"]] == ["failed", "skipped", "done", "done"]
    assert {"table_name": "events", "version": 3, "read_by": "ingest, train"} in figures["reads"]["value"]


def test_a_handful_of_rows_about_people_is_withheld_and_other_rows_are_exact(week):
    con, summary = week
    rows = {row["table_name"]: row["rows"] for row in summary["figures"]["published"]["value"]}
    assert rows["marts.channel_quality"] == 1
    assert rows["features.user_snapshot"] == 200
    for name, count in rows.items():
        assert count == con.execute(f"SELECT count(*) FROM {name}").fetchone()[0], name
    assert next(row for row in summary["figures"]["runs"]["value"] if row["part"] == "users")["rows"] == SMALL
    con.execute("INSERT INTO marts.early_warnings (user_id) VALUES ('secret-person-1')")
    again = reproduce(con, summary["figures"]["published"])
    con.execute("DELETE FROM marts.early_warnings")
    assert next(row for row in again if row["table_name"] == "marts.early_warnings")["rows"] == SMALL


def test_what_needs_a_hand_is_ranked_and_counted(week):
    found = [(need["level"], need["what"]["key"].removeprefix("needs.")) for need in week[1]["needs"]]
    assert found == [
        *(("alert", name) for name in ("failed", "late", "leak")),
        *(("watch", name) for name in ("warnings", "rejected", "shrunk", "drift", "slow")),
    ]
    assert week[1]["state"] == "alert"
    told = {
        need["what"]["key"]: {k: v["value"] for k, v in need["what"]["values"].items()} for need in week[1]["needs"]
    }
    assert told["needs.rejected"] == {"count": 8, "share": 0.008}
    assert told["needs.late"] == {"day": "2026-07-17", "days": 2}
    assert told["needs.shrunk"] == {"name": "marts.channel_quality", "before": 5, "now": 1}
    assert told["needs.slow"] == {"step": "train", "now": 90.0, "usual": 20.0}
    assert told["needs.drift"]["count"] == 1


def test_deliveries_that_do_not_add_up_and_many_rejects_are_alerts_and_stand_first(support):
    con = support.empty_release()
    row = {"file_digest": "d", "mapped": 90, "skipped": 0, "anonymous": 0, "duplicate": 0, "rejected": 2, "blank": 0}
    support.plant(con, "quality.deliveries", [row | {"file": "a", "mapping": "a", "rows": 92}])
    support.plant(con, "quality.deliveries", [row | {"file": "b", "mapping": "z", "rows": 93}])
    summary = summary_of(con, support)
    assert [(n["level"], n["what"]["key"]) for n in summary["needs"]] == [
        ("alert", "needs.unbalanced"),
        ("alert", "needs.rejected"),
    ]
    assert [row["mapping"] for row in summary["figures"]["accounts"]["value"]] == ["z", "a"]
    cited = next(need["command"] for need in summary["needs"] if "unbalanced" in need["what"]["key"])
    assert [row[0] for row in con.execute(re.search('"(.*)"', cited)[1]).fetchall()] == ["b"]


def test_a_blocking_check_a_provisional_week_and_a_moved_score_are_told(support):
    con = support.empty_release()
    check = {"suite": "events", "expectation": "e", "sentence": "Every event has a time.", "severity": "fail"}
    support.plant(con, "quality.checks", [check | {"rule": "time", "success": False, "sample": '["event_id=1"]'}])
    support.plant(con, "quality.runs", [run(support, "score", "x", provisional=True)])
    drift = {"model": "retention_28d", "psi_excess": 0.4, "effect_size": 1.0, "people": 500, "drifted": True}
    support.plant(con, "quality.model_drift", [drift | {"feature": "probability"}])
    summary = summary_of(con, support)
    assert [(n["level"], n["what"]["key"]) for n in summary["needs"]] == [
        ("alert", "needs.checks"),
        ("alert", "needs.score_drift"),
        ("watch", "needs.provisional"),
    ]
    assert summary["needs"][2]["command"].endswith("--as-of 2026-07-13")
    seen = " ".join(Text(render_engineers(summary, language="en")).seen)
    assert "Every event has a time." in seen
    assert "event_id=1" in render_engineers(summary, language="en")


def test_every_command_is_one_that_lyceum_knows(week, support):
    for need in week[1]["needs"]:
        words = re.sub('".*"', "X", need["command"]).split()
        assert words.pop(0) == "lyceum"
        named = words[: 2 if words[0] in ("models", "releases") else 1]
        answer = CliRunner().invoke(get_command(app), [*named, "--help"])
        assert answer.exit_code == 0, need["command"]
        assert all(option in answer.output for option in words if option.startswith("--")), need["command"]


def test_the_page_says_the_needs_and_the_way_back(page):
    language, text = page
    seen = " ".join(Text(text).seen)
    if language == "zh":
        assert "Lyceum Demo 工程页 第29周（2026年7月13日—7月19日）" in seen
        assert "“训练”有 1 个部分失败。" in seen
        assert "8 行被拒收（0.80%）。" in seen
        assert "最新的活跃行为停在2026年7月17日，一周末尾缺 2 天。" in seen
        assert "It broke" not in text and "blend ships" not in text
    else:
        assert "Parts of “training” that failed: 1." in seen
        assert "“training” took 90.0 seconds; 20.0 are usual." in seen
        assert "It broke." in seen and "blend ships: it is better." in seen
    other = "en" if language == "zh" else "zh"
    hrefs = [attrs["href"] for tag, attrs in Text(text).tags if tag == "a"]
    assert [href for href in hrefs if not href.startswith("#")] == [
        *(f"index.{language}.html", f"dictionary.{language}.html", engineers_file(other)),
        f"card.retention_28d.{language}.html",
    ]
    ids = {attrs["id"] for tag, attrs in Text(text).tags if tag == "section"}
    assert {href[1:] for href in hrefs if href.startswith("#")} == ids
    assert len(ids) == 8


def test_changes_on_the_week_before_are_by_hand(week):
    text = html.unescape(render_engineers(week[1], language="en"))
    row = re.search(r"<td[^>]*><code>marts\.channel_quality</code></td>(.*?)</tr>", text)[1]
    assert re.findall(r"<bdi>(.*?)</bdi>", row)[:3] == ["1", "5", "−4"]
    step = re.search(r"<bdi>training</bdi></td>(.*?)</tr>", text)[1]
    assert re.findall(r"<bdi>(.*?)</bdi>", step)[1:4] == ["90.0", "20.0", "20.0"]
    assert 'aria-label="Seconds of “training” week by week"' in step
    assert "2026-07-13-r001" in text


def test_nothing_runs_nobody_is_named_and_it_is_small(page):
    _, text = page
    assert "<script" not in text and "secret-person" not in text
    assert set(re.findall(r"https?://[^\s\"'<]*", text)) == {"http://www.w3.org/2000/svg"}
    assert not [name for _, attrs in Text(text).tags for name in attrs if name.startswith("on") or name == "src"]
    assert len(text.encode()) < 2_000_000


def test_no_word_of_the_other_language(week):
    english = Text(render_engineers(week[1], language="en")).seen
    assert [text for text in english if re.search(r"[\u3000-\u9fff]", text)] == ["中文"]
    chinese = Text(render_engineers(week[1], language="zh")).seen
    words = {word for text in chinese for word in re.findall(r"[A-Za-z_]{3,}", text)}
    tables = {part for figure in week[1]["figures"].values() for part in re.findall(r"\w+", figure["table"])}
    names = {"Lyceum", "Demo", "English", "AUC", "PSI", "RFM", "XGBoost", "JSON", "Brier", "lyceum", "query", "home"}
    data = {"marts", "channel_quality", "status", "NAME", "UTC", "time", "silhouette", "kmeans_segments"}
    assert words - tables - names - data == set()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_hostile_values_are_text(support, language):
    con = support.empty_release()
    for number, value in enumerate(HOSTILE):
        reject = {"file": value, "mapping": value, "code": value, "line": number}
        support.plant(con, "quality.rejects", [reject])
        support.plant(con, "quality.runs", [run(support, value, value, status="skipped", code=value, why=value)])
        told = {"suite": value, "rule": value, "expectation": "e", "sentence": value, "sentence_zh": value}
        support.plant(con, "quality.checks", [told | {"success": False, "severity": "warn"}])
    text = render_engineers(summary_of(con, support), language=language)
    tags = {tag for tag, _ in Text(text).tags}
    assert not tags & {"script", "img", "iframe", "base"}
    assert html.escape(HOSTILE[0]) in text and "{{ 7 * 7 }}" in text
    assert "\u202e" not in text and "x" * 200 not in text


FILLED = {"VARCHAR": "new", "BIGINT": 12, "DOUBLE": 12.0, "BOOLEAN": True, "DATE": date(2026, 7, 13)}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("rows", [0, 1])
def test_a_release_that_knows_next_to_nothing_renders(support, language, rows):
    con = support.empty_release()
    for table in published():
        row = {c.name: FILLED[c.type] for c in table.columns if c.required}
        if rows and row:
            support.plant(con, table.name, [row])
    con.execute("UPDATE quality.runs SET as_of = ?", [support.AS_OF])
    assert "</html>" in render_engineers(summary_of(con, support), language=language)
