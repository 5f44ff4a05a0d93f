"""What the exports need of the language beyond one row and one column: chained lookups, ties, lists, bad cells."""

import json

import pytest

from lyceum.errors import InputError
from lyceum.sources import check

HEAD = """
name = "forum"
title = "A forum"
timezone = "UTC"
currency = "CNY"
language = "zh"
ids = "raw"
duplicates = "drop"

[files.acts]
glob = "acts*.jsonl"
format = "jsonl"
columns = ["id", "who", "at", "re", "data"]
"""
EVENTS = """
[[events]]
file = "acts"
[events.columns]
user_id = "who"
event_type = "'view'"
occurred_at = "iso(at)"
"""


def source(tmp_path, text):
    file = tmp_path / "forum.toml"
    file.write_text(HEAD + text, encoding="utf-8")
    return file


def deliver(tmp_path, *rows, name="acts.jsonl"):
    data = tmp_path / "data"
    data.mkdir(exist_ok=True)
    lines = [row if isinstance(row, str) else json.dumps({"at": "2026-07-14T00:00:00Z", **row}) for row in rows]
    (data / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return data


@pytest.fixture
def taken(take, tmp_path):
    return lambda text, *rows, **named: take(str(source(tmp_path, text)), deliver(tmp_path, *rows), **named)


def test_a_bad_cell_that_is_read_twice_costs_its_row_and_is_not_quoted(taken):
    twice = "object_id = \"json_text(data, 'a')\"\nparent_id = \"concat('x', json_text(data, 'a'))\"\n"
    found = taken(EVENTS + twice, {"data": '{"a": 1}'}, {"data": "secret{"})
    assert found.rows("events", "object_id, parent_id") == [("1", "x1")]
    assert found.rows("rejects", "line, code") == [(2, "bad_object_id")]
    assert "secret" not in "".join(found.said)


LOOKUP = '\n[lookup.acts]\nfile = "acts"\nkey = ["id"]\ncolumns = ["who", "re"]\n'
CHAIN = (
    LOOKUP
    + LOOKUP.replace("lookup.acts", "lookup.above")
    + EVENTS.replace("[events.columns]", '[events.join]\nacts = ["re"]\nabove = ["acts.re"]\n[events.columns]')
)


def test_a_lookup_may_lead_to_another(taken):
    rows = [{"id": "q", "who": "a"}, {"id": "r", "who": "b", "re": "q"}, {"id": "v", "who": "c", "re": "r"}]
    found = taken(CHAIN + 'object_id = "id"\ntarget_user_id = "above.who"\n', *rows, {"re": "gone"}, {"re": "gone"})
    assert found.rows("events", "object_id, target_user_id", "1")[:3] == [
        ("q", None),
        ("r", None),
        ("v", found.person("a")),
    ]
    # two rows without a key answer nothing, a row without a key asks nothing, one row is a duplicate of the other
    assert found.result.misses == {"acts": 2, "above": 0}


def test_a_lookup_cannot_lead_to_a_later_one(tmp_path):
    text = CHAIN.replace('acts = ["re"]\nabove = ["acts.re"]', 'above = ["acts.re"]\nacts = ["re"]')
    assert any("no lookup acts joined" in mistake for mistake in check(source(tmp_path, text)))


def test_the_key_of_a_lookup_must_be_unique_unless_the_first_row_counts(take, tmp_path):
    text = LOOKUP + EVENTS.replace("[events.columns]", 'join = { acts = ["re"] }\n[events.columns]')
    text += 'target_user_id = "acts.who"\n'
    data = deliver(tmp_path, {"id": "q", "who": "b", "data": "x"}, {"id": "q", "who": "c"}, {"who": "d", "re": "q"})
    deliver(tmp_path, {"id": "p", "who": "z"}, "{broken", name="acts-0.jsonl")
    with pytest.raises(InputError, match="1 keys"):
        take(str(source(tmp_path, text)), data)
    first = text.replace('"re"]\n\n', '"re"]\nversions = "first"\n\n', 1)
    found = take(str(source(tmp_path, first)), data)
    (target,) = [row[0] for row in found.rows("events", "target_user_id") if row[0]]
    assert target == found.person("b")  # the broken line is a reject of its own file, no matter of the lookup
    assert found.accounts["events.acts"] == (5, 4, 0, 0, 0, 1, 0)


def test_a_lookup_keeps_the_rows_of_its_condition_and_computes_its_key(taken):
    lookup = LOOKUP.replace('["id"]', "[\"json_text(data, 'device')\"]") + "keep = \"starts_with(id, 'tie')\"\n"
    text = lookup + EVENTS.replace("[events.columns]", 'join = { acts = ["who"] }\n[events.columns]')
    text = text.replace('user_id = "who"', 'user_id = "coalesce(acts.who, who)"')
    rows = [
        {"id": "tie1", "who": "u1", "data": '{"device": "d1"}'},
        {"id": "x", "who": "d1", "data": '{"device": "d1"}'},
    ]
    found = taken(text, *rows)
    assert found.rows("events", "DISTINCT user_id") == [(found.person("u1"),)]


EACH = (
    EVENTS.replace("[[events]]", 'each = ["data", "list"]\n\n[[events]]')
    + 'object_id = "each"\nparent_id = "each_nth"\n'
)


def test_elements_of_a_list_are_rows(taken):
    same = {"id": "1", "data": {"list": [{"n": 1}, "two", "two", None, [5]]}}
    found = taken(EACH, same, {"id": "2", "data": {"list": []}}, {"id": "3", "data": {"list": 7}}, "{broken", same)
    assert found.rows("events", "object_id, parent_id", "parent_id, object_id") == [
        *(('{"n":1}', "1"), ("two", "2"), ("two", "3"), (None, "4"), ("[5]", "5"), (None, None), (None, None)),
    ]
    # equal elements of a line are different rows, an equal line is not; no list is one row
    assert found.accounts == {"events.acts": (13, 0, 0, 7, 5, 1, 0)}
    assert found.rows("rejects", "line, code, raw") == [(4, "bad_json", "{broken")]


def test_rejected_elements_name_the_line(taken):
    text = EACH.replace('"iso(at)"', "\"iso(json_text(each, 'at'))\"")
    good = {"at": "2026-07-14T00:00:00Z"}
    found = taken(text, {"id": "1"}, {"id": "2", "data": {"list": [good, {"at": "never"}, {"at": "never"}]}})
    assert found.accounts == {"events.acts": (4, 0, 0, 1, 0, 3, 0)}
    assert found.rows("rejects", "line, code") == [
        (1, "missing_occurred_at"),
        (2, "bad_occurred_at"),
        (2, "bad_occurred_at"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('each = ["data", "list"]', 'each = "data"', "list of keys"),
        ('each = ["data", "list"]', 'each = ["*"]', "list of keys"),
        ('each = ["data", "list"]', "", "no raw column each"),
        ('"re", "data"]', '"re", "data", "each"]', "cannot be called so"),
        ('format = "jsonl"', 'format = "csv"', "needs the format jsonl"),
        ('key = ["id"]', "key = [\"json_text(idd, 'x')\"]", "no raw column idd"),
        ('key = ["id"]', 'key = ["idd"]', "idd is no column"),
        ('columns = ["who"]', 'columns = ["who"]\nkeep = "id"', "not a condition"),
        ('columns = ["who"]', 'columns = ["who"]\nkeep = 1', "keep must be an expression"),
        ('columns = ["who"]', 'columns = ["who"]\nversions = "last"', '"first" or "all"'),
    ],
)
def test_a_mistake_is_named(tmp_path, old, new, said):
    text = HEAD + EACH + LOOKUP.replace(', "re"]', "]")
    assert check_text(tmp_path, text) == []
    assert old in text
    found = check_text(tmp_path, text.replace(old, new, 1))
    assert any(said in mistake for mistake in found), found


def check_text(tmp_path, text):
    (tmp_path / "forum.toml").write_text(text, encoding="utf-8")
    return check(tmp_path / "forum.toml")
