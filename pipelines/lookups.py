"""Lookups: small tables that mappings join, made once per run out of delivered files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lyceum.delivery import find, inspect
from lyceum.errors import InputError
from lyceum.mapping import Expression, compile_expression
from lyceum.reading import Staged, stage
from lyceum.source_records import Lookup, Source
from pipelines.mapping_stage import as_text, attempt

if TYPE_CHECKING:
    import duckdb

LOOKUP_ROWS = 1_000_000  # a lookup is held in memory


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
    computed = "".join(
        f", {attempt(one.duckdb if name == 'keep' else as_text(one))} AS {name}" for name, one in made.items()
    )
    kept = " AND ".join([*(["keep.v"] if "keep" in made else []), *(f"{key}.v IS NOT NULL" for key in keys)])
    chosen = [*(f"{key}.v AS {key}" for key in keys), *(f"c{n} AS v{i}" for i, n in enumerate(values))]
    return (
        f"SELECT ({file}, {staged.number}) AS place, fault, {', '.join(chosen)} "
        f"FROM (SELECT *{computed} FROM ({staged.relation})) WHERE fault IS NOT NULL OR ({kept})"
    )


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
