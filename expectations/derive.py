"""Writes every suite anew from the schema and the written rules: `python -m expectations.derive`.

The files are the standard JSON of Great Expectations; a test demands that they equal what is derived.
"""

import json
from pathlib import Path
from typing import Any

from expectations.canonical_rules import CANONICAL_RULES
from expectations.derived import derived
from expectations.published_rules import PUBLISHED_RULES
from lyceum.schema import Table, published
from lyceum.tables import canonical

FOLDER = Path(__file__).parent / "suites"


def judged() -> list[Table]:
    """The tables that have a suite, in the order in which they are judged: the lake's, then snapshots and scores."""
    return [*canonical.TABLES, *(table for table in published() if not table.name.startswith("quality."))]


def suite(table: Table, /) -> dict[str, Any]:
    """The suite of a table as Great Expectations JSON: `name`, `expectations`, `meta`."""
    written = {**CANONICAL_RULES, **PUBLISHED_RULES}.get(table.name, [])
    return {"name": table.name, "expectations": [*derived(table), *written], "meta": {"table": table.name}}


def text(table: Table, /) -> str:
    """The suite as it stands in its file."""
    return json.dumps(suite(table), indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the files and remove those of tables that are no more."""
    FOLDER.mkdir(exist_ok=True)
    for file in FOLDER.glob("*.json"):
        file.unlink()
    for table in judged():
        (FOLDER / f"{table.name}.json").write_text(text(table), encoding="utf-8")


if __name__ == "__main__":
    main()
