"""The suites as data: the files of `expectations/suites`, one per table, standard JSON of Great Expectations."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

from lyceum.schema import Table


@cache
def _read() -> dict[str, dict[str, Any]]:
    folder = files("expectations") / "suites"
    texts = (file.read_text(encoding="utf-8") for file in folder.iterdir() if file.name.endswith(".json"))
    return {suite["name"]: suite for suite in map(json.loads, texts)}


def suite(table: Table, /) -> dict[str, Any]:
    """The suite of a table: `name`, `expectations`, `meta`. KeyError for a table that is not judged."""
    return _read()[table.name]


def names() -> set[str]:
    """The names of all tables that have a suite."""
    return set(_read())
