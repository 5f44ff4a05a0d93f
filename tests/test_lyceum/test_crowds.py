import numpy as np
import pytest

from lyceum.simulator.crowds import SEGMENTS, crowd, drawn_plan, large_crowd, without_groups
from lyceum.simulator.world import read_toml

RATES = read_toml("worlds.toml")[SEGMENTS]


def plan(seed):
    return drawn_plan(RATES, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(8))
def test_groups_are_as_far_apart_as_the_world_says(seed):
    made = plan(seed)
    inverse = np.linalg.inv(made.covariance)
    apart = made.centres[:, None] - made.centres[None]
    far = np.sqrt(np.einsum("abi,ij,abj->ab", apart, inverse, apart))
    far[np.diag_indices(len(far))] = np.inf
    np.testing.assert_allclose(far.min(), made.gap)
    assert 3.0 <= made.gap <= 5.0 and 3 <= len(made.shares) <= 8
    assert made.shares.min() >= 0.03 and made.shares.sum() == pytest.approx(1.0)
    assert (made.centres[:, RATES["told_columns"] :] == 0).all()  # noise columns tell nothing


def test_a_crowd_without_groups_has_the_same_covariance():
    made = plan(1)
    blob = without_groups(made)
    middle = made.shares @ made.centres
    between = sum(
        share * np.outer(at - middle, at - middle) for share, at in zip(made.shares, made.centres, strict=True)
    )
    np.testing.assert_allclose(blob.covariance, made.covariance + between)
    np.testing.assert_allclose(blob.centres, middle[None])


def test_equal_arguments_give_equal_crowds():
    one, same, other = (crowd(users=200, seed=seed) for seed in (1, 1, 2))
    assert one.before.frame.equals(same.before.frame) and one.now.frame.equals(same.now.frame)
    assert not one.before.frame.equals(other.before.frame)
    assert one.again(one.before, seed=3).equals(same.again(same.before, seed=3))


def test_logs_are_skewed_heavy_tailed_and_partly_dull():
    frame = crowd(users=4_000, seed=5).before.frame
    counts = frame.filter(like="count_")
    assert (counts == counts.round()).all().all() and (counts >= 0).all().all()
    assert (frame.filter(like="money_").skew() > 2).all()
    assert frame["constant_0"].nunique() == 1 and frame["empty_0"].isna().all()
    assert frame.filter(like="trend_").kurt().max() > 1  # normal would be 0
    assert frame.filter(like="share_").max().max() <= 1.0


def test_a_few_move_and_the_others_are_measured_again():
    made = crowd(users=4_000, seed=6)
    moved = made.before.group != made.now.group
    assert moved.mean() == pytest.approx(RATES["movers"], abs=0.01)
    before, now = (week.days.mean(axis=1) for week in (made.before, made.now))
    went = ((now - before) ** 2).mean(axis=1)
    assert np.median(went[moved]) > 4 * np.median(went[~moved])
    column = next(name for name in made.before.frame if name.startswith("trend_"))
    again = made.again(made.before, seed=1)[column]
    week = made.now.frame[column] - made.before.frame[column]
    # A bootstrap of seven days has 6 / 7 of the variance of a measurement, the difference of two weeks twice that.
    squares = [(each[~moved] ** 2).mean() for each in (again - made.before.frame[column], week)]
    assert squares[0] / squares[1] == pytest.approx(6 / 7 / 2, rel=0.15)


def test_a_large_crowd_has_the_columns_asked_for():
    frame, group = large_crowd(users=500, columns=40, seed=1)
    assert frame.shape == (500, 41) and len(group) == 500
    assert frame["user_id"].is_unique
