"""Newcomers and moves between states: what is told, and what must never be worked out from it."""

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.lifecycle import STATES
from reports import movements
from reports.query import SMALL, WITHHELD

from .planted_platform import rate, small_release

WEEK = date(2026, 7, 13)
REACH = {  # the moves that there can be
    **dict.fromkeys(("new", "active", "returned", "resurrected"), ("active", "at_risk")),
    "at_risk": ("returned", "dormant"),
    "dormant": ("returned", "resurrected", "dormant", "churned"),
    "churned": ("resurrected", "churned"),
}
PAIRS = [(before, now) for before in STATES for now in REACH[before]]


def told(con):
    rows = movements.moves(con)["value"]
    return {(row["from_state"], row["to_state"]): row["users"] for row in rows}


@pytest.fixture(scope="module")
def con():
    return small_release()


@pytest.fixture
def release(support, con):

    def made(moves):
        con.execute("DELETE FROM marts.lifecycle_moves")
        support.plant(
            con,
            "marts.lifecycle_moves",
            [{"from_state": a, "to_state": b, "users": n} for (a, b), n in moves.items()],
        )
        return con

    return made


def test_moves_of_ten_and_more_are_told_as_they_are(full):
    found = told(full)
    assert len(found) == 17
    assert found["unseen", "new"] == 150
    assert found["dormant", "resurrected"] == 20


def test_a_small_move_joins_states_and_only_on_its_side(full, release):
    large = told(full)
    found = told(release(large | {("resurrected", "at_risk"): 4, ("resurrected", "active"): 26}))
    assert found["back", "active"] == 60 + 26
    assert found["back", "at_risk"] == 40 + 4
    assert found["churned", "resurrected"] == 12  # people who were away are told as before
    assert "resurrected" not in {before for before, _ in found}


def test_a_small_number_that_the_sizes_would_give_away_joins_all_states(full, release):
    # at_risk -> returned is what remains of "returned" once dormant -> returned is known, and the other way round.
    found = told(release(told(full) | {("dormant", "returned"): 9}))
    assert {pair for pair in found if pair[0] == "away"} == {("away", "back"), ("away", "away")}
    assert found["away", "back"] == 50 + 9 + 20 + 12


def test_where_even_a_state_is_small_its_side_is_silent(full, release):
    small = told(full) | {("dormant", "resurrected"): 1, ("churned", "resurrected"): 2}
    found = told(release(small))
    assert not [pair for pair in found if pair[0] in ("at_risk", "dormant", "churned", "away")]
    assert found["active", "active"] == 800


def test_the_first_week_of_a_log_has_no_moves(release):
    assert told(release({("unseen", "new"): 500})) == {}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=len(PAIRS), max_size=len(PAIRS)))
def test_no_move_told_counts_fewer_than_ten_and_nobody_is_told_twice(support, con, counts):
    con.execute("DELETE FROM marts.lifecycle_moves")
    moves = {pair: count for pair, count in zip(PAIRS, counts, strict=True) if count}
    support.plant(
        con, "marts.lifecycle_moves", [{"from_state": a, "to_state": b, "users": n} for (a, b), n in moves.items()]
    )
    found = told(con)
    assert all(isinstance(users, int) and users >= 10 for users in found.values())
    here = Counter(before in movements.HERE for before, _ in moves for _ in range(moves[before, _]))
    acted = (*movements.HERE, movements.BACK, movements.EVERYBODY)
    for side in (True, False):
        shown = sum(users for (before, _), users in found.items() if (before in acted) is side)
        assert shown in (0, here[side])


def test_the_triangle_leaves_out_what_is_not_over(full):
    rows = movements.triangle(full, week=WEEK)["value"]
    assert len({row["week"] for row in rows}) == movements.COHORTS
    newest = {row["age"]: row for row in rows if row["week"] == "2026-07-06"}
    assert (newest[1]["kept"], newest[1]["gone"], newest[1]["share"]) == (40, 60, 0.4)
    assert all(not newest[age]["mature"] and newest[age]["share"] is None for age in movements.AGES[1:])
    assert sum(row["share"] is not None for row in rows) == sum(12 - age + 1 for age in movements.AGES)


def test_the_triangle_withholds_small_cells_and_their_complements(support, con):
    kept = {10: (100, 5), 9: (100, 97), 8: (29, 15), 7: (9, 4), 6: (30, 15), 5: (40, 0)}
    support.plant(
        con,
        "marts.rates",
        [rate("retention", WEEK - timedelta(days=7 * back), n, of, age=7) for back, (of, n) in kept.items()],
    )
    rows = movements.triangle(con, week=WEEK)["value"]
    assert [(row["newcomers"], row["kept"], row["gone"], row["share"]) for row in rows] == [
        (100, SMALL, WITHHELD, WITHHELD),
        (100, WITHHELD, SMALL, WITHHELD),
        (29, None, None, None),
        (SMALL, None, None, None),
        (30, 15, 15, 0.5),
        (40, 0, 40, 0.0),
    ]
