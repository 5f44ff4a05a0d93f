"""The standard expectations of the suites, asked for their counts alone.

A standard expectation on a column also fetches unexpected values, by a statement for each rule, and one on a query
also fetches the rows, although nothing of them is shown. And each writes out all its settings anew whenever it looks
at one of them, some ninety times for a verdict: half of what a verdict on a small table costs. Here it asks for what
it counts, as Great Expectations means custom expectations to; what is counted and how it is judged stay its own.

Nor does anything of a verdict go into stores of Great Expectations: their copies of it as JSON, which nobody would
read, and the comparisons with these took two fifths of the verdict on the week's tables.

Importing this module imports Great Expectations, so it is imported when the first verdict is asked for.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from great_expectations.checkpoint.checkpoint import Checkpoint
from great_expectations.core.freshness_diagnostics import (
    CheckpointFreshnessDiagnostics,
    ValidationDefinitionFreshnessDiagnostics,
)
from great_expectations.core.validation_definition import ValidationDefinition
from great_expectations.expectations.core.expect_column_values_to_be_between import ExpectColumnValuesToBeBetween
from great_expectations.expectations.core.expect_column_values_to_be_in_set import ExpectColumnValuesToBeInSet
from great_expectations.expectations.core.expect_column_values_to_not_be_null import ExpectColumnValuesToNotBeNull
from great_expectations.expectations.core.unexpected_rows_expectation import UnexpectedRowsExpectation
from great_expectations.expectations.expectation_configuration import parse_result_format
from great_expectations.expectations.registry import get_metric_kwargs
from great_expectations.validator.metric_configuration import MetricConfiguration
from great_expectations.validator.validator import ValidationDependencies

from expectations.rule import BETWEEN, IN_SET, NULL, ROWS, Rule

OF_COLUMN = ("table.row_count", "column_values.nonnull.unexpected_count")
ROWS_FOUND = "unexpected_rows_query.table"


class Counting:
    """Mixed into a standard expectation: it asks for the metrics `asked`, and for no others."""

    asked: ClassVar[tuple[str, ...]]

    def get_validation_dependencies(
        self,
        execution_engine: object = None,
        runtime_configuration: Mapping[str, Any] | None = None,
        **_given: object,
    ) -> ValidationDependencies:
        """The metrics that the verdict is made of, each with those settings of the expectation that it takes."""
        wanted = (runtime_configuration or {}).get("result_format", "BASIC")
        needed = ValidationDependencies(result_format=parse_result_format(wanted))
        for name in self.asked:
            keys = get_metric_kwargs(name)
            domain, values = (self._settings(keys[kind]) for kind in ("metric_domain_keys", "metric_value_keys"))
            needed.set_metric_configuration(name, MetricConfiguration(name, domain, values))
        return needed

    def _settings(self, keys: tuple[str, ...]) -> dict[str, Any]:
        return {key: getattr(self, key, None) for key in keys}


class CountNulls(Counting, ExpectColumnValuesToNotBeNull):
    """Every row has a value."""

    asked: ClassVar[tuple[str, ...]] = OF_COLUMN


class CountUnknown(Counting, ExpectColumnValuesToBeInSet):
    """Every value is one of a set."""

    asked: ClassVar[tuple[str, ...]] = (*OF_COLUMN, "column_values.in_set.unexpected_count")


class CountBeyond(Counting, ExpectColumnValuesToBeBetween):
    """Every value lies between two bounds."""

    asked: ClassVar[tuple[str, ...]] = (*OF_COLUMN, "column_values.between.unexpected_count")


class CountRows(Counting, UnexpectedRowsExpectation):
    """A query finds no row."""

    asked: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.row_count",)

    def _validate(self, metrics: dict[str, Any], *given: Any, **named: Any) -> Any:  # noqa: ANN401 - as in GX
        return super()._validate({**metrics, ROWS_FOUND: None}, *given, **named)


class Unkept:
    """Takes results and keeps none: who asked for the verdict has them."""

    cloud_mode = False

    def store_validation_results(self, **_results: object) -> None:
        """Do nothing."""


class Judgement(ValidationDefinition):
    """That a suite judges a table, once: made for one verdict, it has no stored copy that it could differ from."""

    def is_fresh(self) -> ValidationDefinitionFreshnessDiagnostics:
        """It is."""
        return ValidationDefinitionFreshnessDiagnostics(errors=[])

    @property
    def _validation_results_store(self) -> Any:  # noqa: ANN401 - as in GX
        return Unkept()


class Verdict(Checkpoint):
    """A Checkpoint that runs once, and has no stored copy that it could differ from."""

    def is_fresh(self) -> CheckpointFreshnessDiagnostics:
        """It is."""
        return CheckpointFreshnessDiagnostics(errors=[])


COUNTING = {
    **{NULL: CountNulls.expectation_type, IN_SET: CountUnknown.expectation_type},
    **{BETWEEN: CountBeyond.expectation_type, ROWS: CountRows.expectation_type},
}


def counting(rule: Rule, /) -> Rule:
    """The rule with its expectation asked for counts alone, and of what it says to people only its name."""
    return {
        **rule,
        "type": COUNTING.get(rule["type"], rule["type"]),
        "meta": {"rule": rule["meta"]["rule"]},
    }
