from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from models.classification.boosted import Boosted
from models.classification.logistic import Logistic
from models.contest import COLUMNS, Incumbent, slices
from models.gate import counting_rule, enough, judge
from models.rules import BASELINES
from models.validation import judged

FEATURES = ("recency_days", "acts_28d", "learning_minutes_28d", "tenure_days")
WEEKS = [date(2024, 1, 1) + timedelta(weeks=at) for at in range(8)]


def frame(*, people=400, signal=1.0, seed=1):
    """Outcomes follow four columns equally, so that no single one of them carries most of it."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(people * len(WEEKS), 4))
    chance = 1 / (1 + np.exp(-signal * (values @ [-1, 1, 1, 1]) + 1.0))
    table = pd.DataFrame(np.exp(values + 2).round().astype(int), columns=FEATURES)
    table["active_days_28d"] = rng.integers(0, 28, len(table))
    table["user_id"] = [f"u{at:05d}" for at in range(people)] * len(WEEKS)
    table["as_of"] = np.repeat(WEEKS, people)
    table["label"] = (rng.random(len(table)) < chance).astype(int)
    return table


def verdict(table, *, features=FEATURES, champion=None, challenger=None):
    return judge(
        judged(table, delay_days=28),
        challenger=challenger or Logistic(features=features),
        champion=champion and Incumbent("logistic of 2023-12-04", champion),
        baselines=BASELINES,
        features=(*FEATURES, "active_days_28d", *features),
        seed=3,
    )


def incumbent(table, *, features=FEATURES):
    return Logistic(features=features).fit(table[table["as_of"] <= WEEKS[2]], seed=1)


def figure(found, estimator, metric, part="all"):
    chosen = found.metrics.query("estimator == @estimator and metric == @metric and slice == @part")
    return chosen.iloc[0]


@pytest.mark.parametrize(("positives", "negatives", "there"), [(3, 3, True), (2, 3, False), (3, 2, False)])
def test_people_are_counted_by_class_and_once(positives, negatives, there):
    labels = [1] * positives + [0] * negatives
    once = pd.DataFrame({"user_id": [f"u{at}" for at in range(len(labels))], "label": labels})
    found = enough(pd.concat([once] * 4), minimum=3)  # four weeks of the same people
    assert (found.enough, found.positives, found.negatives) == (there, positives, negatives)
    assert f"{positives} people" in found.sentence and "3 of each" in found.sentence


def test_a_model_that_beats_every_rule_ships():
    found = verdict(frame())
    assert (found.promoted, found.chosen, found.ships) == (True, "logistic", "challenger")
    assert "beats every baseline" in found.sentences[0]
    table = found.metrics
    assert tuple(table.columns) == COLUMNS
    assert not table.duplicated(["estimator", "metric", "slice"]).any()
    assert table.groupby("role")["estimator"].nunique().to_dict() == {"baseline": 4, "champion": 1}
    assert set(table["measured_on"]) == {WEEKS[7]} and table["value"].notna().all()
    auc = figure(found, "logistic", "auc")
    assert auc["low_95"] < auc["value"] < auc["high_95"] and auc["rows"] == 400
    assert figure(found, "base_rate", "auc")["value"] == 0.5
    assert figure(found, "base_rate", "lift_top_10pct")["value"] == pytest.approx(1.0)
    assert figure(found, "logistic", "lift_top_10pct")["value"] > 1.5
    assert found.decision["decision"] == "promoted" and found.decision["auc_difference"] is None
    assert set(found.scores) == {"logistic", *BASELINES} and len(found.scores["logistic"]) == 400
    beaten = found.comparisons.query("metric == 'auc' and slice == 'all'").set_index("versus")
    assert set(beaten.index) == {*BASELINES} and (beaten["low_95"] > -0.005).all()


def test_where_labels_are_noise_the_rule_ships():
    table = frame(seed=6)
    table["noise"] = np.random.default_rng(8).integers(0, 100, len(table))
    found = verdict(table, features=("noise",))
    assert found.ships == "baseline" and found.chosen in ("recency_logistic", "rfm_logistic")
    assert "the rule" in found.sentences[0] and "does not beat" in " ".join(found.sentences)
    roles = found.metrics.drop_duplicates("estimator").set_index("estimator")["role"]
    assert roles["logistic"] == "challenger" and roles[found.chosen] == "champion"
    assert found.decision["decision"] == "refused" and found.decision["estimator"] == "logistic"


def test_a_worse_challenger_is_refused_and_the_champion_stays():
    table = frame(people=600)
    found = verdict(table, champion=incumbent(table), features=("recency_days", "acts_28d", "learning_minutes_28d"))
    assert (found.promoted, found.ships, found.chosen) == (False, "champion", "logistic of 2023-12-04")
    assert "It may be worse than logistic of 2023-12-04" in " ".join(found.sentences)
    assert found.decision["auc_difference"] < 0 and found.decision["low_95"] < -0.005
    roles = found.metrics.drop_duplicates("estimator").set_index("estimator")["role"]
    assert roles["logistic"] == "challenger" and roles["logistic of 2023-12-04"] == "champion"


def test_a_better_challenger_replaces_the_champion():
    table = frame(people=600)
    champion = incumbent(table, features=("recency_days", "acts_28d"))
    found = verdict(table, champion=champion)
    assert (found.promoted, found.chosen) == (True, "logistic")
    assert found.decision["low_95"] > 0 and "Against logistic of 2023-12-04" in found.decision["why"]


def test_as_good_on_newer_data_is_good_enough():
    """The champion's own recipe on more weeks: hardly another model, so it is not inferior, and it ships."""
    table = frame(people=1_500)
    assert verdict(table, champion=incumbent(table)).promoted


def test_a_champion_that_falls_behind_a_rule_makes_way_for_it():
    table = frame(seed=6)
    rng = np.random.default_rng(8)
    table["noise"], table["more"] = rng.integers(0, 100, len(table)), rng.integers(0, 100, len(table))
    found = verdict(table, features=("noise",), champion=incumbent(table, features=("more",)))
    assert found.ships == "baseline" and "falls behind it as well" in found.sentences[0]


def test_a_champion_that_cannot_read_the_week_is_left_out_with_a_sentence():
    table = frame()
    champion = incumbent(table.assign(gone=1.0), features=(*FEATURES, "gone"))
    found = verdict(table, champion=champion)
    assert found.promoted and "cannot be compared" in found.sentences[0] and "gone" in found.sentences[0]


def test_a_leaking_column_stops_promotion():
    table = frame(seed=4)
    rng = np.random.default_rng(5)
    # Written after the outcome: almost always on the right side of it.
    table["order_count"] = np.where(rng.random(len(table)) < 0.97, table["label"], 1 - table["label"])
    found = verdict(table, features=(*FEATURES, "order_count"))
    assert not found.promoted and found.ships == "baseline"
    assert set(found.leak_alarm) == {"order_count"} and "order_count" in found.sentences[-1]
    alarm = found.metrics.query("metric == 'leak_alarm'").iloc[0]
    assert alarm["slice"] == "order_count" and alarm["value"] == found.leak_alarm["order_count"] >= 0.7
    assert verdict(table).promoted  # without the column there is nothing to ring


def test_a_challenger_that_fails_new_users_is_refused():
    """What it was taught of new users is upside down; of the many others it knows more than the champion."""
    table = frame(people=1_500, signal=1.5)
    young = np.arange(len(table)) % 10 < 3
    table["tenure_days"] = np.where(young, 5, 100)
    champion = incumbent(table, features=("recency_days", "acts_28d"))
    taught = table.assign(label=np.where(young & (table["as_of"] < WEEKS[4]), 1 - table["label"], table["label"]))
    found = verdict(taught, champion=champion, challenger=Boosted(features=FEATURES, depth=4, column_share=1.0))
    assert not found.promoted
    assert any("new users" in sentence for sentence in found.sentences)
    assert figure(found, "xgboost", "auc", "new users")["value"] < 0.5


def test_worse_calibration_is_refused():
    """The same order of people, and twice the log-odds: no difference in AUC, but probabilities that say too much."""
    table = frame(people=2_000)
    challenger = Exaggerating(features=FEATURES)
    found = verdict(table, champion=incumbent(table), challenger=challenger)
    assert not found.promoted
    assert [sentence for sentence in found.sentences if "worse calibrated" in sentence]
    assert not [sentence for sentence in found.sentences if "does not beat" in sentence]


class Exaggerating(Logistic):
    name = "exaggerating"

    def score(self, rows, /):
        found = super().score(rows)
        odds = (found["probability"] / (1 - found["probability"])) ** 3
        return found.assign(probability=odds / (1 + odds))


def test_a_week_of_one_outcome_compares_nothing():
    table = frame()
    one = table.assign(label=table["label"].where(table["as_of"] != WEEKS[7], 1))
    found = verdict(one)
    assert found.ships == "baseline" and "one outcome only" in " ".join(found.sentences)
    assert found.metrics.query("metric == 'auc'")["value"].isna().all()
    kept = verdict(one, champion=incumbent(table))
    assert kept.ships == "champion" and kept.decision["auc_difference"] is None


def test_the_order_of_rows_changes_nothing():
    first, second = verdict(frame()), verdict(frame().sample(frac=1.0, random_state=2))
    pd.testing.assert_frame_equal(first.metrics, second.metrics, check_exact=True)
    assert first.sentences == second.sentences


def test_slices_need_a_hundred_rows_and_ten_of_each_outcome():
    rows = pd.DataFrame({"label": [1] * 10 + [0] * 90 + [1] * 9 + [0] * 200 + [1, 0] * 20})
    rows["channel"] = ["search"] * 100 + ["friends"] * 209 + ["shop"] * 40
    rows["tenure_days"] = [3] * 100 + [28] * 249
    assert {name: int(mask.sum()) for name, mask in slices(rows, by=("channel", "city")).items()} == {
        "new users": 100,
        "channel: search": 100,
    }


def ruled(table, *, minimum=300):
    known = enough(judged(table, delay_days=28).train, minimum=minimum)
    return counting_rule(
        table, verdict=known, candidates=("blend", "forest"), baselines=BASELINES, delay_days=28, seed=3
    )


def test_below_the_gate_a_counting_rule_ships_measured():
    found = ruled(frame(people=90))
    assert (found.chosen, found.ships) == ("silence_rule", "baseline")
    assert "nothing is trained" in found.sentences[0]
    measured = found.metrics.dropna(subset="value")
    assert set(measured["estimator"]) == {"silence_rule"} and set(measured["role"]) == {"champion"}
    assert {name: len(scores) for name, scores in found.scores.items()} == {"silence_rule": 90}
    untrained = found.metrics[found.metrics["value"].isna()]
    assert set(untrained["estimator"]) == {"blend", "forest"}
    assert untrained["note"].str.contains("nothing is trained").all()
    assert tuple(found.metrics.columns) == COLUMNS


@pytest.mark.parametrize(
    ("table", "chosen"),
    [
        (frame(people=20), None),  # fewer than a rate needs
        (frame(people=90).query("as_of == @WEEKS[0]"), "silence_rule"),  # one week: nothing to measure on
        (frame(people=30).assign(label=None), None),  # no outcome at all
    ],
)
def test_below_the_gate_with_little_or_nothing(table, chosen):
    found = ruled(table[table["label"].notna()])
    assert found.chosen == chosen
    assert found.metrics["value"].notna().any() == (chosen is not None and table["as_of"].nunique() > 1)
