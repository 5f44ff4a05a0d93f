"""What the language computes, what it refuses, and that both engines agree."""

from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb
import pytest

from lyceum.errors import UsageError
from lyceum.mapping import Scope, compile_expression
from lyceum.mapping_types import found_types, settled, strict
from lyceum.schema import Column

SCOPE = Scope(("a", "b", "group"), {"kinds": ("kind",)}, "Europe/London")
UNUSABLE = "unusable"


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def value(con, text, a=None, b=None):
    """The value of an expression; UNUSABLE where the engine raises, which becomes a reject."""
    expression = compile_expression(text, scope=SCOPE)
    found = con.execute(
        f"SELECT unnest([TRY(struct_pack(v := {expression.duckdb}))]) "  # where the mapping computes it, too
        "FROM (SELECT $a::VARCHAR AS c0, $b::VARCHAR AS c1)",
        {"a": a, "b": b},
    ).fetchall()[0][0]
    return UNUSABLE if found is None else found["v"]


@pytest.mark.parametrize(
    ("text", "a", "expected"),
    [
        ("whole(a)", " 42 ", 42),
        ("whole(a)", "17850.0", 17850),
        ("whole(a)", "1.5", UNUSABLE),
        ("whole(a)", "1_000", UNUSABLE),
        ("whole(a)", "0x1F", UNUSABLE),
        ("whole(a)", "9223372036854775808", UNUSABLE),
        ("whole(a)", "１２", UNUSABLE),
        ("whole(a)", None, None),
        ("number(a)", "1.5e3", 1500.0),
        ("number(a)", "NaN", UNUSABLE),
        ("number(a)", "1e400", UNUSABLE),
        ("number(a)", "1,234.5", UNUSABLE),
        ("money(a)", "1.005", Decimal("1.01")),
        ("money(a)", "10000000000000000000000000000000000000000", UNUSABLE),
        ("money(whole('-3') * exact(a))", "0.335", Decimal("-1.01")),
        ("money(exact(a) * 0.01)", "2999", Decimal("29.99")),
        ("cast(a as bigint)", "2.5", UNUSABLE),
        ("a::date", "2026-02-30", UNUSABLE),
        ("iso(a)", "2026-01-05T00:00:00+08:00", datetime(2026, 1, 4, 16, tzinfo=UTC)),
        ("iso(a)", "2026-01-05 00:00:00.5Z", datetime(2026, 1, 5, 0, 0, 0, 500000, tzinfo=UTC)),
        ("iso(a)", "2026-01-05T00:00:00", UNUSABLE),
        ("iso(a, 'Asia/Shanghai')", "2026-01-05T08:00:00", datetime(2026, 1, 5, tzinfo=UTC)),
        ("iso(a, 'Asia/Shanghai')", "2026-01-05T08:00:00Z", datetime(2026, 1, 5, 8, tzinfo=UTC)),
        ("iso(a)", "\u3000 2026-01-05T00:00:00Z ", datetime(2026, 1, 5, tzinfo=UTC)),
        ("iso(a)", "2026-01-05T24:00:00Z", UNUSABLE),
        ("iso(a)", "2026-01-05T00:00:00+99:99", UNUSABLE),
        ("iso(a)", "2026-01-05T00:00:00+14:00", datetime(2026, 1, 4, 10, tzinfo=UTC)),
        # the clocks of London go forward at 01:00 on 29 March 2026 and back at 02:00 on 25 October
        ("iso(a, 'Europe/London')", "2026-03-29T00:59:59", datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC)),
        ("iso(a, 'Europe/London')", "2026-03-29T01:30:00", UNUSABLE),
        ("iso(a, 'Europe/London')", "2026-03-29T01:30:00Z", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ("iso(a, 'Europe/London')", "2026-03-29T02:00:00", datetime(2026, 3, 29, 1, tzinfo=UTC)),
        ("iso(a, 'Europe/London')", "2026-10-25T01:30:00", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ("iso(a, 'Europe/London')", "2026-10-25T00:30:00", datetime(2026, 10, 24, 23, 30, tzinfo=UTC)),
        ("iso(a, 'Europe/London')", None, None),
        ("instant(a, '%Y-%m-%d %H:%M')", "2026-03-29 01:30", UNUSABLE),
        ("instant(a, '%Y-%m-%d %H:%M')", "2026-10-25 01:30", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ("instant(a, '%Y-%m-%d %H:%M')", "2026-07-05 24:00", UNUSABLE),
        ("instant(a, '%Y-%m-%d %H:%M')", None, None),
        ("instant(a, '%Y-%m-%d %H:%M')", "2026-07-05 10:00", datetime(2026, 7, 5, 9, tzinfo=UTC)),
        ("instant(a, '%d.%m.%Y', 'Asia/Shanghai')", "05.07.2026", datetime(2026, 7, 4, 16, tzinfo=UTC)),
        ("instant(a, '%Y-%m-%d %H:%M:%S')", "0000-00-00 00:00:00", UNUSABLE),
        ("epoch_s(a)", "1783994560.5", datetime(2026, 7, 14, 2, 2, 40, 500000, tzinfo=UTC)),
        ("epoch_ms(a)", "1783994560000", datetime(2026, 7, 14, 2, 2, 40, tzinfo=UTC)),
        ("epoch_s(a)", "9999999999999999", UNUSABLE),
        ("epoch_ms(a)", "1783994560000.5", datetime(2026, 7, 14, 2, 2, 40, 500, tzinfo=UTC)),
        ("epoch_ms(a)", " 1.78399456e12", datetime(2026, 7, 14, 2, 2, 40, tzinfo=UTC)),
        ("epoch_ms(a)", "1783994560000x", UNUSABLE),
        ("epoch_ms(a)", "-1", datetime(1969, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)),
        ("epoch_ms(a)", None, None),
        ("epoch_us(a)", "1783994560000000", datetime(2026, 7, 14, 2, 2, 40, tzinfo=UTC)),
        ("days_after(day(a), 3)", "2026-02-27", date(2026, 3, 2)),
        # the clocks go back on 27 October 2013: 30 days later by the calendar, not by 720 hours
        ("midnight(days_after(day(a), 30))", "2013-10-01", datetime(2013, 10, 31, tzinfo=UTC)),
        ("days_after(iso(a), 30, 'Europe/London')", "2013-10-01T00:00:00+01:00", datetime(2013, 10, 31, tzinfo=UTC)),
        ("json_text(a, 'x', 1, 'y z')", '{"x": [0, {"y z": "deep"}]}', "deep"),
        ("json_text(a, 'x')", '{"x": {"y": 1}}', '{"y":1}'),
        ("json_text(a, 'x')", "{broken", UNUSABLE),
        ("json_text(a, '$city')", '{"$city": "杭州"}', "杭州"),
        ("json_object('a', a, 'b', b)", "it's", '{"a":"it\'s"}'),
        ("param(a, 'id')", '[{"key": "x"}, {"key": "id", "value": {"int_value": "178"}}]', "178"),
        ("param(a, 'p')", '[{"key": "p", "value": {"string_value": null, "double_value": 1.5}}]', "1.5"),
        ("param(a, 'y')", '[{"key": "x", "value": {"int_value": 1}}]', None),
        ("param(a, 'y')", '{"y": 1}', None),
        ("param(a, 'y')", "[broken", UNUSABLE),
        ("iso_duration_ms(a)", "PT3M15S", 195_000),
        ("iso_duration_ms(a)", "P1DT2H", 93_600_000),
        ("iso_duration_ms(a)", "PT0.0305S", 31),
        ("iso_duration_ms(a)", "P0Y0M0DT0H0M47S", 47_000),
        ("iso_duration_ms(a)", "P2W", 1_209_600_000),
        ("iso_duration_ms(a)", "P1Y", UNUSABLE),
        ("iso_duration_ms(a)", "PT", UNUSABLE),
        ("iso_duration_ms(a)", "195", UNUSABLE),
        ("iso_duration_ms(a)", "-PT1S", UNUSABLE),
        ("iso_duration_ms(a)", None, None),
        ("concat(a, '-', b)", "x", "x-"),
        ("a || b", "x", None),
        ("case when a like 'x%' then 1 else 2 end", "xy", 1),
        ("a not like 'x%'", "xy", False),
        ("a in ('x', 'y') and b is null", "y", True),
        ("whole(a) between 1 and 3", "3", True),
        ("whole(a) / 0", "3", None),
        ("regexp_matches(a, '^[0-9]+$')", "12", True),
        ("split_part(a, '|', 2)", "x|y", "y"),
        ("left(a, 2) || right(a, 1) || substr(a, 2, 1)", "course", "coeo"),
        ("least(greatest(abs(whole(a)), 2), 9)", "-5", 5),
        ("'it''s'", None, "it's"),
    ],
)
def test_values_worked_out_by_hand(con, text, a, expected):
    assert value(con, text, a) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("(select 1)", "subquery"),
        ("a in (select a from raw)", "subquery"),
        ("exists (select 1)", "subquery"),
        ("read_csv('/etc/passwd')", "table function"),
        ("copy raw to '/tmp/x'", "COPY"),
        ("pragma version", "PRAGMA"),
        ("getenv('HOME')", "no function getenv"),
        ("current_setting('x')", "no function current_setting"),
        ("now()", "no function now"),
        ("current_date", "no raw column current_date"),
        ("isoo(a)", "Near names: iso"),
        ("sum(a)", "aggregate"),
        ("sum(a) over ()", "window"),
        ("list_transform(a, x -> x)", "no function list_transform"),
        ("coalesce(x -> x)", "lambda"),
        ("*", "star"),
        ("a; b", "semicolon"),
        ("", "one expression"),
        ("?", "parameter"),
        ("$1", "parameter"),
        ("a as b", "alias"),
        ("main.lower(a)", "qualified function"),
        ("lower(distinct a)", "outside the language"),
        ("lower(a) filter (where true)", "aggregate"),
        ("a[1]", "outside the language"),
        ("[a]", "outside the language"),
        ("{'a': a}", "outside the language"),
        ("a -> 'x'", "outside the language"),
        ("a like 'x' escape 'y'", "outside the language"),
        ("a collate nocase", "outside the language"),
        ("a at time zone 'UTC'", "outside the language"),
        ("interval 1 day", "outside the language"),
        ("cast(a as json)", "type outside the language"),
        ("cast(a as bigint[])", "type outside the language"),
        ("regexp_matches(a, b)", "must be a literal"),
        ("iso(a, 'Europe/Londn')", "Europe/London"),
        ("instant(a, '%Q')", "unknown directive %Q"),
        ("json_text(a, 'x\"y')", "quote"),
        ("json_text(a, '*')", "star"),
        ("param(a, b)", "must be a literal"),
        ("substr(a, 0)", "counts from 1"),
        ("left(a, 'x')", "whole number"),
        ("iso()", "0 arguments"),
        ("grup", "Near names: group"),
        ("kinds.kid", "Near names: kind"),
        ("kids.kind", "no lookup kids"),
        ("'open", "no SQL expression"),
        ("(" * 500 + "a" + ")" * 500, "nested too deeply"),
        ("a" * 4001, "longer than"),
    ],
)
def test_what_is_outside_the_language_is_refused_in_a_sentence(text, said):
    with pytest.raises(UsageError, match=said.replace("$", r"\$")):
        compile_expression(text, scope=SCOPE)


def test_it_says_which_raw_columns_and_lookups_it_reads():
    expression = compile_expression('coalesce("group", kinds.kind)', scope=SCOPE)
    assert (expression.columns, expression.lookups) == ({"group"}, {"kinds"})
    assert expression.duckdb == "coalesce(c2, lookup_kinds.v0)"


@pytest.mark.parametrize(
    ("text", "target", "said"),
    [
        ("number(a)", "DECIMAL(18,2)", "money"),
        ("day(a)", "TIMESTAMP WITH TIME ZONE", "midnight"),
        ("days_after(iso(a), 1)", "TIMESTAMP WITH TIME ZONE", "the engine refuses"),
        ("midnight(a)", "TIMESTAMP WITH TIME ZONE", "the engine refuses"),
        ("a > 5", "BIGINT", "the engine refuses"),
        ("regexp_matches(a, '(')", "BIGINT", "the engine refuses"),
        ("iso(a)", "BIGINT", "whole"),
    ],
)
def test_a_type_that_the_column_cannot_take_is_refused(con, text, target, said):
    expression = compile_expression(text, scope=SCOPE)
    found = found_types(con, {"it": expression}, scope=SCOPE)["it"]
    with pytest.raises(UsageError, match=said):
        strict(expression.duckdb, found=found, target=target)


@pytest.mark.parametrize(
    ("text", "target", "a", "expected"),
    [
        ("round(number(a) * 1000)", "BIGINT", "1.5", 1500),
        ("number(a)", "BIGINT", "1.5", None),
        ("number(a) * 1e300", "DOUBLE", "1e99", None),
        ("a", "VARCHAR", "", None),
        ("a", "BIGINT", "7", 7),
        ("a", "DOUBLE", "7", 7.0),
        ("whole(a)", "DECIMAL(18,2)", "7", Decimal("7.00")),
    ],
)
def test_values_settle_into_the_type_of_the_column(con, text, target, a, expected):
    expression = compile_expression(text, scope=SCOPE)
    found = found_types(con, {"it": expression}, scope=SCOPE)["it"]
    sql = strict(expression.duckdb, found=found, target=target)
    seen = target if found == "VARCHAR" else found
    final = settled("v", found=seen, column=Column("x", target, ""))
    assert con.execute(f"SELECT {final} FROM (SELECT {sql} AS v FROM (SELECT $a AS c0))", {"a": a}).fetchall() == [
        (expected,)
    ]


PARITY = [
    *(("iso(a, 'Europe/London')", "2026-03-29T01:30:00"), ("iso(a, 'Europe/London')", "2026-10-25T01:30:00")),
    *(("iso(a, 'Europe/London')", "2026-10-25T00:59:59"), ("iso(a, 'Europe/London')", "2026-03-29T02:00:00")),
    *(("iso(a, 'Australia/Lord_Howe')", "2026-04-05T01:45:00"), ("iso(a)", "2026-01-05T24:00:00Z")),
    *(("iso(a, 'Australia/Lord_Howe')", "2026-10-04T02:15:00"), ("iso(a)", "2026-01-05T00:00:00+99:00")),
    *(("instant(a, '%Y-%m-%d %H:%M')", "2026-03-29 01:30"), ("instant(a, '%Y-%m-%d %H:%M')", "2026-10-25 01:30")),
    *(("epoch_s(a)", "1783994560.5"), ("epoch_ms(a)", "17839945x"), ("epoch_us(a)", "1783994560000001")),
    *(("whole(a)", "17850.0"), ("whole(a)", "1.5"), ("number(a)", "-2.5"), ("number(a)", "NaN")),
    *(("money(a)", "1.005"), ("money(a)", "x"), ("iso(a)", "2026-01-05T00:00:00+08:00")),
    *(("iso(a, 'Asia/Shanghai')", "2026-01-05T08:00:00"), ("iso(a)", "2026-01-05")),
    *(("instant(a, '%Y-%m-%d %H:%M:%S')", "2026-07-05 10:00:00"), ("epoch_ms(a)", "1783994560000")),
    *(("midnight(days_after(day(a), 30))", "2013-10-01"), ("json_text(a, 'x', 'y')", '{"x":{"y":"z"}}')),
    *(("json_object('a', a, 'b', nullif(a, a))", "it's"), ("concat(a, nullif(a, a), 'z')", "x\\y")),
    *(("substr(a, 2, 2)", "课程abc"), ("left(a, 2)", "课程abc"), ("right(a, 2)", "课程abc")),
    *(("length(a)", "课程abc"), ("replace(a, 'b', '\\')", "abc"), ("split_part(a, '|', 2)", "x|y")),
    *(("a like '%\\%'", "x\\y"), ("regexp_matches(a, '^[0-9]+\\.')", "12.5"), ("starts_with(a, 'C')", "C1")),
    *(("ends_with(a, 'B')", "2013B"), ("contains(a, 'b')", "abc"), ("upper(trim(a))", " x ")),
    *(("round(number(a), 1)", "2.25"), ("abs(whole(a))", "-3"), ("greatest(a, nullif(a, a))", "x")),
    *(("iso_duration_ms(a)", "P1DT2H3M4.0305S"), ("iso_duration_ms(a)", "PT"), ("iso_duration_ms(a)", "PT3M15S")),
    *(("iso_duration_ms(a)", "P1Y"), ("iso_duration_ms(nullif(a, a))", "x"), ("json_text(a, '$x')", '{"$x":1}')),
    *(("param(a, 'id')", '[{"key":"x"},{"key":"id","value":{"int_value":"178"}}]'), ("param(a, 'y')", "[]")),
    *(("param(a, 'id')", '[{"key":"id","value":{"double_value":1.5}}]'), ("param(a, 'y')", '{"y":1}')),
    *(("param(a, 'id')", '[{"key":"id","value":{"int_value":178}},{"key":"id"}]'), ("param(a, 'y')", "[broken")),
    *(("case a when 'x' then 1 else 2 end", "y"), ("whole(a) / 0", "1"), ("coalesce(nullif(a, 'x'), 'y')", "x")),
]


@pytest.mark.spark
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # Spark's gateway leaves sockets to the collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_both_engines_give_the_same_values(con):
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed: the Spark forms are NOT checked")
    spark = (
        sql.SparkSession.builder.master("local[1]")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.ui.enabled", "false")
        .getOrCreate()
    )
    for text, a in PARITY:
        duck = value(con, text, a)
        expression = compile_expression(text, scope=SCOPE)
        rows = spark.createDataFrame([(a,)], "c0 string").selectExpr(f"CAST({expression.spark} AS STRING)").collect()
        ours = None if duck == UNUSABLE else duck
        theirs = con.execute("SELECT CAST($v AS VARCHAR)", {"v": ours}).fetchall()[0][0]
        assert _same(theirs, rows[0][0]), (text, a, theirs, rows[0][0])


def _same(ours, theirs):
    if ours is None or theirs is None:
        return ours == theirs
    return ours.removesuffix("+00") == theirs
