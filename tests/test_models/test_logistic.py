import numpy as np
import pandas as pd
import pytest

from lyceum.tables.prediction import MODEL_COEFFICIENTS
from models.classification.logistic import Logistic
from models.classification.scale import Scale

from .planted import FEATURES, frame

WEAK = 1e6  # of the prior's variance: no penalty to speak of


def fitted(rows, **options):
    """On one week, so that all rows teach."""
    return Logistic(features=tuple(set(rows.columns) - {"user_id", "as_of", "label"}), **options).fit(rows, seed=1)


def table(counts, *, weeks=1):
    """counts: {(x, label): people}."""
    rows = [(x, label) for (x, label), people in counts.items() for _ in range(people)]
    one = pd.DataFrame(rows, columns=["x", "label"]).assign(as_of="2024-01-01")
    one["user_id"] = [f"u{at:04d}" for at in range(len(one))]
    return pd.concat([one] * weeks, ignore_index=True)


COUNTS = {(0, 0): 60, (0, 1): 40, (1, 0): 30, (1, 1): 70}


def test_a_two_by_two_table_by_hand():
    model = fitted(table(COUNTS), strength=WEAK)
    row = model.coefficients().iloc[0]
    spread = 0.5 * np.log(2.0)  # half of the people have log(1 + 1), the others 0
    log_odds_ratio = np.log((70 / 30) / (40 / 60))
    error = np.sqrt(1 / 60 + 1 / 40 + 1 / 30 + 1 / 70) * np.sqrt(200 / 199)
    per_deviation = spread / np.log(2.0)
    assert row["coefficient"] == pytest.approx(log_odds_ratio * per_deviation, rel=1e-4)
    assert row["standard_error"] == pytest.approx(error * per_deviation, rel=1e-4)
    assert row["low_95"] == pytest.approx(row["coefficient"] - 1.96 * row["standard_error"], abs=1e-4)
    assert row["odds_high_95"] == pytest.approx(np.exp(row["coefficient"] + 1.96 * row["standard_error"]), rel=1e-4)


def test_the_same_person_again_is_no_news():
    """Four weeks that repeat one week leave the interval as it is; by rows it would be half as wide."""
    once, again = fitted(table(COUNTS), strength=WEAK), fitted(table(COUNTS, weeks=4), strength=WEAK)
    np.testing.assert_allclose(again.errors, once.errors, rtol=1e-4)


def test_the_columns_are_those_of_the_table():
    found = Logistic(features=FEATURES).fit(frame(), seed=1).coefficients()
    assert ["model", *found.columns] == [column.name for column in MODEL_COEFFICIENTS.columns]
    assert found["feature"].tolist() == list(FEATURES)
    by_name = found.set_index("feature")
    assert by_name.loc["recency_days", "high_95"] < 0 < by_name.loc["acts_28d", "low_95"]
    assert by_name.loc["spend_84d", "low_95"] < 0 < by_name.loc["spend_84d", "high_95"]


def repeated_people(rng, *, people, weeks, truth):
    """A standard normal column per person and one outcome, seen in each week."""
    x = rng.normal(size=(people, len(truth)))
    label = (rng.random(people) < 1 / (1 + np.exp(-(x @ truth)))).astype(int)
    one = pd.DataFrame(
        np.sinh(x), columns=[f"x{at}" for at in range(len(truth))]
    )  # near its own signed log's inverse
    one = one.assign(label=label, user_id=[f"u{at:04d}" for at in range(people)], as_of="2024-01-01")
    return pd.concat([one] * weeks, ignore_index=True)


def test_intervals_hold_the_planted_truth_as_often_as_they_say():
    rng = np.random.default_rng(4)
    truth = np.array([0.8, -0.4, 0.0])
    scale = fitted(repeated_people(rng, people=20_000, weeks=1, truth=truth), strength=WEAK)
    target = scale.coefficients().set_index("feature")["coefficient"]  # per deviation of the signed log
    held = []
    for _ in range(60):
        row = fitted(repeated_people(rng, people=300, weeks=3, truth=truth), strength=WEAK).coefficients()
        wanted = row["feature"].map(target)
        held.append((row["low_95"] < wanted) & (wanted < row["high_95"]))
    coverage = float(np.mean(held))
    assert 0.90 < coverage < 0.99  # 180 intervals: 0.95 less three standard errors; by rows 0.74


def test_the_penalty_means_the_same_for_few_and_for_many_columns():
    """A column that is there ten times shares out what it says once, to the same margin."""
    some = frame(weeks=1, nulls=0.0)[["user_id", "as_of", "label", "recency_days"]]
    ten = some.assign(**{f"recency_days_{at}": some["recency_days"] for at in range(9)})
    once, often = fitted(some, strength=0.05), fitted(ten, strength=0.05)
    np.testing.assert_allclose(often.margins(ten), once.margins(some), atol=1e-6)
    np.testing.assert_allclose(often.coef, often.coef.mean(), atol=1e-6)


def test_more_strength_shrinks_less():
    weak, strong = (Logistic(features=FEATURES, strength=strength).fit(frame(), seed=1) for strength in (0.001, 1.0))
    assert (np.abs(weak.coef) < np.abs(strong.coef)).all()


def test_an_odd_newcomer_does_not_decide_alone():
    """A column that hardly varied lies many deviations away later; it is read as at the edge of what was seen."""
    some = frame(people=1_200).assign(orders_total=1)
    some.loc[::400, "orders_total"] = 2
    model = Logistic(features=(*FEATURES, "orders_total")).fit(some, seed=1)
    odd = some.head(1).assign(orders_total=5_000)
    at = model.kept.index("orders_total")
    edge = model.contributions(some.head(1).assign(orders_total=2))[0, at]
    assert model.contributions(odd)[0, at] == edge


def test_the_scale_by_hand():
    values = np.array([[0.0], [np.e - 1], [np.nan], [np.e - 1]], dtype=np.float32)
    scale = Scale.learn(values, ("acts_28d",))
    np.testing.assert_allclose([scale.mean[0], scale.spread[0]], [0.5, 0.5], rtol=1e-6)
    np.testing.assert_allclose(scale.apply(values, ("acts_28d",))[:, 0], [-1, 1, -1, 1], rtol=1e-6)
