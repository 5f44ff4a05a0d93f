"""The command on small files: what is learnt from what, what is measured, and the keys of the last line."""

import json

import numpy as np
import pandas as pd
import pytest

from benchmarks import made_market, recommend

KEYS = {"recall", "precision", "ndcg", "coverage", "fit_seconds", "recommend_seconds"}


@pytest.fixture
def files(tmp_path):
    """Two tastes; every person's pairs dealt out to three files."""
    rng = np.random.default_rng(1)
    rows = [
        (f"u,{user}", f"i{2 * item + user % 2}", part)
        for user in range(60)
        for item, part in zip(rng.permutation(20)[:12], ["train"] * 8 + ["valid"] * 2 + ["test"] * 2, strict=True)
    ]
    frame = pd.DataFrame(rows, columns=["user_id", "item_id", "part"])
    for part, own in frame.groupby("part"):
        own[["user_id", "item_id"]].to_csv(tmp_path / f"{part}.csv.gz", index=False)
    return tmp_path


def last(capsys):
    return json.loads(capsys.readouterr().out.splitlines()[-1])


@pytest.mark.slow
def test_the_last_line_has_the_fixed_keys(files, capsys):
    parts = [f"--{part}={files / f'{part}.csv.gz'}" for part in ("train", "valid", "test")]
    assert recommend.main([*parts, "--k", "5"]) == 0
    found = last(capsys)
    assert {"models", "chosen", "settings", "run_seconds", "peak_gb", "users"} <= set(found)
    assert set(found["models"]) == set(recommend.contenders())
    assert all(set(figures) >= KEYS for figures in found["models"].values())
    assert found["users"] == 60 and found["chosen"] != "popularity"
    assert found["models"][found["chosen"]]["ndcg"] > 1.5 * found["models"]["popularity"]["ndcg"]
    # Nine of the own taste's ten others are left, five are shown: the two wanted come by chance more seldom.
    assert found["models"]["graph_filter"]["recall"] > 0.4


def test_cancellations_and_rows_of_nobody_are_no_pairs(tmp_path):
    orders = pd.DataFrame({"who": ["1", "1", "1", "2", None], "what": list("aaabc"), "quantity": [1, 2, -1, -3, 5]})
    orders.to_csv(tmp_path / "orders.csv", index=False)
    given = recommend._arguments(
        ["--train", "x", "--test", "x", "--user", "who", "--item", "what", "--positive", "quantity"]
    )
    found = recommend._pairs([str(tmp_path / "orders.csv")], given)
    assert found.to_dict("records") == [{"user_id": "1", "item_id": "a", "weight": 1.0}]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (["--user", "nobody"], "no column nobody"),
        (["--test", "missing.csv"], "no file"),
    ],
)
def test_what_is_of_no_use_is_one_sentence(files, capsys, change, words):
    wanted = ["--train", str(files / "train.csv.gz"), "--test", str(files / "test.csv.gz"), *change]
    if change[0] == "--test":
        wanted = ["--train", str(files / "train.csv.gz"), *change]
    assert recommend.main(wanted) == 2
    said = capsys.readouterr()
    assert words in said.err and "Traceback" not in said.err and not said.out


def test_a_test_without_new_pairs_is_explained(files):
    train = str(files / "train.csv.gz")
    given = recommend._arguments(["--train", train, "--valid", train, "--test", train])
    with pytest.raises(recommend.UsageError, match="no pair that is new"):
        recommend.measured(given)


def test_files_or_a_simulation_must_be_given(capsys):
    with pytest.raises(SystemExit) as stopped:
        recommend.main(["--k", "5"])
    assert stopped.value.code == 2


def test_the_made_market_has_popular_items_and_tastes():
    known, later = made_market.market(2_000, 3_000, seed=1)
    counts = np.diff(known.weights.indptr)
    assert 16 < counts.mean() <= 26
    assert known.weights.multiply(later).nnz == 0
    popularity = np.asarray(known.weights.sum(axis=0)).ravel()
    assert popularity[:30].sum() > 2 * popularity[-300:].sum()
    assert (np.diff(popularity) <= 0).all()
    again, _ = made_market.market(2_000, 3_000, seed=1)
    assert (again.weights != known.weights).nnz == 0


@pytest.mark.slow
def test_the_simulation_loses_little_by_retrieving_first(capsys):
    assert recommend.main(["--simulate", "3000", "5000"]) == 0
    found = last(capsys)
    assert {"users", "items", "run_seconds", "recall", "recall_lost", "peak_gb"} <= set(found)
    assert found["recall"] > 0 and found["recall_lost"] <= 0.01
