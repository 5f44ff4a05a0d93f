"""What a source file says, as values. One that is built has been checked by `lyceum.sources.load`."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from lyceum.mapping import Scope
from lyceum.schema import Table
from lyceum.tables.canonical import FROM_SOURCES

TABLES: dict[str, Table] = {table.name: table for table in FROM_SOURCES}


@dataclass(frozen=True)
class FileSet:
    """Delivered files of one shape. `columns` are the raw columns that mappings may name."""

    name: str
    glob: str
    format: str
    columns: tuple[str, ...]
    header: bool = True
    delimiter: str = ","


@dataclass(frozen=True)
class Lookup:
    """A small table, joined by its unique key."""

    name: str
    file: str
    key: tuple[str, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True)
class TableMapping:
    """How the rows of one file set become rows of one canonical table.

    `join` gives, for each lookup used, the expressions that are equal to its key. `versions` = "first" keeps the
    first row of a key whatever its known_at, "all" one row per key and known_at.
    """

    table: str
    name: str
    file: str
    columns: Mapping[str, str]
    join: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    filter_name: str = ""
    keep: str = ""
    versions: str = "all"

    @property
    def label(self) -> str:
        """The mapping's name in messages and accounts: table.name."""
        return f"{self.table}.{self.name}"

    @property
    def target(self) -> Table:
        """The canonical table it fills."""
        return TABLES[self.table]


@dataclass(frozen=True)
class Source:
    """One platform's logs: where they lie, how they are shaped, and what they mean."""

    name: str
    title: str
    timezone: str
    currency: str
    language: str
    ids: str
    duplicates: str
    static: tuple[str, ...]
    files: Mapping[str, FileSet]
    lookups: Mapping[str, Lookup]
    mappings: tuple[TableMapping, ...]

    @property
    def pseudonymous(self) -> bool:
        """Whether the ids came as pseudonyms and stay as they are."""
        return self.ids == "already pseudonymous"

    def scope(self, mapping: TableMapping, /) -> Scope:
        """What the expressions of `mapping` may name."""
        joined = {name: self.lookups[name].columns for name in mapping.join}
        return Scope(self.files[mapping.file].columns, joined, self.timezone)

    def digest(self, mapping: TableMapping, /) -> str:
        """Eight hex digits that change with anything that could change what the mapping makes of a file."""
        joined = [self.lookups[name] for name in sorted(mapping.join)]
        lookups = [[asdict(lookup), asdict(self.files[lookup.file])] for lookup in joined]
        rules = [self.timezone, self.currency, self.ids, self.duplicates]
        said = [asdict(mapping), asdict(self.files[mapping.file]), lookups, rules]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:8]

    def identity(self, mapping: TableMapping, /) -> str:
        """The mapping's name in deliveries and rejects: once changed, it is another one and reads its files again."""
        return f"{mapping.label}#{self.digest(mapping)}"
