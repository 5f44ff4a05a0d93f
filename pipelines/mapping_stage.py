"""One file through one mapping: every raw row becomes a typed row, a skipped one, or one with a reason code.

Runs on the sandboxed connection, where raw ids are still in the clear; what it writes lies in the staging folder.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lyceum.delivery import Delivered, find, inspect
from lyceum.engine import quoted
from lyceum.errors import InputError
from lyceum.events import EVENT_TYPES
from lyceum.mapping import Expression, compile_expression
from lyceum.mapping_types import found_types, settled, strict
from lyceum.reading import SENTENCES, Staged, stage
from lyceum.source_records import Lookup, Source, TableMapping

if TYPE_CHECKING:
    import duckdb

SKIPPED = "skipped"
LOOKUP_ROWS = 1_000_000  # a lookup is held in memory


@dataclass(frozen=True)
class Mapped:
    """The rows of one file and mapping in `path`: place, line, lines, digest, status and the mapped columns.

    `place` orders the rows of a batch; a `status` of NULL means a good row. `counts` are rows by status.
    """

    path: Path
    delivered: Delivered
    mapping: TableMapping
    identity: str
    place: int
    counts: Mapping[str | None, int]
    misses: Mapping[str, int]

    @property
    def rejected(self) -> dict[str, int]:
        """Rejected rows by reason code."""
        return {code: n for code, n in self.counts.items() if code is not None and code != SKIPPED}


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


def needed_columns(source: Source, mappings: Sequence[TableMapping], /) -> list[int]:
    """Positions of the raw columns that the expressions of `mappings`, all on one file set, read."""
    names = {name for mapping in mappings for one in _expressions(source, mapping).values() for name in one.columns}
    columns = source.files[mappings[0].file].names
    return [n for n, name in enumerate(columns) if name in names]


def _expressions(source: Source, mapping: TableMapping) -> dict[str, Expression]:
    """Every expression of the mapping by what it is for: a column's name, `filter`, or (joins) `lookup:n`."""
    scope = source.scope(mapping)
    made = {name: compile_expression(text, scope=scope) for name, text in mapping.columns.items()}
    if mapping.keep:
        made["filter"] = compile_expression(mapping.keep, scope=scope)
    for lookup, texts in mapping.join.items():
        for number, text in enumerate(texts):
            made[f"{lookup}:{number}"] = compile_expression(text, scope=source.join_scope(mapping, lookup))
    return made


def load_lookup(
    con: "duckdb.DuckDBPyConnection", source: Source, lookup: Lookup, /, *, data: Path, folder: Path
) -> None:
    """Make the table lookup_NAME (k<n> for its key, v<n> for its columns) out of its files.

    Rows without a key answer nothing and are left out. So are lines that cannot be read where a mapping reads the
    same files and rejects them.

    Raises:
        InputError: no file, a line that cannot be read, a key that is not unique, or too many rows.
    """
    files = source.files[lookup.file]
    found = find(data, files)
    if not found:
        raise InputError(
            f"Lookup {lookup.name} has no file: nothing under the data folder matches {files.glob}.",
            remedy="Deliver it, or take the lookup out of the source.",
        )
    made = _lookup_expressions(source, lookup)
    values = [files.columns.index(name) for name in lookup.columns]
    used = {files.names.index(name) for one in made.values() for name in one.columns}
    selects = []
    for number, (name, path) in enumerate(found):
        own = folder / f"lookup-{lookup.name}-{number}"
        own.mkdir()
        staged = stage(con, inspect(name, path, files), files, needed=sorted({*used, *values}), folder=own)
        selects.append(_lookup_rows(staged, made, values, file=number))
    con.execute(f"CREATE TEMP TABLE read_{lookup.name} AS {' UNION ALL '.join(selects)}")
    _check_lookup(con, lookup, faulty=all(mapping.file != lookup.file for mapping in source.mappings))
    con.execute(
        f"CREATE TABLE lookup_{lookup.name} AS SELECT * EXCLUDE (fault, place) FROM read_{lookup.name} "
        f"WHERE fault IS NULL QUALIFY row_number() OVER (PARTITION BY {_keys(lookup)} ORDER BY place) = 1"
    )


def _lookup_expressions(source: Source, lookup: Lookup) -> dict[str, Expression]:
    """The expressions of the key (k<n>) and the condition (keep) of a lookup."""
    scope = source.lookup_scope(lookup)
    made = {f"k{n}": compile_expression(text, scope=scope) for n, text in enumerate(source.keys_of(lookup))}
    if lookup.keep:
        made["keep"] = compile_expression(lookup.keep, scope=scope)
    return made


def _lookup_rows(staged: Staged, made: Mapping[str, Expression], values: Sequence[int], *, file: int) -> str:
    """A SELECT of place, fault, k<n> and v<n> of the rows that answer, and of those with a fault."""
    keys = [name for name in made if name != "keep"]
    computed = {name: _attempt(one.duckdb if name == "keep" else _as_text(one)) for name, one in made.items()}
    kept = " AND ".join(
        [*(["made.keep.v"] if "keep" in made else []), *(f"made.{key}.v IS NOT NULL" for key in keys)]
    )
    chosen = [*(f"made.{key}.v AS {key}" for key in keys), *(f"c{n} AS v{i}" for i, n in enumerate(values))]
    return (
        f"SELECT ({file}, {staged.number}) AS place, fault, {', '.join(chosen)} "
        f"FROM (SELECT *, {_apart(computed)} AS made FROM ({staged.relation})) WHERE fault IS NOT NULL OR ({kept})"
    )


def _as_text(expression: Expression) -> str:
    return f"CAST({expression.duckdb} AS VARCHAR)"


def _attempt(sql: str) -> str:
    """A value wrapped in a struct, NULL where computing it raises."""
    return f"TRY(struct_pack(v := {sql}))"


def _apart(computed: Mapping[str, str]) -> str:
    """Named attempts as one struct, computed where the optimiser leaves them alone.

    In a plain SELECT it computes what occurs twice once, outside TRY: one bad cell then raises for the whole file,
    with the cell in the message. It does not look into UNNEST.
    """
    return f"unnest([struct_pack({', '.join(f'{name} := {sql}' for name, sql in computed.items())})])"


def _keys(lookup: Lookup) -> str:
    return ", ".join(f"k{n}" for n in range(len(lookup.key)))


def _check_lookup(con: "duckdb.DuckDBPyConnection", lookup: Lookup, *, faulty: bool) -> None:
    table = f"read_{lookup.name}"
    rows, faults = con.execute(f"SELECT count(*), count(fault) FROM {table}").fetchall()[0]
    keys = f"SELECT {_keys(lookup)} FROM {table} WHERE fault IS NULL"
    doubled = con.execute(f"SELECT count(*) FROM ({keys} GROUP BY ALL HAVING count(*) > 1)").fetchall()
    if faults and faulty:
        raise InputError(f"Lookup {lookup.name} has {faults} lines that cannot be read.", remedy="Mend its file.")
    if doubled[0][0] and lookup.versions == "all":
        raise InputError(
            f"Lookup {lookup.name}: {doubled[0][0]} keys ({', '.join(lookup.key)}) stand on more than one row.",
            remedy="A lookup needs a unique key: name all columns that make it so.",
        )
    if rows > LOOKUP_ROWS:
        raise InputError(f"Lookup {lookup.name} has {rows:,} rows.", remedy=f"The limit is {LOOKUP_ROWS:,}.")


def map_rows(
    con: "duckdb.DuckDBPyConnection",
    staged: Staged,
    source: Source,
    mapping: TableMapping,
    /,
    *,
    delivered: Delivered,
    place: int,
    target: Path,
) -> Mapped:
    """Map the rows of `staged` into Parquet at `target`; `place` + line is the row's place in the batch."""
    select = _select(con, staged, source, mapping, place=place)
    con.execute(f"COPY ({select}) TO {quoted(target)} (FORMAT parquet, COMPRESSION lz4)")
    target.chmod(0o600)
    rows = f"read_parquet({quoted(target)})"
    counts = con.execute(f"SELECT status, count(*) FROM {rows} GROUP BY status ORDER BY status").fetchall()
    misses = {
        name: con.execute(
            f"SELECT count(*) FROM {rows} WHERE missed_{name} AND status IS DISTINCT FROM 'skipped'"
        ).fetchall()[0][0]
        for name in mapping.join
    }
    return Mapped(target, delivered, mapping, source.identity(mapping), place, dict(counts), misses)


def _select(
    con: "duckdb.DuckDBPyConnection", staged: Staged, source: Source, mapping: TableMapping, *, place: int
) -> str:
    made = _expressions(source, mapping)
    scope = source.scope(mapping)
    found = found_types(con, made, scope=scope)
    columns = {name: mapping.target.column(name).type for name in mapping.columns}
    computed = {"keep": _attempt(made["filter"].duckdb if mapping.keep else "true")}
    for n, (name, type_name) in enumerate(columns.items()):
        computed[f"s{n}"] = _attempt(strict(made[name].duckdb, found=found[name], target=type_name))
    for name, texts in mapping.join.items():
        asked = " AND ".join(f"{made[f'{name}:{n}'].duckdb} IS NOT NULL" for n in range(len(texts)))
        computed[f"asked_{name}"] = _attempt(asked)
    beside = "".join(f", {found_in}" for found_in in _found(mapping))
    joined = f"SELECT raw.*, {_apart(computed)} AS made{beside} FROM {_joined(staged, mapping, made)}"
    final = [
        settled(f"made.s{n}.v", found=_seen(found[name], type_name), target=type_name) + f' AS "{name}"'
        for n, (name, type_name) in enumerate(columns.items())
    ]
    typed = f"SELECT *, {', '.join([*final, *_missed(mapping)])} FROM ({joined})"
    kept = ", ".join([*(f"missed_{name}" for name in mapping.join), *(f'"{name}"' for name in columns)])
    row = f"{staged.number} + {place} AS place, line, lines, digest, {_status(mapping)} AS status"
    return f"SELECT {row}, {kept} FROM ({typed})"


def _seen(found: str, target: str) -> str:
    """The type of a strict value: a text has become the target's type already."""
    return target if found in ("VARCHAR", '"NULL"') else found


def _joined(staged: Staged, mapping: TableMapping, made: Mapping[str, Expression]) -> str:
    joins = []
    for name, texts in mapping.join.items():
        keys = [f"TRY({_as_text(made[f'{name}:{n}'])}) = lookup_{name}.k{n}" for n in range(len(texts))]
        joins.append(f" LEFT JOIN lookup_{name} ON {' AND '.join(keys)}")
    return f"({staged.relation}) AS raw{''.join(joins)}"


def _found(mapping: TableMapping) -> list[str]:
    return [f"lookup_{name}.k0 IS NOT NULL AS found_{name}" for name in mapping.join]


def _missed(mapping: TableMapping) -> list[str]:
    """A row misses a lookup that it asks for, with a key, in vain."""
    asked = {name: f"(made.asked_{name} IS NULL OR made.asked_{name}.v)" for name in mapping.join}
    return [f"(fault IS NULL AND NOT found_{name} AND {asked[name]}) AS missed_{name}" for name in mapping.join]


def _status(mapping: TableMapping) -> str:
    """The first reason why the row is none of ours; NULL for a good one."""
    table = mapping.target
    cases = ["WHEN fault IS NOT NULL THEN fault", "WHEN made.keep IS NULL THEN 'bad_filter'"]
    cases.append(f"WHEN made.keep.v IS NOT TRUE THEN '{SKIPPED}'")
    for n, name in enumerate(mapping.columns):
        value = f'made.s{n}.v IS NOT NULL AND "{name}" IS NULL'
        empty = f" AND made.s{n}.v <> ''" if table.column(name).type == "VARCHAR" else ""
        cases.append(f"WHEN made.s{n} IS NULL OR ({value}{empty}) THEN 'bad_{name}'")
    required = [column.name for column in table.columns if column.required and column.name in mapping.columns]
    cases += [f"WHEN \"{name}\" IS NULL THEN 'missing_{name}'" for name in required if name != "event_id"]
    if table.name == "events":
        cases.append(f"WHEN event_type NOT IN {EVENT_TYPES!r} THEN 'unknown_event_type'")
    return f"CASE {' '.join(cases)} END"


def account(mapped: Mapped, staged: Staged, /) -> dict[str, object]:
    """The part of the file's account that mapping settles; duplicates and people are known after landing."""
    return {
        "file": mapped.delivered.name,
        "file_digest": mapped.delivered.digest,
        "mapping": mapped.identity,
        "rows": staged.rows + staged.blank,
        "skipped": mapped.counts.get(SKIPPED, 0),
        "rejected": sum(mapped.rejected.values()),
        "blank": staged.blank,
        "skip_reason": mapped.mapping.filter_name or None,
    }
