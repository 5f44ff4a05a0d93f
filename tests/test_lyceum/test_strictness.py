"""What is no number, no time of a log and nobody's id stays none, whatever it is made of."""

import re
from decimal import Decimal

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lyceum.mapping import Scope, compile_expression
from lyceum.mapping_types import settled
from lyceum.schema import Column

SCOPE = Scope(("a",), {}, "UTC")
UNUSABLE = "unusable"


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def value(con, text, a):
    """The value of an expression; UNUSABLE where the engine raises."""
    sql = compile_expression(text, scope=SCOPE).duckdb
    (found,) = con.execute(
        f"SELECT TRY(struct_pack(v := {sql})) FROM (SELECT $a::VARCHAR AS c0)", {"a": a}
    ).fetchone()
    return UNUSABLE if found is None else found["v"]


def test_instants_and_ids_that_mean_nothing_settle_into_nothing(con):
    def seen(value, type_, column):
        sql = settled("v", found=type_, column=Column(column, type_, ""))
        return con.execute(
            f"SELECT {sql} IS NOT NULL FROM (SELECT CAST($v AS {type_}) AS v)", {"v": value}
        ).fetchall()[0][0]

    instant = "TIMESTAMP WITH TIME ZONE"
    moments = ["1970-01-01 00:00:00Z", "1989-12-31 23:59:59Z", "1990-01-01 00:00:00Z", "2099-12-31 23:59:59.999999Z"]
    moments += ["2100-01-01 00:00:00Z", "9999-12-31 00:00:00Z", "10000-01-01 00:00:00Z", "58502-07-16 00:00:00Z"]
    assert [seen(one, instant, "occurred_at") for one in moments] == [*[False] * 2, *[True] * 2, *[False] * 4]
    assert [seen(one, instant, "ends_at") for one in moments] == [*[True] * 6, *[False] * 2]
    nobody = ["", " ", "0", "null", "NULL", "None", "NaN", "nil", "undefined", "\u30000 "]
    somebody = ["00", "01", "-1", "null1", "nulls", "nan-7", "u1", " u1", "x\nnull"]
    assert [seen(one, "VARCHAR", "user_id") for one in nobody + somebody] == [*[False] * 10, *[True] * 9]
    assert all(seen(one, "VARCHAR", "item_id") for one in nobody[1:])


SHAPES = {  # as Python says them, over whole texts
    "whole(a)": (r"[+-]?[0-9]{1,19}(\.0*)?", int),
    "money(a)": (r"[+-]?[0-9]{1,30}(\.[0-9]*)?([eE][+-]?[0-9]{1,2})?", Decimal),
    "number(a)": (r"[+-]?([0-9]{1,100}(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?", float),
}


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(SHAPES)), st.text(alphabet="0123456789..+-eE_ ,xX１\t\n\u3000", max_size=8))
def test_only_what_is_written_as_a_number_is_one(con, text, written):
    pattern, type_ = SHAPES[text]
    bare = written.strip(" \u3000")
    found = value(con, text, written)
    if not re.fullmatch(pattern, bare):
        assert found == UNUSABLE
    elif found != UNUSABLE:  # it may be too large
        exact = type_(bare.split(".")[0] if type_ is int else bare)
        assert abs(found - exact) <= (Decimal("0.005") if type_ is Decimal else 0)
