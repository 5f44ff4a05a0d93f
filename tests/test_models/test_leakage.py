import numpy as np
import pandas as pd
import pytest

from models.leakage import leak_alarm

FEATURES = tuple(f"column_{at}" for at in range(8))


def world(*, people=4_000, seed=1):
    """Eight columns that carry the outcome equally, the model that knows it all, and the outcome."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(people, len(FEATURES)))
    chance = 1 / (1 + np.exp(2.0 - values.sum(axis=1)))
    table = pd.DataFrame(values, columns=FEATURES)
    table["label"] = (rng.random(people) < chance).astype(int)
    table["user_id"] = [f"u{at}" for at in range(people)]
    return table, chance


def test_honest_columns_are_silent_and_a_leak_rings_with_its_copies():
    table, chance = world()
    assert leak_alarm(table, chance, features=FEATURES) == {}
    rng = np.random.default_rng(2)
    table["leak"] = np.where(rng.random(len(table)) < 0.95, table["label"], 1 - table["label"])
    table["copy"] = -5.0 * table["leak"] + 3
    table["logged"] = np.log1p(table["leak"])
    known = np.clip(0.5 * chance + 0.5 * table["leak"], 0, 1).to_numpy()
    rings = leak_alarm(table, known, features=(*FEATURES, "leak", "copy", "logged"))
    assert set(rings) == {"leak", "copy", "logged"}
    assert len(set(rings.values())) == 1 and rings["leak"] > 0.7


@pytest.mark.parametrize("rare", [0, 1])
def test_it_listens_for_the_rarer_class_in_either_direction(rare):
    labels = np.array([rare] * 10 + [1 - rare] * 90)
    table = pd.DataFrame({"user_id": range(100), "label": labels, "leak": -labels, "honest": np.arange(100) % 7})
    assert leak_alarm(table, labels * 0.8 + 0.1, features=("leak", "honest")) == {"leak": 1.0}
    assert leak_alarm(table, np.full(100, 0.5), features=("leak",)) == {}  # a model without lift rings nothing


def test_a_null_can_leak():
    """A date that is filled in once the outcome has happened: what it says is nothing, that it is there is all."""
    table, _ = world()
    rng = np.random.default_rng(3)
    table["closed_days"] = np.where(table["label"] == 1, rng.normal(size=len(table)), np.nan)
    assert set(leak_alarm(table, table["label"] * 0.9 + 0.05, features=(*FEATURES, "closed_days"))) == {"closed_days"}


def test_what_an_honest_rule_knows_already_is_no_leak():
    """Where people leave by falling silent, recency is most of what can be known, and no leak."""
    rng = np.random.default_rng(4)
    recency = rng.exponential(10, 4_000)
    score = -recency + 4 * rng.normal(size=4_000)
    labels = (score > np.quantile(score, 0.7)).astype(int)
    noisy = recency + rng.normal(size=4_000)
    table = pd.DataFrame({"user_id": range(4_000), "label": labels, "recency": recency, "noisy": noisy})
    model = 1 / (1 + np.exp(recency - 4))
    features = ("recency", "noisy")
    assert set(leak_alarm(table, model, features=features)) == {"recency", "noisy"}
    assert leak_alarm(table, model, features=features, rules=[np.full(4_000, 0.3), -recency]) == {}
    table["leak"] = labels
    learnt = 0.9 * labels + 0.1 * model
    assert set(leak_alarm(table, learnt, features=(*features, "leak"), rules=[-recency])) == {"leak"}


def test_a_weak_model_makes_no_column_suspicious():
    """Two columns that know next to nothing, and a model that knows no more: each has most of its lift."""
    rng = np.random.default_rng(6)
    weak = rng.normal(size=(4_000, 2))
    labels = (rng.random(4_000) < 1 / (1 + np.exp(1.5 - 0.5 * weak[:, 0] - 0.1 * weak[:, 1]))).astype(int)
    table = pd.DataFrame(weak, columns=["first", "second"]).assign(label=labels, user_id=range(4_000))
    assert leak_alarm(table, weak[:, 0] + 0.2 * weak[:, 1], features=("first", "second")) == {}


def test_nobody_rings_nothing():
    empty = pd.DataFrame({"user_id": [], "label": [], "leak": []})
    assert leak_alarm(empty, np.empty(0), features=("leak",)) == {}


def test_a_part_of_many_people_tells_the_same():
    table, chance = world(people=60_000)
    table["leak"] = np.where(np.random.default_rng(5).random(len(table)) < 0.95, table["label"], 0)
    assert set(leak_alarm(table, chance, features=(*FEATURES, "leak"))) == {"leak"}
