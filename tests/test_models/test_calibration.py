import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.classification.calibration import Calibration, logistic
from models.metrics import auc, ece
from models.registry import make

from .planted import FEATURES, frame, newest


def drawn(rows, *, seed=1):
    """Margins of a model that is too sure of itself, twice over, and outcomes."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(-1.0, 1.0, rows)
    return 2.0 * truth, (rng.random(rows) < logistic(truth)).astype(np.int64)


@pytest.mark.parametrize(("rows", "kind"), [(0, "none"), (999, "platt"), (1_000, "isotonic")])
def test_the_kind_goes_by_the_rows(rows, kind):
    assert Calibration.learn(*drawn(rows)).kind == kind


def test_platt_finds_the_slope_it_was_spoilt_by():
    margins, labels = drawn(999)
    slope, intercept = Calibration.learn(margins, labels).curve
    assert slope == pytest.approx(0.5, abs=0.08)  # its standard error is 0.04
    assert intercept == pytest.approx(0.0, abs=0.2)


def test_platt_of_four_rows_by_hand():
    # With two of either outcome the targets are 3/4 and 1/4, and a curve through two points meets both.
    found = Calibration.learn(np.array([-1.0, -1.0, 1.0, 1.0]), np.array([0, 0, 1, 1]))
    np.testing.assert_allclose(found.curve, [np.log(3.0), 0.0], atol=1e-4)
    np.testing.assert_allclose(found.apply(np.array([-1.0, 1.0]), np.array([0.2, 0.8])), [0.25, 0.75], atol=1e-4)


@pytest.mark.parametrize("rows", [600, 4_000])
def test_what_was_too_sure_is_made_sober(rows):
    found = Calibration.learn(*drawn(rows))
    margins, labels = drawn(20_000, seed=2)
    raw = logistic(margins)
    assert ece(labels, found.apply(margins, raw)) < 0.03 < 0.06 < ece(labels, raw)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.sampled_from([40, 1_200]), st.floats(0.02, 0.98))
def test_the_order_of_the_margins_survives(seed, rows, share):
    rng = np.random.default_rng(seed)
    margins = rng.normal(0.0, 2.0, rows).round(1)
    labels = (rng.random(rows) < share).astype(np.int64)
    labels[:2] = (0, 1)
    found = Calibration.learn(margins, labels)
    asked = np.linspace(-6.0, 6.0, 100)
    probability = found.apply(asked, logistic(asked))
    assert ((probability > 0) & (probability < 1)).all()
    assert (np.diff(probability) > 0).all()
    assert auc(labels, found.apply(margins, logistic(margins))) == auc(labels, margins)


def test_centred_steps_by_hand():
    """1,000 rows in two steps whose heights are 1/4 and 3/4; the line between their middles is straight."""
    at = np.arange(1_000)
    margins = np.where(at < 500, -2.0, 1.0) + np.array([-0.5, 0.5, 0.5, -0.5])[at % 4]
    labels = np.where(at < 500, at % 4 == 0, at % 4 != 1).astype(np.int64)  # in a step the low margins win more
    found = Calibration.learn(margins, labels)
    np.testing.assert_allclose(found.knots, [[-2.0, 0.25], [1.0, 0.75]])
    asked = np.array([-9.0, -0.5, 9.0])
    curve = logistic(asked * found.curve[0] + found.curve[1])
    np.testing.assert_allclose(4 * found.apply(asked, asked) - 3 * curve, [0.25, 0.5, 0.75], atol=1e-9)


def test_an_order_that_does_not_hold_is_flattened_not_turned():
    margins, labels = drawn(800)
    found = Calibration.learn(-margins, labels)
    probability = found.apply(np.array([-2.0, 2.0]), np.array([0.1, 0.9]))
    assert probability[0] < probability[1] < probability[0] + 0.02
    assert probability.mean() == pytest.approx(labels.mean(), abs=0.02)


def test_calibration_never_sees_the_rows_that_teach():
    """The newest week alone decides: half of those who stayed before leave in it."""
    some = frame(people=1_500)
    rng = np.random.default_rng(2)
    some["label"] = np.where(newest(some), some["label"] * (rng.random(len(some)) < 0.5), some["label"])
    later = frame(people=1_500, seed=9)
    later["label"] = later["label"] * (rng.random(len(later)) < 0.5)
    model = make("logistic", features=FEATURES).fit(some, seed=1)
    assert model.calibration.kind == "isotonic"
    probability = model.score(later)["probability"].to_numpy()
    assert (
        ece(later["label"].to_numpy(), probability)
        < 0.05
        < ece(later["label"].to_numpy(), logistic(model.margins(later)))
    )
