import numpy as np

from models.classification.blend import Blend
from models.classification.boosted import Boosted
from models.classification.logistic import Logistic

from .planted import FEATURES, frame

SETTINGS = {"logistic": {"strength": 0.1}, "xgboost": {"rounds": 15}}


def test_it_is_the_mean_of_its_two_parts():
    blend = Blend(features=FEATURES, **SETTINGS).fit(frame(), seed=3)
    parts = [
        Logistic(features=FEATURES, strength=0.1).fit(frame(), seed=3),
        Boosted(features=FEATURES, rounds=15).fit(frame(), seed=3),
    ]
    later = frame(seed=4)
    for figure in ("margins", "contributions"):
        np.testing.assert_allclose(
            getattr(blend, figure)(later), sum(getattr(part, figure)(later) for part in parts) / 2, atol=1e-12
        )
    assert blend.bias == sum(part.bias for part in parts) / 2


def test_its_settings_are_those_of_its_parts_in_full():
    blend = Blend(features=FEATURES, **SETTINGS)
    assert blend.settings["logistic"] == {"strength": 0.1}
    assert blend.settings["xgboost"] == Boosted(features=FEATURES, rounds=15).settings


def test_columns_are_chosen_once_for_both():
    blend = Blend(features=(*FEATURES, "ratings_84d"), **SETTINGS).fit(frame().assign(ratings_84d=None), seed=3)
    assert blend.kept == blend.logistic.kept == blend.boosted.kept == FEATURES
