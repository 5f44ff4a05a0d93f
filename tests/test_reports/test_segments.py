"""What managers see of segments, interests, voice and ways of taking part."""

import re

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lyceum.schema import table
from reports.groups import segment_moves
from reports.page import render
from reports.query import SMALL, WITHHELD
from reports.segments import shortened
from reports.summary import summarise
from reports.voices import direction

from .planted_groups import MOVES


def of(con, support):
    return summarise(con, as_of=support.AS_OF, platform=support.PLATFORM, release="r001")


@pytest.fixture(scope="module")
def summary(full, support):
    return of(full, support)


def value(summary, name):
    return summary["figures"][name]["value"]


def part(summary, language, section):
    """The words of one section as a reader sees them."""
    text = render(summary, language=language)
    text = text[text.index(f'<section id="{section}"') :]
    text = re.sub(r"<code>.*?</code>", "", text[: text.index("</section>")], flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", re.sub("</?bdi>", "", text)))


def test_moves_say_what_chance_alone_moves(summary):
    said = part(summary, "zh", "segments")
    assert "990 人中，69 人换了分群，占 7.0%；其中 4.0 个百分点是偶然波动本身就会造成的。" in said
    assert "估计有 3.1% 的人真正改变了行为（95% 区间 1.8%～4.5%）" in said
    assert "12.0% 因划分变化而换组" in said
    said = part(summary, "en", "segments")
    assert "69 changed segment: 7.0%, of which 4.0 points are what chance alone moves." in said


def test_an_interval_that_holds_nought_claims_no_change(full, support):
    con = support.empty_release()
    row = {"week": support.WEEK, "people": 500, "moved": 20, "moved_share": 0.04, "moved_by_chance": 0.038}
    more = {"moved_truly": 0.002, "low_95": 0.0, "high_95": 0.011}
    support.plant_groups(con, support.plant)
    con.execute("DELETE FROM marts.segment_changes")
    support.plant(con, "marts.segment_changes", [row | more])
    said = part(of(con, support), "en", "segments")
    assert "no true change can be seen (upper end of the 95% interval: 1.1%)" in said
    assert "truly changed" not in said


def test_without_an_estimate_of_chance_only_the_count_is_told(support):
    con = support.empty_release()
    support.plant_groups(con, support.plant)
    con.execute("UPDATE marts.segment_changes SET moved_by_chance = NULL")
    said = part(of(con, support), "en", "segments")
    assert "Of 990 people segmented in both weeks, 69 changed segment." in said
    assert "chance" not in said


@pytest.mark.parametrize(
    ("kind", "zh", "en"),
    [
        ("natural", "自然分开的用户", "natural kinds of people: another sample"),
        ("constructed", "数据中没有自然分开的用户类别", "no natural kinds of people"),
        ("rules", "固定规则", "fixed rules"),
    ],
)
def test_whether_segments_are_natural_is_said(support, kind, zh, en):
    con = support.empty_release()
    support.plant_groups(con, support.plant)
    con.execute(f"UPDATE marts.segments SET kind = '{kind}' WHERE kind <> 'new'")
    summary = of(con, support)
    assert zh in part(summary, "zh", "segments")
    assert en in part(summary, "en", "segments")


def test_every_segment_is_told_with_what_to_do_and_new_users_stand_last(summary):
    rows = value(summary, "segment_profiles")
    assert [row["name_en"] for row in rows][-1] == "New users"
    assert (rows[0]["item_1"], rows[0]["weekday"], rows[0]["part_of_day"]) == ("Course 0", 6, "evening")
    said = part(summary, "zh", "segments")
    assert "推送进阶课，不必给优惠 Course 0、Course 1、Course 2 周六，晚间" in said


def test_a_tiny_segment_shows_nothing_but_its_name(summary):
    tiny = next(row for row in value(summary, "segment_profiles") if row["name_en"] == "Tiny group")
    shown = {name: cell for name, cell in tiny.items() if not name.startswith("name")}
    assert shown.pop("users") == SMALL
    assert set(shown.values()) == {WITHHELD}


def test_no_move_of_fewer_than_ten_is_told(summary):
    moves = value(summary, "segment_moves")
    assert {row["users"] for row in moves} == {users for _, _, users in MOVES if users >= 10}


@pytest.mark.parametrize(
    ("small", "left"),
    [
        ((4, 3), {31}),  # 7 of all moves are untold, so 12 is too; and 7 of segment 2, so 14 is too
        ((4, 6), {31, 14, 12}),  # 10 untold people are a cell that may be known
        ((), {31, 14, 12}),
    ],
)
def test_small_moves_do_not_follow_from_a_total(support, small, left):
    con = support.empty_release()
    told = [(1, 2, 31), (2, 3, 14), (3, 1, 12), *((2, n, users) for n, users in enumerate(small, 4))]
    rows = [{"from_segment_id": a, "to_segment_id": b, "users": n} for a, b, n in [*told, (1, 1, 400), (3, 3, 400)]]
    support.plant(con, "marts.segment_migration", rows)
    assert {row["users"] for row in value(of(con, support), "segment_moves")} == left


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    moves=st.dictionaries(
        st.tuples(st.integers(-1, 3), st.integers(-1, 3)), st.integers(1, 40), min_size=1, max_size=20
    )
)
def test_no_difference_of_a_known_total_and_the_moves_told_is_a_small_cell(support, moves):
    con = duckdb.connect()
    con.execute("CREATE SCHEMA marts")
    for name in ("marts.segments", "marts.segment_migration"):
        con.execute(table(name).ddl())
    rows = [{"from_segment_id": a, "to_segment_id": b, "users": users} for (a, b), users in moves.items()]
    support.plant(con, "marts.segment_migration", rows)
    told = [(row["from_segment_id"], row["to_segment_id"], row["users"]) for row in segment_moves(con)["value"]]

    def left(chosen):
        """A total and what of it is untold; a total below ten is itself no more than "<10"."""
        every = sum(users for (a, b), users in moves.items() if chosen(a, b))
        return every, every - sum(users for a, b, users in told if chosen(a, b))

    found = [left(lambda a, b, n=n: a == n) for n in range(4)] + [left(lambda a, b, n=n: b == n) for n in range(4)]
    found.append(left(lambda a, b: a != b and min(a, b) >= 0))
    assert not [untold for total, untold in found if total >= 10 and 0 < untold < 10]


def test_the_flow_chart_states_the_largest_move(summary):
    text = re.sub("</?bdi>", "", render(summary, language="en"))
    names = "from “Adding to cart, completing courses, higher spend” to “Frequent learners”"
    title = f"Largest move in the week: {names}, 31 people"
    assert text.count(title) >= 2  # the heading and the text alternative
    assert "a band from a segment to itself is people who stayed, moves of fewer than ten included" in text


def test_a_week_without_moves_has_no_flow_chart(support):
    con = support.empty_release()
    support.plant_groups(con, support.plant)
    con.execute("DELETE FROM marts.segment_migration WHERE from_segment_id <> to_segment_id")
    assert "Largest move" not in render(of(con, support), language="en")


def test_interests_name_the_segments_that_care_more(summary):
    said = part(summary, "en", "interests")
    assert "Frequent learners (×1.9); Adding to cart, completing courses, higher spend (×1.3)" in said
    assert "Tiny group" not in said  # three times as much, but of five people
    assert "alike in all" in said
    assert "“data” weighs 2.2 times as much in “Little learning, quiet lately” as in all" in said


def test_topics_are_called_by_their_first_words_where_that_tells_them_apart():
    assert shortened(["数据（sql、表格）", "绘本、共读"]) == {"数据（sql、表格）": "数据", "绘本、共读": "绘本"}
    assert shortened(["data, sql", "data (tables)", "plot"]) == {
        **{"data, sql": "data, sql", "data (tables)": "data (tables)"},
        "plot": "plot",
    }


def test_what_tells_less_than_the_mean_tells_nothing(support):
    con = support.empty_release()
    support.plant_groups(con, support.plant)
    con.execute("UPDATE quality.model_metrics SET value = -0.06 WHERE estimator = 'rfm_quintiles'")
    assert "RFM groups nothing (no better than the mean), both together 33.0%" in part(
        of(con, support), "en", "segments"
    )


def test_only_what_people_use_more_than_others_is_favoured(summary):
    assert {row["item_3"] for row in value(summary, "segment_profiles")} <= {"Course 2", WITHHELD}
    assert "Course 3" not in part(summary, "en", "segments")  # used less than by others: lift 0.85


def test_voices_have_trends_only_where_the_interval_leaves_one_out(summary):
    said = part(summary, "en", "voices")
    assert "Clearly more often than before: “refund” in complaints." in said
    assert "up, ×2.22 (1.25–4.10)" in said
    assert "level, ×1.07 (0.74–1.54)" in said
    assert "down, ×0.49 (0.31–0.77)" in said


def test_without_enough_people_before_there_is_no_trend(summary):
    rows = {row["label_en"]: row for row in value(summary, "voices")}
    assert rows["rules"]["trend"] is None
    assert "rules posts 14 — no data — sample too small" in part(summary, "en", "voices")


def test_a_platform_whose_texts_hold_no_topics_says_that_categories_stand_in(support):
    con = support.empty_release()
    support.plant_groups(con, support.plant)
    con.execute("UPDATE marts.topics SET method = 'category', words = '[]'")
    said = part(of(con, support), "en", "interests")
    assert "by category" in said
    assert "Common words" not in said


def test_a_topic_of_few_people_is_left_out_with_its_words(summary):
    assert "certificate" not in part(summary, "en", "voices")


def test_nothing_grows_where_nothing_stands_out(support):
    con = support.empty_release()
    support.plant_groups(con, support.plant)
    con.execute("UPDATE marts.voice_topics SET unusual = false")
    assert "没有明显增多的主题。" in part(of(con, support), "zh", "voices")


@pytest.mark.parametrize(
    ("low", "high", "unusual", "word"),
    [(1.1, 2.0, True, "up"), (1.1, 2.0, False, "level"), (0.2, 0.9, True, "down"), (0.9, 1.3, True, "level")],
)
def test_direction(low, high, unusual, word):
    assert direction({"low_95": low, "high_95": high, "unusual": unusual}) == word


def test_ways_of_taking_part_stand_beside_the_community(summary, support):
    said = part(summary, "zh", "community")
    assert "社群中有 3 种自然分开的参与方式。只读不写是常态，不是问题。" in said
    rows = {row["name_en"]: row["users"] for row in value(summary, "behaviours")}
    assert rows == {"Readers": 320, "Answerers": WITHHELD, "Askers": SMALL, "Now and then": 240}


@pytest.mark.parametrize("section", ["segments", "interests", "voices"])
def test_a_platform_without_it_says_so(support, section):
    con = support.empty_release()
    run = {"as_of": support.AS_OF, "step": "score", "status": "skipped", "provisional": False}
    parts = {"segments": "marts.segments", "interests": "marts.interests", "voices": "marts.voice_topics"}
    support.plant(con, "quality.runs", [run | {"part": parts[section], "code": "too_few_users", "why": "Few."}])
    assert "本节暂缺：用户太少，样本不足。" in part(of(con, support), "zh", section)
