"""What managers and analysts see of the models, and of how long people stay."""

import re

import pytest

from models.contest import TOP
from models.rules import BASELINES
from reports.catalogue import Words
from reports.charts import Charts
from reports.formats import Formats
from reports.model_charts import cohorts, contest, odds, reliability, stays
from reports.page import render
from reports.predictions import RULES
from reports.query import SMALL, WITHHELD
from reports.summary import summarise
from reports.voice import Voice

from ..report_reading import read
from .planted_models import figure
from .test_page import Text

WORDS = Words("en")
FORMATS = Formats(WORDS, currency=None, timezone="UTC")


def charts(**figures):
    cited = {name: {"value": rows, "table": "t", "sql": "s"} for name, rows in figures.items()}
    return Charts({"figures": cited, "platform": {"currency": None}}, words=WORDS, formats=FORMATS)


def texts(chart):
    return re.findall(r"<text[^>]*>([^<]*)</text>", chart["svg"])


def of(con, support):
    return summarise(con, as_of=support.AS_OF, platform=support.PLATFORM, release="r")


def value(summary, name):
    return summary["figures"][name]["value"]


def seen(summary, language="en"):
    return read(render(summary, language=language)).text()


def contender(model, estimator, role, auc):
    return {
        "model": model,
        "estimator": estimator,
        "role": role,
        "auc": {"value": auc, "low": auc - 0.1, "high": auc},
    }


def test_the_rules_are_those_that_models_have_to_beat():
    assert sorted(RULES) == sorted(BASELINES)


@pytest.fixture(scope="module")
def summary(full, support):
    return of(full, support)


def test_each_champion_stands_beside_its_best_rule(summary):
    rows = {row["model"]: row for row in value(summary, "models")}
    assert list(rows) == ["retention_7d", "retention_28d", "retention_84d", "purchase_14d", "purchase_28d"]
    row = rows["retention_28d"]
    assert (row["estimator"], row["best_rule"]) == ("blend", "silence_rule")
    assert row["auc"] == pytest.approx({"value": 0.81, "low": 0.798, "high": 0.821})
    assert row["rule_auc"]["value"] == 0.72
    assert row["trained_as_of"] == "2026-07-13"


def test_where_a_rule_ships_the_report_says_so_and_by_which_figures(summary):
    text = seen(summary)
    assert (
        "Retention, 84 days: in use is “Silence rule” with AUC 0.720 (0.708–0.731); "
        "“Blend (logistic, XGBoost, forest) of 15 Jun 2026” with 0.715 (0.703–0.726) did not beat it."
    ) in text
    assert text.count("did not beat it") == 1


def test_a_rule_for_want_of_outcomes_says_that(support):
    con = support.empty_release()
    support.plant(con, "quality.model_metrics", [figure("retention_7d", "base_rate", "champion", "auc", 0.5)])
    assert "7天留存：现用“平均比率”；没有足够的已知结果来训练模型。" in seen(of(con, support), "zh")


def test_the_newest_decision_of_each_prediction(summary):
    rows = {row["model"]: row for row in value(summary, "model_decisions")}
    assert [row["decision"] for row in rows.values()] == [
        *("promoted", "refused", "promoted", "rolled_back", "promoted")
    ]
    assert rows["retention_7d"]["auc_difference"] == {"value": 0.004, "low": -0.001, "high": 0.009}
    assert rows["purchase_28d"]["auc_difference"] is None


def test_the_leak_alarm_names_its_column(summary, support):
    assert "for Retention, 28 days the signal “acts, 7 days” alone comes close" in seen(summary)
    con = support.empty_release()
    support.plant(con, "quality.model_metrics", [figure("retention_7d", "forest", "champion", "auc", 0.8)])
    assert "The leak alarm is silent" in seen(of(con, support))


def test_drift_is_told_by_column_or_said_to_be_none_or_unknown(summary, support):
    (row,) = value(summary, "drift")
    assert (row["feature"], row["models"]) == ("acts_7d", 5)
    told = {True: None, False: "No signal has moved", None: "Too few people this week"}
    for drifted, sentence in told.items():
        con = support.empty_release()
        support.plant(con, "quality.model_metrics", [figure("retention_7d", "forest", "champion", "auc", 0.8)])
        row = {"model": "retention_7d", "feature": "acts_7d", "psi_excess": 0.2, "people": 900, "drifted": drifted}
        support.plant(con, "quality.model_drift", [row])
        text = seen(of(con, support))
        assert [each for each in told.values() if each and each in text] == ([sentence] if sentence else [])


def test_precision_is_told_where_it_is_about_leaving(support):
    con = support.empty_release()
    for estimator, role, share in (
        ("forest", "champion", 0.9),
        ("base_rate", "baseline", 0.3),
        ("rfm", "baseline", 0.6),
    ):
        row = figure("retention_28d", estimator, role, TOP[0], share)
        support.plant(con, "quality.model_metrics", [row | {"note": "of people with label 0, the rarer outcome"}])
    con.execute(
        "INSERT INTO marts.user_scores BY NAME SELECT 'u' || i AS user_id, 0.1 AS churn_28d FROM range(50) r(i)"
    )
    sentence = "90.0% of the tenth ranked as most likely to leave did so (best simple rule: 60.0%)"
    assert sentence in seen(of(con, support))
    con.execute("UPDATE quality.model_metrics SET note = 'of people with label 1, the rarer outcome'")
    assert "ranked as most likely to leave" not in seen(of(con, support))


def test_the_report_links_to_the_cards_beside_it(summary):
    text = render(summary, language="zh", cards=("retention_28d", "segments"))
    hrefs = {v for _, name, v in Text(text).attributes if name == "href"}
    assert {"card.retention_28d.zh.html", "card.segments.zh.html"} <= hrefs
    assert "card." not in " ".join(
        v for _, name, v in Text(render(summary, language="zh")).attributes if name == "href"
    )


def test_a_model_without_a_rule_beside_it_is_in_no_contest():
    assert contest(charts(contenders=[contender("retention_7d", "forest", "champion", 0.8)])) is None
    rows = [
        contender("retention_7d", "forest", "champion", 0.8),
        contender("purchase_28d", "silence_rule", "champion", 0.7),
        contender("purchase_28d", "base_rate", "baseline", 0.5),
    ]
    chart = contest(charts(contenders=rows))
    assert chart["title"].startswith("0 of 1 predictions use a learnt model")
    assert "Retention, 7 days" not in texts(chart)


def test_a_reliability_panel_leaves_small_bins_out(support):
    con = support.empty_release()
    bin_ = {"model": "purchase_28d", "predicted": 0.1, "observed": 0.15, "low_95": 0.1, "high_95": 0.2}
    support.plant(con, "quality.model_reliability", [bin_ | {"bin": n, "people": 9 * n} for n in (1, 2)])
    rows = value(of(con, support), "reliability")
    assert [(row["people"], row["observed"]) for row in rows] == [(SMALL, WITHHELD), (18, 0.15)]
    chart = reliability(charts(reliability=rows))
    assert chart["title"].endswith("differ by at most 5.0 pp")
    assert reliability(charts(reliability=rows[:1])) is None


def test_odds_ratios_are_the_ten_firmest_of_two_predictions(support):
    con = support.empty_release()
    for number in range(12):
        row = {"feature": f"f{number}", "coefficient": (-1) ** number * 0.1 * (number + 1), "standard_error": 0.1}
        spans = {"odds_ratio": 1.5, "odds_low_95": 1.2, "odds_high_95": 1.8}
        rows = [row | spans | {"model": model} for model in ("retention_28d", "retention_7d")]
        support.plant(con, "marts.model_coefficients", rows)
    endless = {"model": "retention_28d", "feature": "separated", "coefficient": 900.0, "standard_error": 0.1}
    endless |= {"odds_ratio": float("inf"), "odds_low_95": 1.0, "odds_high_95": float("inf")}
    support.plant(con, "marts.model_coefficients", [endless])
    rows = value(of(con, support), "coefficients")
    assert [row["feature"] for row in rows] == [f"f{number}" for number in range(11, 1, -1)]
    assert rows[0]["z"] == pytest.approx(-12)
    (chart,) = odds(charts(coefficients=rows), Voice(WORDS, FORMATS))
    assert "1.50 (1.20–1.80)" in texts(chart)
    assert "f11" in texts(chart)


def stay(cohort, age, share, people=300):
    return {"cohort": cohort, "age_days": age, "people": people, "survival": share, "low_95": None, "high_95": None}


def test_half_of_the_people_have_left_by_the_first_age_at_which_no_more_than_half_stay():
    rows = [stay("all", 7 * n, share) for n, share in enumerate((1.0, 0.8, 0.5, 0.4))]
    assert stays(charts(survival=rows))["title"].startswith("Half of the people have fallen silent within 14 days")
    assert stays(charts(survival=rows[:2]))["title"] == "80.0% of people are still active 7 days after the first act"
    assert stays(charts(survival=rows[:1])) is None


def test_cohorts_stand_in_order_over_everybody():
    every = [stay("all", 7 * n, 0.9**n) for n in range(20)]
    rows = [stay(f"2026-0{month}-01", 7 * n, 0.8**n) for month in (5, 3, 4) for n in range(4)]
    chart = cohorts(charts(survival=every + rows))
    assert [text for text in texts(chart) if "(300)" in text] == ["1 Mar (300)", "1 Apr (300)", "1 May (300)"]
    assert cohorts(charts(survival=every + rows[:4])) is None


def test_ages_at_which_few_are_observed_are_not_shown(support):
    con = support.empty_release()
    row = {"cohort": "all", "people": 100, "survival": 0.5, "lost": 5}
    support.plant(con, "marts.survival", [row | {"age_days": 7 * n, "at_risk": 32 - n} for n in range(5)])
    assert [row["age_days"] for row in value(of(con, support), "survival")] == [0, 7, 14]


def test_other_models_keep_their_figures_and_the_list_is_none_of_them(summary):
    assert {row["model"] for row in value(summary, "other_models")} == {"segments"}
    assert "silhouette" in {row["metric"] for row in value(summary, "other_models")}


def test_a_week_in_which_nothing_could_be_trained_says_why(support):
    con = support.empty_release()
    run = {
        "as_of": support.AS_OF,
        "step": "train",
        "part": "retention_28d",
        "status": "skipped",
        "provisional": False,
    }
    support.plant(con, "quality.runs", [run | {"code": "no_matured_week", "why": "Too early."}])
    nothing = {"model": "retention_28d", "estimator": "none", "metric": "none", "slice": "all", "rows": 0}
    support.plant(con, "quality.model_metrics", [nothing])
    summary = of(con, support)
    assert summary["absent"]["models"] == "no_matured_week"
