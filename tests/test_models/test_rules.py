import pandas as pd
import pytest

from models.rules import BaseRate, RecencyLogistic, RfmLogistic, SilenceRule, affordable

from .planted import frame


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
    model = RfmLogistic().fit(frame().assign(active_days_28d=3, spend_84d=None), seed=1)
    assert set(model.features) - set(model.kept) == {"spend_84d"}


def test_the_recency_baseline_reads_recency_alone():
    model = RecencyLogistic().fit(frame(), seed=1)
    assert model.kept == ("recency_days",)
    assert model.coef[0] < -0.5
