"""The charts of growth, learning, money and the community: what they say of numbers planted by hand."""

import re
from datetime import date, timedelta

import pytest

from reports import courses, earnings, figures, movements, platform_charts
from reports.catalogue import Words
from reports.charts import Charts
from reports.formats import Formats

from .planted_platform import curve, rate, retention, small_release

WEEK = date(2026, 7, 13)


def every(con):
    return {
        **movements.figures(con, week=WEEK),
        **courses.figures(con),
        **earnings.figures(con, week=WEEK),
        "kpis": figures.kpis(con, week=WEEK),
    }


def charts(con, language="en"):
    words = Words(language)
    summary = {"figures": every(con), "platform": {"currency": "CNY"}}
    return Charts(summary, words=words, formats=Formats(words, currency="CNY", timezone="UTC"))


@pytest.fixture(scope="module")
def english(full):
    return charts(full)


@pytest.fixture
def bare(support):
    """A release with the rows that a test plants."""

    def made(table, rows):
        con = small_release()
        support.plant(con, table, rows)
        return charts(con)

    return made


def texts(chart):
    return re.findall(r"<text[^>]*>([^<]*)</text>", chart["svg"])


def test_the_triangle_says_how_the_newest_cohort_did_beside_eight(english, bare):
    chart = platform_charts.triangle(english)
    # 40 of 100 is 31 to 50 % (Wilson); 56 % is above all of it.
    assert chart["title"].startswith("Of the 100 people new in the week of 6 Jul 2026, 40.0% acted again")
    assert "below 56.0% of the 8 cohorts before" in chart["title"]
    same = platform_charts.triangle(bare("marts.rates", retention(newest=52)))
    assert "within sampling error" in same["title"]
    assert "above 56.0%" in platform_charts.triangle(bare("marts.rates", retention(newest=70)))["title"]


def test_immature_cells_of_the_triangle_are_marked_and_never_low(english):
    found = texts(platform_charts.triangle(english))
    assert found.count(platform_charts.NOT_YET) == sum(age - 1 for age in movements.AGES)
    assert "0%" not in found


def test_there_is_no_triangle_without_the_newest_cohort(bare):
    rows = [row for row in retention() if row["week"] < date(2026, 7, 6)]
    small = rate("retention", date(2026, 7, 6), 5, 20, age=7)
    assert platform_charts.triangle(bare("marts.rates", [*rows, small])) is None


def test_the_flow_says_how_many_acted_again(english):
    chart = platform_charts.moves(english)
    # 90 + 800 + 60 + 20 of 970 + 320 act again; 50 + 30 + 20 + 12 came back.
    assert chart["title"] == "75.2% of last week's 1,290 active people acted again, 320 did not; 112 came back"
    assert {"First time", "At risk 320", "Dormant +150"} <= set(texts(chart))


def test_people_who_stayed_away_are_no_band(english):
    assert not {"Dormant +850", "Dormant 850", "Long absent 1,500"} & set(texts(platform_charts.moves(english)))


def test_the_way_of_money_adds_up_from_list_value_to_net(english):
    chart = platform_charts.steps(english)
    assert "14.4% off" in chart["title"]  # 21,600 of 150,000
    labels = [text for text in texts(chart) if "¥" in text]
    assert labels == ["¥150k", "−¥21.6k", "¥128k", "−¥8,400.00", "¥120k"]
    row = english.figures["money_steps"]["value"][0]
    assert row["list_value"] - row["discount"] == row["gmv"]
    assert row["gmv"] - row["refunds"] == row["net"]


def test_without_list_prices_the_way_begins_at_the_gmv(support):
    con = small_release()
    kpis = {"gmv": 100.0, "refunds": 0.0, "net": 100.0}
    support.plant(con, "marts.weekly_kpis", [support.kpi(name, WEEK, value) for name, value in kpis.items()])
    assert [text for text in texts(platform_charts.steps(charts(con))) if "¥" in text] == ["¥100.00", "¥100.00"]


def test_a_week_without_sales_has_no_way(bare):
    assert platform_charts.steps(bare("marts.weekly_discounts", [])) is None


def test_the_curve_names_a_lesson_that_stands_out(english):
    chart = platform_charts.drop_off(english)
    assert chart["title"] == "“Course 0” loses most after lesson 3: 52.9% stop there (95% interval 42.9% to 62.9%)"


def test_the_curve_names_no_lesson_where_none_stands_out(bare):
    chart = platform_charts.drop_off(bare("marts.course_drop_off", curve("even", (100, 80, 62, 48, 34))))
    assert chart["title"] == "62.0% of the starters of “even” reached lesson 3 within 28 days; no lesson stands out"


def test_points_of_the_curve_lie_ten_people_apart(support):
    con = small_release()
    support.plant(con, "marts.course_drop_off", curve("c", (100, 97, 90, 89, 89, 60, 9)))
    rows = courses.drop_off(con)["value"]
    assert [(row["position"], row["reached"]) for row in rows] == [(1, 100), (3, 90), (6, 60), (7, "<10")]
    assert courses.stops(con)["value"][0]["after_lesson"] == 6


def test_hostile_titles_are_text(bare):
    chart = platform_charts.drop_off(
        bare("marts.course_drop_off", curve("<script>&\u202e" + "x" * 400, (100, 80, 50)))
    )
    assert "&lt;script&gt;&amp;" in chart["svg"]
    assert "<script>" not in chart["svg"]
    assert "\u202e" not in chart["title"]


def test_replies_end_with_the_week_that_is_over(english):
    chart = platform_charts.replies(english)
    assert chart["title"].startswith("Questions of the week of 6 Jul 2026: 60.0% answered within 24 h, 20.0%")


def test_replies_of_long_ago_are_no_news(bare):
    old = [
        rate(name, WEEK - timedelta(days=7 * back), 10, 40, age=1)
        for name in ("first_reply_24h", "unanswered_48h")
        for back in range(5, 11)
    ]
    assert platform_charts.replies(bare("marts.rates", old)) is None


def test_rates_stand_beside_the_eight_weeks_before_together(english):
    rows = {row["rate"]: row for name in ("money_rates", "community_rates") for row in english.figures[name]["value"]}
    assert (rows["paying_rate"]["newest"]["value"], rows["paying_rate"]["before_8w"]) == (0.2, 0.1)
    assert rows["paying_rate"]["against_8w"] == "above"
    assert rows["concentration"]["against_8w"] == "untested"  # money is not counted one by one
    assert rows["unanswered_48h_2"]["week"] == "2026-07-06"  # the newest that is over
    assert english.figures["renewals"]["value"] == [
        {"week": "2026-07-06", "rights_due": 64, "renewed": 48, "share": 0.75}
    ]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_chart_has_a_title_an_alternative_and_a_query_and_is_small(full, language):
    made = charts(full, language)
    drawn = [
        draw(made)
        for draw in (
            *(platform_charts.triangle, platform_charts.moves, platform_charts.steps),
            *(platform_charts.drop_off, platform_charts.replies),
        )
    ]
    for chart in drawn:
        assert chart["title"] in chart["alt"]
        assert chart["figure"]["sql"]
        assert len(chart["svg"]) < 60_000
