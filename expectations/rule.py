"""What a rule is: one expectation in the JSON of Great Expectations, whose `meta` tells people about it.

`meta` has `rule` (its name, unique in the suite), `severity` (fail = nothing is published, warn = a banner), `column`
(what it speaks about), `counts` (whether its unexpected count counts rows of the table), `sample` (columns of an
unexpected row that may be shown: no person's id, no free text) and the sentence in English and Chinese.

Queries name the judged rows `{batch}` and may read the view `week` (as_of, recommendations, contacts). They hold no
braces of their own, no `:name`, and no JOIN: Great Expectations would write a batch without a name there.
"""

from collections.abc import Sequence
from typing import Any

from lyceum.schema import Table
from lyceum.tables.canonical import PERSONAL

FAIL, WARN = "fail", "warn"
NULL = "expect_column_values_to_not_be_null"
IN_SET = "expect_column_values_to_be_in_set"
BETWEEN = "expect_column_values_to_be_between"
ROW_COUNT = "expect_table_row_count_to_be_between"
ROWS = "unexpected_rows_expectation"
NATIVE = {FAIL: "critical", WARN: "warning"}  # what Great Expectations calls them

Rule = dict[str, Any]
Said = tuple[str, str]  # the sentence in English and in Chinese


def shown_key(table: Table, /) -> list[str]:
    """The columns of the table's key that may stand on a page: no person's id, no key of another table's row."""
    return [name for name in table.key if name not in PERSONAL and table.column(name).unit != "JSON text"]


def not_null(table: Table, column: str, said: Said, /, *, severity: str = FAIL) -> Rule:
    """Every row has a value in `column`."""
    return _rule(f"{column}.nulls", NULL, {"column": column}, said, severity, column, shown_key(table))


def in_set(table: Table, column: str, values: Sequence[str | int], said: Said, /, *, severity: str = FAIL) -> Rule:
    """Every value of `column` is one of `values`; nulls are passed over."""
    kwargs = {"column": column, "value_set": list(values)}
    return _rule(f"{column}.unknown", IN_SET, kwargs, said, severity, column, shown_key(table))


def between(
    table: Table,
    column: str,
    said: Said,
    /,
    *,
    low: float | str | None = None,
    high: float | None = None,
    severity: str = FAIL,
    name: str = "range",
) -> Rule:
    """Every value of `column` lies between `low` and `high`, both included; nulls are passed over."""
    kwargs = {"column": column, "min_value": low, "max_value": high}
    given = {key: value for key, value in kwargs.items() if value is not None}
    return _rule(f"{column}.{name}", BETWEEN, given, said, severity, column, shown_key(table))


def no_row(table: Table, column: str, name: str, where: str, said: Said, /, *, severity: str = FAIL) -> Rule:
    """No row fulfils the condition `where`; `column` says what it is about."""
    query = f"SELECT {_listed(shown_key(table))} FROM {{batch}} WHERE {where}"
    return _rule(name, ROWS, {"unexpected_rows_query": query}, said, severity, column, shown_key(table))


def no_repeat(table: Table, columns: Sequence[str], name: str, said: Said, /) -> Rule:
    """No two rows agree in `columns`, nulls agreeing with each other; every row of a repeated value is unexpected.

    Rows are told apart by a hash first and only those that share one are compared: for ten million events 2.5 s where
    GX's own rules take 7.5 s. Those also overlook a compound key with a null in it, and ask for a count over a
    window, which DuckDB 2.0 computes over all partitions where a view shows one of them.
    """
    key = _listed(columns)
    shared = f"SELECT hash({key}) FROM {{batch}} GROUP BY ALL HAVING count(*) > 1"
    repeated = f"SELECT {key}, count(*) AS rows FROM {{batch}} WHERE hash({key}) IN ({shared}) GROUP BY ALL"
    shown = [each for each in shown_key(table) if each in columns]
    query = f"SELECT {_listed(shown)} FROM ({repeated} HAVING count(*) > 1), unnest(range(rows))"
    return _rule(name, ROWS, {"unexpected_rows_query": query}, said, FAIL, ", ".join(columns), shown)


def no_finding(
    column: str, name: str, query: str, said: Said, /, *, sample: Sequence[str], severity: str = FAIL
) -> Rule:
    """A query over figures of the whole table finds nothing; its columns `sample` may be shown."""
    rule = _rule(name, ROWS, {"unexpected_rows_query": query}, said, severity, column, sample)
    return {**rule, "meta": {**rule["meta"], "counts": "figures"}}


def not_empty(said: Said, /) -> Rule:
    """The table has rows."""
    rule = _rule("rows", ROW_COUNT, {"min_value": 1}, said, FAIL, "(rows)", [])
    return {**rule, "meta": {**rule["meta"], "counts": "figures"}}


def no_more(table: Table, fewer: str, more: str, /) -> Rule:
    """No row has more of `fewer` than of `more`; nulls are passed over."""
    said = (f"{fewer} is no more than {more}.", f"{fewer} 不大于 {more}。")
    return no_row(table, fewer, f"{fewer}.of_{more}", f'"{fewer}" > "{more}"', said)


def share(table: Table, column: str, /) -> Rule:
    """Every value of `column` lies between 0 and 1; nulls are passed over."""
    said = (f"{column} lies between 0 and 1.", f"{column} 在 0 与 1 之间。")
    return between(table, column, said, low=0, high=1, name="share")


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns) or "1 AS found"


def _rule(
    name: str, kind: str, kwargs: dict[str, Any], said: Said, severity: str, column: str, sample: Sequence[str]
) -> Rule:
    meta = {
        **{"rule": name, "severity": severity, "column": column, "counts": "rows", "sample": list(sample)},
        **{"sentence_en": said[0], "sentence_zh": said[1]},
    }
    return {"type": kind, "kwargs": kwargs, "severity": NATIVE[severity], "meta": meta}
