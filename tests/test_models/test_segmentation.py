import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from lyceum import artifacts
from lyceum.simulator.crowds import crowd
from models.segmentation.kmeans import KMeansSegments
from models.segmentation.rules import by_rules

FEATURES = ("recency_days", "active_days_28d", "spend_84d", "texts_written_28d", "refunds_28d", "check_ins_28d")
CENTRES = {"recency_days": (2, 3, 20, 60), "active_days_28d": (25, 12, 2, 0), "spend_84d": (3_000, 300, 30, 0)}


def planted(people=400, seed=1):
    rng = np.random.default_rng(seed)
    kind = np.arange(people) % 4
    table = pd.DataFrame({"user_id": [f"u{at:04d}" for at in range(people)]})
    for name, centre in CENTRES.items():
        table[name] = np.expm1(np.log1p(np.array(centre)[kind]) + rng.normal(0, 0.12, people)).clip(0)
    table["texts_written_28d"] = np.where(kind == 2, 40, 1) + rng.integers(0, 3, people)
    table["refunds_28d"] = 0  # constant
    table["check_ins_28d"] = np.nan  # never logged
    return table, kind


def shapeless(people=600, seed=1, columns=4):
    """One heavy-tailed cloud of correlated, skewed columns."""
    rng = np.random.default_rng(seed)
    own = rng.normal(size=(people, columns)) + 0.7 * rng.normal(size=(people, 1))
    values = np.expm1(2.0 + 0.6 * own * np.sqrt(5 / rng.chisquare(5, (people, 1)))).clip(0, 1e9)
    table = pd.DataFrame(values, columns=FEATURES[:columns])
    return table.assign(user_id=[f"u{at:04d}" for at in range(people)])


@pytest.fixture(scope="module")
def told():
    return KMeansSegments(features=FEATURES).fit(planted()[0], seed=1)


def test_finds_planted_groups_and_numbers_them_by_spend(told):
    (table, kind), model = planted(), told
    found = model.score(table)["segment_id"].to_numpy()
    assert (model.kind, model.k, model.ordered_by) == ("natural", 4, "spend_84d")
    assert adjusted_rand_score(kind, found) == 1.0
    np.testing.assert_array_equal(found, kind + 1)  # the groups were planted by falling spend
    assert model.space.kept == ("recency_days", "active_days_28d", "spend_84d", "texts_written_28d")
    assert model.silhouette(table, seed=1, sample=150) > 0.6
    assert "4 groups stand out" in model.why


def test_the_evidence_is_plain_and_tells_natural_from_null(told):
    assert [row["k"] for row in told.evidence] == list(range(2, 11))
    assert all(type(value) is float for row in told.evidence for value in row.values())
    four = told.evidence[2]
    assert four["separation"] > 1.25 * four["null_separation"]
    assert 1.0 - four["jaccard_min"] < 0.5 * (1.0 - four["null_jaccard_min"])
    assert four["smallest_share"] == pytest.approx(0.25)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_shapeless_crowd_is_cut_and_said_to_be(seed):
    table = shapeless(seed=seed)
    model = KMeansSegments(features=FEATURES[:4]).fit(table, seed=1)
    assert (model.kind, model.k) == ("constructed", 5)
    assert "No natural segments" in model.why
    sizes = model.score(table)["segment_id"].value_counts()
    assert sizes.min() >= 20 and sizes.sum() == len(table)


def test_a_number_from_the_settings_is_kept_and_judged():
    assert KMeansSegments(features=FEATURES, k=4).fit(planted()[0], seed=1).kind == "natural"
    cut = KMeansSegments(features=FEATURES[:4], k=3).fit(shapeless(), seed=1)
    assert (cut.kind, cut.k, len(cut.evidence)) == ("constructed", 3, 1)


@pytest.mark.slow
def test_a_simulated_crowd_is_found_out():
    lived = crowd(users=1_500, seed=3)
    frame = lived.before.frame
    model = KMeansSegments(features=tuple(frame.columns[1:])).fit(frame, seed=1)
    assert (model.kind, model.k) == ("natural", len(lived.plan.shares))
    assert adjusted_rand_score(lived.before.group, model.score(frame)["segment_id"]) > 0.75
    blob = crowd(users=1_500, seed=3, groups=False).before.frame
    assert KMeansSegments(features=tuple(blob.columns[1:])).fit(blob, seed=1).kind == "constructed"


def test_a_platform_that_sells_nothing_is_numbered_by_activity():
    table, kind = planted()
    table["spend_84d"] = None
    model = KMeansSegments(features=FEATURES, k=4).fit(table, seed=1)
    assert model.ordered_by == "active_days_28d"
    np.testing.assert_array_equal(model.score(table)["segment_id"], kind + 1)


@pytest.mark.parametrize("k", [3, 5])
def test_too_few_people_are_segmented_by_rules(k):
    table, _ = planted(20 * k - 1)
    model = KMeansSegments(features=FEATURES, k=k).fit(table, seed=1)
    assert (model.kind, model.k, model.numbers) == ("rules", 4, (1, 2, 3, 4))
    assert f"{20 * k - 1} people are fewer than the {20 * k}" in model.why
    np.testing.assert_array_equal(model.score(table)["segment_id"], by_rules(table))
    assert np.isnan(model.silhouette(table, seed=1))
    assert KMeansSegments(features=FEATURES, k=k).fit(planted(20 * k)[0], seed=1).kind != "rules"


def test_without_a_number_two_segments_need_forty_people():
    assert KMeansSegments(features=FEATURES).fit(planted(39)[0], seed=1).kind == "rules"
    assert KMeansSegments(features=FEATURES).fit(planted(40)[0], seed=1).kind != "rules"


def test_people_who_are_all_the_same_are_not_torn_apart():
    table = pd.DataFrame({"user_id": [f"u{at}" for at in range(200)], "recency_days": 3, "active_days_28d": 9})
    for frame in (table, table.assign(recency_days=np.nan)):
        model = KMeansSegments(features=("recency_days", "active_days_28d")).fit(frame, seed=1)
        assert (model.kind, model.why) == ("rules", "No column tells people apart.")
    table["active_days_28d"] = np.arange(200) % 2
    told = KMeansSegments(features=("active_days_28d",), k=5).fit(table, seed=1)
    assert "fewer than 5 different" in told.why
    free = KMeansSegments(features=("active_days_28d",)).fit(table, seed=1)
    assert free.k == 2 and adjusted_rand_score(np.arange(200) % 2, free.score(table)["segment_id"]) == 1.0


@pytest.mark.parametrize("value", [1e300, np.inf, -np.inf, np.nan])
def test_one_impossible_value_makes_no_segment_of_its_own(value):
    table, kind = planted()
    table["spend_84d"] = table["spend_84d"].astype(float)
    table.loc[7, "spend_84d"] = value
    model = KMeansSegments(features=FEATURES, k=4).fit(table, seed=1)
    found = model.score(table)["segment_id"]
    assert found.value_counts().min() >= 20
    others = np.arange(len(table)) != 7
    assert adjusted_rand_score(kind[others], found[others]) > 0.95


def test_an_outlier_alone_makes_no_column():
    table = planted()[0]
    table["refunds_28d"] = 0.0
    table.loc[3, "refunds_28d"] = 1e9
    assert "refunds_28d" not in KMeansSegments(features=FEATURES).fit(table, seed=1).space.kept


def test_twins_are_no_crowd():
    """Hundreds of copies of one person and few others."""
    table = planted(60)[0]
    twins = pd.concat([table.iloc[[0]]] * 400).assign(user_id=[f"t{at:04d}" for at in range(400)])
    both = pd.concat([table, twins], ignore_index=True)
    for k in (None, 6):
        model = KMeansSegments(features=FEATURES, k=k).fit(both, seed=1)
        assert model.why
        if model.kind != "rules":
            assert model.score(both)["segment_id"].value_counts().min() >= 20


def test_other_numbers_change_nothing_else(told):
    (table, _), model = planted(), told
    order = {1: 7, 2: 1, 3: 12, 4: 3}
    other = model.renumbered(order)
    assert other.numbers == (7, 1, 12, 3) and model.numbers == (1, 2, 3, 4)
    now, then = (each.score(table)["segment_id"] for each in (other, model))
    pd.testing.assert_series_equal(now, then.map(order))


def test_state_survives_the_store(tmp_path, told):
    table, _ = planted()
    model = told.renumbered({1: 2, 2: 1, 3: 9, 4: 4})
    artifacts.save(tmp_path / "model", model.state(), card={})
    again = KMeansSegments.restore(artifacts.load(tmp_path / "model")[0])
    pd.testing.assert_frame_equal(again.score(table), model.score(table), check_exact=True)
    assert (again.kind, again.why, again.evidence, again.numbers) == (
        *(model.kind, model.why, model.evidence),
        (2, 1, 9, 4),
    )


def test_segments_of_the_earlier_version_still_score():
    """Their state knew neither bounds nor powers nor numbers; distances were those of standardised signed logs."""
    state = {
        **{"features": ["acts_28d", "spend_84d"], "k": 2, "kind": "kmeans", "why": "", "ordered_by": "spend_84d"},
        **{"kept": ["acts_28d", "spend_84d"], "mean": np.array([1.0, 2.0]), "scale": np.array([0.5, 2.0])},
        **{"components": np.eye(2), "centroids": np.array([[2.0, 1.0], [-2.0, -1.0]])},
    }
    model = KMeansSegments.restore(state)
    people = pd.DataFrame(
        {"user_id": ["a", "b"], "acts_28d": np.expm1([2.0, 0.0]), "spend_84d": np.expm1([4.0, 1.0])}
    )
    np.testing.assert_allclose(model.points(people), [[2.0, 1.0], [-2.0, -0.5]])
    assert model.score(people)["segment_id"].tolist() == [1, 2]
    assert (model.kind, model.numbers) == ("constructed", (1, 2))


def test_the_rules_by_hand():
    table = pd.DataFrame({"recency_days": [1, 7, 7, 8, 28, 29, None], "active_days_28d": [20, 8, 7, 20, 1, 0, None]})
    assert by_rules(table).tolist() == [1, 1, 2, 3, 3, 4, 4]
