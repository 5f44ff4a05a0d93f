"""How lines of JSON become rows."""

import json
from types import SimpleNamespace as Case

import pytest


def line(number: int, **more: object) -> str:
    row = {"user": f"u{number}", "at": "2026-07-14T20:00:00Z", "type": "view", "course": f"@-{number}", **more}
    return json.dumps(row, ensure_ascii=False) + "\n"


GOOD = line(1, title="课程") + line(2, price="9.90")
SAME = {
    "kind": "json",
    "mapped": 2,
    "columns": "channel, amount::VARCHAR",
    "values": [("课程", None), (None, "9.90")],
}
THREE = {"kind": "json", "mapped": 3, "items": ("1", "2", "3"), "columns": "channel"}


def third(text: str) -> str:
    """A third line whose title stands there as it is given."""
    return line(3, title="TEXT").replace('"TEXT"', text)


LANDED = {
    "as it should be": Case(data=GOOD, **SAME),
    "log noise between lines": Case(
        data="2026-07-14 INFO starting\n" + GOOD + "# done\n", **SAME, rejected={"bad_json": 2}
    ),
    "blank lines": Case(data=GOOD.replace("\n", "\n\n\r\n"), **SAME, blank=4),
    "half-written last line": Case(data=GOOD + line(3)[:40], **SAME, rejected={"bad_json": 1}),
    "JSON array": Case(
        data="[\n" + GOOD.replace("\n", ",\n", 1) + "]\n",
        **{**SAME, "mapped": 1, "items": ("2",), "values": [(None, "9.90")]},
        rejected={"bad_json": 3},
    ),
    "an array in one line": Case(data=GOOD + "[" + line(3).strip() + "]\n", **SAME, rejected={"bad_json": 1}),
    "values that are no objects": Case(data=GOOD + '"text"\n42\nnull\ntrue\n', **SAME, rejected={"bad_json": 4}),
    "two objects in one line": Case(data=GOOD + line(3).strip() + " " + line(4), **SAME, rejected={"bad_json": 1}),
    "a comma at the end": Case(data=GOOD + line(3).strip() + ",\n", **SAME, rejected={"bad_json": 1}),
    "single quotes": Case(data=GOOD + line(3).replace('"', "'"), **SAME, rejected={"bad_json": 1}),
    "NaN and Infinity": Case(  # what Python's json.dumps writes: taken as texts, which no number is
        data=GOOD + third("NaN") + third("0").replace("title", "price").replace(": 0", ": -Infinity"),
        **{**THREE, "values": [("课程",), (None,), ("NaN",)], "rejected": {"bad_amount": 1}},
    ),
    "lone surrogate in an escape": Case(data=GOOD + third('"\\ud800"'), **SAME, rejected={"bad_json": 1}),
    "surrogate pair in an escape": Case(
        data=GOOD + third('"\\ud83d\\ude00"'), **THREE, values=[("课程",), (None,), ("😀",)]
    ),
    "a NUL in an escape": Case(data=GOOD + third('"a\\u0000b"'), **THREE, values=[("课程",), (None,), ("a\0b",)]),
    "duplicate keys": Case(
        data=GOOD + third('"first", "title": "second"'), **THREE, values=[("课程",), (None,), ("first",)]
    ),
    "other keys and another order": Case(
        data=GOOD
        + '{"title": "x", "type": "view", "n": [1], "course": "@-3", "at": "2026-07-14T20:00:00Z", "user": "u3"}\n',
        **THREE,
        values=[("课程",), (None,), ("x",)],
    ),
    "missing keys": Case(data=GOOD + '{"user": "u3", "course": "@-3"}\n', **SAME, rejected={"missing_event_type": 1}),
    "an empty object": Case(data=GOOD + "{}\n", **SAME, rejected={"missing_event_type": 1}),
    "nested where a text is meant": Case(
        data=GOOD + third('{"a": [1, "x"]}'), **THREE, values=[("课程",), (None,), ('{"a":[1,"x"]}',)]
    ),
    "a column that changes type midway": Case(
        data=GOOD + line(3, price=12.5, user=3) + line(4, price=True) + line(5, price={"a": 1}),
        **{**THREE, "columns": "user_id, amount::VARCHAR", "values": [("u1", None), ("u2", "9.90"), ("3", "12.50")]},
        rejected={"bad_amount": 2},
    ),
    "10,000 levels": Case(
        data=GOOD + third("[" * 10_000 + "]" * 10_000),
        **{**THREE, "columns": "length(channel)"},
        values=[(2,), (None,), (20_000,)],
    ),
    "10,000 levels that nobody reads": Case(
        data=GOOD + third('"x"').replace("{", '{"deep": ' + '{"a":' * 10_000 + "1" + "}" * 10_000 + ", ", 1),
        **THREE,
        values=[("课程",), (None,), ("x",)],
    ),
    "10,000 levels that never close": Case(data=GOOD + third("[" * 10_000), **SAME, rejected={"bad_json": 1}),
    "100,000 keys": Case(
        data=GOOD + line(3, **{f"k{n}": n for n in range(100_000)}, title="last"),
        **THREE,
        values=[("课程",), (None,), ("last",)],
    ),
    "spaces before and after": Case(
        data=GOOD + "  " + line(3).strip() + " \t\r\n", **THREE, values=[("课程",), (None,), (None,)]
    ),
    "a tab before": Case(
        data=GOOD + "\t" + line(3),
        **THREE,
        values=[("课程",), (None,), (None,)],
    ),
    "a line of spaces": Case(data=GOOD + "   \n", **SAME, rejected={"bad_json": 1}),
    "a title with SQL and HTML": Case(
        data=GOOD + line(3, title="'); DROP TABLE events; --<script>"),
        **THREE,
        values=[("课程",), (None,), ("'); DROP TABLE events; --<script>",)],
    ),
}
REFUSED = {
    "UTF-16": Case(kind="json", data=GOOD, pack=lambda data: data.decode().encode("utf-16"), refused="holds UTF-16"),
}


@pytest.mark.parametrize("name", LANDED)
def test_every_row_is_accounted_for(landed, name):
    landed(name)


@pytest.mark.parametrize("name", REFUSED)
def test_one_sentence_refuses_the_file_and_the_lake_stays(refused, name):
    refused(name)
