import re

import pytest

from reports.catalogue import Words
from reports.charts import Charts
from reports.drawing import sparkline
from reports.formats import Formats
from reports.query import SMALL

WORDS = Words("en")


def charts(**figures):
    cited = {name: {"value": rows, "table": "t", "sql": "s"} for name, rows in figures.items()}
    summary = {"figures": cited, "platform": {"currency": "CNY"}}
    return Charts(summary, words=WORDS, formats=Formats(WORDS, currency="CNY", timezone="UTC"))


def week(day, *, returned, new=40):
    row = {"week": f"2026-07-{day:02}", "kind": "actual", "active_users": 140, "new": new, "active": 60}
    return row | {"returned": returned, "resurrected": 20}


def texts(chart):
    return re.findall(r"<text[^>]*>([^<]*)</text>", chart["svg"])


def test_states_are_stacked_where_every_cell_may_be_shown():
    assert {"Active", "New", "Returned", "Resurrected"} <= set(
        texts(charts(growth=[week(6, returned=20)] * 2).active())
    )


@pytest.mark.parametrize(("new", "shown"), [(40, {"Not new", "New"}), (SMALL, {"Active in the week"})])
def test_a_withheld_state_never_shortens_a_bar(new, shown):
    chart = charts(growth=[week(6, returned=20), week(13, returned=SMALL, new=new)]).active()
    assert shown <= set(texts(chart))
    assert "Returned" not in texts(chart)


def test_one_week_is_no_chart():
    assert charts(growth=[week(6, returned=20)]).active() is None
    assert (
        charts(kpi_history=[{"kpi": "texts", "week": "2026-07-06", "value": 3}]).weekly("texts", unit="events")
        is None
    )


def test_sparkline_leaves_a_gap_where_the_week_is_unknown():
    svg = sparkline([1.0, 2.0, None, 3.0, 3.0], alt="a < b")
    assert svg.count("<polyline") == 2
    assert "<circle" in svg
    assert "a &lt; b" in svg
    assert sparkline([None, 1.0], alt="x") == ""


def test_text_stays_text_and_is_escaped_once():
    chart = charts(
        segments=[{"segment_id": n, "name_en": "<b>&", "users": 50 * n, "share": 0.5} for n in (2, 1)]
    ).segments()
    assert "&lt;b&gt;&amp;" in chart["svg"]
    assert "<b>" not in chart["svg"]
