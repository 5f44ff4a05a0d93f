"""`lyceum readout`: what it says of the lists, and of too few people."""

from datetime import timedelta

import pandas as pd

from lyceum.tables.readout import OUTCOMES
from pipelines.cli_readout import measured
from pipelines.keeping import Keeper
from pipelines.workspace import workspace


def line(
    outcome, role, effect=None, low=None, high=None, *, unit="ratio", name="early_warnings", scope="pooled", at=0
):
    return {
        **{"list": name, "outcome": outcome, "role": role, "unit": unit, "scope": scope, "basis": "assigned"},
        **{"list_as_of": pd.Timestamp("2026-06-01").date() + timedelta(days=at), "contacted": 1200, "holdout": 130},
        "reached": 950 if outcome == "back_28d" else None,
        **{"effect": effect, "low_95": low, "high_95": high},
    }


def test_each_outcome_is_one_sentence_and_harm_comes_last(small):
    as_of = pd.Timestamp("2026-07-06").date()
    rows = [
        line("complained_28d", "harm", 0.001, -0.01, 0.012),
        line("net_spend_28d", "further", 3.25, 0.5, 6.0, unit="currency"),
        line("back_28d", "stated", 0.034, 0.006, 0.062),
        line("back_28d", "stated", 0.5, 0.4, 0.6, scope="list"),
        line("bought", "stated", name="recommendations", scope="list"),
        line("bought", "stated", 0.2, 0.1, 0.3, name="recommendations", scope="list", at=-7),
    ]
    with workspace(small) as space:
        Keeper(space, as_of).keep(OUTCOMES, pd.DataFrame(rows))
    assert measured(small, as_of) == [
        "early_warnings back_28d: 1,200 (950 of them reached) beside 130 left alone, +3.4 points "
        "(95 % interval +0.6 to +6.2).",
        "early_warnings net_spend_28d: 1,200 beside 130 left alone, +3.2 of currency a person "
        "(95 % interval +0.5 to +6.0).",
        "early_warnings complained_28d: 1,200 beside 130 left alone, +0.1 points (95 % interval -1.0 to +1.2; "
        "no effect can be told from chance).",
        "recommendations bought: 1,200 beside 130 left alone, too few to tell.",
    ]


def test_a_week_that_was_never_scored_has_nothing_to_say(small):
    assert measured(small, pd.Timestamp("2026-07-06").date()) == []
