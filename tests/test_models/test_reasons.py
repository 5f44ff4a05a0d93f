import json

import numpy as np
import pandas as pd
import pytest

from models.classification import Forest, Logistic
from models.reasons import reasons
from models.rules import BaseRate, SilenceRule

FEATURES = ("recency_days", "acts_28d", "tenure_days", "learning_days_28d")


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(1)
    table = pd.DataFrame(rng.integers(1, 28, (600, 4)), columns=list(FEATURES))
    chance = 1 / (1 + np.exp(0.2 * table["recency_days"] - 0.1 * table["acts_28d"] - 1))
    return table.assign(
        user_id=[f"u{at:03d}" for at in range(300)] * 2,
        as_of=np.repeat(["2024-01-01", "2024-01-08"], 300),
        label=(rng.random(600) < chance).astype(int),
    )


@pytest.fixture(scope="module")
def model(frame):
    return Logistic(features=FEATURES).fit(frame, seed=1)


def test_contributions_sum_to_the_margin(model, frame):
    total = model.contributions(frame).sum(axis=1) + model.intercept
    np.testing.assert_allclose(total, model.margins(frame), atol=1e-9, rtol=0)


def test_contributions_are_measured_from_the_mean_person(model, frame):
    earlier = frame[frame["as_of"] == "2024-01-01"]
    np.testing.assert_allclose(model.contributions(earlier).mean(axis=0), 0, atol=1e-9)


def test_the_strongest_towards_leaving_come_first_with_the_own_value(model, frame):
    given = [json.loads(text) for text in reasons(model, frame)]
    pushes = -model.contributions(frame)
    for row, found in enumerate(given):
        assert len(found) == min(3, int((pushes[row] > 0).sum()))
        size = [reason["contribution"] for reason in found]
        assert size == sorted(size, reverse=True) and all(push >= 0 for push in size)
        assert all(reason["value"] == frame.iloc[row][reason["column"]] for reason in found)
    silent = int(np.argmax(frame["recency_days"]))
    assert given[silent][0]["column"] == "recency_days"
    assert "recency_days" not in {reason["column"] for reason in given[int(np.argmin(frame["recency_days"]))]}


def test_an_unknown_value_is_null(model, frame):
    some = frame.head(1).assign(recency_days=np.nan)
    first = json.loads(reasons(model, some).iloc[0])[0]
    assert first["column"] == "recency_days" and first["value"] is None


def test_the_silence_rule_knows_one_reason(frame):
    rule = SilenceRule().fit(frame, seed=1)
    given = reasons(rule, pd.DataFrame({"recency_days": [20.0, 2.0]}))
    (only,) = json.loads(given.iloc[0])
    expected = np.log(rule.overall / (1 - rule.overall)) - np.log(rule.silent / (1 - rule.silent))
    assert only == {"column": "recency_days", "value": 20.0, "contribution": round(float(expected), 4)}
    assert json.loads(given.iloc[1]) == []


@pytest.mark.parametrize("kind", [BaseRate, lambda: Forest(features=FEATURES)])
def test_others_give_none(kind, frame):
    assert set(reasons(kind().fit(frame, seed=1), frame)) == {"[]"}


def test_nobody_has_no_reasons(model, frame):
    assert len(reasons(model, frame.head(0))) == 0
