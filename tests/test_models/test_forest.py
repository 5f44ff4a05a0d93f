import json

import numpy as np
import pytest

from models.classification.forest import Forest

from .planted import FEATURES, frame


def test_its_margin_is_the_mean_vote_on_a_straight_scale():
    """A stump on a perfect column: on either side the vote is the share of positives there."""
    some = frame(weeks=1, people=400, nulls=0.0)
    some["label"] = (some["recency_days"] < 10).astype(int)
    model = Forest(features=("recency_days",), trees=50, depth=1, leaf_share=0.04).fit(some, seed=1)
    votes = model.score(some)["probability"].to_numpy()  # one week: not calibrated
    assert model.calibration.kind == "none"
    np.testing.assert_allclose(votes, some["label"], atol=0.02)
    np.testing.assert_allclose(model.margins(some), 4 * (votes - 0.5), atol=0.02)


def test_one_round_of_many_trees():
    stored = json.loads(Forest(features=FEATURES, trees=12, depth=3).fit(frame(), seed=1).json)
    model = stored["learner"]["gradient_booster"]["model"]
    assert model["iteration_indptr"] == [0, 12]
    assert len({json.dumps(tree["split_conditions"]) for tree in model["trees"]}) > 6  # each saw other rows


def test_leaves_hold_as_many_rows_as_asked():
    some = frame()  # two weeks of 300 people teach
    model = Forest(features=FEATURES, trees=5, depth=10, leaf_share=0.3).fit(some, seed=1)
    base = some["label"].head(600).mean()
    for tree in json.loads(model.json)["learner"]["gradient_booster"]["model"]["trees"]:
        leaves = np.array(tree["left_children"]) == -1
        rows = np.array(tree["sum_hessian"])[leaves] * 4
        assert rows.min() >= 0.3 * 600 * base * (1 - base) > 30


def test_votes_lie_between_none_and_all():
    some = frame(weeks=1, people=500)
    probability = Forest(features=FEATURES, trees=30).fit(some, seed=1).score(frame(seed=4))["probability"]
    assert probability.between(0, 1).all()
    assert probability.mean() == pytest.approx(some["label"].mean(), abs=0.05)
