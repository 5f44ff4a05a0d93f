"""What a source file says, as values. One that is built has been checked by `lyceum.sources.load`."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from lyceum.mapping import Scope
from lyceum.schema import Table
from lyceum.tables.canonical import FROM_SOURCES

TABLES: dict[str, Table] = {table.name: table for table in FROM_SOURCES}


ELEMENT = ("each", "each_nth")  # raw columns of a file set that unfolds a list: the element, its number from 1


@dataclass(frozen=True)
class FileSet:
    """Delivered files of one shape. `columns` are the raw columns that mappings may name.

    `each` is the path of a list inside a JSON line: every element of it is a row of its own.
    """

    name: str
    glob: str
    format: str
    columns: tuple[str, ...]
    header: bool = True
    delimiter: str = ","
    each: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The raw columns in the order of their positions, with those of the element."""
        return (*self.columns, *ELEMENT) if self.each else self.columns

    @property
    def paths(self) -> tuple[tuple[str, ...], ...]:
        """Where inside a JSON line the columns lie; the last one is the list to unfold, if there is one."""
        return (*((name,) for name in self.columns), *((self.each,) if self.each else ()))


@dataclass(frozen=True)
class Lookup:
    """A small table out of those rows of a file set that satisfy `keep` and have a key.

    `key` are expressions over the raw columns. It is unique, or with `versions` = "first" the first row counts.
    """

    name: str
    file: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    keep: str = ""
    versions: str = "all"


@dataclass(frozen=True)
class TableMapping:
    """How the rows of one file set become rows of one canonical table.

    `join` gives, for each lookup used, the expressions that are equal to its key; they may name the lookups that
    stand before it. `versions` = "first" keeps the
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
        return self._scope(mapping, tuple(mapping.join))

    def join_scope(self, mapping: TableMapping, lookup: str, /) -> Scope:
        """What the expressions may name that are equal to the key of `lookup`: also the lookups before it."""
        names = tuple(mapping.join)
        return self._scope(mapping, names[: names.index(lookup)])

    def lookup_scope(self, lookup: Lookup, /) -> Scope:
        """What the key and the condition of `lookup` may name."""
        return Scope(self.files[lookup.file].names, {}, self.timezone)

    def keys_of(self, lookup: Lookup, /) -> list[str]:
        """The expressions of the key: the name of a raw column, whatever it looks like, stands for the column."""
        names = self.files[lookup.file].names
        return ['"' + text.replace('"', '""') + '"' if text in names else text for text in lookup.key]

    def _scope(self, mapping: TableMapping, joined: tuple[str, ...]) -> Scope:
        columns = {name: self.lookups[name].columns for name in joined}
        return Scope(self.files[mapping.file].names, columns, self.timezone)

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
