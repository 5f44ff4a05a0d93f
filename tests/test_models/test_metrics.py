import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from models.metrics import auc, auc_difference, brier, ece, pr_auc


def test_by_hand():
    labels = np.array([1, 0, 1, 0])
    scores = np.array([0.9, 0.8, 0.3, 0.1])
    # Pairs: 0.9 beats 0.8 and 0.1; 0.3 beats 0.1 and loses to 0.8: 3 of 4.
    assert auc(labels, scores) == 0.75
    # Precision where a positive is found: 1/1 and 2/3, each worth half of the recall.
    assert pr_auc(labels, scores) == pytest.approx((1 + 2 / 3) / 2)
    assert brier(labels, scores) == pytest.approx((0.01 + 0.64 + 0.49 + 0.01) / 4)
    # Two bins: {0.1, 0.3} holds one positive, mean 0.2 against 0.5; {0.8, 0.9} one, mean 0.85 against 0.5.
    assert ece(labels, scores, bins=2) == pytest.approx(0.5 * 0.3 + 0.5 * 0.35)


def test_a_constant_is_worth_a_coin():
    labels, scores = np.array([1, 0, 0, 0]), np.full(4, 0.25)
    assert auc(labels, scores) == 0.5
    assert pr_auc(labels, scores) == 0.25
    assert ece(labels, scores) == 0.0


@pytest.mark.parametrize("labels", [np.array([]), np.array([1, 1]), np.array([0, 0])])
def test_one_class_is_undefined(labels):
    scores = np.linspace(0.2, 0.4, len(labels))
    assert all(math.isnan(figure(labels, scores)) for figure in (auc, pr_auc, brier, ece))
    users = np.arange(len(labels))
    assert all(math.isnan(end) for end in auc_difference(labels, scores, scores, users=users, seed=1))


rows = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 9)), min_size=2, max_size=60).filter(
    lambda pairs: len({label for label, _ in pairs}) == 2
)


@given(rows, st.randoms(use_true_random=False))
def test_agrees_with_scikit_learn_whatever_the_order(pairs, random):
    random.shuffle(pairs)
    labels = np.array([label for label, _ in pairs])
    scores = np.array([score / 10 for _, score in pairs])
    assert auc(labels, scores) == pytest.approx(roc_auc_score(labels, scores))
    assert pr_auc(labels, scores) == pytest.approx(average_precision_score(labels, scores))
    assert ece(labels, scores) == pytest.approx(ece(labels[::-1], scores[::-1]))


def test_the_interval_holds_the_difference_and_repeats():
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 2, 1_000)
    good, bad = labels + rng.normal(size=1_000), labels + 3 * rng.normal(size=1_000)
    found = auc_difference(labels, good, bad, users=np.arange(1_000), seed=5)
    assert found == auc_difference(labels, good, bad, users=np.arange(1_000), seed=5)
    difference, low, high = found
    assert 0 < low < difference < high
    assert difference == pytest.approx(auc(labels, good) - auc(labels, bad))


def test_rows_of_one_user_are_one_draw():
    rng = np.random.default_rng(4)
    labels = np.repeat(rng.integers(0, 2, 100), 10)
    good, bad = (np.repeat(labels[::10] + rng.normal(size=100) * width, 10) for width in (1.0, 2.0))
    by_user = auc_difference(labels, good, bad, users=np.repeat(np.arange(100), 10), seed=1)
    by_row = auc_difference(labels, good, bad, users=np.arange(1_000), seed=1)
    # Ten copies of each row hold no more than one: the interval by row is sqrt(10) = 3.2 times too narrow.
    assert 2.2 < (by_user[2] - by_user[1]) / (by_row[2] - by_row[1]) < 4.5


def test_equal_scores_differ_by_nothing():
    labels = np.array([0, 1, 0, 1, 1])
    scores = np.array([0.1, 0.4, 0.3, 0.2, 0.9])
    assert auc_difference(labels, scores, scores, users=np.arange(5), seed=1) == (0.0, 0.0, 0.0)
