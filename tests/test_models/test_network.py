import numpy as np

from models.classification.network import Network
from models.metrics import auc

from .planted import FEATURES, frame


def model(**options):
    return Network(features=FEATURES, **{"epochs": 5, **options}).fit(frame(), seed=1)


def test_contributions_are_the_integral_of_the_slope_along_the_way():
    """Against 400 steps of finite differences on the straight way from the mean person."""
    some = model(units=8, penalty=0.01)
    later = frame(seed=2).head(5)
    from models.classification.frame import raw

    scaled = some.scale.apply(raw(later, FEATURES), FEATURES)

    def margin(point):
        return np.tanh(point @ some.inner + some.inner_bias) @ some.outer + some.outer_bias[0]

    steps = (np.arange(400) + 0.5) / 400
    expected = np.zeros_like(scaled)
    for step in steps:
        for at in range(3):
            nudge = np.zeros(3)
            nudge[at] = 1e-5
            slope = (margin(step * scaled + nudge) - margin(step * scaled - nudge)) / 2e-5
            expected[:, at] += scaled[:, at] * slope / 400
    np.testing.assert_allclose(some.contributions(later), expected, atol=1e-5)


def test_the_mean_person_is_explained_by_nothing():
    some = model()
    mean = np.sign(some.scale.mean) * np.expm1(np.abs(some.scale.mean))
    person = frame().head(1).assign(**dict(zip(FEATURES, mean, strict=True)))
    np.testing.assert_allclose(some.contributions(person), 0.0, atol=1e-5)
    np.testing.assert_allclose(some.margins(person), some.bias, atol=1e-5)


def test_it_learns_what_no_straight_line_can():
    """Staying needs recency and acts to agree: neither alone says anything."""
    some, later = (frame(people=800, seed=seed, nulls=0.0) for seed in (1, 2))
    for rows in (some, later):
        agree = (rows["recency_days"] > 9) == (rows["acts_28d"] > 12)
        rows["label"] = (np.random.default_rng(5).random(len(rows)) < np.where(agree, 0.8, 0.2)).astype(int)
    found = Network(features=FEATURES, penalty=0.01, epochs=40).fit(some, seed=1)
    assert auc(later["label"].to_numpy(), found.margins(later)) > 0.7


def test_another_seed_gives_another_network():
    other = Network(features=FEATURES, epochs=5).fit(frame(), seed=2)
    assert not np.array_equal(other.margins(frame()), model().margins(frame()))


def test_a_strong_penalty_says_the_same_of_everybody():
    tame = np.ptp(model(penalty=200.0, epochs=30).margins(frame()))
    assert tame < 0.3 * np.ptp(model(penalty=0.1, epochs=30).margins(frame()))
