"""Suites are whole: every rule has its fact, its severity and its sentence, and speaks of a column that exists."""

import datetime as dt
from importlib.resources import files

import pytest

from expectations.facts import facts
from expectations.suites import suite
from lyceum.events import EVENT_TYPES
from lyceum.schema import table
from lyceum.tables.canonical import FROM_SOURCES


@pytest.mark.parametrize("declared", FROM_SOURCES, ids=lambda declared: declared.name)
def test_every_rule_has_its_fact_and_its_words(declared, connect):
    con = connect({declared.name: []})
    found = facts(con, declared, tables=[], as_of=dt.date(2024, 5, 6), event_types=EVENT_TYPES)
    rules = suite(declared)["expectations"]
    judged = [rule["kwargs"]["column"] for rule in rules]
    assert len(set(judged)) == len(judged)
    assert set(judged) <= set(found)
    for rule in rules:
        assert {"min_value", "max_value"} & set(rule["kwargs"])
        assert rule["meta"]["severity"] in ("fail", "warn")
        assert rule["meta"]["sentence_en"].endswith(".")
        assert set(rule["meta"]["column"].split(", ")) <= {*declared.names, "(rows)"}


def test_required_columns_and_the_key_block():
    rules = {rule["kwargs"]["column"]: rule["meta"]["severity"] for rule in suite(table("users"))["expectations"]}
    expected = ("user_id.nulls", "source.nulls", "batch_id.nulls", "ingested_at.nulls", "user_id+known_at.duplicates")
    assert rules == dict.fromkeys(expected, "fail")


def test_every_written_suite_belongs_to_a_table():
    written = {path.name for path in files("expectations").iterdir() if path.name.endswith(".json")}
    assert written
    assert written <= {f"{declared.name}.json" for declared in FROM_SOURCES}
