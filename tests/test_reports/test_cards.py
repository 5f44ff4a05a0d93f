import re

import pytest

from lyceum.errors import UsageError
from reports.cards import render_card
from reports.catalogue import strings
from reports.page import POLICY

from .planted_models import bins, coefficients, metrics
from .test_page import Text


def bare(rows):
    return [{name: value for name, value in row.items() if name not in ("model", "trained_as_of")} for row in rows]


def both(zh, en):
    return {"zh": zh, "en": en}


TRIALS = [
    {"estimator": "logistic", "settings": "{}", "auc": 0.79, "pr_auc": 0.6, "log_loss": 0.4, "chosen": False},
    {"estimator": "blend", "settings": "{}", "auc": 0.802, "pr_auc": 0.6, "log_loss": 0.4, "chosen": True},
    {"estimator": "network", "settings": "{}", "auc": None, "pr_auc": None, "log_loss": None, "chosen": False},
]


def card():
    figures = bare(metrics("retention_28d"))
    part = {"slice": "channel: app", "rows": 400}
    figures += [row | part for row in figures if row["estimator"] in ("blend", "silence_rule")]
    figures += [row | {"slice": "new users", "rows": 29, "value": 0.777} for row in figures[:4]]
    difference = {"versus": "silence_rule", "role": "baseline", "metric": "auc", "slice": "all"}
    return {
        **{"model": "retention_28d", "estimator": "blend", "trained_as_of": "2026-07-13", "seed": 7},
        **{"settings": {"logistic": {"strength": 0.003}, "xgboost": {"rounds": 200}}, "delay_days": 28},
        "title": both("28天留存", "Retention, 28 days"),
        "use": both("排序", "Ranking people"),
        "label": both("未来 28 天内活跃", "Active in the next 28 days"),
        "eligible": both("过去 28 天内活跃的人", "People active in the last 28 days"),
        "exclusions": both(["员工"], ["Staff"]),
        "limits": both(["仅为相关"], ["Association only"]),
        "calibration": {"kind": "isotonic", "note": ""},
        "data": {
            **{"weeks": ["2026-04-06", "2026-06-15"], "rows": 40_000, "people": 4_100, "people_with": 3_900},
            **{"people_without": 2_000, "columns": 176, "columns_used": 150, "lake": {"events": 3}},
            "fingerprint": "abc123",
        },
        "tuning": {"sentence": "Chosen on two earlier weeks.", "trials": TRIALS},
        "metrics": figures,
        "comparisons": [difference | {"value": 0.0912, "low_95": 0.07, "high_95": 0.11}],
        "reliability": bare(bins("retention_28d")),
        "leak_alarm": ["acts_7d"],
        "coefficients": bare(coefficients("retention_28d")),
        "decision": {
            **{"decision": "promoted", "why": "It beats every baseline.", "compared_with": "2026-06-15"},
            **{
                "auc_difference": 0.004,
                "low_95": -0.001,
                "high_95": 0.009,
                "sentences": ["It beats every baseline."],
            },
        },
    }


@pytest.fixture(scope="module", params=["zh", "en"])
def page(request):
    return request.param, render_card(card(), language=request.param)


def test_a_card_is_closed_and_links_to_its_other_language(page):
    language, text = page
    assert POLICY in text.replace("&#39;", "'")
    parsed = Text(text)
    assert not {"script", "img", "iframe", "link"} & set(parsed.tags)
    hrefs = {value for _, name, value in parsed.attributes if name == "href"}
    assert hrefs == {f"card.retention_28d.{'en' if language == 'zh' else 'zh'}.html"}


def test_a_card_says_what_the_model_is_for_and_how_good_it_is(page):
    language, text = page
    seen = " ".join(Text(text).seen)
    if language == "zh":
        wanted = (
            "模型说明：28天留存",
            "采用",
            "过去 28 天内活跃的人",
            "保序回归",
            "0.810（0.798～0.821）",
            "沉默规则",
        )
        wanted += (
            "logistic.strength = 0.003、xgboost.rounds = 200",
            "选用",
            "+0.091（+0.070～+0.110）",
            "渠道：app",
            "3,900 与 2,000",
            "近7天行为次数",
        )
    else:
        wanted = ("Model card: Retention, 28 days", "adopted", "People active in the last 28 days", "Silence rule")
        wanted += ("0.810 (0.798–0.821)", "+0.091 (+0.070–+0.110)", "Channel: app", "It beats every baseline.")
    assert [part for part in wanted if part not in seen] == []
    assert len(re.findall(r"<svg", text)) == 2


def test_what_was_tried_stands_in_order_without_what_was_not(page):
    _, text = page
    tried = text[text.index("Tried" if page[0] == "en" else "试过") :]
    places = [
        tried.index(f"<td>0.{figure}</td>".replace("<td>", '<td class=""><bdi>').replace("</td>", "</bdi>"))
        for figure in (802, 790)
    ]
    assert places == sorted(places)
    assert voice_of(page[0], "network") not in text


def voice_of(language, estimator):
    return strings(language)[f"estimators.{estimator}"]


def test_a_part_of_fewer_than_thirty_people_is_not_shown(page):
    _, text = page
    assert "0.777" not in text


def test_a_chinese_card_holds_no_english_sentence():
    seen = " ".join(Text(render_card(card(), language="zh")).seen)
    words = set(re.findall(r"[A-Za-z_]{2,}", seen))
    known = {"AUC", "PR", "XGBoost", "RFM", "English", "events", "abc", "app"}
    known |= {"Platt", "logistic", "strength", "xgboost", "rounds"}
    assert words - known == set()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_card_with_few_parts_renders(language):
    figure = {"metric": "silhouette", "estimator": "kmeans_segments", "slice": "all", "value": 0.21, "rows": 900}
    few = {
        "model": "segments",
        "estimator": "kmeans_segments",
        "metrics": [figure],
        "decision": {"decision": "promoted"},
    }
    text = render_card(few, language=language)
    assert "0.210" in text
    assert "<svg" not in text
    assert "</html>" in render_card({"model": "brand_new"}, language=language)
    with pytest.raises(UsageError):
        render_card(few, language="fr")


def test_below_the_gate_no_alarm_is_said_to_be_silent():
    text = render_card(card() | {"enough": False, "leak_alarm": []}, language="en")
    assert "Too few outcomes are known" in text
    assert "leak alarm" not in text
    assert "The leak alarm is silent" in render_card(card() | {"leak_alarm": []}, language="en")


def test_long_settings_are_not_cut():
    many = {f"setting_{number}": number for number in range(40)}
    assert "setting_39 = 39" in render_card(card() | {"settings": many}, language="en")


def test_texts_of_a_card_are_escaped():
    hostile = "<script>alert(1)</script>"
    made = card() | {"title": both(hostile, hostile), "settings": {"x": hostile}}
    made["metrics"] = [row | {"slice": f"channel: {hostile}"} for row in made["metrics"][:4]]
    text = render_card(made, language="en")
    assert "<script" not in text
    assert [part for part in Text(text).seen if hostile in part]
