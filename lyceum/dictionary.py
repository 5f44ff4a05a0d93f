"""The data dictionary as Markdown, from the schema: `python -m lyceum.dictionary > docs/data-dictionary.md`."""

import sys
from collections.abc import Iterable, Iterator

from lyceum import events
from lyceum.schema import Column, Table, published
from lyceum.tables import canonical, features

HEAD = """\
# Data dictionary

Made by `make dictionary` from `lyceum/tables/`; change a table there. `lyceum tables NAME` prints the same for one
table, and the database carries it too, as comments on its tables and columns.

A mark `!` after a type: never null. Every person is a pseudonym. Amounts are in the platform's currency. `as_of` is
the Monday 00:00, local time, that ends a week; `week` is the Monday that begins one."""

PUBLISHED = """\
## Published tables

They stand in `lyceum.duckdb`. `marts.*` holds the newest week. Each of its tables has a twin in `history.*` that
keeps the last weeks, with `as_of` in front."""

CANONICAL = """\
## Canonical tables

They lie in the lake, and the mappings of a source fill them. They are not published."""

VOCABULARY = """\
## Event types

The words that `event_type` may be, and the groups that figures are made of."""

GROUPS = {
    "act (an active person did at least one)": events.ACT,
    "learning": events.LEARNING,
    "intent": events.INTENT,
    "writing": events.WRITING,
    "interacting": events.INTERACTING,
    "owning an item": events.OWNING,
    "evidence of taste": events.CONSUMING,
    "no act": events.NOT_AN_ACT,
}


def dictionary() -> str:
    """The whole dictionary: published tables, canonical tables, event types."""
    parts = [HEAD, PUBLISHED, *map(_table, published()), CANONICAL, *map(_table, canonical.TABLES)]
    return "\n\n".join([*parts, VOCABULARY, _vocabulary()]) + "\n"


def _table(table: Table) -> str:
    key = ", ".join(f"`{name}`" for name in table.key)
    head = f"### {table.name}\n\n{_plain(table.meaning)}\n\nOne row per {key}."
    sets = features.SETS.get(table.name, {})
    within = {column for columns in sets.values() for column in columns}
    parts = [head, _columns(column for column in table.columns if column not in within)]
    return "\n\n".join(parts + [f"Feature set *{name}*:\n\n{_columns(columns)}" for name, columns in sets.items()])


def _columns(columns: Iterable[Column]) -> str:
    return _grid(("column", "type", "unit", "meaning"), map(_row, columns))


def _row(column: Column) -> tuple[str, ...]:
    type_name = f"{column.type} !" if column.required else column.type
    return f"`{column.name}`", type_name, column.unit, column.meaning


def _vocabulary() -> str:
    rows = ((name, " ".join(f"`{kind}`" for kind in kinds)) for name, kinds in GROUPS.items())
    return _grid(("group", "event types"), rows)


def _grid(names: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(_lines(names, rows))


def _lines(names: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(names) + " |"
    yield "|" + "---|" * len(names)
    for row in rows:
        yield "| " + " | ".join(map(_plain, row)) + " |"


def _plain(text: str) -> str:
    """Text that Markdown neither splits at a bar nor takes for a tag."""
    return text.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    sys.stdout.write(dictionary())
