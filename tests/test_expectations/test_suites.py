"""Suites are whole: as derived, one a table, every rule told in both languages, and plain GX reads them."""

import ast
import json
import re
from importlib.resources import files
from pathlib import Path
from string import Formatter

import pytest

from expectations import derive
from expectations.rule import ROWS
from expectations.suites import names, suite
from lyceum.schema import VARCHAR, Column, Table, table
from lyceum.tables import canonical, features
from lyceum.tables.canonical import PERSONAL

JUDGED = {declared.name: declared for declared in derive.judged()}


@pytest.mark.parametrize("declared", JUDGED.values(), ids=JUDGED)
def test_a_file_is_what_the_schema_and_the_rules_derive(declared):
    file = files("expectations") / "suites" / f"{declared.name}.json"
    assert file.read_text(encoding="utf-8") == derive.text(declared), "run `make suites`"


def test_every_canonical_snapshot_and_scored_table_has_a_suite_and_nothing_else_has():
    assert names() == set(JUDGED)
    assert {declared.name for declared in canonical.TABLES} <= set(JUDGED)
    assert {"features.user_snapshot", "features.item_snapshot", "marts.user_scores"} <= set(JUDGED)


@pytest.mark.parametrize("declared", JUDGED.values(), ids=JUDGED)
def test_a_rule_has_its_severity_its_words_and_shows_nobody(declared):
    for rule in suite(declared)["expectations"]:
        check_rule(declared, rule)


def check_rule(declared, rule):
    meta = rule["meta"]
    assert rule["severity"] == {"fail": "critical", "warn": "warning"}[meta["severity"]]
    assert meta["sentence_en"].endswith(".")
    assert meta["sentence_zh"].endswith("。")
    assert set(meta["column"].split(", ")) <= {*declared.names, "(rows)"}
    for name in meta["sample"]:
        assert name not in PERSONAL
        assert name in (*declared.key, "day", "newest"), "free text may be in it"
    if rule["type"] == ROWS:
        query = rule["kwargs"]["unexpected_rows_query"]
        assert {name for _, name, _, _ in Formatter().parse(query) if name is not None} == {"batch"}
        assert not re.search(r"\bJOIN\b|(?<!:):\w", query, re.IGNORECASE), "GX would read it otherwise"


@pytest.mark.parametrize("declared", JUDGED.values(), ids=JUDGED)
def test_names_of_rules_are_unique_and_the_key_and_what_is_required_block(declared):
    rules = {rule["meta"]["rule"]: rule["meta"] for rule in suite(declared)["expectations"]}
    assert len(rules) == len(suite(declared)["expectations"])
    needed = {"key", *(f"{column.name}.nulls" for column in declared.columns if column.required)}
    assert needed <= set(rules)
    assert {rules[name]["severity"] for name in needed} == {"fail"}


def test_plain_great_expectations_loads_every_suite():
    from expectations.checkpoint import great_expectations

    gx = great_expectations()
    for name in names():
        text = (files("expectations") / "suites" / f"{name}.json").read_text(encoding="utf-8")
        loaded = gx.ExpectationSuite(**json.loads(text))
        assert [each.expectation_type for each in loaded.expectations] == [
            rule["type"] for rule in json.loads(text)["expectations"]
        ]


def test_windows_follow_from_the_declaration_and_from_no_list():
    """A wider snapshot gets its rules without anybody typing a column."""
    windows = tuple(Column(f"clicks_{days}d", "BIGINT", "Clicks", "events", zero=True) for days in (1, 28, 7, 56))
    other = (
        Column("active_days_7d", "BIGINT", "Days", "days", zero=True),
        Column("longest_gap_7d", "BIGINT", "Gap", "days", needs=("click",)),
        Column("longest_gap_28d", "BIGINT", "Gap", "days", needs=("click",)),
    )
    wide = Table("features.wide", "Wide.", ("user_id",), (Column("user_id", VARCHAR, "Who"), *windows, *other))
    rules = {rule["meta"]["rule"]: rule for rule in derive.suite(wide)["expectations"]}
    query = rules["clicks.windows"]["kwargs"]["unexpected_rows_query"]
    assert query == (
        'SELECT 1 AS found FROM {batch} WHERE "clicks_1d" > "clicks_7d" OR "clicks_7d" > "clicks_28d" '
        'OR "clicks_28d" > "clicks_56d" OR ("clicks_1d" IS NULL) <> ("clicks_7d" IS NULL) '
        'OR ("clicks_7d" IS NULL) <> ("clicks_28d" IS NULL) OR ("clicks_28d" IS NULL) <> ("clicks_56d" IS NULL)'
    )
    assert '"active_days_7d" * 1 > 7' in rules["active_days.windows"]["kwargs"]["unexpected_rows_query"]
    assert "longest_gap.windows" not in rules, "the longest gap of more days may not hold for less"


def test_the_snapshot_has_a_rule_for_every_stem_of_windows():
    counted = {column.name for column in features.USER_SNAPSHOT.columns if column.zero}
    stems = {name.removesuffix("_84d") for name in counted if name.endswith("_84d")}
    stems = {stem for stem in stems if f"{stem}_28d" in counted} - {"spend"}
    assert len(stems) > 20
    rules = {rule["meta"]["rule"] for rule in suite(table("features.user_snapshot"))["expectations"]}
    assert {f"{stem}.windows" for stem in stems} <= rules


def test_two_modules_speak_great_expectations():
    root = Path(derive.__file__).parents[1]
    packages = ("lyceum", "pipelines", "features", "models", "expectations", "reports", "dags", "benchmarks")
    speaking = set()
    for file in (file for package in packages for file in (root / package).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            found = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            found += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.partition(".")[0] == "great_expectations" for name in found):
                speaking.add(file.relative_to(root).as_posix())
    assert speaking == {"expectations/checkpoint.py", "expectations/counting.py"}
