"""Names of segments and what is suggested for them: functions of effect sizes, neutral, different, lasting."""

import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.segmentation.naming import RULE_NAMES, THEMES, Known, apart, names, theme_of, themes
from models.segmentation.plays import NEWCOMERS, OTHERWISE, PLAYS, play_for, plays
from pipelines.targets import SEGMENTED_BY

# FIELD: labels on people, jargon, praise, claims
AVOIDED = (
    *(
        "僵尸",
        "羊毛",
        "韭菜",
        "小白",
        "劣质",
        "赋能",
        "抓手",
        "闭环",
        "颗粒度",
        "打法",
        "心智",
        "精准",
        "最",
        "第一",
        "！",
    ),
    *("churned", "zombie", "!", "best", "loser"),
)


def profile(**segments):
    rows = [
        (int(name.removeprefix("s")), feature, effect)
        for name, effects in segments.items()
        for feature, effect in effects.items()
    ]
    return pd.DataFrame(rows, columns=["segment_id", "feature", "effect"])


def named(table, **options):
    return names(table, **options).set_index("segment_id")


def test_the_two_strongest_themes_make_the_name_in_a_fixed_order():
    one = named(profile(s1={"learning_minutes_28d": 1.5, "acts_28d": 0.9, "refunds_84d": 0.4}))
    other = named(profile(s1={"acts_28d": 1.5, "learning_days_84d": 0.9}))
    assert one.loc[1, "name_zh"] == other.loc[1, "name_zh"] == "高频学习型"
    assert one.loc[1, "name_en"] == "Frequent, learning much"


def test_the_side_of_an_effect_decides_the_word():
    less = named(profile(s1={"acts_28d": -1.5, "spend_84d": -0.9}))
    assert less.loc[1].tolist()[:2] == ["低频低消费型", "Infrequent, lower spend"]


def test_two_themes_that_say_much_the_same_do_not_fill_a_name():
    table = profile(s1={"spend_84d": 3.0, "purchase_recency_days": -2.5, "interactions_28d": 0.5})
    assert named(table).loc[1, "name_zh"] == "高消费互动型"
    # but what sets them apart is told in the order of strength
    assert apart(table).loc[0, "apart_zh"] == "消费较多、近期购买、互动较多"


def test_the_strongest_column_speaks_for_its_theme_and_small_effects_have_no_word():
    part = profile(s1={"acts_7d": 0.3, "acts_84d": -0.8, "carts_7d": 0.19})
    assert themes(part) == {"activity": -0.8}
    assert named(profile(s1={"acts_7d": 0.19})).loc[1, "name_zh"] == "均衡型"
    assert apart(profile(s1={"acts_7d": 0.19})).loc[0, "apart_en"] == "Close to average in everything"


@pytest.mark.parametrize(
    ("column", "theme"),
    [
        ("purchase_recency_days", "buying_recency"),  # not purchases, not recency
        ("purchases_28d", "spend"),
        ("acts_trend", "trend"),
        ("recency_days", "recency"),
        ("reactions_received_84d", "received"),
        ("channel", None),
    ],
)
def test_the_longest_stem_decides_the_theme(column, theme):
    assert theme_of(column) == theme


def test_every_column_that_segments_differ_by_has_words():
    assert [name for name in SEGMENTED_BY if theme_of(name) is None] == []


def test_no_word_labels_people_or_promises():
    words = [word for theme in THEMES.values() for side in (theme.more, theme.less) for word in side]
    words += [text for play in (*PLAYS, NEWCOMERS, OTHERWISE) for text in (play.zh, play.en)]
    words += [name for both in RULE_NAMES.values() for name in both]
    assert [(bad, word) for word in words for bad in AVOIDED if bad in word] == []


def test_equal_segments_still_get_different_names():
    table = profile(**{f"s{number}": {"acts_28d": 1.0} for number in range(1, 5)})
    assert named(table)["name_zh"].tolist() == ["高频型", "高频型 2", "高频型 3", "高频型 4"]
    further = named(profile(s1={"acts_28d": 2, "spend_84d": 1}, s2={"acts_28d": 2, "spend_84d": 1, "carts_7d": 0.5}))
    assert further["name_zh"].tolist() == ["高频高消费型", "高频加购高消费型"]


effects = st.dictionaries(st.sampled_from(SEGMENTED_BY), st.floats(-3, 3), max_size=8)


@given(st.lists(effects, min_size=1, max_size=8))
def test_names_are_always_different_short_and_never_that_of_new_users(found):
    table = profile(**{f"s{at}": {"acts_28d": 0.0, **each} for at, each in enumerate(found, 1)})
    told = names(table)
    assert told["name_zh"].is_unique and told["name_en"].is_unique
    assert "新用户" not in set(told["name_zh"])
    assert len(told) == len(found)
    pd.testing.assert_frame_equal(told, names(table.sample(frac=1.0, random_state=1)))


class TestPersistence:
    before = (
        Known(1, "高频学习型", "Frequent, learning much", "2026-01-05", jaccard=0.5),
        Known(2, "低频型", "Infrequent", "2026-01-05", jaccard=0.49),
    )

    def test_a_segment_that_shares_half_of_its_people_keeps_its_name_and_its_day(self):
        told = named(profile(s1={"spend_84d": 2.0}, s3={"acts_28d": 1.0}), before=self.before, since="2026-04-06")
        assert told.loc[1].tolist() == ["高频学习型", "Frequent, learning much", "2026-01-05"]
        assert told.loc[3].tolist() == ["高频型", "Frequent", "2026-04-06"]

    def test_below_half_a_new_name_is_given_even_under_the_same_number(self):
        told = named(profile(s2={"spend_84d": 2.0}), before=self.before, since="2026-04-06")
        assert told.loc[2].tolist() == ["高消费型", "Higher spend", "2026-04-06"]

    def test_a_name_that_was_somebody_elses_just_before_is_not_given(self):
        told = named(profile(s5={"acts_28d": -2.0}), before=self.before, since="2026-04-06")
        assert told.loc[5, "name_zh"] == "低频型 2"


def test_rules_have_names_of_their_own():
    told = named(profile(s1={"acts_28d": 2.0}, s4={"acts_28d": -2.0}), rules=True)
    assert told["name_zh"].to_dict() == {1: "本周高频型", 4: "近期沉默型"}


@pytest.mark.parametrize(
    ("found", "word"),
    [
        ({"refunds": 0.5}, "refunds and complaints first"),
        ({"refunds": 0.5, "spend": 2.0}, "refer friends"),  # who buys much also gives back more: no open case
        ({"recency": 1.0, "spend": 0.5}, "within 48 hours"),
        ({"enrolments": 1.0, "learning": -0.5}, "reminder to begin"),
        ({"recency": 1.0}, "monthly at most"),
        ({"carts": 1.0}, "trial lessons"),
        ({"carts": 1.0, "community": 2.0}, "answer questions"),
        ({"learning": 0.5}, "next course"),
        ({"activity": -1.0}, "once a week"),
        ({}, "two more weeks"),
    ],
)
def test_the_play_follows_from_the_effects(found, word):
    assert word in play_for(found).en


def test_new_users_have_the_guide_whatever_they_do():
    told = plays(profile(s0={"recency_days": 2.0}, s1={"recency_days": 2.0})).set_index("segment_id")
    assert "seven-day guide" in told.loc[0, "play_en"]
    assert "monthly at most" in told.loc[1, "play_en"]


def test_no_play_promises_a_price_to_some_of_a_segment():
    """A price that is lowered must be so by one rule for the whole segment."""
    told = [play for play in PLAYS if "优惠券" in play.zh and "不发优惠券" not in play.zh]
    assert told and all("同一规则" in play.zh for play in told)
    json.dumps([play.zh for play in told])
