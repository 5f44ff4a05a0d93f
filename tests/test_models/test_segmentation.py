import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from models.segment_names import names
from models.segmentation import KMeansSegments, by_rules, profile

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


def test_finds_planted_groups_and_numbers_them_by_spend():
    table, kind = planted()
    model = KMeansSegments(features=FEATURES, k=4).fit(table, seed=1)
    found = model.score(table)["segment_id"].to_numpy()
    assert adjusted_rand_score(kind, found) == 1.0
    np.testing.assert_array_equal(found, kind + 1)  # the groups were planted by falling spend
    assert model.kept == ("recency_days", "active_days_28d", "spend_84d", "texts_written_28d")
    assert (model.kind, model.ordered_by) == ("kmeans", "spend_84d")
    assert model.silhouette(table, seed=1, sample=150) > 0.6


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
    assert model.kind == "rules"
    assert f"{20 * k - 1} people are fewer than the {20 * k}" in model.why
    np.testing.assert_array_equal(model.score(table)["segment_id"], by_rules(table))
    assert np.isnan(model.silhouette(table, seed=1))
    assert KMeansSegments(features=FEATURES, k=k).fit(planted(20 * k)[0], seed=1).kind == "kmeans"


def test_people_who_are_all_the_same_are_not_torn_apart():
    table = pd.DataFrame({"user_id": [f"u{at}" for at in range(200)], "recency_days": 3, "active_days_28d": 9})
    model = KMeansSegments(features=("recency_days", "active_days_28d")).fit(table, seed=1)
    assert (model.kind, model.why) == ("rules", "No column tells people apart.")
    table["active_days_28d"] = np.arange(200) % 2
    assert "fewer than 5 different" in KMeansSegments(features=("active_days_28d",)).fit(table, seed=1).why


def test_the_rules_by_hand():
    table = pd.DataFrame({"recency_days": [1, 7, 7, 8, 28, 29, None], "active_days_28d": [20, 8, 7, 20, 1, 0, None]})
    assert by_rules(table).tolist() == [1, 1, 2, 3, 3, 4, 4]


def test_effect_sizes_by_hand():
    logs = pd.DataFrame({"user_id": list("abcd"), "acts_28d": np.expm1([1.0, 3.0, 5.0, 7.0])})
    ids = pd.DataFrame({"user_id": list("dcba"), "segment_id": [1, 1, 2, 2]})
    table = profile(logs.assign(flat=3), ids).set_index(["segment_id", "feature"])
    # Means 6 and 2, each with variance 2 (n - 1): d = 4 / sqrt(2).
    assert table.loc[(1, "acts_28d"), "effect"] == pytest.approx(4 / np.sqrt(2))
    assert table.loc[(2, "acts_28d"), "effect"] == pytest.approx(-4 / np.sqrt(2))
    assert table.loc[(1, "acts_28d"), "mean"] == pytest.approx(np.expm1([5, 7]).mean())
    assert table.loc[(1, "acts_28d"), "rest_mean"] == pytest.approx(np.expm1([1, 3]).mean())
    assert (table.xs("flat", level="feature")["effect"] == 0).all()


def test_a_lonely_segment_differs_from_nobody():
    one = pd.DataFrame({"user_id": ["a", "b"], "acts_28d": [1, 2]})
    table = profile(one, pd.DataFrame({"user_id": ["a", "b"], "segment_id": 1}))
    assert table["effect"].tolist() == [0.0]
    assert names(table)["name_zh"].tolist() == ["各项接近平均"]


def test_names_follow_the_strongest_differences():
    table, _ = planted()
    assignment = KMeansSegments(features=FEATURES, k=4).fit(table, seed=1).score(table)
    given = names(profile(table, assignment)).set_index("segment_id")
    assert "消费较多" in given.loc[1, "name_zh"] and "high spend" in given.loc[1, "name_en"].lower()
    assert "爱互动" in given.loc[3, "name_zh"]
    assert given["name_zh"].is_unique and given["name_en"].is_unique


def test_equal_segments_still_get_different_names():
    rows = [(number, "acts_28d", 1.0) for number in range(1, 5)]
    given = names(pd.DataFrame(rows, columns=["segment_id", "feature", "effect"]))
    assert given["name_zh"].tolist() == ["高频", "高频 2", "高频 3", "高频 4"]
    assert given["name_en"].is_unique


def test_no_name_labels_people():
    from models.segment_names import PHRASES

    words = "".join(word for _, more, less in PHRASES.values() for word in (*more, *less))
    assert not any(bad in words for bad in ("僵尸", "羊毛", "韭菜", "小白", "劣质", "churned"))
