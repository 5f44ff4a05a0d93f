"""What groups explain of an outcome: deviances by hand, planted truth, nothing where there is nothing."""

import numpy as np
import pytest

from models.segmentation.explaining import additively, beyond_rfm, by_cells, deviances, quintiles

KINDS = ("count", "money", "binary")


def world(*, seed, people=2_000, strength=1.0, own=1.0):
    """Purchases follow recency by quintiles, and a group that these do not tell."""
    rng = np.random.default_rng(seed)
    rfm = [quintiles(rng.random(people)) for _ in range(3)]
    group = rng.integers(0, 3, people)
    outcome = rng.poisson(np.exp(strength * (rfm[0] - 2) / 2 + own * (group - 1)))
    return outcome.astype(float), group, rfm


def told(outcome, kind):
    return {"count": outcome, "money": outcome * 99.5, "binary": (outcome > 0).astype(float)}[kind]


def test_deviances_by_hand():
    found = deviances(np.array([0.0, 3.0]), np.array([2.0, 2.0]), kind="count")
    np.testing.assert_allclose(found, [2 * 2.0, 2 * (3 * np.log(1.5) - 1.0)])
    found = deviances(np.array([0.0, 1.0]), np.array([0.25, 0.25]), kind="binary")
    np.testing.assert_allclose(found, [-2 * np.log(0.75), -2 * np.log(0.25)])
    # Tweedie of power 1.5: nothing paid costs 4 sqrt(mean), a perfect prediction nothing
    found = deviances(np.array([0.0, 9.0]), np.array([4.0, 9.0]), kind="money")
    np.testing.assert_allclose(found, [8.0, 0.0], atol=1e-9)


def test_the_deviances_are_those_of_scikit_learn():
    from sklearn.metrics import mean_poisson_deviance, mean_tweedie_deviance

    rng = np.random.default_rng(2)
    outcome, mean = rng.poisson(2, 500).astype(float), rng.gamma(2, 1, 500)
    assert deviances(outcome, mean, kind="count").mean() == pytest.approx(mean_poisson_deviance(outcome, mean))
    assert deviances(outcome, mean, kind="money").mean() == pytest.approx(
        mean_tweedie_deviance(outcome, mean, power=1.5)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_groups_that_tell_something_rfm_does_not_are_worth_more_beside_it(kind):
    outcome, group, rfm = world(seed=1)
    found = beyond_rfm(told(outcome, kind), group, rfm, kind=kind, seed=7)
    assert found["segments"].share > 0.05
    assert found["rfm_with_segments"].less(found["rfm"], seed=7).low > 0
    low, value, high = (found["segments"].interval(seed=7)[at] for at in (1, 0, 2))
    assert low < value < high


@pytest.mark.parametrize("kind", KINDS)
def test_random_groups_explain_nothing_and_are_said_to(kind):
    outcome, _, rfm = world(seed=3, own=0.0)
    noise = np.random.default_rng(9).integers(0, 8, len(outcome))
    found = beyond_rfm(told(outcome, kind), noise, rfm, kind=kind, seed=7)
    assert found["segments"].share < 0.01  # cross-fitted: eight more means do not look like knowledge
    assert found["rfm_with_segments"].less(found["rfm"], seed=7).low < 0
    assert found["rfm"].share > 0.05


def test_a_group_of_one_does_not_predict_its_own():
    outcome = np.array([1.0] * 99 + [1_000.0])
    groups = np.array([0] * 99 + [1])
    assert by_cells(outcome, groups, kind="count", seed=1).share < 0.2  # fitted to itself it were nearly 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_group_that_did_nothing_so_far_is_not_sure_to_do_nothing(kind):
    """One who pays among a hundred that never did must not outweigh everybody else."""
    outcome = np.array([0.0] * 99 + [1.0] + [1.0, 0.0] * 50)
    groups = np.repeat([0, 1], 100)
    for found in (by_cells(outcome, groups, kind=kind, seed=1), additively(outcome, [groups], kind=kind, seed=1)):
        assert found.share > -0.2


def test_outcomes_that_do_not_vary_have_no_share():
    assert np.isnan(by_cells(np.zeros(50), np.arange(50) % 2, kind="count", seed=1).share)


def test_the_same_seed_gives_the_same_figures_and_money_may_be_in_any_unit():
    outcome, group, rfm = world(seed=5, people=600)
    one, two = (additively(outcome, [*rfm, group], kind="money", seed=3) for _ in range(2))
    np.testing.assert_array_equal(one.own, two.own)
    cents = additively(outcome * 100, [*rfm, group], kind="money", seed=3)
    assert cents.share == pytest.approx(one.share, abs=1e-6)


def test_quintiles_are_of_equal_size_and_keep_equal_values_together():
    assert quintiles(np.arange(10.0)[::-1]).tolist() == [4, 4, 3, 3, 2, 2, 1, 1, 0, 0]
    assert quintiles(np.array([1.0] * 8 + [2.0, 3.0])).tolist() == [1] * 8 + [4, 4]
    assert quintiles(np.empty(0)).tolist() == []
