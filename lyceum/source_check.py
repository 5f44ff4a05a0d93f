"""Every mistake of a source file as a sentence: first its shape, then what its expressions mean."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from lyceum.errors import UsageError
from lyceum.events import EVENT_TYPES
from lyceum.mapping import Expression, Scope, compile_expression, near
from lyceum.mapping_types import found_types, strict
from lyceum.schema import Table
from lyceum.source_records import ELEMENT, TABLES, Lookup, Source, TableMapping
from lyceum.tables.canonical import BATCH

if TYPE_CHECKING:
    import duckdb

NAME = re.compile(r"[a-z][a-z0-9_]*")
WRITTEN = (*(column.name for column in BATCH), "event_date")  # by the ingest, never by a mapping
DERIVED = {"events": ("event_id",)}
TEXTS = ("name", "title", "timezone", "currency", "language", "ids")
IDS = ("raw", "already pseudonymous")
TOP = (*TEXTS, "duplicates", "static", "files", "lookup", *TABLES)
FILE_KEYS = ("glob", "format", "columns", "header", "delimiter", "each")
LOOKUP_KEYS = ("file", "key", "columns", "keep", "versions")
MAPPING_KEYS = ("name", "file", "filter", "join", "columns", "versions")
FORMATS = ("csv", "jsonl", "parquet")


def shape(document: Mapping[str, Any], /) -> list[str]:
    """What is wrong with the keys and kinds of a parsed source file."""
    found = list(_unknown(document, TOP, "the source"))
    found += [f"{key} is missing" for key in TEXTS if not isinstance(document.get(key), str)]
    if not found:
        found += _values(document)
    for kind, check in (("files", _file), ("lookup", _lookup)):
        tables = document.get(kind, {})
        if not isinstance(tables, dict):
            found.append(f"{kind} must be tables [{kind}.NAME]")
            continue
        for name, table in tables.items():
            found += _named(kind, name, table) or check(name, table, document)
    mappings = [(table, n, entry) for table in TABLES for n, entry in enumerate(_entries(document, table), 1)]
    for table, number, entry in mappings:
        found += _mapping(f"[[{table}]] number {number}", entry, document)
    if not mappings:
        found.append(f"there is no mapping: add [[events]] or another of {', '.join(TABLES)}")
    return found


def _entries(document: Mapping[str, Any], table: str) -> list[Any]:
    entries = document.get(table, [])
    return entries if isinstance(entries, list) else [entries]


def _unknown(table: Mapping[str, Any], known: Sequence[str], where: str) -> Iterator[str]:
    for key in table:
        if key not in known:
            yield f"{where} has an unknown key {key}. {near(key, known)}".rstrip()


def _values(document: Mapping[str, Any]) -> Iterator[str]:
    if not NAME.fullmatch(document["name"]):
        yield "name must be small letters, digits and _"
    if document["timezone"] not in available_timezones():
        zones = sorted(available_timezones())
        yield f"there is no time zone {document['timezone']}. {near(document['timezone'], zones)}"
    if not re.fullmatch("[A-Z]{3}", document["currency"]):
        yield "currency must be three capital letters (ISO 4217)"
    if document["ids"] not in IDS:
        yield f'ids must be "{IDS[0]}" or "{IDS[1]}"'
    if document.get("duplicates", "keep") not in ("keep", "drop"):
        yield 'duplicates must be "keep" or "drop"'
    if not _is_texts(document.get("static", [])):
        yield "static must be a list of attribute names"


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _named(kind: str, name: str, table: object) -> list[str]:
    if not NAME.fullmatch(name):
        return [f"[{kind}.{name}]: the name must be small letters, digits and _"]
    return [] if isinstance(table, dict) else [f"{kind}.{name} must be a table [{kind}.{name}]"]


def _file(name: str, table: Mapping[str, Any], document: Mapping[str, Any]) -> list[str]:
    where = f"[files.{name}]"
    found = list(_unknown(table, FILE_KEYS, where))
    glob = table.get("glob")
    if not isinstance(glob, str) or not glob or glob.startswith("/") or ".." in glob.split("/"):
        found.append(f"{where}: glob must be a pattern below the data folder")
    if table.get("format") not in FORMATS:
        found.append(f"{where}: format must be one of {', '.join(FORMATS)}")
    columns = table.get("columns")
    if not _is_texts(columns) or not columns or len(set(columns)) != len(columns):
        found.append(f"{where}: columns must list the raw columns that mappings use, each once")
    if not isinstance(table.get("header", True), bool):
        found.append(f"{where}: header must be true or false")
    delimiter = table.get("delimiter", ",")
    if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n':
        found.append(f"{where}: delimiter must be one character")
    return found + _each(where, table)


def _each(where: str, table: Mapping[str, Any]) -> list[str]:
    if "each" not in table:
        return []
    path = table["each"]
    if not _is_texts(path) or not path or any(mark in key for key in path for mark in "\"'\\*"):
        return [f"{where}: each must be a list of keys, the path of a list inside the line"]
    if table.get("format") != "jsonl":
        return [f"{where}: each needs the format jsonl"]
    taken = [name for name in ELEMENT if name in table.get("columns", [])]
    return [f"{where}: {name} names what each gives; a raw column cannot be called so" for name in taken]


def _lookup(name: str, table: Mapping[str, Any], document: Mapping[str, Any]) -> list[str]:
    where = f"[lookup.{name}]"
    found = list(_unknown(table, LOOKUP_KEYS, where))
    files = document.get("files", {})
    if table.get("file") not in files:
        return [*found, f"{where}: file must name one of [files.NAME]. {near(str(table.get('file')), list(files))}"]
    known = files[table["file"]].get("columns", []) if isinstance(files[table["file"]], dict) else []
    for key in ("key", "columns"):
        names = table.get(key)
        if not isinstance(names, list) or not _is_texts(names) or not names:
            found.append(f"{where}: {key} must be a list of columns")
            continue
        plain = [name for name in names if key == "columns" or re.fullmatch(r"\w+", name)]
        found += [
            f"{where}: {n} is no column of [files.{table['file']}]. {near(n, known)}"
            for n in plain
            if n not in known and not (key == "key" and n in ELEMENT)
        ]
    if not isinstance(table.get("keep", ""), str):
        found.append(f"{where}: keep must be an expression")
    return found + _versions(where, table)


def _versions(where: str, table: Mapping[str, Any]) -> list[str]:
    known = table.get("versions", "all") in ("first", "all")
    return [] if known else [f'{where}: versions must be "first" or "all"']


def _mapping(where: str, entry: object, document: Mapping[str, Any]) -> list[str]:
    if not isinstance(entry, dict):
        return [f"{where} must be a table"]
    found = list(_unknown(entry, MAPPING_KEYS, where))
    files = document.get("files", {})
    if not isinstance(entry.get("name", "a"), str) or not NAME.fullmatch(entry.get("name", "a")):
        found.append(f"{where}: name must be small letters, digits and _")
    if entry.get("file") not in files:
        found.append(f"{where}: file must name one of [files.NAME]. {near(str(entry.get('file')), list(files))}")
    if not _is_text_table(entry.get("columns")):
        found.append(f"{where}: columns must be a table of expressions, each a text")
    kept = entry.get("filter", {"name": "", "keep": ""})
    if not _is_text_table(kept) or set(kept) != {"name", "keep"}:
        found.append(f'{where}: filter must be {{ name = "why rows are left out", keep = "expression" }}')
    return found + _versions(where, entry) + _join(where, entry.get("join", {}), document.get("lookup", {}))


def _is_text_table(value: object) -> bool:
    return isinstance(value, dict) and bool(value) and all(isinstance(item, str) for item in value.values())


def _join(where: str, join: object, lookups: Mapping[str, Any]) -> list[str]:
    if not isinstance(join, dict):
        return [f'{where}: join must be {{ LOOKUP = ["expression", ...] }}']
    found = []
    for name, expressions in join.items():
        if name not in lookups:
            found.append(f"{where}: there is no [lookup.{name}]. {near(name, list(lookups))}")
        elif not _is_texts(expressions) or len(expressions) != len(lookups[name].get("key", [])):
            found.append(f"{where}: join.{name} must list one expression per key column of [lookup.{name}]")
    return found


def meaning(source: Source, /) -> list[str]:
    """What is wrong with the columns and expressions of a source whose shape is right."""
    from lyceum.engine import connect

    found = []
    labels = [mapping.label for mapping in source.mappings]
    for label in sorted({label for label in labels if labels.count(label) > 1}):
        found.append(f"two mappings are called {label}: give each a name of its own")
    with connect() as con:
        for lookup in source.lookups.values():
            found += [f"[lookup.{lookup.name}]: {mistake}" for mistake in _lookup_meaning(con, source, lookup)]
        for mapping in source.mappings:
            found += [f"{mapping.label}: {mistake}" for mistake in _mapping_meaning(con, source, mapping)]
    return found


def _lookup_meaning(con: "duckdb.DuckDBPyConnection", source: Source, lookup: Lookup) -> Iterator[str]:
    scope = source.lookup_scope(lookup)
    keys = source.keys_of(lookup)
    targets = {f"key expression {number}": (text, "VARCHAR", scope) for number, text in enumerate(keys, 1)}
    if lookup.keep:
        targets["keep"] = (lookup.keep, "BOOLEAN", scope)
    yield from _mistakes(con, targets)


def _mapping_meaning(con: "duckdb.DuckDBPyConnection", source: Source, mapping: TableMapping) -> Iterator[str]:
    yield from _columns(mapping.target, mapping)
    scope = source.scope(mapping)
    types = {name: mapping.target.column(name).type for name in mapping.columns if name in mapping.target.names}
    targets = {f"column {name}": (mapping.columns[name], type_name, scope) for name, type_name in types.items()}
    if mapping.keep:
        targets["filter"] = (mapping.keep, "BOOLEAN", scope)
    for lookup, expressions in mapping.join.items():
        for number, text in enumerate(expressions, 1):
            targets[f"join.{lookup} expression {number}"] = (text, "VARCHAR", source.join_scope(mapping, lookup))
    yield from _mistakes(con, targets)
    yield from _constant_type(mapping)


def _mistakes(con: "duckdb.DuckDBPyConnection", targets: Mapping[str, tuple[str, str, Scope]]) -> Iterator[str]:
    for where, (text, type_name, scope) in targets.items():
        try:
            check_expression(con, text, target=type_name, scope=scope)
        except UsageError as error:
            yield f"{where}: {error}"


def check_expression(con: "duckdb.DuckDBPyConnection", text: str, /, *, target: str, scope: Scope) -> Expression:
    """The compiled expression, bound to the engine and fit for a column of type `target`.

    Raises:
        UsageError: it is refused, does not bind, or has a type that the column cannot take.
    """
    expression = compile_expression(text, scope=scope)
    found = found_types(con, {"it": expression}, scope=scope)["it"]
    if target == "BOOLEAN" and found != "BOOLEAN" and not found.startswith("error"):
        raise UsageError(f"it is a {found}, not a condition")
    if target != "BOOLEAN" or found.startswith("error"):
        strict(expression.duckdb, found=found, target=target)
    return expression


def _columns(table: Table, mapping: TableMapping) -> Iterator[str]:
    for name in mapping.columns:
        if name in WRITTEN and name in table.names:
            yield f"column {name} is written by the ingest; leave it out"
        elif name not in table.names:
            yield f"there is no column {name} in {table.name}. {near(name, table.names)}"
    for column in table.columns:
        derived = column.name in (*WRITTEN, *DERIVED.get(table.name, ()))
        if column.required and not derived and column.name not in mapping.columns:
            yield f"the required column {column.name} is missing"


def _constant_type(mapping: TableMapping) -> Iterator[str]:
    constant = re.fullmatch(r"\s*'([^']*)'\s*", mapping.columns.get("event_type", ""))
    if constant and constant[1] not in EVENT_TYPES:
        yield f"column event_type: there is no event type {constant[1]}. {near(constant[1], EVENT_TYPES)}"
