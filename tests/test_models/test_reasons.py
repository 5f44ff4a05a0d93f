import json

import numpy as np
import pandas as pd
import pytest

from models.classification.blend import Blend
from models.classification.logistic import Logistic
from models.reasons import BUYING, LEAVING, Speech, contributions, grouped, reasons, strongest
from models.rules import BaseRate, SilenceRule

FEATURES = ("recency_days", "acts_7d", "acts_28d", "acts_84d", "tenure_days", "purchases_28d", "purchases_total")
SPEECH = Speech({"recency_days": 9.0, "acts_28d": 14.0}, "CNY")


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(1)
    table = pd.DataFrame(rng.integers(1, 28, (800, len(FEATURES))), columns=list(FEATURES)).astype("float64")
    chance = 1 / (1 + np.exp(0.2 * table["recency_days"] - 0.1 * table["acts_28d"] - 1))
    table.loc[::7, "acts_84d"] = np.nan
    return table.assign(
        user_id=[f"u{at:03d}" for at in range(400)] * 2,
        as_of=np.repeat(["2024-01-01", "2024-01-08"], 400),
        label=(rng.random(800) < chance).astype(int),
    )


@pytest.fixture(scope="module")
def models(frame):
    blend = Blend(features=FEATURES, xgboost={"rounds": 40, "learning_rate": 0.2, "leaf_share": 0.005})
    return {"logistic": Logistic(features=FEATURES).fit(frame, seed=1), "blend": blend.fit(frame, seed=1)}


def given(model, frame, *, outcome=LEAVING, speech=SPEECH, exact=False, **options):
    found = reasons(model, frame, outcome=outcome, speech=speech, exact=exact, **options)
    return [json.loads(text) for text in found.to_pylist()]


@pytest.mark.parametrize("name", ["logistic", "blend"])
@pytest.mark.parametrize("exact", [False, True])
def test_all_facts_together_are_the_margin(models, frame, name, exact):
    columns, pushes = contributions(models[name], frame, exact=exact)
    facts = grouped(pushes, columns)
    assert facts.stems == ("recency_days", "acts", "tenure_days", "purchases")
    total = facts.sums.sum(axis=1) + models[name].bias
    np.testing.assert_allclose(total, models[name].margins(frame), atol=1e-4, rtol=0)


def test_reasons_wanted_exact_are_exact_and_the_others_say_that_they_are_not(models, frame):
    model = models["blend"]
    precise, rough = (contributions(model, frame, exact=exact)[1] for exact in (True, False))
    np.testing.assert_array_equal(precise, model.contributions(frame, exact=True))
    assert not np.allclose(rough, precise, atol=1e-3)
    for exact in (True, False):
        said = given(model, frame.head(6), exact=exact)
        assert {reason["exact"] for row in said for reason in row} == {exact}
    assert all(reason["exact"] for row in given(models["logistic"], frame.head(9)) for reason in row)


def test_windows_of_one_fact_are_one_reason_and_its_strongest_column_speaks():
    columns = ("acts_7d", "acts_28d", "purchases_7d", "spend_total", "acts_84d")
    pushes = np.array(
        [
            [0.2, 0.5, 0.6, 0.0, -0.1],  # acts 0.6, purchases 0.6 (the first of equals leads), spend nothing
            [0.9, -0.9, -0.1, 0.05, -0.2],  # acts -0.2 though one window pushes much, spend 0.05
            [-1.0, -1.0, -1.0, -1.0, -1.0],
        ]
    )
    places = strongest(grouped(pushes, columns), pushes, top=3)
    assert [at.tolist() for at, _ in places] == [[1, 3, -1], [2, -1, -1], [-1, -1, -1]]
    np.testing.assert_allclose([places[0][1][0], places[1][1][0], places[0][1][1]], [0.6, 0.6, 0.05])


def test_what_rounds_to_nothing_is_no_reason():
    places = strongest(grouped(np.array([[0.00004, 0.00006]]), ("acts_7d", "shares_28d")), np.zeros((1, 2)), top=2)
    assert [(at.tolist(), amount.tolist()) for at, amount in places] == [([1], [0.0001]), ([-1], [0.0])]


@pytest.mark.parametrize("outcome", [LEAVING, BUYING])
def test_the_strongest_towards_the_outcome_come_first_with_the_own_value(models, frame, outcome):
    model = models["logistic"]
    sums = outcome.sign * model.contributions(frame)[:, [0, 4]]  # of the two stems with a column each
    for row, found in enumerate(given(model, frame, outcome=outcome)):
        amounts = [reason["contribution"] for reason in found]
        assert amounts == sorted(amounts, reverse=True) and all(amount > 0 for amount in amounts)
        assert len(found) <= 3 and len({reason["column"].split("_")[0] for reason in found}) == len(found)
        for reason in found:
            own = frame.iloc[row][reason["column"]]
            assert reason["value"] == (None if np.isnan(own) else own)
            assert list(reason) == ["column", "value", "contribution", "exact", "zh", "en"]
            if reason["column"] in ("recency_days", "tenure_days"):
                at = 0 if reason["column"] == "recency_days" else 1
                assert reason["contribution"] == pytest.approx(sums[row, at], abs=6e-5)


def test_what_is_told_to_stay_is_no_reason_to_leave(models, frame):
    model = models["logistic"]
    silent, heard = int(np.argmax(frame["recency_days"])), int(np.argmin(frame["recency_days"]))
    leaving, staying = (given(model, frame.iloc[[silent, heard]], outcome=o) for o in (LEAVING, BUYING))
    assert leaving[0][0]["column"] == "recency_days" == staying[1][0]["column"]
    assert "recency_days" not in {reason["column"] for reason in (*leaving[1], *staying[0])}


def test_sentences_by_hand(models, frame):
    one = frame.head(1).assign(recency_days=27.0)
    (first, *_) = given(models["logistic"], one)[0]
    assert (first["column"], first["value"]) == ("recency_days", 27)
    assert first["zh"] == "距上次活跃 27 天（常见为 9 天），与更高的流失可能相关"
    assert first["en"] == "27 days since last active (9 is usual), associated with a higher chance of leaving"


def test_an_unknown_value_is_null_and_said_so(models, frame):
    some = frame.head(2).assign(recency_days=[np.nan, 27.0])
    first, second = (found[0] for found in given(models["logistic"], some))
    assert first["column"] == second["column"] == "recency_days"
    assert (first["value"], second["value"]) == (None, 27)
    assert first["en"] == "never active so far, associated with a higher chance of leaving"


def test_the_silence_rule_knows_one_reason(frame):
    rule = SilenceRule().fit(frame, seed=1)
    silent, heard = given(rule, pd.DataFrame({"recency_days": [20.0, 2.0]}))
    expected = np.log(rule.overall / (1 - rule.overall)) - np.log(rule.silent / (1 - rule.silent))
    assert [(reason["column"], reason["value"], reason["exact"]) for reason in silent] == [("recency_days", 20, True)]
    assert silent[0]["contribution"] == pytest.approx(expected, abs=6e-5)
    assert heard == []


def test_the_base_rate_has_none(frame):
    assert set(map(str, given(BaseRate().fit(frame, seed=1), frame))) == {"[]"}


def test_nobody_has_no_reasons(models, frame):
    for model in models.values():
        assert len(reasons(model, frame.head(0), outcome=LEAVING, speech=SPEECH, exact=True)) == 0


def test_reasons_do_not_depend_on_who_stands_beside(models, frame):
    together = given(models["blend"], frame)
    assert together[300:420] == given(models["blend"], frame.iloc[300:420])
