"""Interests of people and segments, and what people speak of, by hand."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.topics import interests, voice


def test_interests_by_hand():
    used = pd.DataFrame({"user_id": ["u", "u", "v"], "item_id": ["i", "j", "nothing"], "weight": [3.0, 1.0, 2.0]})
    topics = pd.DataFrame({"item_id": ["i", "j", "j"], "topic": ["a", "a", "b"], "weight": [1.0, 0.5, 0.5]})
    found = interests.of_people(used, topics)
    assert found.to_dict("records") == [
        {"user_id": "u", "topic": "a", "weight": 0.875},
        {"user_id": "u", "topic": "b", "weight": 0.125},
    ]


@settings(max_examples=25)
@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=8), st.integers(0, 9))
def test_weights_of_a_person_add_up_to_one_in_any_order(weights, seed):
    count = len(weights)
    topics = pd.DataFrame({"item_id": ["i", "j"] * count, "topic": [f"t{at // 2}" for at in range(2 * count)]})
    topics["weight"] = np.repeat(weights, 2)
    used = pd.DataFrame({"user_id": ["u", "u", "w"], "item_id": ["i", "j", "i"], "weight": [2.0, 5.0, 1.0]})
    found = interests.of_people(used, topics)
    assert found.groupby("user_id")["weight"].sum().to_numpy() == pytest.approx(np.ones(2), abs=1e-12)
    mixed = interests.of_people(used.sample(frac=1, random_state=seed), topics.sample(frac=1, random_state=seed))
    pd.testing.assert_frame_equal(mixed, found, check_exact=True)
    assert interests.whole_parts(topics).groupby("item_id")["part"].sum().eq(interests.UNIT).all()


def test_segments_by_hand_and_small_cells_left_out():
    people = pd.DataFrame({"user_id": [f"u{at:02d}" for at in range(32)], "segment_id": [1.0] * 12 + [2.0] * 20})
    rows = [(user, "a", 1.0) for user in people["user_id"][:12]]
    rows += [(user, "b", 1.0) for user in people["user_id"][12:23]] + [
        (user, "a", 1.0) for user in people["user_id"][23:]
    ]
    found = interests.of_segments(pd.DataFrame(rows, columns=["user_id", "topic", "weight"]), people)
    # Segment 2: 9 of 20 like a (left out), 11 like b: 11 / 20 against 11 / 32 of all.
    assert found[["segment_id", "topic", "people"]].to_numpy().tolist() == [[1, "a", 12], [2, "b", 11]]
    assert found["weight"].tolist() == [1.0, 0.55]
    assert found["lift"].tolist() == pytest.approx([32 / 21, 0.55 / (11 / 32)])


def test_nobody_in_a_segment():
    cared = pd.DataFrame({"user_id": ["u"], "topic": ["a"], "weight": [1.0]})
    assert interests.of_segments(cared, pd.DataFrame({"user_id": ["u"], "segment_id": [np.nan]})).empty


def spoken(now, before, kind="review", topic=1, each=1):
    """Texts of so many people now and before."""
    rows = [(kind, f"n{at}", True) for at in range(now)] + [(kind, f"b{at}", False) for at in range(before)]
    frame = pd.DataFrame([row for row in rows for _ in range(each)], columns=["kind", "speaker", "now"])
    frame["document_id"] = [f"{kind}{topic}-{at}" for at in range(len(frame))]
    return frame, pd.DataFrame({"document_id": frame["document_id"], "topic_id": topic, "weight": 1.0})


NOBODY = pd.DataFrame({"user_id": ["n0"], "segment_id": [np.nan]})


def joined(*parts):
    return tuple(pd.concat(frames, ignore_index=True) for frames in zip(*parts, strict=True))


def test_the_main_topic_is_the_heaviest_and_the_first_of_equal_ones():
    rows = pd.DataFrame(
        {"document_id": ["d", "d", "e", "e"], "topic_id": [2, 1, 5, 4], "weight": [0.6, 0.4, 0.5, 0.5]}
    )
    assert voice.main_topic(rows).to_numpy().tolist() == [["d", 2], ["e", 4]]


def test_trend_by_hand():
    found = voice.voiced(*spoken(40, 20, each=3), NOBODY, comparable=True).iloc[0]
    assert (found["texts"], found["people"], found["texts_before"], found["people_before"]) == (120, 40, 60, 20)
    # 40 of 60: Clopper-Pearson 0.533 to 0.783, so 1.142 to 3.611 times; p = 0.0135.
    assert found["trend"] == 2.0 and found["low_95"] == pytest.approx(1.142, abs=0.001)
    assert found["high_95"] == pytest.approx(3.611, abs=0.001)
    assert found["unusual"] and found["share"] == 1.0


def test_interval_agrees_with_the_exact_binomial():
    from scipy.stats import binomtest

    now, before = pd.Series([0, 5, 12, 30]), pd.Series([4, 0, 12, 11])
    found = voice.trends(now, before)
    for at in range(4):
        exact = binomtest(int(now[at]), int(now[at] + before[at])).proportion_ci(method="exact")
        assert found["low_95"][at] == pytest.approx(exact.low / (1 - exact.low))
        if before[at]:
            assert found["high_95"][at] == pytest.approx(exact.high / (1 - exact.high))
    assert pd.isna(found["trend"][1]) and pd.isna(found["high_95"][1])
    assert found["unusual"].tolist() == [False, False, False, True]


def test_one_person_with_many_texts_is_one():
    texts, topics = joined(spoken(12, 12), spoken(12, 12, topic=2))
    texts.loc[texts["now"] & texts["document_id"].str.startswith("review2"), "speaker"] = "one"
    found = voice.voiced(texts, topics, NOBODY, comparable=True).set_index("topic_id")
    assert found.loc[1, "people"] == 12 and pd.isna(found.loc[2, "people"]) and pd.isna(found.loc[2, "texts"])
    assert pd.isna(found.loc[2, "trend"]) and found.loc[2, "unusual"]


def test_few_people_are_not_shown():
    texts, topics = joined(spoken(9, 9), spoken(9, 30, topic=2), spoken(15, 0, topic=3))
    found = voice.voiced(texts, topics, NOBODY, comparable=True).set_index("topic_id")
    assert found.index.tolist() == [2, 3]
    assert found.loc[2, ["people", "texts", "share", "trend", "low_95", "high_95"]].isna().all()
    assert found.loc[3, ["people_before", "texts_before", "trend", "low_95"]].isna().all()
    assert found["unusual"].tolist() == [True, True]


def test_nothing_is_said_of_a_window_that_the_log_does_not_hold():
    found = voice.voiced(*spoken(30, 0), NOBODY, comparable=False)
    assert found["people"].tolist() == [30.0]
    assert found[["people_before", "trend", "low_95", "unusual"]].isna().all(axis=None)


def test_discoveries_by_hand():
    # 0.05 * rank / 4: 0.0125, 0.025, 0.0375, 0.05. The third holds, and so do the smaller ones.
    assert voice.discoveries([0.2, 0.03, 0.026, 0.001]).tolist() == [False, True, True, True]
    assert voice.discoveries([]).tolist() == []


def test_unchanged_topics_are_rarely_unusual():
    rng = np.random.default_rng(5)
    found = [voice.trends(*(pd.Series(rng.poisson(40, 20)) for _ in range(2)))["unusual"].any() for _ in range(200)]
    assert np.mean(found) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 200)


def test_segments_that_voice_a_topic_more_than_others():
    texts, topics = joined(spoken(40, 10), spoken(40, 10, topic=2))
    texts["speaker"] = [
        f"{speaker}-{name[:7]}" for speaker, name in zip(texts["speaker"], texts["document_id"], strict=True)
    ]
    people = pd.DataFrame({"user_id": texts["speaker"].unique()})
    loud = people["user_id"].str.match(r"n(\d|1\d|2\d)-review1")
    people["segment_id"] = np.where(loud, 1.0, 2.0)
    found = voice.voiced(texts, topics, people, comparable=True).set_index("topic_id")["top_segments"].map(json.loads)
    # Topic 1: 30 of 40 are of segment 1, which has 30 of 80 speakers. The other 10 may be told by subtraction.
    assert found[1] == [{"segment_id": 1, "people": 30, "share": 0.75, "share_of_speakers": 0.375, "lift": 2.0}]
    assert found[2] == [{"segment_id": 2, "people": 40, "share": 1.0, "share_of_speakers": 0.625, "lift": 1.6}]


def test_a_few_people_cannot_be_told_by_subtraction():
    rows = [{"segment_id": 1, "people": 30}, {"segment_id": 2, "people": 12}]
    assert voice._safe(rows, 45) == [{"segment_id": 1, "people": 30}]
    assert voice._safe(rows, 42) == rows and voice._safe(rows, 52) == rows
    assert voice._safe(rows[:1], 33) == []


def test_no_texts():
    nothing = pd.DataFrame(columns=["document_id", "kind", "speaker", "now"]).astype({"now": bool})
    topics = pd.DataFrame(columns=["document_id", "topic_id", "weight"])
    assert list(voice.voiced(nothing, topics, NOBODY, comparable=True).columns) == list(voice.COLUMNS)
