import numpy as np
import pandas as pd
import pytest

from models.classification import Forest, Logistic
from models.evaluation import COLUMNS, evaluate, gate, leak_alarm, time_split
from models.rules import BASELINES

FEATURES = ("recency_days", "acts_28d", "learning_minutes_28d", "tenure_days")
CANDIDATES = {"logistic": lambda: Logistic(features=FEATURES)}
WEEKS = [day.date() for day in pd.date_range("2024-01-01", periods=8, freq="7D")]


def frame(*, people=400, signal=1.0, seed=1):
    """Outcomes follow four columns equally, so that no single one of them carries most of it."""
    rng = np.random.default_rng(seed)
    rows = people * len(WEEKS)
    values = rng.normal(size=(rows, 4))
    chance = 1 / (1 + np.exp(-signal * (values @ [-1, 1, 1, 1]) + 1.0))
    table = pd.DataFrame(np.exp(values + 2).round().astype(int), columns=FEATURES)
    table["active_days_28d"] = rng.integers(0, 28, rows)
    table["user_id"] = [f"u{at:05d}" for at in range(people)] * len(WEEKS)
    table["as_of"] = np.repeat(WEEKS, people)
    table["label"] = (rng.random(rows) < chance).astype(int)
    return table


def judged(table, *, candidates=CANDIDATES, minimum=100):
    return evaluate(candidates, table, baselines=BASELINES, delay_days=28, seed=3, minimum=minimum)


def test_training_weeks_are_as_old_as_the_outcome_is_late():
    train, test = time_split(frame(people=3), delay_days=28)
    assert sorted(set(train["as_of"])) == WEEKS[:4]  # 28 days before the eighth Monday is the fourth
    assert set(test["as_of"]) == {WEEKS[7]}
    train, _ = time_split(frame(people=3), delay_days=29)
    assert sorted(set(train["as_of"])) == WEEKS[:3]


@pytest.mark.parametrize(("positives", "negatives", "enough"), [(3, 3, True), (2, 3, False), (3, 2, False)])
def test_the_gate_counts_people_of_each_class(positives, negatives, enough):
    labels = [1] * positives + [0] * negatives
    once = pd.DataFrame({"user_id": [f"u{at}" for at in range(len(labels))], "label": labels})
    verdict = gate(pd.concat([once] * 4), minimum=3)  # four weeks of the same people
    assert (verdict.enough, verdict.positives, verdict.negatives) == (enough, positives, negatives)
    assert f"{positives} people" in verdict.sentence and "3 of each" in verdict.sentence


def test_a_model_that_beats_every_rule_ships():
    found = judged(frame())
    assert found.chosen == "logistic"
    assert "beats every baseline" in found.reason
    table = found.metrics
    assert list(table.columns) == COLUMNS
    assert len(table) == 5 * 4 and table["value"].notna().all()
    assert table.groupby("role")["estimator"].nunique().to_dict() == {"baseline": 4, "champion": 1}
    assert set(table["measured_on"]) == {WEEKS[7]} and set(table["rows"]) == {400}
    note = table.query("estimator == 'logistic'")["note"].iloc[0]
    assert note.startswith("AUC +") and "against" in note


def test_a_model_that_beats_no_rule_does_not_ship():
    table = frame(seed=6)
    table["noise"] = np.random.default_rng(8).integers(0, 100, len(table))
    found = judged(table, candidates={"noise": lambda: Logistic(features=("noise",))})
    assert found.chosen in ("recency_logistic", "rfm_logistic")
    assert "no model beats" in found.reason
    roles = found.metrics.drop_duplicates("estimator").set_index("estimator")["role"]
    assert roles["noise"] == "challenger" and roles[found.chosen] == "champion"


def test_a_later_week_with_one_outcome_compares_nothing():
    table = frame()
    found = judged(table.assign(label=table["label"].where(table["as_of"] != WEEKS[7], 1)))
    assert found.chosen in BASELINES
    assert "one outcome only" in found.reason
    assert found.metrics["value"].isna().all()


def test_the_choice_does_not_depend_on_the_order_of_rows():
    first, second = judged(frame()), judged(frame().sample(frac=1.0, random_state=2))
    pd.testing.assert_frame_equal(first.metrics, second.metrics, check_exact=True)


def test_below_the_gate_nothing_is_trained():
    found = judged(
        frame(people=90), minimum=300, candidates={**CANDIDATES, "forest": lambda: Forest(features=FEATURES)}
    )
    assert found.chosen == "silence_rule"
    assert "nothing is trained" in found.notes[0]
    measured = found.metrics.dropna(subset="value")
    assert measured["estimator"].unique().tolist() == ["silence_rule"]
    untrained = found.metrics[found.metrics["value"].isna()]
    assert untrained["estimator"].tolist() == ["logistic", "forest"]
    assert untrained["note"].str.contains("nothing is trained").all()


def test_too_few_people_for_any_rate():
    found = judged(frame(people=20), minimum=300)
    assert found.chosen is None
    assert "20 people" in found.reason


def test_one_labelled_week_cannot_be_measured():
    table = frame()
    found = judged(table.assign(label=table["label"].where(table["as_of"] == WEEKS[0])))
    assert found.chosen == "silence_rule"
    assert found.metrics["value"].isna().all()


def test_no_outcome_at_all():
    found = judged(frame(people=30).assign(label=None))
    assert found.chosen is None


def test_the_leak_alarm_rings_for_a_leak_and_for_nothing_else():
    table = frame(seed=4)
    assert judged(table).leak_alarm == ()
    rng = np.random.default_rng(5)
    # Written after the outcome: almost always on the right side of it.
    table["order_count_28d"] = np.where(rng.random(len(table)) < 0.97, table["label"], 1 - table["label"])
    leaking = {"logistic": lambda: Logistic(features=(*FEATURES, "order_count_28d"))}
    found = judged(table, candidates=leaking)
    assert found.leak_alarm == ("order_count_28d",)
    assert "order_count_28d" in found.notes[-1]


@pytest.mark.parametrize("rare", [0, 1])
def test_the_leak_alarm_looks_at_the_rarer_class_in_either_direction(rare):
    labels = np.array([rare] * 10 + [1 - rare] * 90)
    table = pd.DataFrame({"user_id": range(100), "as_of": WEEKS[0], "label": labels})
    table["leak"] = -labels
    table["honest"] = np.arange(100) % 7
    assert leak_alarm(table, labels * 0.8 + 0.1) == ("leak",)
    assert leak_alarm(table, np.full(100, 0.5)) == ()  # a model without lift rings nothing
