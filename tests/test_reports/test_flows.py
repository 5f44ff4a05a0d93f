"""The flow chart: bands that add up, and nothing from which a small move could be worked out."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.drawing import WIDTH, svg
from reports.flows import GAP, HEIGHT, alluvial, bands, tops


def node(number, before, now):
    return {"segment_id": number, "before": before, "now": now, "name": f"n{number}", "label": str(now)}


def move(a, b, users):
    return {"from_segment_id": a, "to_segment_id": b, "users": users}


def test_bands_by_hand():
    found = bands([node(1, 100, 90), node(2, 50, 60)], [move(1, 2, 15)])
    assert [(flow.before, flow.now, flow.left, flow.right) for flow in found] == [
        (0, 0, 85, 90),  # 5 people came to 1 in moves too small to be told: they are in its own band
        (0, 1, 15, 15),
        (1, 1, 50, 45),
    ]


def test_people_in_no_segment_have_no_band_of_their_own():
    nodes = [node(1, 100, 90), {**node(-1, None, None)}]
    found = bands(nodes, [move(1, -1, 20), move(-1, 1, 10)])
    assert [(flow.before, flow.now, flow.left) for flow in found] == [(0, 0, 80), (0, 1, 20), (1, 0, 10)]


def test_a_move_from_or_to_a_group_that_is_not_shown_is_not_drawn():
    assert [(flow.before, flow.now) for flow in bands([node(1, 100, 90)], [move(1, 7, 20)])] == [(0, 0)]


sizes = st.integers(10, 5000)


@given(st.lists(sizes, min_size=2, max_size=8), st.data())
def test_each_end_is_as_large_as_its_group(before, data):
    numbers = range(len(before))
    moves = [
        move(a, b, data.draw(st.integers(10, 10 + before[a] // 10)))
        for a in numbers
        for b in numbers
        if a != b and before[a] >= 200 and data.draw(st.booleans())
    ]
    out, came = ({n: sum(m["users"] for m in moves if m[side] == n) for n in numbers} for side in ENDS)
    nodes = [node(n, before[n] + out[n], before[n] + came[n]) for n in numbers]
    found = bands(nodes, moves)
    for place, each in enumerate(nodes):
        assert sum(flow.left for flow in found if flow.before == place) == each["before"]
        assert sum(flow.right for flow in found if flow.now == place) == each["now"]


ENDS = ("from_segment_id", "to_segment_id")


def test_groups_do_not_touch():
    assert tops([10.0, 20.0], scale=2.0) == [GAP, 2 * GAP + 20.0]


@pytest.fixture(scope="module")
def spec():
    nodes = [node(1, 100, 90), node(2, 50, 60)]
    return alluvial(nodes, [move(1, 2, 15)], kinds=("stayed", "moved"), sides=("before", "now"))


def test_every_band_lies_within_the_chart_and_ends_at_both_sides(spec):
    points = [row for layer in spec["layer"] for row in layer["data"]["values"] if "flow" in row]
    assert {row["kind"] for row in points} == {"stayed", "moved"}
    assert min(row["y"] for row in points) >= GAP
    assert max(row["y2"] for row in points) <= spec["height"]
    assert all(0 <= row["x"] <= WIDTH and row["y2"] >= row["y"] for row in points)
    thickness = {row["flow"]: round(row["y2"] - row["y"], 1) for row in points}
    assert thickness["0-1"] == round(15 * HEIGHT / 150, 1)


def test_it_is_drawn_with_names_and_without_cut_words(spec):
    drawn = svg(spec, alt="flows")
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", drawn)
    assert {"n1", "n2", "90", "60", "before", "now", "stayed", "moved"} <= set(texts)
    assert "var(--c1)" in drawn and "var(--c3)" in drawn
