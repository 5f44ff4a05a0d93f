"""Raw rows through one mapping: each becomes a typed row, a skipped one, or one with a reason code.

Runs on the sandboxed connection, where raw ids are still in the clear. What it makes are tables in memory, which
spill into the staging folder.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lyceum.engine import quoted
from lyceum.events import EVENT_TYPES
from lyceum.mapping import Expression, compile_expression
from lyceum.mapping_types import found_types, settled, strict
from lyceum.reading import SENTENCES
from lyceum.schema import VARCHAR
from lyceum.source_records import Source, TableMapping

if TYPE_CHECKING:
    import duckdb

SKIPPED = "skipped"
# Texts put together from raw columns by functions that take any text: computing them cannot fail.
_HARMLESS = re.compile(r"(?:c[0-9]+|lookup_\w+\.v[0-9]+|coalesce|nullif|lower|upper|[(), ]|'(?:[^']|'')*')+")


@dataclass(frozen=True)
class Compiled:
    """A mapping whose expressions are checked: each with its type in the engine, by what it is for.

    That is a column's name, `filter`, or for a join `lookup:n`.
    """

    mapping: TableMapping
    identity: str
    number: int  # among the mappings of the source
    made: Mapping[str, Expression]
    found: Mapping[str, str]


@dataclass(frozen=True)
class Rows:
    """Raw rows waiting to be mapped: `relation` is a SELECT of file, fault, the c<n>, and of what `kept` names.

    `digest` and `text` are expressions over it: the digest of a row's content, the row as it was delivered.
    `kept` are the columns that number the rows and pass through, or nothing if the order of the rows numbers them.
    """

    relation: str
    digest: str
    text: str
    kept: tuple[str, ...] = ()


def compiled(con: "duckdb.DuckDBPyConnection", source: Source, mapping: TableMapping, /) -> Compiled:
    """Check the expressions of a mapping and find their types."""
    made = expressions(source, mapping)
    found = found_types(con, made, scope=source.scope(mapping))
    return Compiled(mapping, source.identity(mapping), source.mappings.index(mapping), made, found)


def expressions(source: Source, mapping: TableMapping, /) -> dict[str, Expression]:
    """Every expression of the mapping by what it is for, as in `Compiled`."""
    scope = source.scope(mapping)
    made = {name: compile_expression(text, scope=scope) for name, text in mapping.columns.items()}
    if mapping.keep:
        made["filter"] = compile_expression(mapping.keep, scope=scope)
    for lookup, texts in mapping.join.items():
        for number, text in enumerate(texts):
            made[f"{lookup}:{number}"] = compile_expression(text, scope=source.join_scope(mapping, lookup))
    return made


def needed_columns(source: Source, mappings: Sequence[TableMapping], /) -> list[int]:
    """Positions of the raw columns that the expressions of `mappings`, all on one file set, read."""
    names = {name for mapping in mappings for one in expressions(source, mapping).values() for name in one.columns}
    columns = source.files[mappings[0].file].names
    return [n for n, name in enumerate(columns) if name in names]


def sentence(code: str, /) -> str:
    """The reason for people; it names columns, never values."""
    kind, _, column = code.partition("_")
    if code in SENTENCES:
        return SENTENCES[code]
    if code == "unknown_event_type":
        return "The event type is no word of the vocabulary."
    if code == "bad_filter":
        return "The filter of the mapping cannot be computed for this row."
    if kind == "bad":
        return f"The value for {column} cannot be read as the column's type."
    return f"The required column {column} has no value."


def as_text(expression: Expression, /) -> str:
    """SQL of the expression as text."""
    return f"CAST({expression.duckdb} AS VARCHAR)"


def attempt(sql: str, /) -> str:
    """A value wrapped in a struct, NULL where computing it raises."""
    return f"TRY(struct_pack(v := {sql}))"


def mapped(rows: Rows, one: Compiled, /, *, timezone: str) -> str:
    """A SELECT of file, what `rows` keeps, status, raw, digest (for events), missed_<lookup> and the columns.

    A `status` of NULL means a good row; `raw` is the row as delivered where it was rejected. Events also get
    event_date, the day in `timezone`. A statement per stage: what one stage computes the next ones only read.
    """
    mapping = one.mapping
    steps = {name: _step(one, name) for name in mapping.columns}
    computed = [f"{step.sql} AS s{n}" for n, step in enumerate(steps.values())]
    computed += [f"{attempt(one.made['filter'].duckdb)} AS keep"] if mapping.keep else []
    computed += [f"{attempt(_asked(one, name))} AS asked_{name}" for name in mapping.join]
    computed += [f"lookup_{name}.k0 IS NOT NULL AS found_{name}" for name in mapping.join]
    attempted = f"SELECT raw.*, {', '.join(computed)} FROM {_joined(rows, one)}"
    final = [
        settled(f"s{n}{step.inner}", found=step.type, column=mapping.target.column(name)) + f' AS "{name}"'
        for n, (name, step) in enumerate(steps.items())
    ]
    typed = f"SELECT *, {', '.join([*final, *_missed(mapping)])} FROM ({attempted})"
    if mapping.table == "events":
        local = f"TRY(CAST(occurred_at AT TIME ZONE {quoted(timezone)} AS DATE))"
        typed = f"SELECT *, {local} AS event_date FROM ({typed})"
    judged = f"SELECT *, {_status(one, steps)} AS status FROM ({typed})"
    return f"SELECT {', '.join(_outcome(rows, mapping))} FROM ({judged})"


def _outcome(rows: Rows, mapping: TableMapping) -> list[str]:
    columns = [f'"{name}"' for name in mapping.columns]
    if mapping.table == "events":
        derived = "status IS NULL AND event_id IS NULL" if "event_id" in mapping.columns else "status IS NULL"
        columns = [f"CASE WHEN {derived} THEN {rows.digest} END AS digest", "event_date", *columns]
    raw = f"CASE WHEN status <> '{SKIPPED}' THEN {rows.text} END AS raw"
    return ["file", *rows.kept, "status", raw, *(f"missed_{name}" for name in mapping.join), *columns]


@dataclass(frozen=True)
class _Step:
    """A column on its way: SQL of the strict value, its type, and how to reach it if it is an `attempt`."""

    sql: str
    type: str
    inner: str


def _step(one: Compiled, name: str) -> _Step:
    target, found = one.mapping.target.column(name).type, one.found[name]
    value = strict(one.made[name].duckdb, found=found, target=target)
    seen = target if found in (VARCHAR, '"NULL"') else found  # of a text a strict value is of the target's type
    if target == VARCHAR == found and _HARMLESS.fullmatch(one.made[name].duckdb):
        return _Step(one.made[name].duckdb, seen, "")
    return _Step(attempt(value), seen, ".v")


def _asked(one: Compiled, lookup: str) -> str:
    keys = [one.made[f"{lookup}:{n}"].duckdb for n in range(len(one.mapping.join[lookup]))]
    return " AND ".join(f"{key} IS NOT NULL" for key in keys)


def _joined(rows: Rows, one: Compiled) -> str:
    joins = []
    for name, texts in one.mapping.join.items():
        keys = [f"TRY({as_text(one.made[f'{name}:{n}'])}) = lookup_{name}.k{n}" for n in range(len(texts))]
        joins.append(f" LEFT JOIN lookup_{name} ON {' AND '.join(keys)}")
    return f"({rows.relation}) AS raw{''.join(joins)}"


def _missed(mapping: TableMapping) -> list[str]:
    """A row misses a lookup that it asks for, with a key, in vain."""
    asked = {name: f"(asked_{name} IS NULL OR asked_{name}.v)" for name in mapping.join}
    return [f"(fault IS NULL AND NOT found_{name} AND {asked[name]}) AS missed_{name}" for name in mapping.join]


def _status(one: Compiled, steps: Mapping[str, _Step]) -> str:
    """The first reason why the row is none of ours; NULL for a good one."""
    table = one.mapping.target
    cases = ["WHEN fault IS NOT NULL THEN fault"]
    if one.mapping.keep:
        cases += ["WHEN keep IS NULL THEN 'bad_filter'", f"WHEN keep.v IS NOT TRUE THEN '{SKIPPED}'"]
    for n, (name, step) in enumerate(steps.items()):
        if not step.inner:
            continue
        text = table.column(name).type == VARCHAR  # a text is lost only where it stands for nobody
        lost = "" if text else f' OR (s{n}.v IS NOT NULL AND "{name}" IS NULL)'
        cases.append(f"WHEN s{n} IS NULL{lost} THEN 'bad_{name}'")
    required = [column.name for column in table.columns if column.required and column.name in one.mapping.columns]
    cases += [f"WHEN \"{name}\" IS NULL THEN 'missing_{name}'" for name in required if name != "event_id"]
    if table.name == "events":
        cases.append("WHEN event_date IS NULL THEN 'bad_occurred_at'")
        cases.append(f"WHEN event_type NOT IN {EVENT_TYPES!r} THEN 'unknown_event_type'")
    return f"CASE {' '.join(cases)} END"
