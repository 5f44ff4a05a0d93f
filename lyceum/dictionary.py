"""The data dictionary as Markdown, from the schema: `python -m lyceum.dictionary > docs/data-dictionary.md`.

`python -m lyceum.dictionary FILE` puts the table of questions between its two marks into a Markdown file instead.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import wrap

from lyceum import events
from lyceum.schema import Column, Table, published, questions
from lyceum.tables import canonical, features
from lyceum.tables.feeding import FEEDS
from lyceum.tables.questions import Question

HEAD = """\
# Data dictionary

Made by `make dictionary` from `lyceum/tables/`; change a table there. `lyceum tables NAME` prints the same for one
table, and the database carries it too, as comments on its tables and columns. Each release has the dictionary as a
page beside its report (`dictionary.en.html`, `dictionary.zh.html`), which also shows what the columns hold this week
and the way of each from the raw file.

A mark `!` after a type: never null. Every person is a pseudonym. Amounts are in the platform's currency. `as_of` is
the Monday 00:00, local time, that ends a week; `week` is the Monday that begins one."""

PUBLISHED = """\
## Published tables

They stand in `lyceum.duckdb`. `marts.*` holds the newest week. Each of its tables has a twin in `history.*` that
keeps the last weeks, with `as_of` in front."""

QUESTIONS = """\
## Questions

Views of the published tables, each an answer to a question that people ask: `SELECT * FROM marts.q_...`. A rate is
null while it is immature or has less than 30 below."""

CANONICAL = """\
## Canonical tables

They lie in the lake, and the mappings of a source fill them. They are not published."""

VOCABULARY = """\
## Event types

The words that `event_type` may be, and the groups that figures are made of."""

MARKS = ("<!-- questions -->", "<!-- /questions -->")  # around the table of questions in docs/analysts.md
WIDTH = 110  # characters of a line of a query
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
    """The whole dictionary: published tables, questions, canonical tables, event types."""
    parts = [HEAD, PUBLISHED, *map(_table, published()), QUESTIONS, *map(_question, questions())]
    parts += [CANONICAL, *map(_table, canonical.TABLES)]
    return "\n\n".join([*parts, VOCABULARY, _vocabulary()]) + "\n"


def _table(table: Table) -> str:
    key = ", ".join(f"`{name}`" for name in table.key)
    head = f"### {table.name}\n\n{_plain(table.meaning)}\n\nOne row per {key}.{_made_from(table)}"
    sets = features.SETS.get(table.name, {})
    within = {column for columns in sets.values() for column in columns}
    parts = [head, _columns(column for column in table.columns if column not in within)]
    return "\n\n".join(parts + [f"Feature set *{name}*:\n\n{_columns(columns)}" for name, columns in sets.items()])


def with_questions(text: str, /) -> str:
    """`text` with the table of every view and its question between the lines of MARKS."""
    before, _, rest = text.partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    rows = ((f"`{each.view}`", each.asks, each.asks_zh) for each in questions())
    return f"{before}{MARKS[0]}\n{_grid(('view', 'question', '问题'), rows)}\n{MARKS[1]}{after}"


def _made_from(table: Table) -> str:
    feed = FEEDS.get(table.name)
    return f" Made from {', '.join(feed.tables)} by `{feed.module}`." if feed and feed.tables else ""


def _question(each: Question) -> str:
    grid = _grid(("column", "meaning"), ((f"`{name}`", meaning) for name, meaning in each.columns.items()))
    asks = f"{_plain(each.asks)} {_plain(each.asks_zh)}"
    return f"### {each.view}\n\n{asks}\n\n{grid}\n\n```sql\n{_wrapped(each.query)}\n```"


def _wrapped(query: str) -> str:
    return "\n".join(wrap(" ".join(query.split()), WIDTH, break_long_words=False, break_on_hyphens=False))


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
    for file in map(Path, sys.argv[1:]):
        file.write_text(with_questions(file.read_text(encoding="utf-8")), encoding="utf-8")
    if not sys.argv[1:]:
        sys.stdout.write(dictionary())
