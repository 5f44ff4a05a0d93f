"""What is relied on inside SQLAlchemy: these tests fail when a new version changes it."""

import datetime as dt

import duckdb
import pytest
import sqlalchemy

from expectations import dialect


@pytest.fixture
def con():
    with duckdb.connect() as con:
        con.execute('CREATE TEMP TABLE t AS SELECT i, i::VARCHAR AS "from" FROM range(5000) AS r(i)')
        yield con


@pytest.fixture
def engine(con):
    with dialect.shown(con) as url:
        made = sqlalchemy.create_engine(url)
        yield made
        made.dispose()


def test_rows_can_be_read_after_the_connection_was_handed_back(engine):
    """GX reads them then; through other dialects of DuckDB every expectation fails there."""
    with engine.connect() as connection:
        result = connection.execute(sqlalchemy.text("SELECT 1 AS a, 'x' AS b"))
    assert result.fetchall() == [(1, "x")]


def test_no_statement_brings_more_than_a_thousand_rows_into_memory(engine):
    with engine.connect() as connection:
        assert len(connection.execute(sqlalchemy.text("SELECT * FROM t")).fetchall()) == dialect.ROWS_KEPT


def test_the_callers_connection_stays_open_in_its_own_transaction(con, engine):
    con.execute("BEGIN")
    con.execute("DELETE FROM t")
    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.text("SELECT count(*) FROM t")).scalar() == 0
    engine.dispose()
    con.execute("ROLLBACK")
    assert con.execute("SELECT count(*) FROM t").fetchall() == [(5000,)]


def test_values_are_bound_and_names_are_quoted(engine):
    table = sqlalchemy.table("t", sqlalchemy.column("from"))
    for value in ("1'; DROP TABLE t; --", "%", ":x", "?", "$1"):
        with engine.connect() as connection:
            found = connection.execute(sqlalchemy.select(table).where(table.c["from"] == value)).fetchall()
        assert found == []
    with engine.connect() as connection:
        moment = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
        assert connection.execute(sqlalchemy.select(sqlalchemy.literal(moment) == moment)).scalar() is True
        assert connection.execute(sqlalchemy.text("SELECT count(*) FROM t")).scalar() == 5000


def test_columns_are_read_by_describe(engine):
    columns = sqlalchemy.inspect(engine).get_columns("t")
    assert [column["name"] for column in columns] == ["i", "from"]


def test_a_connection_is_reachable_only_while_it_is_shown(con):
    with dialect.shown(con) as url:
        pass
    with pytest.raises(KeyError):
        sqlalchemy.create_engine(url).connect()


def test_a_type_that_is_not_told_is_written_as_sqlalchemy_writes_it():
    assert str(dialect.Untyped()) == str(sqlalchemy.types.NullType())
