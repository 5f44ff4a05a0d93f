"""How values are converted: for each function the SQL of both engines.

The converting functions are strict: a text that is not what they name raises inside the engine, and the mapping
turns that into a reject. They do so by `regexp_extract`: a text of another form gives '', which converts to nothing.
(Measured: a bare cast takes '1.5' for the whole number 2, '1_000' for 1000, '1e400' for infinity.)
"""

from collections.abc import Callable, Sequence

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
_DURATION = (
    r"^(P(?:0+Y)?(?:0+M)?(?:([0-9]{1,6})W)?(?:([0-9]{1,6})D)?"
    r"(?:T(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9}(?:\.[0-9]{1,9})?)S)?)?)$"
)
_ENDS_WELL = "^(.*[0-9][A-Z])$"  # P, PT and P1DT say nothing
_UNIT_MS = {2: 604_800_000, 3: 86_400_000, 4: 3_600_000, 5: 60_000, 6: 1_000}  # by the group of the pattern

# Directives of a time format, and what Spark calls them.
DIRECTIVES = {
    **{"%Y": "yyyy", "%y": "yy", "%m": "MM", "%d": "dd", "%H": "HH", "%I": "hh", "%M": "mm", "%S": "ss"},
    **{"%f": "SSSSSS", "%b": "MMM", "%B": "MMMM", "%p": "a", "%j": "DDD", "%z": "XX"},
}


def duck_text(text: str, /) -> str:
    """`text` as a DuckDB literal."""
    return "'" + text.replace("'", "''") + "'"


def spark_text(text: str, /) -> str:
    """`text` as a Spark literal, in which a backslash escapes."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def duck_as(pattern: str, type_name: str, /) -> Form:
    """DuckDB: the text that `pattern` extracts, as a type; raises where it extracts nothing."""
    quoted = duck_text(pattern)
    return lambda a: f"CAST(regexp_extract(trim(CAST({a[0]} AS VARCHAR)), {quoted}, 1) AS {type_name})"


def spark_as(pattern: str, type_name: str, /) -> Form:
    """Spark: the same; null where it extracts nothing."""
    quoted = spark_text(pattern)
    return lambda a: f"try_cast(regexp_extract(trim(CAST({a[0]} AS STRING)), {quoted}, 1) AS {type_name})"


duck_whole, duck_number = duck_as(WHOLE, "BIGINT"), duck_as(NUMBER, "DOUBLE")
duck_money, duck_day = duck_as(DECIMAL, "DECIMAL(18,2)"), duck_as(DAY, "DATE")
spark_whole = spark_as(WHOLE, "BIGINT")


def duck_iso(a: Sequence[str], /) -> str:
    """An ISO time with an offset; with a zone, also one without, which is then local to that zone."""
    text = f"trim(CAST({a[0]} AS VARCHAR))"
    if len(a) == 1:
        return f"CAST(regexp_extract({text}, {duck_text(INSTANT)}, 1) AS TIMESTAMPTZ)"
    extracted = f"regexp_extract({text}, {duck_text(INSTANT_OR_LOCAL)}, 1)"
    return f"CAST(regexp_replace({extracted}, {duck_text(LOCAL)}, {duck_text(chr(92) + '1 ' + a[1])}) AS TIMESTAMPTZ)"


def spark_iso(a: Sequence[str], /) -> str:
    """Spark: an ISO time."""
    text = f"trim(CAST({a[0]} AS STRING))"
    if len(a) == 1:
        return f"try_cast(regexp_extract({text}, {spark_text(INSTANT)}, 1) AS TIMESTAMP)"
    extracted = f"regexp_extract({text}, {spark_text(INSTANT_OR_LOCAL)}, 1)"
    return f"try_cast(regexp_replace({extracted}, {spark_text(LOCAL)}, {spark_text('$1 ' + a[1])}) AS TIMESTAMP)"


def duck_instant(a: Sequence[str], /) -> str:
    """DuckDB: a local time in a format."""
    parsed = f"strptime(CAST({a[0]} AS VARCHAR), {duck_text(a[1])})"
    return parsed if "%z" in a[1] else f"({parsed} AT TIME ZONE {duck_text(a[2])})"


def _spark_format(text: str) -> str:
    for directive, pattern in DIRECTIVES.items():
        text = text.replace(directive, pattern)
    return spark_text(text.replace("T", "'T'"))


def spark_instant(a: Sequence[str], /) -> str:
    """Spark: a local time in a format."""
    parsed = f"try_to_timestamp(CAST({a[0]} AS STRING), {_spark_format(a[1])})"
    return parsed if "%z" in a[1] else f"to_utc_timestamp({parsed}, {spark_text(a[2])})"


def duck_day_in(a: Sequence[str], /) -> str:
    """DuckDB: a date, in a format if there is a second argument."""
    if len(a) == 1:
        return duck_day(a)
    return f"CAST(strptime(CAST({a[0]} AS VARCHAR), {duck_text(a[1])}) AS DATE)"


def spark_day_in(a: Sequence[str], /) -> str:
    """Spark: a date, in a format if there is a second argument."""
    if len(a) == 1:
        return spark_as(DAY, "DATE")(a)
    return f"CAST(try_to_timestamp(CAST({a[0]} AS STRING), {_spark_format(a[1])}) AS DATE)"


def duck_epoch(unit: int, /) -> Form:
    """DuckDB: a time from units of `unit` microseconds since 1970."""
    exact = duck_as(DECIMAL, "DECIMAL(30,6)")
    return lambda a: f"make_timestamptz(CAST({exact(a)} * {unit} AS BIGINT))"


def spark_epoch(unit: int, /) -> Form:
    """Spark: a time from units of `unit` microseconds since 1970."""
    exact = spark_as(DECIMAL, "DECIMAL(30,6)")
    return lambda a: f"timestamp_micros(CAST({exact(a)} * {unit} AS BIGINT))"


def duck_days_after(a: Sequence[str], /) -> str:
    """DuckDB: days later by the calendar."""
    days = f"CAST({duck_whole(a[1:2])} AS INTEGER)"
    if len(a) == 2:
        return f"({a[0]} + {days})"  # a date only: the engine refuses an instant, whose days need a zone
    zone = duck_text(a[2])
    return f"((({a[0]}) AT TIME ZONE {zone}) + to_days({days})) AT TIME ZONE {zone}"


def spark_days_after(a: Sequence[str], /) -> str:
    """Spark: days later by the calendar."""
    days = f"CAST({spark_whole(a[1:2])} AS INT)"
    if len(a) == 2:
        return f"date_add({a[0]}, {days})"
    zone = spark_text(a[2])
    return f"to_utc_timestamp(from_utc_timestamp({a[0]}, {zone}) + make_dt_interval({days}), {zone})"


def duck_duration(a: Sequence[str], /) -> str:
    """DuckDB: milliseconds of an ISO 8601 duration. Years and months have no length: only 0 of them is taken."""
    text = f"trim(CAST({a[0]} AS VARCHAR))"
    whole = f"regexp_extract(regexp_extract({text}, {duck_text(_DURATION)}, 1), {duck_text(_ENDS_WELL)}, 1)"
    valid = f"CAST(regexp_replace({whole}, '^.+$', '0') AS BIGINT)"  # '' raises
    return f"({' + '.join([valid, *(_duck_part(text, group) for group in _UNIT_MS)])})"


def _duck_part(text: str, group: int) -> str:
    part = f"nullif(regexp_extract({text}, {duck_text(_DURATION)}, {group}), '')"
    return f"coalesce(CAST(round(CAST({part} AS DECIMAL(18,6)) * {_UNIT_MS[group]}) AS BIGINT), 0)"


def spark_duration(a: Sequence[str], /) -> str:
    """Spark: milliseconds of an ISO 8601 duration."""
    text = f"trim(CAST({a[0]} AS STRING))"
    whole = f"regexp_extract(regexp_extract({text}, {spark_text(_DURATION)}, 1), {spark_text(_ENDS_WELL)}, 1)"
    valid = f"try_cast(regexp_replace({whole}, '^.+$', '0') AS BIGINT)"
    return f"({' + '.join([valid, *(_spark_part(text, group) for group in _UNIT_MS)])})"


def _spark_part(text: str, group: int) -> str:
    part = f"regexp_extract({text}, {spark_text(_DURATION)}, {group})"
    return f"coalesce(CAST(round(try_cast({part} AS DECIMAL(18,6)) * {_UNIT_MS[group]}) AS BIGINT), 0)"
