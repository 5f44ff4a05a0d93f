import numpy as np
import pandas as pd
import pytest

from models.classification.blend import Blend
from models.classification.boosted import Boosted
from models.classification.forest import Forest
from models.classification.logistic import Logistic

from .planted import FEATURES, frame

SETTINGS = {"logistic": {"strength": 0.1}, "xgboost": {"rounds": 15}, "forest": {"trees": 10}}
PARTS = (Logistic, Boosted, Forest)


def test_it_is_the_weighted_mean_of_its_parts():
    blend = Blend(features=FEATURES, **SETTINGS).fit(frame(), seed=3)
    parts = [part(features=FEATURES, **SETTINGS[part.name]).fit(frame(), seed=3) for part in PARTS]
    later = frame(seed=4)
    for figure in ("margins", "contributions"):
        logistic, xgboost, forest = (getattr(part, figure)(later) for part in parts)
        mean = (2 * logistic + 2 * xgboost + forest) / 5
        np.testing.assert_allclose(getattr(blend, figure)(later), mean, atol=1e-12)
    assert blend.bias == pytest.approx((2 * parts[0].bias + 2 * parts[1].bias + parts[2].bias) / 5, abs=1e-12)


def test_its_settings_are_those_of_its_parts_in_full():
    blend = Blend(features=FEATURES, **SETTINGS)
    assert blend.settings == {part.name: part(features=FEATURES, **SETTINGS[part.name]).settings for part in PARTS}


def test_a_part_that_it_does_not_have_is_named():
    with pytest.raises(TypeError, match="network"):
        Blend(features=FEATURES, network={})


def test_columns_are_chosen_once_for_all():
    blend = Blend(features=(*FEATURES, "ratings_84d"), **SETTINGS).fit(frame().assign(ratings_84d=None), seed=3)
    assert {part.kept for part in blend.parts.values()} == {blend.kept} == {FEATURES}


def test_its_reference_is_the_logistic_regression_of_the_same_rows():
    blend = Blend(features=FEATURES, **SETTINGS).fit(frame(), seed=3)
    alone = Logistic(features=FEATURES, **SETTINGS["logistic"]).fit(frame(), seed=3)
    pd.testing.assert_frame_equal(blend.reference.coefficients(), alone.coefficients())
