from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lyceum.errors import UsageError
from lyceum.schema import table
from models.incentives import Rule, balances, leagues, ledger, levels

DAY = date(2024, 1, 1)
RULES = {
    "post": Rule(3, daily_cap=2),
    "comment": Rule(1),
    "purchase": Rule(20, daily_cap=1),
    "refund": Rule(20, revokes=("purchase",)),
    "remove": Rule(3, revokes=("post", "comment")),
}


def days(*rows):
    frame = pd.DataFrame(rows, columns=["user_id", "day", "event_type", "events"])
    return frame.assign(day=[DAY + timedelta(days=day) for day in frame["day"]])


def entries(rows):
    return [((row.day - DAY).days, row.rule, row.events, row.points) for row in rows.itertuples()]


def test_daily_cap_and_revocation_by_hand():
    rows = ledger(
        days(
            *[("ann", 0, "post", 5), ("ann", 0, "purchase", 2), ("ann", 0, "login", 9), (None, 0, "post", 1)],
            *[("ann", 1, "refund", 2), ("ann", 1, "comment", 1), ("ann", 2, "remove", 1), ("ann", 2, "remove", 4)],
        ),
        rules=RULES,
    )
    assert rows.columns.tolist() == table("marts.points_ledger").names
    assert entries(rows) == [
        (0, "post", 2, 6),
        (0, "purchase", 1, 20),
        (1, "comment", 1, 1),
        (1, "refund", 2, -20),  # two refunds of one rewarded purchase
        (2, "remove", 5, -7),
    ]
    assert balances(rows).values.tolist() == [["ann", 0]]


def test_what_could_not_be_taken_is_not_taken_later():
    rows = ledger(days(("ann", 0, "refund", 1), ("ann", 1, "purchase", 1)), rules=RULES)
    assert entries(rows) == [(1, "purchase", 1, 20)]


HISTORY = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 6), st.sampled_from([*RULES, "view"]), st.integers(1, 4)),
    max_size=30,
)


def replayed(rows):
    """The rules one event type at a time, day by day, as a person would keep the book."""
    book = {}
    for user in {row[0] for row in rows}:
        given, taken = {"buying": 0, "writing": 0}, {"buying": 0, "writing": 0}
        for day in range(7):
            counts = {kind: sum(r[3] for r in rows if r[:3] == (user, day, kind)) for kind in RULES}
            given["writing"] += 3 * min(counts["post"], 2) + counts["comment"]
            given["buying"] += 20 * min(counts["purchase"], 1)
            for pool, kind, points in (("buying", "refund", 20), ("writing", "remove", 3)):
                taken[pool] = min(taken[pool] + points * counts[kind], given[pool])
        book[user] = sum(given.values()) - sum(taken.values())
    return {user: points for user, points in book.items() if points}


@settings(max_examples=20)
@given(HISTORY, st.randoms(use_true_random=False))
def test_ledger_equals_a_replay_in_any_order_and_never_owes(rows, random):
    book = ledger(days(*rows), rules=RULES)
    random.shuffle(rows)
    pd.testing.assert_frame_equal(ledger(days(*rows), rules=RULES), book)
    found = dict(balances(book).itertuples(index=False))
    assert {user: points for user, points in found.items() if points} == replayed(rows)
    assert all(points >= 0 for points in found.values())
    assert not book.duplicated(["user_id", "day", "rule"]).any()


def test_a_rule_cannot_revoke_what_no_rule_gives():
    with pytest.raises(UsageError, match="refund revokes purchase"):
        ledger(days(), rules={"post": Rule(1), "refund": Rule(1, revokes=("purchase",))})


def test_levels_by_eye():
    points = pd.Series([0, 9, 10, 99, 100, 5000], index=list("abcdef"))
    assert levels(points, thresholds=(0, 10, 100)).tolist() == [1, 1, 2, 2, 3, 3]


def test_leagues_are_small_ordered_and_blind_to_the_order_of_ids():
    points = pd.DataFrame({"user_id": [f"u{n:03d}" for n in range(7)], "points_28d": [1, 9, 5, 5, 5, 5, 7]})
    rows = leagues(points, size=3)
    assert rows.columns.tolist() == table("marts.leaderboard").names
    assert rows[["league", "rank"]].values.tolist() == [[1, 1], [1, 2], [1, 3], [2, 1], [2, 2], [2, 3], [3, 1]]
    assert rows["points_28d"].tolist() == [9, 7, 5, 5, 5, 5, 1]
    assert rows["user_id"].tolist()[2:6] != sorted(rows["user_id"].tolist()[2:6])
    pd.testing.assert_frame_equal(leagues(points.sample(frac=1, random_state=1), size=3), rows)


def test_nobody_gives_empty_tables():
    assert ledger(days()).empty
    assert balances(ledger(days())).empty
    assert leagues(pd.DataFrame({"user_id": [], "points_28d": []})).empty
