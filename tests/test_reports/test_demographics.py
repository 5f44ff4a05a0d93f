"""What the people of a segment said of themselves: counts by value, nothing under ten."""

import json

from reports.page import render
from reports.summary import summarise


def rows(con, support):
    given = {"as_of": support.AS_OF, "platform": support.PLATFORM, "release": "2026-07-20-r001"}
    return summarise(con, **given)


def test_values_stand_by_their_people_and_small_cells_are_left_out(support):
    con = support.empty_release()
    said = {"city": {"B": 20, "A": 20, "C": 31, "D": None, "E": 4}, "gender": {"f": None, "m": None}}
    many = {"city": {f"v{at}": 10 + at for at in range(9)}}
    segment = {"kind": "constructed", "share": 0.5}
    planted = [
        segment | {"segment_id": 1, "name_zh": "甲", "name_en": "One", "users": 75, "demographics": json.dumps(said)},
        segment
        | {"segment_id": 2, "name_zh": "乙", "name_en": "Two", "users": 126, "demographics": json.dumps(many)},
        segment | {"segment_id": 3, "name_zh": "丙", "name_en": "Three", "users": 50, "demographics": None},
    ]
    support.plant(con, "marts.segments", planted)
    summary = rows(con, support)
    found = summary["figures"]["demographics"]["value"]
    assert [(row["name_en"], row["attribute"], row["people_by_value"]) for row in found] == [
        ("Two", "city", "v8 18 · v7 17 · v6 16 · v5 15 · v4 14 · v3 13"),
        ("One", "city", "C 31 · A 20 · B 20"),
    ]
    assert "C 31 · A 20 · B 20" in render(summary, language="en")


def test_no_segment_says_nothing(support):
    assert rows(support.empty_release(), support)["figures"]["demographics"]["value"] == []
