"""Suites as data: what the schema demands of every table, then the hand-written rules of `expectations/*.json`.

A suite is the standard JSON of Great Expectations on the facts of `expectations.facts`. Each expectation's `meta` has
`severity` (fail = nothing is published, warn = a banner), `column` (what it speaks about) and `sentence_en`.
"""

import json
from importlib.resources import files
from typing import Any

from expectations.facts import LAST_DAYS, duplicates
from lyceum.schema import Table

BETWEEN = "expect_column_values_to_be_between"
FAIL, WARN = "fail", "warn"


def suite(table: Table, /) -> dict[str, Any]:
    """The suite of one canonical table as Great Expectations JSON: `name`, `expectations`, `meta`."""
    written = files("expectations") / f"{table.short}.json"
    rules = json.loads(written.read_text(encoding="utf-8"))["expectations"] if written.is_file() else []
    volume = [_volume(days) for days in LAST_DAYS] if table.short == "events" else []
    return {"name": table.short, "expectations": [*_derived(table), *rules, *volume], "meta": {}}


def _derived(table: Table, /) -> list[dict[str, Any]]:
    """Required columns hold no null, and the key identifies a row."""
    required = [column.name for column in table.columns if column.required]
    key = " and ".join(table.key)
    return [
        *(_none(f"{name}.nulls", name, f"Every row of {table.short} has {name}.") for name in required),
        _none(duplicates(table), ", ".join(table.key), f"No two rows of {table.short} have the same {key}."),
    ]


def _none(fact: str, column: str, sentence: str, /) -> dict[str, Any]:
    meta = {"severity": FAIL, "column": column, "sentence_en": sentence}
    return {"type": BETWEEN, "kwargs": {"column": fact, "max_value": 0}, "meta": meta}


def _volume(days: int, /) -> dict[str, Any]:
    ago = "1 day" if days == 1 else f"{days} days"
    sentence = f"The day {ago} before the week's end has between 20 % and 500 % of its weekday's usual rows."
    return {
        "type": BETWEEN,
        "kwargs": {"column": f"event_date.volume_{days}d", "min_value": 0.2, "max_value": 5},
        "meta": {"severity": WARN, "column": "event_date", "sentence_en": sentence},
    }
