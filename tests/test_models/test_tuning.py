import json
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from models.tuning import COLUMNS, Candidate, nominal_seconds, select

FEATURES = ("recency_days", "acts_28d", "learning_minutes_28d", "tenure_days")
WEEKS = [date(2024, 1, 1) + timedelta(weeks=at) for at in range(9)]
DEFAULTS = (Candidate("logistic"), Candidate("xgboost", {"rounds": 30, "learning_rate": 0.2}))


def frame(*, people=150, bent=False, seed=1):
    """Outcomes follow the columns straight, or how far one is from its middle: what no straight line can tell."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(people * len(WEEKS), len(FEATURES)))
    straight = values @ [-1, 1, 1, 1]
    margin = 3.0 * np.sign(np.abs(values[:, 0]) - 0.67) if bent else straight
    table = pd.DataFrame(np.exp(values + 2), columns=FEATURES)
    table["user_id"] = [f"u{at:05d}" for at in range(people)] * len(WEEKS)
    table["as_of"] = np.repeat(WEEKS, people)
    table["label"] = (rng.random(len(table)) < 1 / (1 + np.exp(-margin))).astype(int)
    return table


def chosen(table, *, candidates=DEFAULTS, budget=60.0, delay=14):
    return select(table, candidates=candidates, features=FEATURES, delay_days=delay, budget_seconds=budget, seed=1)


def test_the_estimator_that_fits_the_world_is_chosen():
    straight, bent = chosen(frame()), chosen(frame(bent=True))
    assert straight.candidate == Candidate("logistic")
    assert bent.candidate == DEFAULTS[1]
    table = bent.trials
    assert tuple(table.columns) == COLUMNS
    assert table["chosen"].tolist() == [False, True]
    assert table["auc"].iloc[1] > 0.8 > 0.6 > table["auc"].iloc[0]
    assert table["log_loss"].iloc[1] < 0.6 < table["log_loss"].iloc[0]
    assert json.loads(table["settings"].iloc[1]) == {"rounds": 30, "learning_rate": 0.2}
    assert "xgboost" in bent.sentence and "2 candidates" in bent.sentence
    assert all(str(week) in bent.sentence for week in WEEKS[6:])


def test_a_hair_ahead_is_not_ahead():
    """Two settings of nearly one model: the first in order of promise is taken, whichever leads by noise."""
    twins = [Candidate("logistic", {"strength": strength}) for strength in (0.5, 0.50001)]
    for candidates in (twins, twins[::-1]):
        found = chosen(frame(), candidates=candidates)
        assert found.candidate == candidates[0]
        assert found.trials["auc"].max() - found.trials["auc"].min() < 0.001


def test_settings_compete_too():
    """Two trees cannot add up four columns; one bent column they tell as well as forty do, so the first stays."""
    candidates = [Candidate("xgboost", {"rounds": 2}), Candidate("xgboost", {"rounds": 40, "learning_rate": 0.2})]
    assert chosen(frame(), candidates=candidates).candidate == candidates[1]
    assert chosen(frame(bent=True), candidates=candidates).candidate == candidates[0]


def test_the_budget_is_nominal_and_names_what_it_left_out():
    candidates = [*DEFAULTS, Candidate("logistic", {"strength": 2.0})]
    costs = [3 * nominal_seconds(candidate, rows=1_000, columns=4) for candidate in candidates]
    found = chosen(frame(bent=True), candidates=candidates, budget=costs[0] + costs[1] + 0.01)
    assert found.trials["log_loss"].notna().tolist() == [True, True, False]
    assert "1 more were left out" in found.sentence
    nobody = chosen(frame(), budget=0.0)
    assert nobody.candidate == Candidate("logistic") and not nobody.trials["chosen"].any()
    assert "pays for no candidate" in nobody.sentence


def test_where_nothing_can_be_compared_the_one_that_is_paid_for_is_taken_untried():
    candidates = [Candidate("logistic", {"strength": 2.0}), Candidate("xgboost")]
    found = chosen(
        frame(), candidates=candidates, budget=1.5 * 3 * nominal_seconds(candidates[0], rows=1_000, columns=4)
    )
    assert found.candidate == candidates[0]
    assert found.trials["auc"].isna().all() and found.trials["chosen"].tolist() == [True, False]
    assert "untried" in found.sentence


@pytest.mark.parametrize("delay", [56, 84])
def test_without_a_week_to_test_on_the_reference_is_taken(delay):
    found = chosen(frame(people=50), delay=delay)
    assert found.candidate == Candidate("logistic") and found.trials.empty
    assert "no earlier week" in found.sentence


def test_the_order_of_rows_changes_nothing():
    table = frame(people=100)
    first, second = chosen(table), chosen(table.sample(frac=1.0, random_state=3))
    pd.testing.assert_frame_equal(first.trials, second.trials, check_exact=True)
    assert first.sentence == second.sentence


def test_cost_grows_with_rows_columns_and_trees():
    few = nominal_seconds(Candidate("xgboost"), rows=10_000, columns=200)
    assert nominal_seconds(Candidate("xgboost"), rows=20_000, columns=200) > 1.7 * few
    assert nominal_seconds(Candidate("xgboost", {"rounds": 800}), rows=10_000, columns=200) > 2 * few
    parts = [nominal_seconds(Candidate(name), rows=10_000, columns=200) for name in ("logistic", "xgboost", "forest")]
    assert nominal_seconds(Candidate("blend"), rows=10_000, columns=200) == pytest.approx(sum(parts), abs=0.21)
    every = ("blend", "xgboost", "logistic", "network", "forest")
    assert sum(3 * nominal_seconds(Candidate(name), rows=10_000, columns=190) for name in every) < 20
