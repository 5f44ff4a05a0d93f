"""Nobody can work a small cell out from what else the same table shows."""

import duckdb
from hypothesis import given
from hypothesis import strategies as st

from reports.query import SMALL, SMALLEST_CELL, WITHHELD, ask, known, withhold
from reports.risks import warnings, warnings_total

COUNTS = st.lists(st.one_of(st.integers(0, 12), st.integers(0, 400)), max_size=8)


def possible(shown, total, /):
    """What each hidden count can be for a reader who knows the sum of all: {place: (least, most)}.

    A small one is 1 to 9; one that is withheld for its sake is 10 or more; where all are withheld, any may be small.
    """
    hidden = {at: value for at, value in enumerate(shown) if value in (SMALL, WITHHELD)}
    guarded = SMALLEST_CELL if SMALL in hidden.values() else 1
    least = {at: 1 if value == SMALL else guarded for at, value in hidden.items()}
    most = {at: SMALLEST_CELL - 1 if value == SMALL else total for at, value in hidden.items()}
    rest = total - sum(value for value in shown if known(value))
    return {
        at: (
            max(least[at], rest - sum(value for other, value in most.items() if other != at)),
            min(most[at], rest - sum(value for other, value in least.items() if other != at)),
        )
        for at in hidden
    }


@given(COUNTS)
def test_a_small_cell_does_not_follow_from_the_total(counts):
    rows = [{"users": count} for count in counts]
    shown = [row["users"] for row in withhold(rows, cells={"users": []}, unit=None, total_known=True)]
    people = sum(counts)
    if people < SMALLEST_CELL or sum(1 for count in counts if count) < 2:
        return  # the total itself is small, or it is the only cell there is
    for at, (least, most) in possible(shown, people).items():
        if 0 < counts[at] < SMALLEST_CELL:
            assert least < most, (counts, shown)
            assert least <= counts[at] <= most


@given(COUNTS)
def test_what_is_shown_is_true_and_what_is_hidden_is_near_to_something_small(counts):
    rows = [{"users": count} for count in counts]
    shown = [row["users"] for row in withhold(rows, cells={"users": []}, unit=None, total_known=True)]
    for value, count in zip(shown, counts, strict=True):
        assert value in (count, WITHHELD) or (value == SMALL and 0 < count < SMALLEST_CELL)
    if not [count for count in counts if 0 < count < SMALLEST_CELL]:
        assert shown == counts


@given(st.lists(st.sampled_from(["mentor_call", "reminder", "activity", "none"]), min_size=10, max_size=60))
def test_the_list_of_warnings_gives_no_small_group_away(actions):
    con = duckdb.connect()
    con.execute(
        "CREATE SCHEMA marts; CREATE TABLE marts.early_warnings AS SELECT unnest(?) AS suggested_action, "
        "false AS holdout, 0.8 AS risk, 10.0 AS value_at_stake, 8.0 AS expected_loss, 1 AS weeks_listed",
        [actions],
    )
    shown = warnings(con)["value"]
    total = warnings_total(con)["value"][0]["users"]
    con.close()
    counts = {row["suggested_action"]: row["users"] for row in shown}
    if len(counts) < 2:
        return
    limits = possible(list(counts.values()), total)
    for at, action in enumerate(counts):
        if 0 < actions.count(action) < SMALLEST_CELL:
            assert limits[at][0] < limits[at][1], counts


def test_what_hangs_on_a_hidden_cell_is_hidden_with_it():
    sql = "SELECT * FROM (VALUES ('a', 400, 100.5), ('b', 40, 7.5), ('c', 3, 1.5)) t(name, users, spend) ORDER BY 1"
    rows = ask(duckdb.connect(), sql, table="t", cells={"users": ("spend",)}, total_known=True)["value"]
    assert [row["spend"] for row in rows] == ["100.5", WITHHELD, WITHHELD]
