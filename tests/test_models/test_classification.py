from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from lyceum.errors import LyceumError
from models.classification import Forest, Logistic, matrix, signed_log1p
from models.metrics import ece
from models.rules import BaseRate, RfmLogistic, SilenceRule, affordable

FEATURES = ("recency_days", "acts_28d")


def frame(*, weeks=3, people=300, seed=1):
    rng = np.random.default_rng(seed)
    rows = weeks * people
    recency, acts = rng.integers(1, 29, rows), rng.integers(0, 30, rows)
    chance = 1 / (1 + np.exp(-(2.0 - 1.2 * np.log1p(recency) + 0.5 * np.log1p(acts))))
    return pd.DataFrame(
        {
            "user_id": [f"u{at:04d}" for at in range(people)] * weeks,
            "as_of": np.repeat(pd.date_range("2024-01-01", periods=weeks, freq="7D").date, people),
            "recency_days": recency,
            "acts_28d": acts,
            "label": (rng.random(rows) < chance).astype(int),
        }
    )


def test_nulls_mean_never_for_recency_and_nothing_for_counts():
    some = pd.DataFrame({"recency_days": pd.array([3, None], dtype="Int64"), "spend_84d": [Decimal("12.50"), None]})
    np.testing.assert_array_equal(matrix(some, ("recency_days", "spend_84d")), [[3, 12.5], [10_000, 0]])


def test_a_missing_column_is_named():
    with pytest.raises(LyceumError, match="acts_28d"):
        matrix(pd.DataFrame({"recency_days": [1]}), FEATURES)


def test_signed_log_by_hand():
    np.testing.assert_allclose(signed_log1p(np.array([0.0, np.e - 1, 1 - np.e])), [0, 1, -1])


@pytest.mark.parametrize("kind", [Logistic, Forest])
def test_columns_without_any_value_are_left_out_and_named(kind):
    model = kind(features=(*FEATURES, "spend_84d")).fit(frame().assign(spend_84d=None), seed=1)
    assert model.kept == FEATURES
    assert set(model.features) - set(model.kept) == {"spend_84d"}
    assert len(model.score(frame())) == 900  # and scoring does not ask for them


def test_the_newest_week_calibrates_and_teaches_nothing():
    some = frame()
    newest = some["as_of"] == some["as_of"].max()
    flipped = some.assign(label=np.where(newest, (np.arange(900) % 2), some["label"]))
    first, second = (Logistic(features=FEATURES).fit(rows, seed=1) for rows in (some, flipped))
    np.testing.assert_array_equal(first.coef, second.coef)
    assert first.calibration == "platt"
    assert not np.array_equal(first.knots, second.knots)


def test_one_week_is_not_calibrated_and_says_so():
    model = Logistic(features=FEATURES).fit(frame(weeks=1), seed=1)
    assert model.calibration == "none"
    assert "one week" in model.note


@pytest.mark.parametrize(("people", "kind"), [(600, "platt"), (1_500, "isotonic")])
def test_calibration_repairs_a_shifted_base_rate(people, kind):
    some = frame(people=people)
    # In the newest week half of those who stayed before leave.
    newest = some["as_of"] == some["as_of"].max()
    rng = np.random.default_rng(2)
    some["label"] = np.where(newest, some["label"] * (rng.random(len(some)) < 0.5), some["label"])
    later = frame(people=people, seed=9)
    later["label"] = later["label"] * (rng.random(len(later)) < 0.5)
    model = Logistic(features=FEATURES).fit(some, seed=1)
    assert model.calibration == kind
    probability = model.score(later)["probability"].to_numpy()
    raw = 1 / (1 + np.exp(-model.margins(later)))
    assert ece(later["label"].to_numpy(), probability) < 0.06 < ece(later["label"].to_numpy(), raw)


def test_isotonic_steps_keep_the_order_of_the_margins():
    model = Logistic(features=FEATURES).fit(frame(people=1_500), seed=1)
    later = frame(seed=3)
    margins, probability = model.margins(later), model.score(later)["probability"].to_numpy()
    order = np.argsort(margins)
    assert (np.diff(probability[order]) > 0)[np.diff(margins[order]) > 1e-9].all()
    assert len(np.unique(np.interp(margins, *model.knots.T))) < len(np.unique(margins))  # there are steps


@pytest.mark.parametrize("kind", [Logistic, Forest])
def test_probabilities_lie_inside_the_unit_interval(kind):
    some = frame(people=1_200)
    some["label"] = (some["recency_days"] < 10).astype(int)  # a perfect column
    probability = kind(features=FEATURES).fit(some, seed=1).score(some)["probability"]
    assert probability.between(0, 1, inclusive="neither").all()


def test_scores_stand_beside_their_users():
    some = frame()
    model = Forest(features=FEATURES).fit(some, seed=1)
    turned = some.iloc[::-1]
    assert model.score(turned)["user_id"].tolist() == turned["user_id"].tolist()
    np.testing.assert_array_equal(model.score(turned)["probability"], model.score(some)["probability"][::-1])


def test_coefficients_point_the_planted_way():
    table = Logistic(features=FEATURES).fit(frame(), seed=1).coefficients().set_index("feature")
    assert table.loc["recency_days", "coefficient"] < 0 < table.loc["acts_28d", "coefficient"]
    np.testing.assert_allclose(table["odds_ratio"], np.exp(table["coefficient"]))


def test_one_class_or_no_feature_cannot_be_learnt():
    with pytest.raises(LyceumError, match="1 of 2 outcomes"):
        Logistic(features=FEATURES).fit(frame().assign(label=1), seed=1)
    with pytest.raises(LyceumError, match="0 of 1 features"):
        Forest(features=("spend_84d",)).fit(frame(), seed=1)


def test_the_counting_rules_by_hand():
    some = pd.DataFrame(
        {
            "user_id": list("abcde"),
            "as_of": "2024-01-01",
            "recency_days": [7, 1, 8, None, 20],
            "label": [1, 1, 0, 0, 1],
        }
    )
    assert BaseRate().fit(some, seed=1).score(some)["probability"].tolist() == [4 / 7] * 5
    rule = SilenceRule().fit(some, seed=1)
    assert rule.score(some)["probability"].tolist() == [3 / 4, 3 / 4, 2 / 5, 2 / 5, 2 / 5]


@pytest.mark.parametrize(
    ("silent", "heard", "expected"),
    [(30, 30, "silence_rule"), (29, 30, "base_rate"), (0, 30, "base_rate"), (14, 15, None)],
)
def test_a_rate_needs_thirty_people(silent, heard, expected):
    rows = silent + heard
    some = pd.DataFrame({"user_id": [f"u{at}" for at in range(rows)], "recency_days": [10] * silent + [3] * heard})
    twice = pd.concat([some, some])  # two weeks of the same people are not twice the people
    name, why = affordable(twice.assign(label=1))
    assert name == expected
    assert str(silent) in why or str(rows) in why


def test_money_is_optional_to_the_rfm_baseline():
    model = RfmLogistic().fit(frame().assign(active_days_28d=3), seed=1)
    assert set(model.features) - set(model.kept) == {"spend_84d"}
