"""The only definition of every table and column: name, type, unit, meaning.

The declarations live in `lyceum.tables`, one file per family; this module is the door to them.
"""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from lyceum.errors import UsageError

if TYPE_CHECKING:
    import pyarrow

    from lyceum.tables.questions import Question

VARCHAR = "VARCHAR"
BIGINT = "BIGINT"
DOUBLE = "DOUBLE"
BOOLEAN = "BOOLEAN"
DATE = "DATE"
INSTANT = "TIMESTAMP WITH TIME ZONE"
MONEY = "DECIMAL(18,2)"


@dataclass(frozen=True)
class Column:
    """One column. `needs` names signals (event types, mostly) without any of which it is unknown, not zero.

    `zero` says that a person or item of whom nothing is told has 0 there; otherwise null.
    """

    name: str
    type: str
    meaning: str
    unit: str = ""
    required: bool = False
    needs: tuple[str, ...] = ()
    zero: bool = False

    @property
    def comment(self) -> str:
        """The sentence that stands in the database beside the column."""
        return f"{self.meaning} [{self.unit}]" if self.unit else self.meaning


@dataclass(frozen=True)
class Table:
    """One table: `name` is schema-qualified where it is published, `key` identifies a row.

    `foreign` has pairs (column, published table): each value of the column is a value of that table's only key column
    in the same release, or null. Declared are those that hold; the suites check them.
    """

    name: str
    meaning: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    partition: str | None = None
    volatile: tuple[str, ...] = ()  # columns that may differ between two runs of the same week
    foreign: tuple[tuple[str, str], ...] = ()

    @property
    def names(self) -> list[str]:
        """Column names in order."""
        return [column.name for column in self.columns]

    def column(self, name: str, /) -> Column:
        """The column called `name`; KeyError if there is none."""
        return next(column for column in self.columns if column.name == name)

    @property
    def short(self) -> str:
        """The name without its schema: the folder name in a lake."""
        return self.name.rpartition(".")[2]

    def arrow(self) -> "pyarrow.Schema":
        """The Arrow schema, with every column nullable (Delta keeps it simple to evolve)."""
        import pyarrow as pa

        return pa.schema([(column.name, arrow_type(column.type)) for column in self.columns])

    def ddl(self, name: str | None = None, /) -> str:
        """CREATE TABLE for DuckDB, without keys: indexes are not worth their risks in a read-only file."""
        body = ", ".join(f'"{column.name}" {column.type}' for column in self.columns)
        return f"CREATE TABLE {name or self.name} ({body})"


def arrow_type(type_name: str, /) -> "pyarrow.DataType":
    """The Arrow type of one of this module's type names."""
    import pyarrow as pa

    return {
        VARCHAR: pa.string(),
        BIGINT: pa.int64(),
        DOUBLE: pa.float64(),
        BOOLEAN: pa.bool_(),
        DATE: pa.date32(),
        INSTANT: pa.timestamp("us", tz="UTC"),
        MONEY: pa.decimal128(18, 2),
    }[type_name]


@cache
def tables() -> dict[str, Table]:
    """Every table by its full name."""
    from lyceum.tables import canonical, features, marts, quality

    every = (*canonical.TABLES, *features.TABLES, *marts.TABLES, *quality.TABLES)
    return {table.name: table for table in every}


def table(name: str, /) -> Table:
    """The table called `name`; an error that lists the near names if there is none."""
    from difflib import get_close_matches

    if name.startswith("history."):
        return with_history(table(f"marts.{name.removeprefix('history.')}"))
    try:
        return tables()[name]
    except KeyError:
        near = ", ".join(get_close_matches(name, tables(), n=3)) or ", ".join(sorted(tables()))
        raise UsageError(f"There is no table {name}.", remedy=f"Near names: {near}.") from None


def published() -> list[Table]:
    """The tables of a release, in the order in which they are built."""
    return [table for name, table in tables().items() if name.startswith(("marts.", "features.", "quality."))]


def questions() -> "tuple[Question, ...]":
    """The views of a release, in the order in which people ask."""
    from lyceum.tables import questions_business, questions_people

    return (*questions_people.QUESTIONS, *questions_business.QUESTIONS)


def with_history(table: Table, /) -> Table:
    """The same table with the week it was scored in: how the lake and `history.*` keep it."""
    if any(column.name == "as_of" for column in table.columns):
        return table
    as_of = Column("as_of", DATE, "The Monday 00:00 local that ended the week", required=True)
    return Table(
        f"history.{table.short}",
        table.meaning,
        ("as_of", *table.key),
        (as_of, *table.columns),
        partition="as_of",
        volatile=table.volatile,
    )
