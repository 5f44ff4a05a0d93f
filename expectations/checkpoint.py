"""The one module that speaks Great Expectations: a real Checkpoint judges the facts of each table.

Great Expectations takes seconds to import, so it is imported when the first verdict is asked for.
"""

import datetime as dt
import warnings
from collections.abc import Collection, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

from expectations.facts import facts
from expectations.suites import FAIL, suite
from lyceum.schema import table
from lyceum.tables.canonical import FROM_SOURCES
from lyceum.tables.quality import CHECKS

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext

Facts = Mapping[str, int | float | None]


def judge(
    con: "duckdb.DuckDBPyConnection",
    /,
    *,
    tables: Collection[str],
    as_of: dt.date,
    event_types: Collection[str],
) -> "pd.DataFrame":
    """The verdicts on `tables`: the columns of quality.checks, one row per expectation, in a fixed order.

    `con` has a view with the schema's columns for each name in `tables`; every row of it counts. `as_of` is the
    Monday that ends the week. `observed` holds counts and shares only. Raises LyceumError for a name that is no
    table of the schema.
    """
    import pandas as pd

    rank = {known.short: place for place, known in enumerate(FROM_SOURCES)}
    context = _context()
    found = [
        verdict
        for name in sorted(set(tables), key=lambda name: (rank.get(name, len(rank)), name))
        for verdict in _verdicts(
            context,
            suite(table(name)),
            facts(con, table(name), tables=tables, as_of=as_of, event_types=event_types),
        )
    ]
    return pd.DataFrame(found, columns=CHECKS.names).astype({"success": bool})


def blocking(checks: "pd.DataFrame", /) -> "pd.DataFrame":
    """The failed rows of `checks` with severity fail: while there is one, nothing may be published."""
    return checks[~checks["success"] & (checks["severity"] == FAIL)].reset_index(drop=True)


def _great_expectations() -> ModuleType:
    """The package, without the warnings that its import raises: it imports deprecated modules of `re`."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"module 'sre_\w+' is deprecated", DeprecationWarning)
        import great_expectations
    return great_expectations


def _context() -> "EphemeralDataContext":
    """A context that lives in memory, sends nothing and draws nothing."""
    gx = _great_expectations()
    from great_expectations.data_context.types import base

    config = base.DataContextConfig(
        store_backend_defaults=base.InMemoryStoreBackendDefaults(),
        analytics_enabled=False,
        progress_bars=base.ProgressBarsConfig(globally=False),
    )
    context: EphemeralDataContext = gx.get_context(mode="ephemeral", project_config=config)
    return context


def _verdicts(context: "EphemeralDataContext", rules: dict[str, Any], found: Facts, /) -> list[dict[str, Any]]:
    """What a Checkpoint says about one row of facts, as rows of quality.checks in the order of the suite."""
    import pandas as pd

    gx = _great_expectations()
    name = rules["name"]
    asset = context.data_sources.add_pandas(name).add_dataframe_asset(name)
    definition = gx.ValidationDefinition(
        name=name,
        data=asset.add_batch_definition_whole_dataframe(name),
        suite=context.suites.add(gx.ExpectationSuite(**rules)),
    )
    checkpoint = gx.Checkpoint(
        name=name,
        validation_definitions=[context.validation_definitions.add(definition)],
        result_format="BOOLEAN_ONLY",
    )
    outcome = context.checkpoints.add(checkpoint).run(batch_parameters={"dataframe": pd.DataFrame([found])})
    (run,) = outcome.run_results.values()
    results: Any = run.results
    success = {_identity(result.expectation_config.to_json_dict()): result.success for result in results}
    return [_row(name, rule, success[_identity(rule)], found) for rule in rules["expectations"]]


def _identity(rule: dict[str, Any], /) -> tuple[str, str]:
    return rule["type"], rule["kwargs"]["column"]


def _row(name: str, rule: dict[str, Any], success: bool, found: Facts, /) -> dict[str, Any]:
    kind, figure = _identity(rule)
    cells = (
        *(name, kind, figure, rule["meta"]["severity"], success),
        *(_figure(found[figure]), _expected(rule["kwargs"]), rule["meta"]["sentence_en"]),
    )
    return dict(zip(CHECKS.names, cells, strict=True))


def _figure(value: int | float | None, /) -> str:
    """A count in full, a share with four digits; a fact that has no basis is said to be unknown, and passes."""
    if value is None:
        return "not known"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _expected(kwargs: Mapping[str, Any], /) -> str:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    if low is None:
        return f"at most {high}"
    return f"at least {low}" if high is None else f"{low} to {high}"
