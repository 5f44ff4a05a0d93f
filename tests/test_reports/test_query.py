from datetime import date
from decimal import Decimal

import duckdb
from hypothesis import given
from hypothesis import strategies as st

from reports.query import LONGEST_TEXT, SMALL, WITHHELD, ask, clean, plain, withhold


def test_clean_removes_what_could_hide_or_reorder_text():
    assert clean("a\u202eb\u2066c\u200bd\x00e\x1bf") == "abcdef"
    assert clean("two\n\tlines") == "two lines"
    assert clean("课程 <b>") == "课程 <b>"


@given(st.text())
def test_clean_text_is_short_and_printable(text):
    cleaned = clean(text)
    assert len(cleaned) <= LONGEST_TEXT
    assert all(c.isprintable() or c == " " or c.isspace() for c in cleaned)
    assert clean(cleaned) == cleaned


def test_long_text_ends_in_an_ellipsis():
    assert clean("x" * 10_000) == "x" * (LONGEST_TEXT - 1) + "…"


def test_plain_values_are_what_json_knows():
    assert plain(Decimal("1234.50")) == "1234.50"
    assert plain(date(2026, 7, 13)) == "2026-07-13"
    assert plain(float("nan")) is None
    assert plain(7) == 7


def test_a_cell_under_ten_people_is_withheld_with_what_depends_on_it():
    rows = [{"users": 9, "spend": "3.00"}, {"users": 10, "spend": "4.00"}, {"users": 0, "spend": None}]
    assert withhold(rows, cells={"users": ["spend"]}, unit=None, total_known=False) == [
        {"users": SMALL, "spend": WITHHELD},
        {"users": 10, "spend": "4.00"},
        {"users": 0, "spend": None},
    ]


def test_one_small_cell_takes_the_next_smallest_with_it_where_the_total_is_known():
    rows = [{"users": 500}, {"users": 40}, {"users": 5}, {"users": 0}]
    shown = withhold(rows, cells={"users": []}, unit=None, total_known=True)
    assert [row["users"] for row in shown] == [500, WITHHELD, SMALL, 0]


def test_two_small_cells_hide_each_other():
    shown = withhold([{"users": 40}, {"users": 5}, {"users": 3}], cells={"users": []}, unit=None, total_known=True)
    assert [row["users"] for row in shown] == [40, SMALL, SMALL]


def test_only_rows_that_count_people_are_withheld():
    rows = [{"unit": unit, "value": 3.0} for unit in ("currency", "people", "events")]
    shown = withhold(rows, cells={"value": []}, unit="unit", total_known=False)
    assert [row["value"] for row in shown] == [3.0, SMALL, SMALL]  # three events are three people at most


@given(st.lists(st.integers(0, 60), max_size=8))
def test_no_count_from_one_to_nine_survives(counts):
    shown = withhold([{"users": n} for n in counts], cells={"users": []}, unit=None, total_known=True)
    assert not [row for row in shown if isinstance(row["users"], int) and 0 < row["users"] < 10]


def test_a_figure_cites_the_query_that_gave_it():
    figure = ask(duckdb.connect(), "SELECT 12 AS users", table="marts.segments", cells={"users": ()})
    assert figure["value"] == [{"users": 12}]
    assert figure["table"] == "marts.segments"
    assert figure["sql"] == "SELECT 12 AS users"
