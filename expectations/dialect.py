"""A private SQLAlchemy dialect over an open DuckDB connection: Great Expectations' own SQL engine judges through it.

The connection is the caller's: its temporary views are what is judged, and nothing here closes it, commits or rolls
back. Great Expectations hands a connection back before it reads the rows, so every result is fetched at once; it
reads at most a few hundred rows of any result (its counts are aggregates), so no more than `ROWS_KEPT` are fetched.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.base import PGDialect, PGIdentifierPreparer
from sqlalchemy.engine import URL, make_url
from sqlalchemy.types import NullType

if TYPE_CHECKING:
    import duckdb

NAME = "lyceumduckdb"
ROWS_KEPT = 1000

Row = tuple[Any, ...]


_SHOWN: "dict[str, duckdb.DuckDBPyConnection]" = {}


@contextmanager
def shown(con: "duckdb.DuckDBPyConnection", /) -> Iterator[str]:
    """An SQLAlchemy URL under which `con` can be reached while the block runs."""
    registry.register(NAME, __name__, DuckDialect.__name__)
    token = token_hex(8)
    _SHOWN[token] = con
    try:
        yield f"{NAME}://{token}"
    finally:
        del _SHOWN[token]


class Cursor:
    """The part of a DBAPI cursor that SQLAlchemy uses."""

    arraysize = 1
    rowcount = -1

    def __init__(self, con: "duckdb.DuckDBPyConnection", /) -> None:
        self._con = con
        self._rows: list[Row] = []
        self.description: Any = None

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        """Run the statement and keep its first rows."""
        found = self._con.execute(statement, list(parameters))
        self.description = found.description
        self._rows = found.fetchmany(ROWS_KEPT)

    def fetchone(self) -> Row | None:
        """The next row."""
        return next(iter(self.fetchmany(1)), None)

    def fetchmany(self, size: int = 1) -> list[Row]:
        """The next rows."""
        taken, self._rows = self._rows[:size], self._rows[size:]
        return taken

    def fetchall(self) -> list[Row]:
        """All rows that are left."""
        return self.fetchmany(len(self._rows))

    def close(self) -> None:
        """Forget the rows."""
        self._rows = []


class Connection:
    """A DBAPI connection that leaves the engine's own connection as it was."""

    def __init__(self, con: "duckdb.DuckDBPyConnection", /) -> None:
        self._con = con

    def cursor(self) -> Cursor:
        """A cursor on the caller's connection."""
        return Cursor(self._con)

    def commit(self) -> None:
        """Nothing is written, so there is nothing to commit."""

    rollback = close = commit


class Quoting(PGIdentifierPreparer):
    """Quotes every name: the two engines do not reserve the same words."""

    def _requires_quotes(self, value: str) -> bool:
        return True


class Untyped(NullType):
    """A type that is not told. SQLAlchemy would compile it by a dialect of its own whenever it is to be written."""

    def __str__(self) -> str:
        return "NULL"


class DuckDialect(PGDialect):
    """PostgreSQL's dialect as far as DuckDB shares it, with columns read by DESCRIBE."""

    name = NAME
    driver = "shown"
    preparer = Quoting
    supports_statement_cache = False

    @classmethod
    def import_dbapi(cls) -> Any:  # noqa: ANN401 - DBAPI modules have no type
        """DuckDB is its own DBAPI module."""
        import duckdb

        return duckdb

    def create_connect_args(self, url: URL) -> tuple[list[str], dict[str, Any]]:
        """The token of the connection stands where a URL has its host."""
        return [make_url(url).host or ""], {}

    def connect(self, *cargs: Any, **_options: Any) -> Any:  # noqa: ANN401 - as in SQLAlchemy
        """The connection that is shown under the token."""
        return Connection(_SHOWN[cargs[0]])

    def initialize(self, connection: Any) -> None:  # noqa: ANN401
        """Ask nothing: PostgreSQL's questions about versions and encodings have no answer here."""

    def get_columns(
        self,
        connection: Any,  # noqa: ANN401
        table_name: str,
        schema: str | None = None,
        **_options: object,
    ) -> list[Any]:
        """Names of the columns. Their types stay unknown, so that values are compared as the engine compares them."""
        found = connection.exec_driver_sql(f'DESCRIBE "{table_name}"').fetchall()
        return [{"name": row[0], "type": Untyped(), "nullable": True, "default": None} for row in found]

    def get_pk_constraint(self, *_asked: Any, **_options: Any) -> Any:  # noqa: ANN401
        """Views have no key."""
        return {"constrained_columns": [], "name": None}
