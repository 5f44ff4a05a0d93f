"""The allow-list of the mapping language: every function with its DuckDB and its Spark form."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lyceum import mapping_forms as forms
from lyceum import mapping_json
from lyceum.mapping_forms import Form, duck_text, spark_text


@dataclass(frozen=True)
class Function:
    """One allowed function. Arguments at `literals` (or all from `literals_from` on) must be literals.

    A literal argument reaches a form as its bare text, any other as SQL. `zone_at` is the argument that names a time
    zone; `zone_default` says that the source's own zone stands in where it is missing.
    """

    name: str
    least: int
    most: int
    duckdb: Form
    spark: Form
    literals: frozenset[int] = frozenset()
    literals_from: int = 99
    zone_at: int = -1
    zone_default: bool = False
    format_at: int = -1
    usage: str = ""

    def literal(self, position: int, /) -> bool:
        """Whether the argument at `position` (0 = first) must be a literal."""
        return position in self.literals or position >= self.literals_from


def _call(name: str) -> Form:
    return lambda a: f"{name}({', '.join(a)})"


def _both(name: str, least: int, most: int, *, spark: str = "", literals: Sequence[int] = ()) -> Function:
    return Function(name, least, most, _call(name), _call(spark or name), frozenset(literals))


def _pattern(engine: Callable[[str], str], name: str) -> Form:
    return lambda a: f"{name}({a[0]}, {engine(a[1])})"


_LITERAL_1, _LITERAL_2 = frozenset({1}), frozenset({2})

_OWN = (
    Function(
        *("text", 1, 1),
        lambda a: f"CAST({a[0]} AS VARCHAR)",
        lambda a: f"CAST({a[0]} AS STRING)",
        usage="text(x): as text",
    ),
    Function(
        *("whole", 1, 1), forms.duck_whole, forms.spark_whole, usage="whole(x): a whole number; '17850.0' is one"
    ),
    Function(
        *("number", 1, 1),
        forms.duck_number,
        forms.spark_as(forms.NUMBER, "DOUBLE"),
        usage="number(x): a finite number",
    ),
    Function(
        *("exact", 1, 1),
        forms.duck_as(forms.DECIMAL, "DECIMAL(18,6)"),
        forms.spark_as(forms.DECIMAL, "DECIMAL(18,6)"),
        usage="exact(x): a decimal with six places, to calculate with money before money() rounds",
    ),
    Function(
        *("money", 1, 1),
        forms.duck_money,
        forms.spark_as(forms.DECIMAL, "DECIMAL(18,2)"),
        usage="money(x): an amount, two places",
    ),
    Function(
        *("instant", 2, 3),
        forms.duck_instant,
        forms.spark_instant,
        literals_from=1,
        format_at=1,
        zone_at=2,
        zone_default=True,
        usage="instant(x, '%Y-%m-%d %H:%M:%S'[, 'zone']): a local time of the zone, else of the source",
    ),
    Function(
        *("iso", 1, 2),
        forms.duck_iso,
        forms.spark_iso,
        literals_from=1,
        zone_at=1,
        usage="iso(x[, 'zone']): an ISO time; without an offset only if a zone is given",
    ),
    Function(
        *("epoch_s", 1, 1), forms.duck_epoch(1_000_000), forms.spark_epoch(1_000_000), usage="epoch_s(x): seconds"
    ),
    Function(
        *("epoch_ms", 1, 1), forms.duck_epoch(1_000), forms.spark_epoch(1_000), usage="epoch_ms(x): milliseconds"
    ),
    Function(*("epoch_us", 1, 1), forms.duck_epoch(1), forms.spark_epoch(1), usage="epoch_us(x): microseconds"),
    Function(
        *("day", 1, 2),
        forms.duck_day_in,
        forms.spark_day_in,
        literals_from=1,
        format_at=1,
        usage="day(x[, '%d.%m.%Y']): a date",
    ),
    Function(
        *("midnight", 1, 2),
        lambda a: f"(CAST({a[0]} + 0 AS TIMESTAMP) AT TIME ZONE {duck_text(a[1])})",  # + 0: dates only
        lambda a: f"to_utc_timestamp(CAST(date_add({a[0]}, 0) AS TIMESTAMP), {spark_text(a[1])})",
        literals_from=1,
        zone_at=1,
        zone_default=True,
        usage="midnight(date[, 'zone']): the moment at which the date begins",
    ),
    Function(
        *("days_after", 2, 3),
        forms.duck_days_after,
        forms.spark_days_after,
        literals=_LITERAL_2,
        zone_at=2,
        usage="days_after(date, n) or days_after(instant, n, 'zone')",
    ),
    Function(
        *("json_text", 2, 20),
        mapping_json.duck_json_text,
        mapping_json.spark_json_text,
        literals_from=1,
        usage="json_text(x, 'key'[, 'key' or index ...]): a value inside JSON text",
    ),
    Function(
        *("json_object", 2, 40),
        mapping_json.duck_json_object,
        mapping_json.spark_json_object,
        literals=frozenset(range(0, 40, 2)),
        usage="json_object('key', x, ...): JSON text; keys without a value are left out",
    ),
    Function(
        *("param", 2, 2),
        mapping_json.duck_param,
        mapping_json.spark_param,
        literals=_LITERAL_1,
        usage="param(x, 'key'): a value of a list of keys and values, as GA4's event_params",
    ),
    Function(
        *("iso_duration_ms", 1, 1),
        forms.duck_duration,
        forms.spark_duration,
        usage="iso_duration_ms(x): milliseconds of an ISO duration such as PT3M15S",
    ),
)
_PLAIN = (
    *(_both("coalesce", 1, 20), _both("nullif", 2, 2), _both("lower", 1, 1), _both("upper", 1, 1)),
    *(_both("trim", 1, 1), _both("length", 1, 1), _both("replace", 3, 3), _both("abs", 1, 1)),
    *(_both("greatest", 1, 20), _both("least", 1, 20), _both("contains", 2, 2)),
    *(_both("starts_with", 2, 2, spark="startswith"), _both("ends_with", 2, 2, spark="endswith")),
    *(_both("left", 2, 2, literals=(1,)), _both("right", 2, 2, literals=(1,))),
    *(_both("substr", 2, 3, literals=(1, 2)), _both("round", 1, 2, literals=(1,))),
    Function("concat", 1, 20, _call("concat"), lambda a: f"concat_ws('', {', '.join(a)})"),
    Function(
        *("split_part", 3, 3),
        lambda a: f"split_part({a[0]}, {duck_text(a[1])}, {a[2]})",
        lambda a: f"split_part({a[0]}, {spark_text(a[1])}, {a[2]})",
        literals=frozenset({1, 2}),
    ),
    Function(
        *("regexp_matches", 2, 2),
        _pattern(duck_text, "regexp_matches"),
        _pattern(spark_text, "regexp_like"),
        literals=_LITERAL_1,
    ),
)

FUNCTIONS: dict[str, Function] = {function.name: function for function in (*_OWN, *_PLAIN)}

# What CAST(x AS type) stands for: the strict function of that type.
CASTS = {
    **{"TEXT": "text", "VARCHAR": "text", "BIGINT": "whole", "INT": "whole", "DOUBLE": "number"},
    **{"DATE": "day", "DECIMAL(18, 2)": "money", "DECIMAL(18, 6)": "exact"},
}
