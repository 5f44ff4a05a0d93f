"""What every classifier does alike, whatever it is inside."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lyceum.errors import LyceumError
from models.classification import device
from models.registry import load_class, make

from .planted import ESTIMATORS, FEATURES, frame, newest

SMALL = {
    "forest": {"trees": 20, "depth": 6},
    "xgboost": {"rounds": 20},
    "network": {"epochs": 25, "penalty": 0.3},
    "blend": {"xgboost": {"rounds": 20}},
}


@pytest.fixture(scope="module", params=ESTIMATORS)
def fitted(request):
    return make(request.param, features=FEATURES, settings=SMALL.get(request.param)).fit(frame(), seed=1)


cell = st.none() | st.floats(-1e6, 1e6, width=32) | st.integers(0, 40)
tables = st.lists(st.tuples(cell, cell, cell), min_size=0, max_size=6)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables, st.booleans())
def test_contributions_and_bias_sum_to_the_margin_of_any_row(fitted, rows, exact):
    some = pd.DataFrame(rows, columns=list(FEATURES), dtype="float64")
    shares = fitted.contributions(some, exact=exact)
    assert shares.shape == (len(rows), len(fitted.kept))
    np.testing.assert_allclose(shares.sum(axis=1) + fitted.bias, fitted.margins(some), rtol=0, atol=1e-4)


def test_exact_contributions_say_so(fitted):
    later = frame(seed=2)
    same = np.array_equal(fitted.contributions(later), fitted.contributions(later, exact=False))
    assert fitted.exact_contributions is same


def test_what_says_nothing_gets_little(fitted):
    shares = np.abs(fitted.contributions(frame(seed=2))).mean(axis=0)
    assert fitted.kept[int(shares.argmax())] == "recency_days"
    assert shares[fitted.kept.index("spend_84d")] < 0.35 * shares.max()


def test_a_person_is_scored_alike_in_any_company(fitted):
    later = frame(seed=2)
    every = fitted.score(later)["probability"].to_numpy()
    shares = fitted.contributions(later)
    rng = np.random.default_rng(3)
    for count in (1, 7, 33, 500):
        some = rng.permutation(len(later))[:count]
        np.testing.assert_array_equal(fitted.score(later.iloc[some])["probability"], every[some])
        np.testing.assert_array_equal(fitted.contributions(later.iloc[some]), shares[some])


def test_scores_stand_beside_their_users(fitted):
    turned = frame(seed=2).iloc[::-1]
    assert fitted.score(turned)["user_id"].tolist() == turned["user_id"].tolist()


def test_settings_are_plain_and_come_back(fitted):
    kind = load_class(fitted.name)
    again = kind.restore(fitted.state())
    assert again.settings == fitted.settings
    assert kind(features=FEATURES, **fitted.settings).settings == fitted.settings
    assert again.bias == fitted.bias and again.kept == fitted.kept


def test_shuffled_rows_learn_the_same_trees_and_weights(fitted):
    shuffled = frame().sample(frac=1.0, random_state=5)
    again = make(fitted.name, features=FEATURES, settings=fitted.settings).fit(shuffled, seed=1)
    np.testing.assert_array_equal(again.margins(frame(seed=2)), fitted.margins(frame(seed=2)))
    np.testing.assert_array_equal(again.calibration.curve, fitted.calibration.curve)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_newest_week_calibrates_and_teaches_nothing(name):
    some = frame()
    flipped = some.assign(label=np.where(newest(some), np.arange(len(some)) % 2, some["label"]))
    first, second = (
        make(name, features=FEATURES, settings=SMALL.get(name)).fit(rows, seed=1) for rows in (some, flipped)
    )
    np.testing.assert_array_equal(first.margins(some), second.margins(some))
    assert not np.array_equal(first.calibration.curve, second.calibration.curve)


@pytest.mark.parametrize(
    ("people", "weeks", "held"),
    [(300, 8, 2), (300, 20, 4), (120, 40, 9), (1_000, 8, 1), (999, 8, 2), (10, 3, 1)],
)
def test_small_weeks_calibrate_together_up_to_a_quarter_of_all(people, weeks, held):
    """As many of the newest as hold a thousand rows: nothing of them is learnt from, all before them is."""
    some = frame(people=people, weeks=weeks)
    mondays = sorted(some["as_of"].unique())

    def margins(since):
        flipped = (some["as_of"] == mondays[-since]).to_numpy()
        labels = np.where(flipped, 1 - some["label"], some["label"])
        return make("logistic", features=FEATURES).fit(some.assign(label=labels), seed=1).margins(some)

    np.testing.assert_array_equal(margins(held), margins(1))
    assert not np.array_equal(margins(held + 1), margins(1))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_columns_without_any_value_are_left_out(name):
    some = frame().assign(ratings_84d=None)
    model = make(name, features=(*FEATURES, "ratings_84d", "not_there"), settings=SMALL.get(name)).fit(some, seed=1)
    assert model.kept == FEATURES
    assert len(model.score(frame())) == 900  # and scoring does not ask for them


@pytest.mark.parametrize("name", ESTIMATORS)
def test_probabilities_lie_inside_the_unit_interval(name):
    some = frame(people=1_200)
    some["label"] = (some["recency_days"] < 10).astype(int)  # a perfect column
    probability = make(name, features=FEATURES, settings=SMALL.get(name)).fit(some, seed=1).score(some)["probability"]
    assert probability.between(0, 1, inclusive="neither").all()


def test_one_week_is_not_calibrated_and_says_so():
    model = make("logistic", features=FEATURES).fit(frame(weeks=1), seed=1)
    assert model.calibration.kind == "none"
    assert "one week" in model.note


def test_one_class_or_no_feature_cannot_be_learnt():
    with pytest.raises(LyceumError, match="1 of 2 outcomes"):
        make("logistic", features=FEATURES).fit(frame().assign(label=1), seed=1)
    with pytest.raises(LyceumError, match="0 of 1 features"):
        make("forest", features=("ratings_84d",)).fit(frame(), seed=1)


def test_asking_for_a_device_that_is_not_there_names_the_command():
    assert device.in_use() == "cpu"
    if device.available("cuda"):
        pytest.skip("XGBoost here computes on cuda")
    with pytest.raises(LyceumError, match="make install GPU=1"), device.using("cuda"):
        pass
    assert device.in_use() == "cpu"
