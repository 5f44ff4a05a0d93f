from datetime import UTC, datetime, timedelta
from itertools import combinations
from math import factorial

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lyceum.schema import table
from models.community import INTERACTION_WEIGHTS, TEXT_WEIGHTS, health, members

AS_OF = datetime(2024, 3, 4, tzinfo=UTC)


def edges(*rows):
    return pd.DataFrame(rows, columns=["user_id", "target_user_id", "event_type", "interactions"])


def texts(*rows):
    return pd.DataFrame(rows, columns=["user_id", "event_type", "texts"])


def test_both_directions_count_once_each():
    rows = members(
        edges(("ann", "bob", "answer", 2), ("bob", "ann", "like", 1), ("cho", "bob", "comment", 1)),
        texts(("ann", "answer", 2), ("bob", "post", 1), ("dan", "post", 1)),
    ).set_index("user_id")
    assert [*rows.columns, "behaviour_id"] == table("marts.community_members").names[1:]  # which is told elsewhere
    assert rows.loc["ann"].tolist() == [2, 2, 1, 1, 7, 6 + 3.5]  # 2 x 3 + 1 x 1; texts 2 x 3
    assert rows.loc["bob"].tolist() == [1, 1, 3, 2, 9, 2 + 4.5]
    assert rows.loc["cho"].tolist() == [0, 1, 0, 1, 2, 1]
    assert rows.loc["dan"].tolist() == [1, 0, 0, 0, 0, 2]


def test_self_edges_strangers_and_weightless_types_do_not_count():
    rows = members(
        edges(
            *[("ann", "ann", "like", 5), ("ann", None, "like", 5), (None, "ann", "like", 5)],
            *[("ann", "bob", "report", 5), ("ann", "bob", "like", 1)],
        ),
        texts((None, "post", 3)),
    )
    assert rows["user_id"].tolist() == ["ann", "bob"]
    assert rows["community_value"].tolist() == [1, 1]


PLAYERS = "abcdef"
EDGES = st.lists(
    st.tuples(
        st.sampled_from(PLAYERS),
        st.sampled_from(PLAYERS),
        st.sampled_from(list(INTERACTION_WEIGHTS)),
        st.integers(1, 9),
    ),
    max_size=12,
)
TEXTS = st.lists(
    st.tuples(st.sampled_from(PLAYERS), st.sampled_from(list(TEXT_WEIGHTS)), st.integers(1, 9)), max_size=8
)


def worth(group, given, written):
    between = sum(INTERACTION_WEIGHTS[kind] * n for i, j, kind, n in given if i != j and {i, j} <= group)
    return between + sum(TEXT_WEIGHTS[kind] * n for i, kind, n in written if i in group)


def brute_force(player, given, written):
    others = [other for other in PLAYERS if other != player]
    total = 0.0
    for size in range(len(PLAYERS)):
        share = factorial(size) * factorial(len(PLAYERS) - size - 1) / factorial(len(PLAYERS))
        for group in map(set, combinations(others, size)):
            total += share * (worth(group | {player}, given, written) - worth(group, given, written))
    return total


@settings(max_examples=25)
@given(EDGES, TEXTS)
def test_shapley_value_is_that_of_the_game(given_edges, written):
    found = members(edges(*given_edges), texts(*written)).set_index("user_id")["shapley_value"]
    for player in PLAYERS:
        assert found.get(player, 0.0) == pytest.approx(brute_force(player, given_edges, written), abs=1e-9)
    assert found.sum() == worth(set(PLAYERS), given_edges, written)


@settings(max_examples=20)
@given(EDGES, TEXTS, st.randoms(use_true_random=False))
def test_order_of_rows_changes_nothing(given_edges, written, random):
    before = members(edges(*given_edges), texts(*written))
    random.shuffle(given_edges)
    random.shuffle(written)
    pd.testing.assert_frame_equal(members(edges(*given_edges), texts(*written)), before)


def said(*rows):
    """(object, community, user, kind, parent, hours before the as-of instant)"""
    frame = pd.DataFrame(rows, columns=["object_id", "community_id", "user_id", "kind", "parent_id", "hours"])
    when = [AS_OF - timedelta(hours=hours) for hours in frame.pop("hours")]
    return frame.assign(occurred_at=pd.Series(when, dtype="datetime64[us, UTC]"))


def present(*rows):
    return pd.DataFrame(rows, columns=["community_id", "user_id"])


def one(rows, community="(all)"):
    return rows.set_index("community_id").loc[community]


def test_counts_by_eye():
    rows = health(
        said(
            ("q1", "c1", "ann", "post", None, 100),
            ("r1", "c1", "ann", "comment", "q1", 99),  # her own
            ("r2", "c1", "bob", "answer", "q1", 90),
            ("q2", "c2", "ann", "post", None, 100),
            ("r3", "c2", "bob", "answer", "q2", 40),  # after 60 hours
            ("q3", "c2", "cho", "post", None, 47),  # too young to judge
            ("q4", None, "cho", "post", None, 500),
            ("q5", "c1", "old", "post", None, 28 * 24 + 1),
            ("q6", "c1", "new", "post", None, -1),
        ),
        present(("c1", "ann"), ("c1", "dan"), ("c3", "eve"), ("c1", None)),
        as_of_instant=AS_OF,
    )
    assert rows.columns.tolist() == table("marts.community_health").names
    assert rows["community_id"].tolist() == ["(all)", "c1", "c2", "c3"]
    counts = ["members_active", "speakers", "texts", "questions", "questions_unanswered"]
    assert one(rows)[counts].tolist() == [5, 3, 7, 3, 2]
    assert one(rows, "c1")[counts].tolist() == [3, 2, 3, 1, 0]
    assert one(rows, "c2")[counts].tolist() == [3, 3, 3, 1, 1]
    assert one(rows, "c3")[counts].tolist() == [1, 0, 0, 0, 0]
    assert rows[["top_5_percent_share", "first_reply_median_hours", "first_reply_in_24h"]].isna().all(axis=None)


def test_rates_from_thirty_on():
    asked = [(f"q{n}", "c", f"u{n}", "post", None, 200) for n in range(40)]
    soon = [(f"r{n}", "c", "helper", "answer", f"q{n}", 190) for n in range(20)]
    later = [(f"s{n}", "c", "helper", "comment", f"q{n}", 170) for n in range(10, 35)]
    rows = one(health(said(*asked, *soon, *later), present(), as_of_instant=AS_OF))
    assert rows["questions_unanswered"] == 5
    assert rows["first_reply_median_hours"] == 10  # 20 after 10 hours, 15 after 30, 5 censored
    assert rows["first_reply_p90_hours"] == 30
    assert rows["first_reply_in_24h"] == 0.5
    assert rows["top_5_percent_share"] == pytest.approx((45 + 1 + 1) / 85)  # 3 of 41 people
    few = one(health(said(*asked[:29], *soon, *later), present(), as_of_instant=AS_OF))
    assert few[["first_reply_in_24h", "first_reply_median_hours", "first_reply_p90_hours"]].isna().all()


def test_a_question_of_nobody_known_is_answered_by_anybody_known():
    rows = health(
        said(("q", "c", None, "post", None, 90), ("r", "c", None, "answer", "q", 80)), present(), as_of_instant=AS_OF
    )
    assert one(rows)["questions_unanswered"] == 1
    rows = health(
        said(("q", "c", None, "post", None, 90), ("r", "c", "bob", "answer", "q", 80)), present(), as_of_instant=AS_OF
    )
    assert one(rows)["questions_unanswered"] == 0


def test_silence_gives_empty_tables():
    assert health(said(), present(), as_of_instant=AS_OF).empty
    assert members(edges(), texts()).empty
