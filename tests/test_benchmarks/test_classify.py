"""Any table through the project's estimators: what becomes of its columns, what rings, and what is refused."""

import gzip
import json
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import classify, classify_files
from lyceum.errors import UsageError


def texts(**columns):
    return pd.DataFrame(columns, dtype="str")


def shop(rows, *, seed):
    """Visits of a shop: minutes and channel tell something of the sale, `receipt` is written after it."""
    rng = np.random.default_rng(seed)
    minutes = rng.exponential(10, rows).round(1)
    channel = rng.choice(["mail", "search", "friend"], rows)
    margin = -2.5 + 0.06 * minutes + 1.2 * (channel == "friend")
    sold = rng.random(rows) < 1 / (1 + np.exp(-margin))
    receipt = np.where(sold, rng.random(rows) < 0.85, rng.random(rows) < 0.02).astype(int)
    noise = rng.normal(size=rows).round(3)
    return pd.DataFrame(
        {"minutes": minutes, "channel": channel, "noise": noise, "receipt": receipt, "sold": sold.astype(int)}
    )


@pytest.fixture
def files(tmp_path):
    train, test = tmp_path / "train.csv", tmp_path / "test.csv.gz"
    shop(900, seed=1).to_csv(train, index=False)
    with gzip.open(test, "wt", encoding="utf-8") as packed:
        shop(500, seed=2).to_csv(packed, index=False)
    return ["--train", str(train), "--test", str(test), "--label", "sold"]


def told(arguments, capsys):
    assert classify.main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    return json.loads(lines[-1]), lines


def refused(arguments, capsys):
    assert classify.main(arguments) == 2
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err
    assert "{" not in shown.out
    return shown.err


def test_the_column_written_afterwards_rings_and_nothing_else(files, capsys):
    found, _ = told(files, capsys)
    assert found["leak_alarm"] == ["receipt"]
    assert set(found["models"]) == {"base_rate", *classify.ESTIMATORS}
    assert found["chosen"] in classify.ESTIMATORS
    for figures in found["models"].values():
        assert set(figures) == {"auc", "pr_auc", "brier", "ece"}
    assert found["models"]["base_rate"]["auc"] == 0.5
    assert found["models"]["base_rate"]["pr_auc"] == found["base_rate"]
    assert found["models"][found["chosen"]]["auc"] > 0.85
    assert found["rows"] == 500


@pytest.mark.slow
def test_without_it_nothing_rings_and_the_dropped_column_is_not_used(files, capsys):
    found, lines = told([*files, "--drop", "receipt"], capsys)
    assert 0.6 < found["models"][found["chosen"]]["auc"] < 0.85
    assert "receipt" not in found["leak_alarm"]
    assert any("3 columns as 5 features" in line for line in lines)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_line(files, capsys):
    first, _ = told([*files, "--seed", "3"], capsys)
    second, _ = told([*files, "--seed", "3"], capsys)
    assert first == second


@pytest.mark.slow
def test_only_the_training_rows_choose(files, capsys, tmp_path):
    first, _ = told(files, capsys)
    other = tmp_path / "other.csv"
    shop(300, seed=9).assign(noise=1e6, channel="unheard of").to_csv(other, index=False)
    second, _ = told([*files[:2], "--test", str(other), *files[4:]], capsys)
    for key in ("chosen", "settings", "trained_on"):
        assert first[key] == second[key]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"--train": "nowhere.csv"}, "There is no file nowhere.csv"),
        ({"--test": "nowhere.csv"}, "There is no file nowhere.csv"),
        ({"--label": "bought"}, "There is no column bought"),
        ({"--label": "minutes"}, "a label needs two outcomes"),
        ({"--drop": "minuets"}, "There is no column minuets"),
        ({"--drop": "minutes,channel,noise,receipt"}, "No column of the training file is of use"),
        ({"--time": "channel"}, "neither numbers nor ISO dates"),
        ({"--time": "day"}, "There is no column day"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_code_2(files, capsys, change, sentence):
    given = dict(zip(files[::2], files[1::2], strict=True)) | change
    assert sentence in refused([part for pair in given.items() for part in pair], capsys)


def test_one_outcome_only_is_refused_on_either_side(files, capsys, tmp_path):
    lost = tmp_path / "lost.csv"
    shop(200, seed=4).assign(sold=0).to_csv(lost, index=False)
    assert "needs two outcomes" in refused(["--train", str(lost), *files[2:]], capsys)
    assert "one outcome only" in refused([*files[:2], "--test", str(lost), *files[4:]], capsys)


def test_files_of_another_shape_and_broken_ones_are_refused(files, capsys, tmp_path):
    narrow, broken, empty = tmp_path / "narrow.csv", tmp_path / "broken.csv.gz", tmp_path / "empty.csv"
    shop(50, seed=5).drop(columns="noise").to_csv(narrow, index=False)
    broken.write_bytes(b"\x1f\x8b\x08 no gzip at all")
    empty.write_text("minutes,channel,noise,receipt,sold\n")
    assert "lacks noise" in refused([*files[:2], "--test", str(narrow), *files[4:]], capsys)
    assert "other columns" in refused([*files, "--train", str(narrow)], capsys)
    assert "cannot be read" in refused(["--train", str(broken), *files[2:]], capsys)
    assert "holds no rows" in refused(["--train", str(empty), *files[2:]], capsys)


def test_values_and_truths_become_indicators_that_the_training_rows_know():
    train = texts(
        channel=["mail", "search"] * 10 + ["once", None], weekend=["TRUE", "false"] * 11, age=[*"12" * 10, "3", None]
    )
    kept, notes = classify_files.columns(train, list(train))
    assert [column.features for column in kept] == [
        ("channel=mail", "channel=search"),
        ("weekend=TRUE", "weekend=false"),
        ("age",),
    ]
    assert notes == []
    later = texts(channel=["search", "new", None], weekend=["false", "TRUE", "maybe"], age=["7", "old", None])
    made = classify_files.features(later, kept)
    assert made["channel=mail"].tolist() == [0, 0, 0]
    assert made["channel=search"].tolist() == [1, 0, 0]
    assert made["weekend=TRUE"].tolist() == [0, 1, 0]
    assert made["age"].isna().tolist() == [False, True, True]


def test_columns_of_no_use_are_left_out_and_said():
    train = texts(
        day=["2024-01-01", "2024-01-02T10:00:00"] * 10,
        name=[f"person {number}" for number in range(20)],
        one=["x"] * 20,
        none=[None] * 20,
        user_id=list("ab" * 10),
        number=list("12" * 10),
    )
    kept, notes = classify_files.columns(train, list(train))
    assert [column.name for column in kept] == ["number"]
    assert [note.split(":")[0] for note in notes] == [
        f"{name} is left out" for name in ("day", "name", "one", "none", "user_id")
    ]
    assert "dates" in notes[0]


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        (["0", "1", "1", None], [0, 1, 1, None]),
        (["TRUE", "false", " True ", "maybe"], [1, 0, 1, None]),
        (["0.0", "1.0", "0", "1"], [0, 1, 0, 1]),
    ],
)
def test_labels_are_read(values, labels):
    table = texts(y=values)
    known = table[table["y"] != "maybe"]
    found = classify_files.outcome(known, "y").labels(table)
    assert found.astype(object).where(found.notna(), None).tolist() == labels


def test_of_two_texts_the_rarer_is_1_and_it_is_said():
    table = texts(y=["stayed", "left", "Stayed", None])
    found = classify_files.outcome(table, "y")
    assert found.labels(table).fillna(-1).tolist() == [0, 1, 0, -1]
    assert "1 is the rarer one (1 rows)" in found.sentence
    with pytest.raises(UsageError, match="3 different values"):
        classify_files.outcome(texts(y=["a", "b", "c"]), "y")


@given(st.lists(st.integers(0, 9), min_size=10, max_size=60))
@settings(max_examples=25, deadline=None)
def test_slices_follow_the_time_and_never_part_a_moment(moments):
    table = texts(at=[str(moment) for moment in moments])
    found = classify_files.in_slices(table, by="at")
    assert found.min() == 0
    assert found.max() < classify_files.SLICES
    for one, where in zip(moments, found, strict=True):
        assert all(where <= there for other, there in zip(moments, found, strict=True) if other >= one)


def test_slices_are_fifths_in_file_order_or_by_date():
    table = texts(day=[f"2024-01-{day:02}" for day in range(10, 0, -1)])
    assert classify_files.in_slices(table, by=None).tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert classify_files.in_slices(table, by="day").tolist() == [4, 4, 3, 3, 2, 2, 1, 1, 0, 0]


def test_a_frame_is_what_estimators_take():
    made = pd.DataFrame({"age": np.array([1.0, 2.0], np.float32)})
    frame = classify_files.as_frame(made, pd.Series([0.0, 1.0]), np.array([0, 4]), prefix="x")
    assert frame["as_of"].tolist() == [date(2001, 1, 1), date(2001, 1, 29)]
    assert frame["user_id"].is_unique
    assert frame["label"].tolist() == [0, 1]


def test_a_column_of_values_is_judged_as_one_by_its_training_rates():
    columns = [classify_files.Column("channel", ("a", "b")), classify_files.Column("age")]
    made = {"channel=a": [1, 1, 0, 0], "channel=b": [0, 0, 1, 0], "age": [1, 2, 3, 4]}
    train = pd.DataFrame({"user_id": list("wxyz"), "as_of": 0, "label": [1, 0, 1, 0], **made})
    found = classify_files.by_column(train, train, columns)
    # Overall 1/2: a has 1 of 2, so (1 + 1/2) / 3; b 1 of 1, so (1 + 1/2) / 2; the last row has neither, so 1/2.
    assert found["channel"].tolist() == [0.5, 0.5, 0.75, 0.5]
    assert found["age"].tolist() == [1, 2, 3, 4]


def test_parquet_csv_and_patterns_give_the_same_rows(tmp_path):
    frame = shop(40, seed=6).assign(weekend=[True, False] * 20)
    frame[:20].to_parquet(tmp_path / "part-1.parquet")
    frame[20:].to_parquet(tmp_path / "part-2.parquet")
    frame.to_csv(tmp_path / "all.csv", index=False)
    by_parts = classify_files.read([str(tmp_path / "part-*.parquet")])
    whole = classify_files.read([str(tmp_path / "all.csv")])
    kept, _ = classify_files.columns(whole, list(whole))
    again, _ = classify_files.columns(by_parts, list(by_parts))
    assert [column.name for column in again] == [column.name for column in kept]
    first, second = classify_files.features(by_parts, again), classify_files.features(whole, kept)
    assert np.allclose(first.to_numpy(), second.to_numpy())
