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
from lyceum.mapping import Expression, Scope, compile_expression
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
    columns = source.files[mappings[0].file].columns
    return [n for n, name in enumerate(columns) if name in names]


def _expressions(source: Source, mapping: TableMapping) -> dict[str, Expression]:
    """Every expression of the mapping by what it is for: a column's name, `filter`, or (joins) `lookup:n`."""
    scope = source.scope(mapping)
    made = {name: compile_expression(text, scope=scope) for name, text in mapping.columns.items()}
    if mapping.keep:
        made["filter"] = compile_expression(mapping.keep, scope=scope)
    for lookup, texts in mapping.join.items():
        for number, text in enumerate(texts):
            made[f"{lookup}:{number}"] = compile_expression(text, scope=Scope(scope.columns, {}, scope.zone))
    return made


def load_lookup(
    con: "duckdb.DuckDBPyConnection", source: Source, lookup: Lookup, /, *, data: Path, folder: Path
) -> None:
    """Make the table lookup_NAME (k<n> for its key, v<n> for its columns) out of its files.

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
    keys, values = ([files.columns.index(name) for name in names] for names in (lookup.key, lookup.columns))
    chosen = [*(f"c{n} AS k{i}" for i, n in enumerate(keys)), *(f"c{n} AS v{i}" for i, n in enumerate(values))]
    selects = []
    for number, (name, path) in enumerate(found):
        own = folder / f"lookup-{lookup.name}-{number}"
        own.mkdir()
        staged = stage(con, inspect(name, path, files), files, needed=sorted({*keys, *values}), folder=own)
        selects.append(f"SELECT fault, {', '.join(chosen)} FROM ({staged.relation})")
    con.execute(f"CREATE TEMP TABLE read_{lookup.name} AS {' UNION ALL '.join(selects)}")
    _check_lookup(con, lookup, len(keys))
    con.execute(f"CREATE TABLE lookup_{lookup.name} AS SELECT * EXCLUDE (fault) FROM read_{lookup.name}")


def _check_lookup(con: "duckdb.DuckDBPyConnection", lookup: Lookup, width: int) -> None:
    key = ", ".join(f"k{n}" for n in range(width))
    table = f"read_{lookup.name}"
    rows, faults = con.execute(f"SELECT count(*), count(fault) FROM {table}").fetchall()[0]
    doubled = con.execute(
        f"SELECT count(*) FROM (SELECT {key} FROM {table} GROUP BY ALL HAVING count(*) > 1)"
    ).fetchall()
    if faults:
        raise InputError(f"Lookup {lookup.name} has {faults} lines that cannot be read.", remedy="Mend its file.")
    if doubled[0][0]:
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
    values = [
        f"TRY(struct_pack(v := {strict(made[name].duckdb, found=found[name], target=type_name)})) AS s{n}"
        for n, (name, type_name) in enumerate(columns.items())
    ]
    keep = f"TRY(struct_pack(v := {made['filter'].duckdb if mapping.keep else 'true'}))"
    computed = ", ".join([f"{keep} AS keep", *values, *_missed(mapping)])
    evaluated = f"SELECT raw.*, {computed} FROM {_joined(staged, mapping, made)}"
    final = [
        settled(f"s{n}.v", found=_seen(found[name], type_name), target=type_name) + f' AS "{name}"'
        for n, (name, type_name) in enumerate(columns.items())
    ]
    typed = f"SELECT *, {', '.join(final)} FROM ({evaluated})"
    kept = ", ".join([*(f"missed_{name}" for name in mapping.join), *(f'"{name}"' for name in columns)])
    return f"SELECT line + {place} AS place, line, lines, digest, {_status(mapping)} AS status, {kept} FROM ({typed})"


def _seen(found: str, target: str) -> str:
    """The type of a strict value: a text has become the target's type already."""
    return target if found in ("VARCHAR", '"NULL"') else found


def _joined(staged: Staged, mapping: TableMapping, made: Mapping[str, Expression]) -> str:
    keys = [
        f"TRY(CAST({made[f'{name}:{n}'].duckdb} AS VARCHAR)) AS j_{name}_{n}"
        for name, texts in mapping.join.items()
        for n in range(len(texts))
    ]
    joins = []
    for name, texts in mapping.join.items():
        equal = " AND ".join(f"raw.j_{name}_{n} = lookup_{name}.k{n}" for n in range(len(texts)))
        joins.append(f" LEFT JOIN lookup_{name} ON {equal}")
    return f"(SELECT {', '.join(['*', *keys])} FROM ({staged.relation})) AS raw{''.join(joins)}"


def _missed(mapping: TableMapping) -> list[str]:
    return [f"(fault IS NULL AND lookup_{name}.k0 IS NULL) AS missed_{name}" for name in mapping.join]


def _status(mapping: TableMapping) -> str:
    """The first reason why the row is none of ours; NULL for a good one."""
    table = mapping.target
    cases = ["WHEN fault IS NOT NULL THEN fault", "WHEN keep IS NULL THEN 'bad_filter'"]
    cases.append(f"WHEN keep.v IS NOT TRUE THEN '{SKIPPED}'")
    for n, name in enumerate(mapping.columns):
        value = f's{n}.v IS NOT NULL AND "{name}" IS NULL'
        empty = f" AND s{n}.v <> ''" if table.column(name).type == "VARCHAR" else ""
        cases.append(f"WHEN s{n} IS NULL OR ({value}{empty}) THEN 'bad_{name}'")
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
