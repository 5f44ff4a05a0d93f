import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.intervals import normal_range, sampled, wilson

ROW = {"kpi": "week1_retention", "value": 0.308, "numerator": 81.0, "denominator": 263.0, "unit": "ratio"}


def test_the_textbook_example():
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)  # Newcombe 1998, table I
    assert wilson(0, 29)[0] == 0
    assert wilson(29, 29)[1] == pytest.approx(1)


@given(st.integers(1, 10_000).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))))
def test_an_interval_holds_its_share_and_stays_a_share(drawn):
    low, high = wilson(*drawn)
    assert 0 <= low <= drawn[0] / drawn[1] + 1e-9
    assert drawn[0] / drawn[1] - 1e-9 <= high <= 1


def test_only_shares_of_enough_people_have_one():
    assert sampled(ROW) == wilson(81, 263)
    assert sampled(ROW | {"denominator": 29.0}) is None
    assert sampled(ROW | {"kpi": "stickiness"}) is None  # person-days are no independent people
    assert sampled(ROW | {"value": None}) is None


def test_normal_is_two_spreads_about_the_mean_within_what_can_be():
    row = {"kpi": "wau", "unit": "people", "mean_8w": 100.0, "spread_8w": 10.0}
    assert normal_range(row) == (80, 120)
    assert normal_range(row | {"spread_8w": 60.0}) == (0, 220)
    assert normal_range(row | {"kpi": "net", "unit": "currency", "spread_8w": 60.0}) == (-20, 220)
    assert normal_range({"kpi": "stickiness", "unit": "ratio", "mean_8w": 0.9, "spread_8w": 0.1}) == (0.7, 1.0)
    assert normal_range(row | {"spread_8w": None}) is None
