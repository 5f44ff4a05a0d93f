"""The read-out's benchmark on small worlds: what its truths mean, and what its last line says."""

import json

import numpy as np
import pandas as pd
import pytest

from benchmarks import outcomes
from benchmarks.outcome_ways import bootstraps, clustered, first_of_window, of_rows, permuted, reached_or_not, welch
from benchmarks.outcome_worlds import RESPOND, WARM_UP, acted_on, lived, redrawn
from models.outcomes import first_listed


@pytest.fixture(scope="module")
def life():
    return lived("no_effect", users=300, seed=4)


def test_without_responses_a_draw_changes_nothing(life):
    before = life.acted.copy(), life.paid.copy()
    rows = redrawn(life, salt="a", seed=1, respond=0.0)
    assert (rows["back_28d"] == rows["unhelped"]).all() and (rows["net_spend_28d"] == rows["unasked"]).all()
    redrawn(life, salt="a", seed=1, respond=RESPOND)
    assert (life.acted == before[0]).all() and (life.paid == before[1]).all()
    pd.testing.assert_frame_equal(rows, redrawn(life, salt="a", seed=1, respond=0.0))


def test_lists_leave_people_in_peace_and_name_them_again(life):
    rows = redrawn(life, salt="a", seed=1, respond=0.0)
    assert rows["as_of"].min() == WARM_UP and rows["person"].duplicated().any()
    assert not rows.loc[rows["holdout"] == 1, "reached"].any()
    resting = rows[(rows["holdout"] == 1) | (rows["reached"] == 1)].sort_values(["person", "as_of"])
    gaps = resting.groupby("person")["as_of"].diff().dropna()
    assert gaps.min() > 2


def test_a_planted_response_brings_back_whom_the_team_reached(life):
    rows = redrawn(life, salt="a", seed=1, respond=1.0)
    first = first_listed(rows)
    reached = first[first["reached"] == 1]
    assert (reached["back_28d"] == 1).all() and reached["unhelped"].mean() < 0.9
    held = rows[rows["holdout"] == 1]
    assert (held["back_28d"] == held["unhelped"]).all()


def test_a_lived_contact_raises_the_chance_to_be_back():
    rows = acted_on("demo", users=150, seed=4)
    assert (rows.loc[rows["reached"] == 0, "gain"] == 0).all()
    assert rows.loc[rows["reached"] == 1, "gain"].mean() > 0


def test_other_ways_by_hand():
    rows = pd.DataFrame(
        [("a", 1, 0, 1, 1), ("a", 6, 0, 0, 0), ("b", 6, 0, 1, 1), ("c", 1, 1, 0, 0), ("d", 6, 1, 0, 1)],
        columns=["person", "as_of", "holdout", "reached", "back_28d"],
    ).assign(user_id=lambda frame: frame["person"])
    assert of_rows(rows).value == clustered(rows).value == pytest.approx(2 / 3 - 1 / 2)
    assert first_of_window(rows).value == pytest.approx(1 / 2 - 1)  # of the last four weeks: a, b and d
    assert reached_or_not(rows).value == pytest.approx(1 - 1 / 2)


def test_ways_with_money_agree_where_they_must():
    rng = np.random.default_rng(0)
    ones, others = rng.normal(10, 2, 900), rng.normal(9, 2, 100)
    ways = {"welch": welch(ones, others), "permuted": permuted(ones, others, rng), **bootstraps(ones, others, rng)}
    for found in ways.values():
        assert found.value == pytest.approx(ones.mean() - others.mean())
        assert 0.2 < found.value - found.low < 0.7 and 0.2 < found.high - found.value < 0.7


def test_the_last_line_has_the_fixed_names(capsys):
    assert outcomes.main(["--worlds", "1", "--users", "80", "--draws", "1"]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {"false_positive_rate", "power", "coverage", "worlds", "seconds", "peak_gb"} <= set(last)
    assert 0 <= last["false_positive_rate"] <= 1


@pytest.mark.parametrize("wrong", [["--worlds", "0"], ["--draws", "0"]])
def test_no_world_is_wrong_use(wrong, capsys):
    with pytest.raises(SystemExit) as end:
        outcomes.main(wrong)
    assert end.value.code == 2 and "at least one" in capsys.readouterr().err
