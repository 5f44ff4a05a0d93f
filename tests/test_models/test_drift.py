import math
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.drift import COLUMNS, drift, profile

WEEKS = [date(2024, 1, 1) + timedelta(weeks=at) for at in range(6)]
LATER = WEEKS[-1] + timedelta(weeks=6)


def frame(columns, *, weeks=WEEKS):
    people = len(next(iter(columns.values()))) // len(weeks)
    ids = {"user_id": [f"u{at}" for at in range(people)] * len(weeks), "as_of": np.repeat(weeks, people)}
    return pd.DataFrame({**ids, **columns})


def found(training, now, *, as_of=LATER):
    names = tuple(training.columns[2:])
    return drift(profile(training, features=names), now, as_of=as_of).set_index("feature")


def test_by_hand():
    """Two bins: 30 % above zero in training, 60 % now; psi = 0.3 log(0.6 / 0.3) - 0.3 log(0.4 / 0.7)."""
    then = np.tile(np.r_[np.zeros(700), np.full(300, 5.0)], 6)
    now = pd.DataFrame({"carts": np.r_[np.zeros(400), np.full(600, 5.0)]})
    row = found(frame({"carts": then}), now).loc["carts"]
    assert row["psi"] == pytest.approx(0.3 * math.log(2) + 0.3 * math.log(7 / 4), abs=0.002)  # half a person a bin
    assert row["psi_excess"] == pytest.approx(row["psi"] - (1 / 1_000 + 1 / 1_000))  # 1,000 people then, as now
    assert row["effect_size"] == pytest.approx(1.5 / math.sqrt(25 * 0.21))
    assert row["people"] == 1_000 and row["drifted"]


def test_equal_people_have_not_drifted_and_moved_ones_have():
    rng = np.random.default_rng(1)
    then = {"still": rng.normal(size=12_000), "moved": rng.normal(size=12_000), "wider": rng.normal(size=12_000)}
    now = {
        "still": rng.normal(size=2_000),
        "moved": rng.normal(size=2_000) + 0.5,
        "wider": 2 * rng.normal(size=2_000),
    }
    table = found(frame(then), pd.DataFrame(now))
    assert list(table.reset_index().columns) == list(COLUMNS)
    assert table["drifted"].to_dict() == {"still": False, "moved": True, "wider": True}
    assert table.loc["moved", "effect_size"] == pytest.approx(0.5, abs=0.1)
    assert abs(table.loc["still", "psi_excess"]) < 0.02
    assert table.index[-1] == "still"  # widest first


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 10_000))
def test_without_drift_the_excess_is_nothing_on_average(seed):
    """60 columns of all kinds of ties, from one distribution: the mean excess is 0 and no alarm in 20 is false."""
    rng = np.random.default_rng(seed)
    kinds = (rng.normal, lambda size: rng.poisson(0.7, size), lambda size: rng.exponential(size=size).round())
    names = [f"column_{at}" for at in range(60)]
    then = {name: kinds[at % 3](size=2_000).astype(float) for at, name in enumerate(names)}
    now = pd.DataFrame({name: kinds[at % 3](size=700).astype(float) for at, name in enumerate(names)})
    table = found(frame(then, weeks=WEEKS[:1]), now)
    assert abs(table["psi_excess"].mean()) < 4 * table["psi_excess"].std() / math.sqrt(60)
    assert table["drifted"].mean() <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / 60)


def test_days_that_pass_for_everybody_are_no_news():
    """Tenure grows by a week a week; on a new platform nobody is as young any more as those who were learnt from."""
    rng = np.random.default_rng(2)
    start = rng.uniform(10, 60, 1_000)
    tenure = np.concatenate([start + 7 * at for at in range(6)])
    training = frame({"tenure_days": tenure, "acts_28d": rng.poisson(5, 6_000)})
    weeks = (LATER - WEEKS[0]).days // 7
    now = pd.DataFrame({"tenure_days": start + 7 * weeks, "acts_28d": rng.poisson(5, 1_000)})
    table = found(training, now)
    assert table.loc["tenure_days", "psi_excess"] > 0.1 and table.loc["tenure_days", "effect_size"] > 1
    assert not table.loc["tenure_days", "drifted"]
    # Many newcomers at once are news: they are not where the step of a week would have brought those before them.
    assert found(training, now.assign(tenure_days=rng.uniform(0, 14, 1_000))).loc["tenure_days", "drifted"]
    # So is a column that was steady through the training weeks and then moved.
    assert found(training, now.assign(acts_28d=rng.poisson(9, 1_000))).loc["acts_28d", "drifted"]


def test_few_people_are_no_grounds_for_an_alarm():
    rng = np.random.default_rng(3)
    training = frame({"acts": rng.normal(size=6_000)})
    few = found(training, pd.DataFrame({"acts": rng.normal(size=100) + 1})).loc["acts"]
    assert pd.isna(few["drifted"]) and few["effect_size"] > 0.5
    assert found(training, pd.DataFrame({"acts": []})).loc["acts", "people"] == 0


def test_nulls_are_a_value():
    rng = np.random.default_rng(4)
    then = np.where(rng.random(6_000) < 0.3, np.nan, rng.normal(size=6_000))
    training = frame({"gap": then})
    same = np.where(rng.random(1_000) < 0.3, np.nan, rng.normal(size=1_000))
    assert not found(training, pd.DataFrame({"gap": same})).loc["gap", "drifted"]
    gone = found(training, pd.DataFrame({"gap": np.full(1_000, np.nan)})).loc["gap"]  # a feature that stopped coming
    assert gone["drifted"] and np.isnan(gone["effect_size"])
    filled = found(training, pd.DataFrame({"gap": rng.normal(size=1_000)})).loc["gap"]
    assert filled["drifted"] and abs(filled["effect_size"]) < 0.2


def test_columns_that_say_nothing_and_columns_that_are_missing():
    training = frame({"empty": np.full(600, np.nan), "constant": np.ones(600), "absent": np.arange(600.0)})
    table = found(training, pd.DataFrame({"constant": np.ones(200), "empty": np.ones(200)}))
    assert table.index.tolist() == ["constant"]
    assert table.loc["constant", "psi"] == 0 and not table.loc["constant", "drifted"]
    assert np.isnan(table.loc["constant", "effect_size"])


def test_the_order_of_rows_changes_nothing():
    rng = np.random.default_rng(5)
    training, now = frame({"acts": rng.normal(size=600)}), pd.DataFrame({"acts": rng.normal(size=900)})
    first = found(training, now)
    second = found(training.sample(frac=1, random_state=1), now.sample(frac=1, random_state=2))
    pd.testing.assert_frame_equal(first, second, rtol=1e-9)
