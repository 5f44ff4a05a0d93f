"""Sources: the TOML files that say how a platform's raw logs become canonical tables."""

import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import lyceum
from lyceum.errors import UsageError
from lyceum.mapping import near
from lyceum.source_check import meaning, shape
from lyceum.source_records import TABLES, FileSet, Lookup, Source, TableMapping

SHIPPED = Path(lyceum.__file__).resolve().parent.parent / "data" / "sources"
SHOWN = 5  # mistakes in one error; `lyceum sources check` lists all


def listing() -> list[tuple[str, str]]:
    """Name and title of every shipped source, by name."""
    documents = [(file.stem, _document(file)) for file in sorted(SHIPPED.glob("*.toml"))]
    return [(name, str(document.get("title", ""))) for name, document in documents]


def load(source: str | Path, /) -> Source:
    """The source of this name (a shipped one) or path (of a .toml file), checked.

    Raises:
        UsageError: there is none, or it has mistakes; names the first of them.
    """
    file = _find(source)
    built, mistakes = _read(file)
    if built is None or mistakes:
        more = f" (and {len(mistakes) - SHOWN} more)" if len(mistakes) > SHOWN else ""
        raise UsageError(
            f"Source {file.name} has mistakes: {'; '.join(mistakes[:SHOWN])}{more}",
            remedy=f"See `lyceum sources check {source}` and data/sources/README.md.",
        )
    return built


def check(source: str | Path, /) -> list[str]:
    """Every mistake of the source of this name or path, a sentence each; empty if it is right.

    Raises:
        UsageError: there is no such source.
    """
    return _read(_find(source))[1]


def _find(source: str | Path) -> Path:
    text = str(source)
    file = Path(text) if text.endswith(".toml") else SHIPPED / f"{text}.toml"
    if file.is_file() and (text.endswith(".toml") or "/" not in text):
        return file
    names = [shipped.stem for shipped in sorted(SHIPPED.glob("*.toml"))]
    raise UsageError(
        f"There is no source {text}.",
        remedy=f"Give the path of a .toml file, or a shipped source. {near(text, names)}",
    )


def _document(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _read(file: Path) -> tuple[Source | None, list[str]]:
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        return None, [f"it is no TOML: {error}"]
    source, mistakes = _understood(text)
    return source, list(mistakes)


@lru_cache(maxsize=8)  # a week asks five times, and to parse every expression takes a quarter of a second
def _understood(text: str) -> tuple[Source | None, Sequence[str]]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return None, [f"it is no TOML: {error}"]
    mistakes = shape(document)
    if mistakes:
        return None, mistakes
    source = _build(document)
    return source, meaning(source)


def _build(document: Mapping[str, Any]) -> Source:
    texts = {key: document[key] for key in ("name", "title", "timezone", "currency", "language", "ids")}
    return Source(
        **texts,
        duplicates=document.get("duplicates", "keep"),
        static=tuple(document.get("static", ())),
        files={name: _file(name, table) for name, table in document.get("files", {}).items()},
        lookups={name: _lookup(name, table) for name, table in document.get("lookup", {}).items()},
        mappings=tuple(_mapping(table, entry) for table in TABLES for entry in document.get(table, [])),
    )


def _file(name: str, table: Mapping[str, Any]) -> FileSet:
    lists = {key: tuple(table[key]) for key in ("columns", "each") if key in table}
    return FileSet(name=name, **{**table, **lists})


def _lookup(name: str, table: Mapping[str, Any]) -> Lookup:
    lists = {key: tuple(table[key]) for key in ("key", "columns")}
    return Lookup(name=name, **{**table, **lists})


def _mapping(table: str, entry: Mapping[str, Any]) -> TableMapping:
    kept = entry.get("filter", {})
    return TableMapping(
        table=table,
        name=entry.get("name", entry["file"]),
        file=entry["file"],
        columns=dict(entry["columns"]),
        join={name: tuple(expressions) for name, expressions in entry.get("join", {}).items()},
        filter_name=kept.get("name", ""),
        keep=kept.get("keep", ""),
        versions=entry.get("versions", "all"),
    )
