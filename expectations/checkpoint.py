"""A real Checkpoint of Great Expectations judges every row of the tables, in their engine.

Great Expectations takes seconds to import, so it is imported when the first verdict is asked for, unless `load` has
done so before. Its counts are computed by DuckDB over views; of the data only the keys of a few unexpected rows ever
come out.
"""

import datetime as dt
import warnings
from collections.abc import Collection, Mapping
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from expectations.dialect import shown
from expectations.rule import FAIL, ROW_COUNT, Rule
from expectations.sampling import sample
from expectations.suites import suite
from lyceum.errors import LyceumError
from lyceum.schema import Table
from lyceum.tables.quality import CHECKS

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.core.validation_definition import ValidationDefinition
    from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext
    from great_expectations.datasource.fluent.sql_datasource import SQLDatasource

ASKED = {"result_format": "BASIC", "partial_unexpected_count": 0}  # counts over all rows, and no value of any

Found = dict[str, "ExpectationValidationResult"]


def judge(
    con: "duckdb.DuckDBPyConnection",
    tables: Collection[Table],
    /,
    *,
    as_of: dt.date,
    limits: Mapping[str, int] | None = None,
) -> "pd.DataFrame":
    """The verdicts on `tables`: the columns of quality.checks, one row per expectation, in the order of the suites.

    `con` has a view under the short name of each table, and of each that its rules refer to, with the schema's
    columns; every row of it counts. `as_of` is the Monday that ends the week, `limits` further numbers that rules
    may ask the view `week` for. An empty table has no verdicts, unless its suite says that it must not be empty.
    Raises LyceumError if a table has not the columns that its suite speaks about.
    """
    import pandas as pd

    asked = {"as_of": f"DATE '{as_of}'", **{name: str(value) for name, value in (limits or {}).items()}}
    listed = ", ".join(f"{value} AS {name}" for name, value in asked.items())
    con.execute(f"CREATE OR REPLACE TEMP VIEW week AS SELECT {listed}")
    rows = {table.name: _count(con, table) for table in tables}
    chosen = [table for table in tables if rows[table.name] or _must_not_be_empty(table)]
    found = _verdicts(con, chosen)
    lines = [
        _line(con, table, rule, found[table.name][rule["meta"]["rule"]], rows=rows[table.name])
        for table in chosen
        for rule in suite(table)["expectations"]
    ]
    return pd.DataFrame(lines, columns=CHECKS.names).astype({"success": bool, "unexpected": "Int64"})


def blocking(checks: "pd.DataFrame", /) -> "pd.DataFrame":
    """The failed rows of `checks` with severity fail: while there is one, nothing may be published."""
    return checks[~checks["success"] & (checks["severity"] == FAIL)].reset_index(drop=True)


def _count(con: "duckdb.DuckDBPyConnection", table: Table) -> int:
    return int(con.execute(f'SELECT count(*) FROM "{table.short}"').fetchall()[0][0])


def _must_not_be_empty(table: Table) -> bool:
    return any(rule["type"] == ROW_COUNT for rule in suite(table)["expectations"])


def load() -> None:
    """Load all that the first verdict needs, which takes seconds; what is loaded already is not loaded again."""
    great_expectations()
    import_module("expectations.counting")


def great_expectations() -> ModuleType:
    """The package, without the warnings that its import raises: it imports deprecated modules of `re`.

    They stay ignored: filters belong to no thread, and to put them back would take away what another has set.
    """
    warnings.filterwarnings("ignore", r"module 'sre_\w+' is deprecated", DeprecationWarning)
    import great_expectations

    return great_expectations


def context() -> "EphemeralDataContext":
    """A context that lives in memory, sends nothing and draws nothing."""
    gx = great_expectations()
    from great_expectations.data_context.types import base

    config = base.DataContextConfig(
        store_backend_defaults=base.InMemoryStoreBackendDefaults(),
        analytics_enabled=False,
        progress_bars=base.ProgressBarsConfig(globally=False),
    )
    made: EphemeralDataContext = gx.get_context(mode="ephemeral", project_config=config)
    return made


def _verdicts(con: "duckdb.DuckDBPyConnection", tables: Collection[Table], /) -> dict[str, Found]:
    """What one Checkpoint over all tables says: table -> rule -> the result of Great Expectations."""
    if not tables:
        return {}
    load()
    from expectations.counting import Verdict

    with shown(con) as url:
        source = context().data_sources.add_sql("lyceum", connection_string=url)
        judgements: list[ValidationDefinition] = [_judgement(source, table) for table in tables]
        checkpoint = Verdict(name="lyceum", validation_definitions=judgements, result_format=ASKED)
        runs: Collection[Any] = checkpoint.run().run_results.values()
    return {run.suite_name: {each.expectation_config.meta["rule"]: each for each in run.results} for run in runs}


def _judgement(source: "SQLDatasource", table: Table) -> "ValidationDefinition":
    """That the suite of the table judges all of its rows."""
    from expectations.counting import Judgement, counting

    gx, told = great_expectations(), suite(table)
    judging = gx.ExpectationSuite(name=table.name, expectations=[counting(rule) for rule in told["expectations"]])
    asset = source.add_table_asset(table.name, table_name=table.short)
    return Judgement(name=table.name, data=asset.add_batch_definition_whole_table("all rows"), suite=judging)


def _line(
    con: "duckdb.DuckDBPyConnection", table: Table, rule: Rule, found: "ExpectationValidationResult", /, *, rows: int
) -> dict[str, Any]:
    """One row of quality.checks."""
    meta, result = rule["meta"], found.result
    if found.exception_info.get("raised_exception", True):
        said = str(found.exception_info)
        if "Out of Memory" in said or "No space left" in said:  # Great Expectations keeps exceptions as text
            raise OSError(said)  # pipelines.shortages makes one sentence of it, without quoting it
        raise LyceumError(
            f"The check {meta['rule']} of {table.name} could not be made: its columns are not those of the schema.",
            remedy="Run the step that writes the table again with this version of lyceum.",
        )
    unexpected = None if rule["type"] == ROW_COUNT else _unexpected(result)
    by_row = meta["counts"] == "rows" and rows > 0 and unexpected is not None
    cells = {
        **{"suite": table.name, "rule": meta["rule"], "expectation": rule["type"], "column_name": meta["column"]},
        **{"severity": meta["severity"], "success": found.success, "unexpected": unexpected},
        "share": unexpected / rows if by_row and unexpected is not None else None,
        "observed": f"{rows} rows" if unexpected is None else f"{unexpected} unexpected",
        **{
            "expected": _expected(rule["kwargs"]),
            "sentence": meta["sentence_en"],
            "sentence_zh": meta["sentence_zh"],
        },
        "sample": None if found.success else sample(con, table, rule),
    }
    return {name: cells[name] for name in CHECKS.names}


def _unexpected(result: Mapping[str, Any]) -> int:
    """The count of unexpected rows: of rows of the table, or of rows that a query found; an empty table has none."""
    return int(result.get("unexpected_count", result.get("observed_value")) or 0)


def _expected(kwargs: Mapping[str, Any], /) -> str:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    if "value_set" in kwargs:
        return f"one of {len(kwargs['value_set'])} values"
    if low is None and high is None:
        return "no unexpected row"
    if low is None:
        return f"at most {high}"
    return f"at least {low}" if high is None else f"{low} to {high}"
