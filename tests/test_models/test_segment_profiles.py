"""Profiles of segments: effect sizes by hand, items, weeks, and cells that stay hidden."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from models.segmentation.naming import names
from models.segmentation.profiles import demographics, profile, retained, suppressed, top_items, typical_week


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


def test_effects_of_three_segments_equal_those_of_one_against_the_pooled_rest():
    rng = np.random.default_rng(4)
    table = pd.DataFrame({"user_id": [f"u{at:03}" for at in range(90)], "acts_28d": rng.gamma(1, 20, 90).round()})
    ids = rng.integers(1, 4, 90)
    found = profile(table, pd.DataFrame({"user_id": table["user_id"], "segment_id": ids})).set_index("segment_id")
    logs = np.log1p(table["acts_28d"].to_numpy())
    for number in (1, 2, 3):
        own, rest = logs[ids == number], logs[ids != number]
        squares = ((own - own.mean()) ** 2).sum() + ((rest - rest.mean()) ** 2).sum()
        by_hand = (own.mean() - rest.mean()) / np.sqrt(squares / 88)
        assert found.loc[number, "effect"] == pytest.approx(by_hand)


def test_a_lonely_segment_differs_from_nobody():
    one = pd.DataFrame({"user_id": ["a", "b"], "acts_28d": [1, 2]})
    table = profile(one, pd.DataFrame({"user_id": ["a", "b"], "segment_id": 1}))
    assert table["effect"].tolist() == [0.0]
    assert names(table)["name_zh"].tolist() == ["均衡型"]


def test_nobody_has_no_profile():
    nobody = pd.DataFrame({"user_id": [], "segment_id": []})
    assert profile(pd.DataFrame({"user_id": [], "acts_28d": []}), nobody).empty


def test_a_rate_needs_thirty_people_below():
    then = pd.DataFrame({"user_id": [f"u{at}" for at in range(59)], "segment_id": [1] * 30 + [2] * 29})
    found = retained(then, [f"u{at}" for at in range(15)] + ["u40", "stranger"], smallest=30).set_index("segment_id")
    assert found["base_28d"].to_dict() == {1: 30, 2: 29}
    assert found.loc[1, "retained_share_28d"] == 0.5
    assert found.loc[2, ["retained_28d", "retained_share_28d"]].isna().all()


def used(rows):
    return pd.DataFrame(rows, columns=["segment_id", "item_id", "title", "users"])


def test_items_are_shown_by_what_the_segment_likes_more_than_others_do():
    rows = [(1, "hit", "Hit", 60), (2, "hit", "Hit", 60), (1, "own", "Own", 40), (2, "own", "Own", 10)]
    found = top_items(used([*rows, (1, "rare", "Rare", 9)]), sizes={1: 100, 2: 100})
    assert [item["item_id"] for item in found[1]] == ["own", "hit"]  # of nine people nothing is told
    # 40 of 100 here, 50 of 200 everywhere
    assert found[1][0] == {"item_id": "own", "title": "Own", "users": 40, "lift": 1.6}
    assert [item["item_id"] for item in found[2]] == ["hit", "own"]  # nothing above average: by use


def test_an_item_without_a_title_has_none():
    found = top_items(used([(1, "x", None, 12)]), sizes={1: 20})
    assert found[1][0]["title"] is None


def test_a_small_cell_takes_the_next_with_it_in_its_row_and_its_column():
    table = np.array([[40, 5, 30], [20, 50, 60], [70, 80, 90]])
    hidden = suppressed(table)
    assert hidden.tolist() == [[False, True, True], [False, True, True], [False, False, False]]


def test_large_cells_are_all_told():
    assert not suppressed(np.array([[10, 200], [0, 30]])).any()


tables = arrays.arrays(np.int64, st.tuples(st.integers(2, 5), st.integers(2, 5)), elements=st.integers(0, 40))


@given(tables)
def test_no_margin_gives_a_small_cell_away(table):
    hidden = suppressed(table)
    assert hidden[(table > 0) & (table < 10)].all()
    for lines, shown in ((table, hidden), (table.T, hidden.T)):
        for line, hide in zip(lines, shown, strict=True):
            if hide.any():
                # Less what is told, the sum of the line leaves ten people or more over two cells or more.
                assert hide.all() or (hide.sum() > 1 and line[hide].sum() >= 10)


def test_demographics_by_segment_attribute_and_value():
    rows = [(1, "age", "18-24", 40), (1, "age", "25-34", 3), (2, "age", "18-24", 20), (2, "age", "25-34", 90)]
    counts = pd.DataFrame(rows, columns=["segment_id", "attribute", "value", "users"])
    assert demographics(counts) == {
        1: {"age": {"18-24": None, "25-34": None}},  # its 43 people are known: one of the two would tell the other
        2: {"age": {"18-24": None, "25-34": None}},
    }
    assert demographics(counts[counts["users"] > 3])[2] == {"age": {"18-24": 20, "25-34": 90}}


def test_a_typical_week_by_hand():
    rows = [(1, 0, 9, 30), (1, 5, 20, 10), (1, 5, 3, 10)]
    acts = pd.DataFrame(rows, columns=["segment_id", "weekday", "hour", "acts"])
    found = typical_week(acts, {"night": (0, 6), "day": (6, 18), "evening": (18, 24)})[1]
    assert found["weekdays"] == [0.6, 0, 0, 0, 0, 0.4, 0]
    assert found["parts"] == {"night": 0.2, "day": 0.6, "evening": 0.2}


def test_where_no_cell_holds_ten_people_no_item_is_told():
    used = pd.DataFrame({"segment_id": [1], "item_id": ["a"], "title": ["A"], "users": [9]})
    assert top_items(used.astype({"item_id": "str", "title": "str"}), sizes={1: 30}) == {}
