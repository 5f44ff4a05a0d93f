"""What every model of the registry must do, whatever it learns."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score, log_loss

from lyceum import artifacts
from lyceum.errors import LyceumError
from models.registry import MODELS, load_class, make
from models.rules import BASELINES, BaseRate
from models.segmentation.behaviour import COUNTS

FEATURES = ("recency_days", "active_days_28d", "spend_84d")
# What else they need than interactions, or other than a row per user, is in their own tests.
WITH_CATALOGUE = ("popular_in_category", "next_in_series", "content", "audience", "hybrid", "topics")


@dataclass(frozen=True)
class Family:
    """Frames to fit and to score, and by how much a model beats its baseline on a planted signal."""

    options: dict[str, Any]
    train: pd.DataFrame
    later: pd.DataFrame
    margin: Any


def people(seed, weeks):
    """Retention falls with recency and rises with active days."""
    rng = np.random.default_rng(seed)
    rows = 400 * len(weeks)
    recency, days = rng.integers(1, 29, rows), rng.integers(0, 20, rows)
    chance = 1 / (1 + np.exp(-(1.5 - 0.25 * recency + 0.15 * days)))
    return pd.DataFrame(
        {
            "user_id": [f"u{at:05d}" for at in range(400)] * len(weeks),
            "as_of": np.repeat(weeks, 400),
            "recency_days": recency,
            "active_days_28d": days,
            "spend_84d": rng.gamma(1.0, 50.0, rows).round(2),
            "label": (rng.random(rows) < chance).astype(int),
        }
    )


def classes():
    train = people(1, ["2024-01-01", "2024-01-08", "2024-01-15"])
    later = people(2, ["2024-03-04"])

    def margin(model):
        own = model.score(later)["probability"]
        # The base rate is held to a coin, everything else to the base rate.
        other = 0.5 if isinstance(model, BaseRate) else BaseRate().fit(train, seed=0).rate
        return log_loss(later["label"], np.full(len(later), other)) - log_loss(later["label"], own)

    return train, later, margin


def groups():
    rng = np.random.default_rng(3)
    kind = np.arange(300) % 5
    frame = pd.DataFrame(
        {
            "user_id": [f"u{at:03d}" for at in range(300)],
            "recency_days": np.array([2, 60, 2, 60, 12])[kind] + rng.integers(0, 2, 300),
            "active_days_28d": np.array([25, 0, 2, 25, 8])[kind] + rng.integers(0, 2, 300),
            "spend_84d": np.array([900, 0, 60, 5, 8000])[kind] * rng.uniform(0.9, 1.1, 300),
        }
    )
    # Against everybody in one segment, whose adjusted Rand index is 0.
    return frame, frame, lambda model: adjusted_rand_score(kind, model.score(frame)["segment_id"]) - 0.9


def styles():
    """Three ways of taking part in a community, by shares of 20 to 60 acts."""
    rng, kind = np.random.default_rng(5), np.arange(600) % 3
    chances = np.full((3, len(COUNTS)), 0.02)
    for style, act in enumerate(("asked", "answered", "read")):
        chances[style, COUNTS.index(act)] = 1 - 0.02 * (len(COUNTS) - 1)
    acts = [rng.multinomial(rng.integers(20, 60), chances[style]) for style in kind]
    frame = pd.DataFrame(np.array(acts), columns=list(COUNTS))
    frame.insert(0, "user_id", [f"u{at:03d}" for at in range(600)])
    return frame, frame, lambda model: adjusted_rand_score(kind, model.score(frame)["behaviour_id"]) - 0.9


def market():
    """Two tastes of ten items each. What a person takes next is of the own taste."""
    rng = np.random.default_rng(4)
    rows, following = [], {}
    for user in range(200):
        taken = 10 * (user % 2) + rng.permutation(10)[:6]
        rows += [(f"u{user:03d}", f"i{item:02d}", 1.0) for item in taken[:5]]
        following[f"u{user:03d}"] = f"i{taken[5]:02d}"
    frame = pd.DataFrame(rows, columns=["user_id", "item_id", "weight"])
    # Popularity would place the right item among 3 of the 15 that a person does not have.
    return frame, frame, lambda model: hit_rate(model, frame, following) - 1.3 * 3 / 15


def bestsellers():
    """Item i sells as 1 / (i + 1); newcomers without a history take what sells."""
    rng = np.random.default_rng(4)
    odds = 1 / np.arange(1, 21)
    taken = rng.choice(20, 600, p=odds / odds.sum())
    frame = pd.DataFrame({"user_id": [f"u{user:03d}" for user in range(600)], "weight": 1.0})
    frame["item_id"] = [f"i{item:02d}" for item in taken]
    newcomers = frame.tail(200).assign(item_id=pd.array([None] * 200, dtype="str"))
    following = dict(zip(newcomers["user_id"], frame["item_id"].tail(200), strict=True))
    # A blind draw would place the right item among 3 of 20.
    return frame.head(400), newcomers, lambda model: hit_rate(model, newcomers, following) - 2 * 3 / 20


def hit_rate(model, histories, following):
    top = model.score(histories).query("rank <= 3")
    return (top["item_id"] == top["user_id"].map(following)).sum() / len(following)


def family(name):
    inputs = load_class(name).inputs
    if "label" in inputs:
        return Family({} if name in BASELINES else {"features": FEATURES}, *classes())
    if "item_id" in inputs:
        return Family({}, *(bestsellers() if name == "popularity" else market()))
    return Family({}, *styles()) if "asked" in inputs else Family({"features": FEATURES}, *groups())


@pytest.fixture(params=[name for name in MODELS if name not in WITH_CATALOGUE], scope="module")
def case(request):
    found = family(request.param)
    kind = load_class(request.param)
    return kind, found, kind(**found.options).fit(found.train, seed=7)


def scored(model, frame):
    """The scores in an order that does not depend on the order of arrival."""
    return model.score(frame).sort_values(list(model.outputs[:2]), ignore_index=True)


def test_declares_what_it_is(case):
    kind, found, fitted = case
    assert load_class(kind.name) is kind
    assert set(kind.inputs) <= set(found.train.columns)
    assert list(fitted.score(found.later).columns) == list(kind.outputs)


def test_same_seed_same_result_in_any_order(case):
    kind, found, fitted = case
    shuffled = found.train.sample(frac=1.0, random_state=5)
    again = kind(**found.options).fit(shuffled, seed=7)
    pd.testing.assert_frame_equal(scored(again, found.later), scored(fitted, found.later), check_exact=True)
    mixed = found.later.sample(frac=1.0, random_state=6)
    pd.testing.assert_frame_equal(scored(fitted, mixed), scored(fitted, found.later), check_exact=True)


def test_a_second_fit_forgets_the_first(case):
    kind, found, fitted = case
    users = sorted(set(found.train["user_id"]))[: len(set(found.train["user_id"])) // 2]
    used = kind(**found.options).fit(found.train[found.train["user_id"].isin(users)], seed=1)
    used.fit(found.train, seed=7)
    pd.testing.assert_frame_equal(scored(used, found.later), scored(fitted, found.later), check_exact=True)


def test_state_and_restore_change_nothing(case, tmp_path):
    kind, found, fitted = case
    same = kind.restore(fitted.state())
    artifacts.save(tmp_path / "model", fitted.state(), card={})
    stored = kind.restore(artifacts.load(tmp_path / "model")[0])
    for model in (same, stored):
        pd.testing.assert_frame_equal(model.score(found.later), fitted.score(found.later), check_exact=True)
    digest = artifacts.save(tmp_path / "again", stored.state(), card={})
    assert digest == artifacts.save(tmp_path / "model", fitted.state(), card={})


def test_an_empty_frame_gives_an_empty_table(case):
    kind, found, fitted = case
    empty = fitted.score(found.later.head(0))
    assert list(empty.columns) == list(kind.outputs)
    assert len(empty) == 0
    full = fitted.score(found.later)
    pd.testing.assert_series_equal(empty.dtypes, full.dtypes)


def test_beats_its_baseline_on_a_planted_signal(case):
    _, found, fitted = case
    assert found.margin(fitted) > 0


def test_an_unknown_name_lists_the_models():
    with pytest.raises(LyceumError, match="popularity"):
        load_class("popularty")


def test_a_model_is_made_by_name_with_its_settings():
    made = make("logistic", features=FEATURES, settings={"strength": 0.1})
    assert made.features == FEATURES and made.settings == {"strength": 0.1}
    assert make("rfm_logistic", features=("acts_28d",)).features == ("recency_days", "active_days_28d", "spend_84d")
