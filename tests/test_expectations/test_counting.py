"""What is relied on inside Great Expectations: these tests fail when a new version changes it."""

import duckdb
import pytest

from expectations import dialect
from expectations.checkpoint import ASKED, context, great_expectations, load
from expectations.rule import BETWEEN, IN_SET, NULL, ROW_COUNT, ROWS

NUMBERS = "FROM range(5000) AS r(i)"
PLANTED = {  # rule -> its expectation, what it is asked, and how many rows of the 5,000 break it
    "most nulls": (NULL, {"column": "rare"}, 4990),
    "no null": (NULL, {"column": "i"}, 0),
    "all null": (NULL, {"column": "nothing"}, 5000),
    "bounds": (BETWEEN, {"column": "i", "min_value": 10, "max_value": 2999}, 2010),
    "lower bound": (BETWEEN, {"column": "rare", "min_value": 4995}, 5),
    "bounds of nothing": (BETWEEN, {"column": "nothing", "min_value": 1}, 0),
    "bound in time": (BETWEEN, {"column": "moment", "min_value": "1970-01-01T00:00:30+00:00"}, 30),
    "text of a set": (IN_SET, {"column": "from", "value_set": ["a", "b"]}, 1666),
    "number of a set": (IN_SET, {"column": "rare", "value_set": [0, 4990]}, 9),
    "no row": (ROWS, {"unexpected_rows_query": "SELECT i FROM {batch} WHERE i >= 5000"}, 0),
    "some rows": (ROWS, {"unexpected_rows_query": "SELECT i FROM {batch} WHERE i >= 4990"}, 10),
    "many rows": (ROWS, {"unexpected_rows_query": "SELECT i FROM {batch} WHERE i >= 2000"}, 3000),
    "enough": (ROW_COUNT, {"min_value": 5000}, None),
    "too few": (ROW_COUNT, {"min_value": 5001}, None),
}
RULES = [{"type": kind, "kwargs": kwargs, "meta": {"rule": name}} for name, (kind, kwargs, _) in PLANTED.items()]


@pytest.fixture(scope="module")
def asked():
    """The statements that were put to the engine for the standard expectations and for those that count."""
    return {}


@pytest.fixture(scope="module")
def results(asked):
    """What a Checkpoint says of the standard expectations, and of those that count."""
    load()
    from expectations.counting import counting

    listed = "i, if(i < 4990, NULL, i) AS rare, NULL::INTEGER AS nothing, to_timestamp(i) AS moment"
    with duckdb.connect() as con:
        con.execute(f"""CREATE TABLE t AS SELECT {listed}, chr((97 + i % 3)::INTEGER) AS "from" {NUMBERS}""")
        return {
            "standard": checked(con, RULES, asked.setdefault("standard", [])),
            "counting": checked(con, [counting(rule) for rule in RULES], asked.setdefault("counting", [])),
        }


def checked(con, rules, asked):
    """Rule -> the result of a Checkpoint over the table `t`; the statements that it puts to the engine."""
    gx, known, execute = great_expectations(), context(), dialect.Cursor.execute

    def listening(self, statement, parameters=()):
        asked.append(statement)
        execute(self, statement, parameters)

    with dialect.shown(con) as url, pytest.MonkeyPatch.context() as patched:
        patched.setattr(dialect.Cursor, "execute", listening)
        asset = known.data_sources.add_sql("s", connection_string=url).add_table_asset("t", table_name="t")
        suite = known.suites.add(gx.ExpectationSuite(name="s", expectations=rules))
        definition = gx.ValidationDefinition(
            name="v", data=asset.add_batch_definition_whole_table("all"), suite=suite
        )
        definition = known.validation_definitions.add(definition)
        checkpoint = gx.Checkpoint(name="c", validation_definitions=[definition], result_format=ASKED)
        (run,) = checkpoint.run().run_results.values()
    return {each.expectation_config.meta["rule"]: each for each in run.results}


def test_the_counts_are_those_that_were_planted(results):
    expected = {name: count for name, (_, _, count) in PLANTED.items() if count is not None}
    found = {name: results["counting"][name].result for name in expected}
    counts = {
        name: each["observed_value" if PLANTED[name][0] == ROWS else "unexpected_count"]
        for name, each in found.items()
    }
    assert counts == expected


def test_the_verdicts_are_those_of_the_standard_expectations(results):
    def told(each):
        return each.success, {name: value for name, value in each.result.items() if name != "partial_unexpected_list"}

    standard, counting = results["standard"], results["counting"]
    assert len(counting) == len(PLANTED)
    assert {name: told(each) for name, each in counting.items()} == {
        name: told(each) for name, each in standard.items()
    }
    assert {each.success for each in counting.values()} == {True, False}


def test_all_rules_about_columns_are_one_scan_and_each_query_is_one_more(results, asked):
    statements = asked["counting"]
    assert sum("sum(CASE WHEN" in statement for statement in statements) == 1
    for low in (2000, 4990, 5000):
        assert sum(f"i >= {low}" in statement for statement in statements) == 1


def test_no_value_of_any_row_is_fetched(results, asked):
    assert any("unexpected_values" in statement for statement in asked["standard"])
    assert not any("unexpected_values" in statement for statement in asked["counting"])
    for each in results["counting"].values():
        assert "partial_unexpected_list" not in each.result
