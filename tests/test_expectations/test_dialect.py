"""What is relied on inside Great Expectations and SQLAlchemy: these tests fail when a new version changes it."""

import datetime as dt

import duckdb
import pytest
import sqlalchemy

from expectations import dialect
from expectations.checkpoint import ASKED, context, great_expectations


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


def test_great_expectations_counts_in_the_engine_with_the_statements_it_was_measured_with(con, monkeypatch):
    """One scan for all rules about columns, one for a query that finds nothing, and no value of any row."""
    asked = []
    run = dialect.Cursor._run

    def listening(self, statement, parameters):
        asked.append(statement)
        run(self, statement, parameters)

    monkeypatch.setattr(dialect.Cursor, "_run", listening)
    gx, known = great_expectations(), context()
    rules = [
        gx.expectations.ExpectColumnValuesToBeBetween(column="i", min_value=0, max_value=2999),
        gx.expectations.ExpectColumnValuesToNotBeNull(column="from"),
        *(
            gx.expectations.UnexpectedRowsExpectation(
                unexpected_rows_query=f"SELECT i FROM {{batch}} WHERE i >= {low}"
            )
            for low in (2000, 4990, 5000)
        ),
    ]
    with dialect.shown(con) as url:
        asset = known.data_sources.add_sql("s", connection_string=url).add_table_asset("t", table_name="t")
        definition = gx.ValidationDefinition(
            name="v",
            data=asset.add_batch_definition_whole_table("all"),
            suite=known.suites.add(gx.ExpectationSuite(name="s", expectations=rules)),
        )
        definition = known.validation_definitions.add(definition)
        checkpoint = gx.Checkpoint(name="c", validation_definitions=[definition], result_format=ASKED)
        (run,) = known.checkpoints.add(checkpoint).run().run_results.values()
    results = {each.expectation_config.type: each.result for each in run.results}
    found = [each.result for each in run.results if each.expectation_config.type == "unexpected_rows_expectation"]
    assert sorted(each["observed_value"] for each in found) == [0, 10, 3000]
    assert results["expect_column_values_to_be_between"]["unexpected_count"] == 2000
    assert results["expect_column_values_to_be_between"]["partial_unexpected_list"] == []
    counting = [statement for statement in asked if "sum(CASE WHEN" in statement]
    assert len(counting) == 1, "all column rules in one scan"
    assert sum("i >= 2000" in statement for statement in asked) == 2
    assert sum("i >= 5000" in statement for statement in asked) == 1
    values = [statement for statement in asked if "unexpected_values" in statement]
    assert all("LIMIT" in statement for statement in values)
