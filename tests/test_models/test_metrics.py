import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score
from sklearn.metrics import log_loss as sklearn_log_loss

from models.bootstrap import intervals, paired
from models.metrics import (
    FIGURES,
    auc,
    brier,
    ece,
    ece_excess,
    lift,
    log_loss,
    null_ece,
    pr_auc,
)


def test_by_hand():
    labels = np.array([1, 0, 1, 0])
    scores = np.array([0.9, 0.8, 0.3, 0.1])
    # Pairs: 0.9 beats 0.8 and 0.1; 0.3 beats 0.1 and loses to 0.8: 3 of 4.
    assert auc(labels, scores) == 0.75
    # Precision where a positive is found: 1/1 and 2/3, each worth half of the recall.
    assert pr_auc(labels, scores) == pytest.approx((1 + 2 / 3) / 2)
    assert brier(labels, scores) == pytest.approx((0.01 + 0.64 + 0.49 + 0.01) / 4)
    assert log_loss(labels, scores) == pytest.approx(-math.log(0.9 * 0.2 * 0.3 * 0.9) / 4)
    # Two bins: {0.1, 0.3} holds one positive, mean 0.2 against 0.5; {0.8, 0.9} one, mean 0.85 against 0.5.
    assert ece(labels, scores, bins=2) == pytest.approx(0.5 * 0.3 + 0.5 * 0.35)
    # Of the first 1, 2, 3 and 4 rows 1, 1, 2 and 2 are positive, and half of all are.
    assert [lift(labels, scores, share=k / 4) for k in (1, 2, 3, 4)] == pytest.approx([2, 1, 4 / 3, 1])


def test_the_bins_of_the_calibration_error_hold_parts_of_rows():
    labels, scores = np.array([1, 0, 0]), np.array([0.6, 0.4, 0.2])
    # Two bins of 1.5 rows: 0.2 and half of 0.4 lie (0.2 + 0.2) too high; half of 0.4 and 0.6 lie 0.2 - 0.4.
    assert ece(labels, scores, bins=2) == pytest.approx((0.4 + 0.2) / 3)


def test_a_constant_is_worth_a_coin():
    labels, scores = np.array([1, 0, 0, 0]), np.full(4, 0.25)
    assert auc(labels, scores) == 0.5
    assert pr_auc(labels, scores) == 0.25
    assert ece(labels, scores) == pytest.approx(0.0)
    assert lift(labels, scores) == pytest.approx(1.0)  # whichever of the four is taken
    assert log_loss(labels, np.full(4, 0.5)) == pytest.approx(math.log(2))


def test_a_wrong_certainty_costs_much_but_not_infinitely_much():
    assert 10 < log_loss(np.array([1, 0]), np.array([0.0, 0.0])) < 20


@pytest.mark.parametrize("labels", [np.array([]), np.array([1, 1]), np.array([0, 0])])
def test_one_class_is_undefined(labels):
    scores, users = np.linspace(0.2, 0.4, len(labels)), np.arange(len(labels))
    assert all(math.isnan(figure(labels, scores)) for figure in (auc, pr_auc, brier, log_loss, ece, ece_excess, lift))
    found = paired(labels, scores, scores, users=users, metrics=tuple(FIGURES), seed=1)
    assert all(math.isnan(end) for interval in found.values() for end in interval)
    assert null_ece(np.array([])) == 0.0


# Scikit-learn's own figures are slow: few examples, of many shapes.
rows = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 9)), min_size=2, max_size=60).filter(
    lambda pairs: len({label for label, _ in pairs}) == 2
)


@settings(max_examples=25)
@given(rows, st.randoms(use_true_random=False))
def test_agrees_with_scikit_learn_whatever_the_order(pairs, random):
    random.shuffle(pairs)
    labels = np.array([label for label, _ in pairs])
    scores = np.array([(score + 0.5) / 10 for _, score in pairs])
    assert auc(labels, scores) == pytest.approx(roc_auc_score(labels, scores))
    assert pr_auc(labels, scores) == pytest.approx(average_precision_score(labels, scores))
    assert brier(labels, scores) == pytest.approx(brier_score_loss(labels, scores))
    assert log_loss(labels, scores) == pytest.approx(sklearn_log_loss(labels, scores))
    assert ece(labels, scores) == pytest.approx(ece(labels[::-1], scores[::-1]))


@pytest.mark.parametrize(
    "probabilities",
    [
        np.random.default_rng(1).beta(1, 8, 3_000),
        np.random.default_rng(2).beta(2, 3, 400).round(1),  # ties that lie in several bins
        np.full(1_000, 0.2),
    ],
)
def test_the_null_of_the_calibration_error_is_its_mean_where_all_is_exact(probabilities):
    rng = np.random.default_rng(3)
    drawn = [ece((rng.random(len(probabilities)) < probabilities).astype(int), probabilities) for _ in range(600)]
    assert null_ece(probabilities) == pytest.approx(np.mean(drawn), abs=4 * np.std(drawn) / math.sqrt(600))


def test_calibrated_probabilities_have_no_excess_and_bent_ones_do():
    rng = np.random.default_rng(4)
    chance = 0.9 * rng.beta(2, 6, 20_000)
    labels = (rng.random(20_000) < chance).astype(int)
    assert abs(ece_excess(labels, chance)) < 0.005
    assert ece(labels, chance + 0.05) == pytest.approx(0.05, abs=0.005)
    assert ece_excess(labels, chance + 0.05) > 0.03


def test_the_interval_holds_the_difference_and_repeats():
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 2, 1_000)
    good, bad = labels + rng.normal(size=1_000), labels + 3 * rng.normal(size=1_000)
    found = paired(labels, good, bad, users=np.arange(1_000), metrics=("auc", "pr_auc"), seed=5)
    assert found == paired(labels, good, bad, users=np.arange(1_000), metrics=("auc", "pr_auc"), seed=5)
    for metric, figure in (("auc", auc), ("pr_auc", pr_auc)):
        assert 0 < found[metric].low < found[metric].value < found[metric].high
        assert found[metric].value == pytest.approx(figure(labels, good) - figure(labels, bad))


def test_rows_of_one_user_are_one_draw():
    rng = np.random.default_rng(4)
    labels = np.repeat(rng.integers(0, 2, 100), 10)
    good, bad = (np.repeat(labels[::10] + rng.normal(size=100) * width, 10) for width in (1.0, 2.0))
    by_user = paired(labels, good, bad, users=np.repeat(np.arange(100), 10), seed=1)["auc"]
    by_row = paired(labels, good, bad, users=np.arange(1_000), seed=1)["auc"]
    # Ten copies of each row hold no more than one: the interval by row is sqrt(10) = 3.2 times too narrow.
    assert 2.2 < (by_user.high - by_user.low) / (by_row.high - by_row.low) < 4.5


def test_equal_scores_differ_by_nothing():
    labels = np.array([0, 1, 0, 1, 1])
    scores = np.array([0.1, 0.4, 0.3, 0.2, 0.9])
    found = paired(labels, scores, scores, users=np.arange(5), metrics=tuple(FIGURES), seed=1)
    assert {end for interval in found.values() for end in interval} == {0.0}


def test_the_interval_of_an_auc_is_as_wide_as_the_formula_says():
    """Hanley and McNeil 1982: for a binormal score of AUC 0.76 and 500 of each class, a standard error of 0.015."""
    rng = np.random.default_rng(6)
    labels = np.repeat([0, 1], 500)
    found = intervals(labels, labels + rng.normal(size=1_000), users=np.arange(1_000), metrics=("auc",), seed=2)[
        "auc"
    ]
    area = found.value
    first, second = area / (2 - area), 2 * area**2 / (1 + area)
    variance = (area * (1 - area) + 499 * (first - area**2) + 499 * (second - area**2)) / 500**2
    assert (found.high - found.low) / (2 * 1.96) == pytest.approx(math.sqrt(variance), rel=0.2)


def test_many_distinct_scores_are_drawn_in_levels_that_change_no_end():
    rng = np.random.default_rng(7)
    chance = rng.beta(1, 5, 6_000)
    labels = (rng.random(6_000) < chance).astype(int)
    users = np.arange(6_000)
    fine = intervals(labels, chance, users=users, metrics=tuple(FIGURES), seed=3)
    coarse = intervals(labels, chance.round(4), users=users, metrics=tuple(FIGURES), seed=3)
    for metric in FIGURES:
        width = fine[metric].high - fine[metric].low
        np.testing.assert_allclose(fine[metric], coarse[metric], atol=0.05 * width)
