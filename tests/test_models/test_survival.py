import math
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from models.survival import COLUMNS, curves

UNTIL = date(2026, 6, 22)
OLD = date(2025, 1, 6)


def people(durations, lost, cohort=OLD):
    return pd.DataFrame({"cohort": cohort, "duration_days": durations, "lost": lost})


def at(rows, age, cohort="all"):
    return rows[(rows["cohort"] == cohort) & (rows["age_days"] == age)].iloc[0]


def test_numbers_worked_out_by_hand():
    ten = people([1, 5, 8, 8, 10, 14, 20, 20, 25, 30], [1, 0, 1, 1, 0, 1, 0, 0, 1, 1])
    rows = curves(pd.concat([ten] * 3), until=UNTIL)
    assert list(rows.columns) == COLUMNS
    assert rows["age_days"].tolist() == [0, 7, 14, 21, 28]
    assert rows["at_risk"].tolist() == [30, 24, 15, 6, 3]  # those lost or censored on day 14 are at risk on it
    assert rows["lost"].tolist() == [0, 3, 12, 12, 15]
    # lost of at risk: 3 of 30 at day 1, 6 of 24 at day 8, 3 of 15 at day 14, 3 of 6 at day 25
    steps = [(3, 30), (6, 24), (3, 15), (3, 6)]
    expected = [1, 0.9, 0.9 * 0.75 * 0.8, 0.9 * 0.75 * 0.8, 0.9 * 0.75 * 0.8 * 0.5]
    assert rows["survival"].tolist() == pytest.approx(expected)
    greenwood = sum(d / (n * (n - d)) for d, n in steps[:3])
    stays = 0.9 * 0.75 * 0.8
    width = 1.959964 * math.sqrt(greenwood) / -math.log(stays)
    low, high = (stays ** math.exp(sign * width) for sign in (1, -1))
    assert (at(rows, 14)["low_95"], at(rows, 14)["high_95"]) == pytest.approx((low, high), abs=1e-6)


def test_nothing_is_said_beyond_the_age_observed_or_where_the_variance_is_none():
    rows = curves(people([9] * 20 + [20] * 20, [1] * 20 + [1] * 20), until=UNTIL)
    assert rows["age_days"].tolist() == [0, 7, 14]
    assert rows["survival"].tolist() == pytest.approx([1, 1, 0.5])
    assert (at(rows, 0)["low_95"], at(rows, 0)["high_95"]) == (1, 1)
    assert math.isnan(at(rows, 7)["low_95"])
    assert 0.3 < at(rows, 14)["low_95"] < 0.5 < at(rows, 14)["high_95"] < 0.7
    gone = curves(people([3] * 15 + [7] * 15, [1] * 30), until=UNTIL)
    assert at(gone, 7)["survival"] == 0
    assert math.isnan(at(gone, 7)["high_95"])


def test_only_whole_and_recent_cohorts_of_enough_people_have_a_curve():
    back = {0: 40, 1: 40, 2: 29, 12: 30, 13: 40}  # weeks before `until`: people
    frame = pd.concat(
        [
            people([min(7 * weeks, 10)] * size, [0] * size, UNTIL - timedelta(weeks=weeks))
            for weeks, size in back.items()
        ]
    )
    rows = curves(frame, until=UNTIL)
    assert list(dict.fromkeys(rows["cohort"])) == ["all", "2026-03-30", "2026-06-15"]
    assert at(rows, 0)["people"] == sum(back.values())
    assert rows[["cohort", "age_days"]].duplicated().sum() == 0


def test_too_few_people_have_no_curve():
    assert list(curves(people([3] * 29, [1] * 29), until=UNTIL).columns) == COLUMNS
    assert curves(people([3] * 29, [1] * 29), until=UNTIL).empty
    assert curves(people([], []), until=UNTIL).empty


def planted(rng, *, hazard, size):
    """Stays with one hazard a day, watched for 10 to 90 days each."""
    stays, watched = np.ceil(rng.exponential(1 / hazard, size)), rng.integers(10, 90, size)
    return people(np.minimum(stays, watched).astype(int), (stays <= watched).astype(int))


def test_a_planted_hazard_lies_in_the_intervals_as_often_as_they_say():
    rng = np.random.default_rng(5)
    hits = dict.fromkeys((14, 35, 56), 0)
    for _ in range(120):
        rows = curves(planted(rng, hazard=0.02, size=200), until=UNTIL)
        for age in hits:
            row = at(rows, age)
            hits[age] += row["low_95"] <= math.exp(-0.02 * age) <= row["high_95"]
    spread = 3 * math.sqrt(0.95 * 0.05 / 120)
    assert all(0.95 - spread <= hit / 120 for hit in hits.values())
    assert all(hit < 120 for hit in hits.values())


def test_people_watched_for_a_short_time_do_not_look_as_if_they_had_stayed():
    frame = planted(np.random.default_rng(1), hazard=0.02, size=20_000)
    row = at(curves(frame, until=UNTIL), 56)
    assert row["survival"] == pytest.approx(math.exp(-0.02 * 56), abs=0.01)
    assert 1 - row["lost"] / row["people"] > row["survival"] + 0.1


def test_the_order_of_people_changes_nothing():
    frame = planted(np.random.default_rng(2), hazard=0.03, size=100)
    turned = frame.iloc[::-1].reset_index(drop=True)
    pd.testing.assert_frame_equal(curves(frame, until=UNTIL), curves(turned, until=UNTIL))
