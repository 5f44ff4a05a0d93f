"""A private SQLAlchemy dialect over an open DuckDB connection: Great Expectations' own SQL engine judges through it.

The connection is the caller's: its temporary views are what is judged, and nothing here closes it, commits or rolls
back. Great Expectations hands a connection back before it reads the rows, so every result is fetched at once; it
reads at most a few hundred rows of any result (its counts are aggregates), so no more than `ROWS_KEPT` are fetched.

A query for unexpected rows it runs twice, for the rows and for their count. What the one has told, the other is not
asked again: over ten million events that is half of the time.
"""

import re
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
COUNTING = re.compile(r"SELECT COUNT\(\*\) as (\w+) FROM \((.*)\) AS substituted_batch_subquery", re.DOTALL)

Row = tuple[Any, ...]


class Shown:
    """A connection and the numbers of rows that queries without parameters have been found to have."""

    def __init__(self, con: "duckdb.DuckDBPyConnection", /) -> None:
        self.con = con
        self.counts: dict[str, int] = {}


_SHOWN: dict[str, Shown] = {}


@contextmanager
def shown(con: "duckdb.DuckDBPyConnection", /) -> Iterator[str]:
    """An SQLAlchemy URL under which `con` can be reached while the block runs."""
    registry.register(NAME, __name__, DuckDialect.__name__)
    token = token_hex(8)
    _SHOWN[token] = Shown(con)
    try:
        yield f"{NAME}://{token}"
    finally:
        del _SHOWN[token]


class Cursor:
    """The part of a DBAPI cursor that SQLAlchemy uses."""

    arraysize = 1
    rowcount = -1

    def __init__(self, shown: Shown, /) -> None:
        self._shown = shown
        self._rows: list[Row] = []
        self.description: Any = None

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        """Run the statement and keep its first rows, unless what is asked is known."""
        counts, counting = self._shown.counts, COUNTING.fullmatch(statement)
        if counting and counting[2] in counts:
            self.description, self._rows = _described(counting[1]), [(counts[counting[2]],)]
        elif counts.get(statement) == 0 and not parameters:
            self.description, self._rows = _described("nothing"), []
        else:
            self._run(statement, parameters)
            if counting:
                counts[counting[2]] = self._rows[0][0]
            elif len(self._rows) < ROWS_KEPT and not parameters:
                counts[statement] = len(self._rows)

    def _run(self, statement: str, parameters: Sequence[Any]) -> None:
        found = self._shown.con.execute(statement, list(parameters))
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


def _described(name: str) -> list[tuple[str | None, ...]]:
    """The DBAPI's description of a result with one column."""
    return [(name, None, None, None, None, None, None)]


class Connection:
    """A DBAPI connection that leaves the engine's own connection as it was."""

    def __init__(self, shown: Shown, /) -> None:
        self._shown = shown

    def cursor(self) -> Cursor:
        """A cursor on the caller's connection."""
        return Cursor(self._shown)

    def commit(self) -> None:
        """Nothing is written, so there is nothing to commit."""

    rollback = close = commit


class Quoting(PGIdentifierPreparer):
    """Quotes every name: the two engines do not reserve the same words."""

    def _requires_quotes(self, value: str) -> bool:
        return True


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
        return [{"name": row[0], "type": NullType(), "nullable": True, "default": None} for row in found]

    def get_pk_constraint(self, *_asked: Any, **_options: Any) -> Any:  # noqa: ANN401
        """Views have no key."""
        return {"constrained_columns": [], "name": None}
