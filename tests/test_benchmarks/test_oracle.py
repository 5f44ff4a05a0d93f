import json

import numpy as np
import pandas as pd
import pytest

from benchmarks import bayes, logs, oracle
from lyceum.simulator import simulate
from models.metrics import auc


@pytest.fixture(scope="module")
def lived():
    return logs.live("demo", users=700, weeks=14, seed=4, ask=10)


@pytest.fixture(scope="module")
def measured(lived):
    frame = logs.frames(lived, mondays=[10], known_until=14)
    return frame[frame["retained_28d"].notna()]


def test_the_log_in_memory_holds_what_the_files_hold(lived, tmp_path):
    written = simulate(tmp_path / "raw", users=700, weeks=14, seed=4)
    named = written.events - len(lived.log["user"])
    assert 0.02 < named / written.events < 0.05  # anonymous visitors are left out


def test_snapshots_are_about_people_seen_before(lived, measured):
    users = measured["user_id"].to_numpy()
    assert (lived.platform.state.people.day[users] < 70).all()
    assert len(np.unique(users)) == len(users)


def test_money_is_in_yuan(lived, measured):
    paid = measured["spend_84d"].max()
    assert 1 < paid < 5_000


def test_the_filter_lies_between_recency_and_the_truth(lived, measured):
    users, stayed = measured["user_id"].to_numpy(), measured["retained_28d"].to_numpy(int)
    filtered = bayes.retention(lived, week=10)[users]
    assert ((filtered > 0) & (filtered < 1)).all()
    recency, truth = -measured["recency_days"].to_numpy(float), lived.outlook[0][users]
    assert auc(stayed, recency) < auc(stayed, filtered) < auc(stayed, truth)
    assert filtered.mean() == pytest.approx(stayed.mean(), abs=0.06)


def test_the_filter_knows_nothing_of_what_comes_after(lived):
    before = bayes.retention(lived, week=10)
    log = {name: np.where(lived.log["day"] < 70, values, 0) for name, values in lived.log.items()}
    log["day"] = lived.log["day"]
    after = bayes.retention(logs.Lived(lived.platform, log, lived.outlook), week=10)
    assert np.array_equal(before, after)


def test_the_true_chances_come_true(lived, measured):
    users = measured["user_id"].to_numpy()
    for outcome, chances in zip(("retained_28d", "purchased_28d"), lived.outlook, strict=True):
        happened = measured[outcome].to_numpy(float)
        assert chances[users].mean() == pytest.approx(happened.mean(), abs=0.07)
        assert auc(happened, chances[users]) > 0.7


def test_a_perfect_model_has_no_excess_error():
    rng = np.random.default_rng(3)
    score = rng.uniform(0.05, 0.95, 4_000)
    frame = pd.DataFrame({"label": (rng.random(4_000) < score).astype(int)})
    found = oracle.figures("x", "perfect", frame, score, seed=1)
    assert abs(found["ece_excess"]) < 0.01
    assert oracle.figures("x", "bold", frame, score**3, seed=1)["ece_excess"] > 0.05


@pytest.mark.slow
def test_the_command_ends_with_one_json_object(capsys):
    assert oracle.main(["--worlds", "1", "--users", "1500"]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {"retention_gap", "purchase_ratio", "ece_excess", "worlds"} <= last.keys()
    assert last["retention_gap"] > 0
