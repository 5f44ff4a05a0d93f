"""The allow-list of the mapping language: every function with its DuckDB and its Spark form.

The converting functions are strict: a text that is not what they name raises inside the engine, and the mapping
turns that into a reject. They do so by `regexp_extract`: a text of another form gives '', which converts to nothing.
(Measured: a bare cast takes '1.5' for the whole number 2, '1_000' for 1000, '1e400' for infinity.)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Form = Callable[[Sequence[str]], str]

WHOLE = r"^([+-]?[0-9]{1,19})(?:\.0*)?$"
NUMBER = r"^([+-]?(?:[0-9]{1,100}(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?)$"
DECIMAL = r"^([+-]?[0-9]{1,30}(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,2})?)$"
DAY = r"^([0-9]{4}-[0-9]{2}-[0-9]{2})$"
_CLOCK = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
_OFFSET = r" ?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)"
INSTANT = f"^({_CLOCK}{_OFFSET})$"
INSTANT_OR_LOCAL = f"^({_CLOCK}(?:{_OFFSET})?)$"
LOCAL = f"^({_CLOCK})$"

# Directives of a time format, and what Spark calls them.
DIRECTIVES = {
    **{"%Y": "yyyy", "%y": "yy", "%m": "MM", "%d": "dd", "%H": "HH", "%I": "hh", "%M": "mm", "%S": "ss"},
    **{"%f": "SSSSSS", "%b": "MMM", "%B": "MMMM", "%p": "a", "%j": "DDD", "%z": "XX"},
}


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


def duck_text(text: str, /) -> str:
    """`text` as a DuckDB literal."""
    return "'" + text.replace("'", "''") + "'"


def spark_text(text: str, /) -> str:
    """`text` as a Spark literal, in which a backslash escapes."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _duck(pattern: str, type_name: str) -> Form:
    quoted = duck_text(pattern)
    return lambda a: f"CAST(regexp_extract(trim(CAST({a[0]} AS VARCHAR)), {quoted}, 1) AS {type_name})"


def _spark(pattern: str, type_name: str) -> Form:
    quoted = spark_text(pattern)
    return lambda a: f"try_cast(regexp_extract(trim(CAST({a[0]} AS STRING)), {quoted}, 1) AS {type_name})"


duck_whole, duck_number = _duck(WHOLE, "BIGINT"), _duck(NUMBER, "DOUBLE")
duck_money, duck_day = _duck(DECIMAL, "DECIMAL(18,2)"), _duck(DAY, "DATE")
_spark_whole = _spark(WHOLE, "BIGINT")


def duck_iso(a: Sequence[str], /) -> str:
    """An ISO time with an offset; with a zone, also one without, which is then local to that zone."""
    text = f"trim(CAST({a[0]} AS VARCHAR))"
    if len(a) == 1:
        return f"CAST(regexp_extract({text}, {duck_text(INSTANT)}, 1) AS TIMESTAMPTZ)"
    extracted = f"regexp_extract({text}, {duck_text(INSTANT_OR_LOCAL)}, 1)"
    return f"CAST(regexp_replace({extracted}, {duck_text(LOCAL)}, {duck_text(chr(92) + '1 ' + a[1])}) AS TIMESTAMPTZ)"


def _spark_iso(a: Sequence[str]) -> str:
    text = f"trim(CAST({a[0]} AS STRING))"
    if len(a) == 1:
        return f"try_cast(regexp_extract({text}, {spark_text(INSTANT)}, 1) AS TIMESTAMP)"
    extracted = f"regexp_extract({text}, {spark_text(INSTANT_OR_LOCAL)}, 1)"
    return f"try_cast(regexp_replace({extracted}, {spark_text(LOCAL)}, {spark_text('$1 ' + a[1])}) AS TIMESTAMP)"


def _duck_instant(a: Sequence[str]) -> str:
    parsed = f"strptime(CAST({a[0]} AS VARCHAR), {duck_text(a[1])})"
    return parsed if "%z" in a[1] else f"({parsed} AT TIME ZONE {duck_text(a[2])})"


def _spark_format(text: str) -> str:
    for directive, pattern in DIRECTIVES.items():
        text = text.replace(directive, pattern)
    return spark_text(text.replace("T", "'T'"))


def _spark_instant(a: Sequence[str]) -> str:
    parsed = f"try_to_timestamp(CAST({a[0]} AS STRING), {_spark_format(a[1])})"
    return parsed if "%z" in a[1] else f"to_utc_timestamp({parsed}, {spark_text(a[2])})"


def _duck_day(a: Sequence[str]) -> str:
    if len(a) == 1:
        return duck_day(a)
    return f"CAST(strptime(CAST({a[0]} AS VARCHAR), {duck_text(a[1])}) AS DATE)"


def _spark_day(a: Sequence[str]) -> str:
    if len(a) == 1:
        return _spark(DAY, "DATE")(a)
    return f"CAST(try_to_timestamp(CAST({a[0]} AS STRING), {_spark_format(a[1])}) AS DATE)"


def _duck_epoch(unit: int) -> Form:
    exact = _duck(DECIMAL, "DECIMAL(30,6)")
    return lambda a: f"make_timestamptz(CAST({exact(a)} * {unit} AS BIGINT))"


def _spark_epoch(unit: int) -> Form:
    exact = _spark(DECIMAL, "DECIMAL(30,6)")
    return lambda a: f"timestamp_micros(CAST({exact(a)} * {unit} AS BIGINT))"


def _duck_days_after(a: Sequence[str]) -> str:
    days = f"CAST({duck_whole(a[1:2])} AS INTEGER)"
    if len(a) == 2:
        return f"({a[0]} + {days})"  # a date only: the engine refuses an instant, whose days need a zone
    zone = duck_text(a[2])
    return f"((({a[0]}) AT TIME ZONE {zone}) + to_days({days})) AT TIME ZONE {zone}"


def _spark_days_after(a: Sequence[str]) -> str:
    days = f"CAST({_spark_whole(a[1:2])} AS INT)"
    if len(a) == 2:
        return f"date_add({a[0]}, {days})"
    zone = spark_text(a[2])
    return f"to_utc_timestamp(from_utc_timestamp({a[0]}, {zone}) + make_dt_interval({days}), {zone})"


def _duck_json_text(a: Sequence[str]) -> str:
    path = "$" + "".join(f"[{key}]" if key.isdecimal() else f'."{key}"' for key in a[1:])
    return f"json_extract_string(CAST({a[0]} AS VARCHAR), {duck_text(path)})"


def _spark_json_text(a: Sequence[str]) -> str:
    path = "$" + "".join(f"[{key}]" if key.isdecimal() else f"['{key}']" for key in a[1:])
    return f"get_json_object(CAST({a[0]} AS STRING), {spark_text(path)})"


def _duck_json_object(a: Sequence[str]) -> str:
    pairs = ", ".join(f"{duck_text(k)}, {v}" for k, v in zip(a[::2], a[1::2], strict=True))
    return f"CAST(json_merge_patch('{{}}', json_object({pairs})) AS VARCHAR)"  # the patch leaves nulls out


def _spark_json_object(a: Sequence[str]) -> str:
    pairs = ", ".join(f"{spark_text(k)}, {v}" for k, v in zip(a[::2], a[1::2], strict=True))
    return f"to_json(named_struct({pairs}))"


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
    Function(*("whole", 1, 1), duck_whole, _spark_whole, usage="whole(x): a whole number; '17850.0' is one"),
    Function(*("number", 1, 1), duck_number, _spark(NUMBER, "DOUBLE"), usage="number(x): a finite number"),
    Function(
        *("exact", 1, 1),
        _duck(DECIMAL, "DECIMAL(18,6)"),
        _spark(DECIMAL, "DECIMAL(18,6)"),
        usage="exact(x): a decimal with six places, to calculate with money before money() rounds",
    ),
    Function(*("money", 1, 1), duck_money, _spark(DECIMAL, "DECIMAL(18,2)"), usage="money(x): an amount, two places"),
    Function(
        *("instant", 2, 3),
        _duck_instant,
        _spark_instant,
        literals_from=1,
        format_at=1,
        zone_at=2,
        zone_default=True,
        usage="instant(x, '%Y-%m-%d %H:%M:%S'[, 'zone']): a local time of the zone, else of the source",
    ),
    Function(
        *("iso", 1, 2),
        duck_iso,
        _spark_iso,
        literals_from=1,
        zone_at=1,
        usage="iso(x[, 'zone']): an ISO time; without an offset only if a zone is given",
    ),
    Function(*("epoch_s", 1, 1), _duck_epoch(1_000_000), _spark_epoch(1_000_000), usage="epoch_s(x): seconds"),
    Function(*("epoch_ms", 1, 1), _duck_epoch(1_000), _spark_epoch(1_000), usage="epoch_ms(x): milliseconds"),
    Function(*("epoch_us", 1, 1), _duck_epoch(1), _spark_epoch(1), usage="epoch_us(x): microseconds"),
    Function(
        *("day", 1, 2),
        _duck_day,
        _spark_day,
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
        _duck_days_after,
        _spark_days_after,
        literals=_LITERAL_2,
        zone_at=2,
        usage="days_after(date, n) or days_after(instant, n, 'zone')",
    ),
    Function(
        *("json_text", 2, 20),
        _duck_json_text,
        _spark_json_text,
        literals_from=1,
        usage="json_text(x, 'key'[, 'key' or index ...]): a value inside JSON text",
    ),
    Function(
        *("json_object", 2, 40),
        _duck_json_object,
        _spark_json_object,
        literals=frozenset(range(0, 40, 2)),
        usage="json_object('key', x, ...): JSON text; keys without a value are left out",
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
