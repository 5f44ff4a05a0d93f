import csv
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks import bayes, delivered, logs, oracle
from lyceum import engine
from lyceum.simulator import simulate
from models.metrics import auc


@pytest.fixture(scope="module")
def lived():
    return logs.live("demo", users=700, weeks=14, seed=4, ask=10)


@pytest.fixture(scope="module")
def measured(lived):
    frame = logs.frames(lived, mondays=[10], known_until=14)
    return frame[frame["retained_28d"].notna()]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world") / "raw"
    return folder, simulate(folder, users=700, weeks=14, seed=4)


def lines(folder, pattern):
    """The lines of CSV files in the order of their delivery."""
    for path in sorted(folder.glob(pattern)):
        with path.open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)


def test_the_log_in_memory_holds_what_the_files_hold(lived, written):
    events = written[1].events
    named = events - len(lived.log["user"])
    assert 0.02 < named / events < 0.05  # anonymous visitors are left out


def test_the_tables_in_memory_hold_what_the_files_hold(lived, written):
    con, folder = engine.connect(), written[0]
    delivered.deliver(con, lived)
    courses = list(lines(folder, "courses/*.csv"))
    told = con.sql(
        "SELECT count(*), sum(price), count(withdrawn_at), count(DISTINCT category) FROM items"
    ).fetchall()[0]
    prices = sum(round(float(row["price"]) * 100) for row in courses)
    gone, shelves = sum(row["withdrawn_at"] != "" for row in courses), {row["category"] for row in courses}
    assert (told[0], int(told[1] * 100), *told[2:]) == (len(courses), prices, gone, len(shelves))
    first = {}
    for row in lines(folder, "entitlements/*.csv"):
        first.setdefault((row["uid"], row["course_id"], row["starts_at"]), row)
    rights = con.sql(
        "SELECT count(*), count(ends_at), strftime(max(ends_at), '%Y-%m-%d %X') FROM entitlements"
    ).fetchall()[0]
    ends = [row["ends_at"] for row in first.values() if row["ends_at"]]
    assert rights == (len(first), len(ends), max(ends))
    people = list(lines(folder, "users/*.csv"))
    known = con.sql("SELECT count(*), count(invited_by), count(DISTINCT channel) FROM users").fetchall()[0]
    invited = sum(row["invited_by"] != "" for row in people)
    assert known == (len(people), invited, len({row["channel"] for row in people}))


def test_an_order_and_its_right_and_its_refund_name_the_same(lived):
    con = engine.connect()
    delivered.deliver(con, lived)
    both = "SELECT count(*) FROM entitlements e JOIN events v ON v.object_id = e.order_id AND v.user_id = e.user_id"
    whole = con.sql("SELECT count(*) FROM entitlements").fetchall()[0]
    assert con.sql(f"{both} WHERE v.event_type = 'purchase' AND v.item_id = e.item_id").fetchall()[0] == whole
    assert con.sql(f"{both} WHERE v.event_type = 'refund'").fetchall()[0][0] > 0


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
    after = bayes.retention(replace(lived, log=log), week=10)
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


def test_a_baseline_is_beaten_where_every_whole_interval_says_so():
    def lead(rule, metric, value, spread):
        return oracle.Lead(("purchase_28d", rule, metric), value, value + np.linspace(-spread, spread, 201))

    leads = [lead("rfm", metric, value, 0.02) for metric in ("auc", "pr_auc") for value in (0.03, 0.05)]
    leads += [lead("silence", "auc", 0.10, 0.02), lead("silence", "pr_auc", 0.01, 0.02)]
    beside = oracle.pooled([*leads, oracle.Lead(("retention_28d", "rfm", "auc"), -0.1, np.full(201, -0.1))])
    first = beside.iloc[0]
    assert (first["model_less_baseline"], first["low_95"]) == (pytest.approx(0.04), pytest.approx(0.021))
    assert oracle.beaten(beside) == {"retention_28d": [], "purchase_28d": ["rfm"]}


@pytest.mark.slow
def test_the_command_ends_with_one_json_object(capsys):
    assert oracle.main(["--worlds", "1", "--users", "2500"]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {"retention_gap", "purchase_ratio", "ece_excess", "baselines_beaten", "worlds"} <= last.keys()
    assert abs(last["retention_gap"]) < 0.03  # one small world: below nought is chance, far below is a leak
