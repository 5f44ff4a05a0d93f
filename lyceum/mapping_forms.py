"""How values are converted: for each function the SQL of both engines.

The converting functions are strict: a text that is not what they name raises inside the engine, and the mapping
turns that into a reject. They do so by `regexp_extract`: a text of another form gives '', which converts to nothing.
(Measured: a bare cast takes '1.5' for the whole number 2, '1_000' for 1000, '1e400' for infinity, an offset of
+99:99 for four days.) The pattern itself allows spaces around a value: a `trim` before it would double its cost.

A local time that the clocks of its zone never showed is unusable, one that they showed twice is the second of the
two: both engines by themselves shift the one, and disagree about the other. 24:00 is unusable, for half the
functions of either engine do not know it.
"""

from collections.abc import Callable, Sequence

Form = Callable[[Sequence[str]], str]

WHOLE = r"^([+-]?[0-9]{1,19})(?:\.0*)?$"
NUMBER = r"^([+-]?(?:[0-9]{1,100}(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?)$"
DECIMAL = r"^([+-]?[0-9]{1,30}(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,2})?)$"
DAY = r"^([0-9]{4}-[0-9]{2}-[0-9]{2})$"
_CLOCK = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ](?:[01][0-9]|2[0-3]):[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
_OFFSET = r" ?(?:Z|[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?)"
INSTANT = f"^({_CLOCK}{_OFFSET})$"
LOCAL = f"^({_CLOCK})$"
_PLAIN_NUMBER = "[0-9]{1,16}"  # fits a BIGINT, also of microseconds: the common epoch, at a third of a decimal's cost
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


def _duck_found(text: str, pattern: str) -> str:
    """DuckDB: what `pattern` captures of a text with spaces of any script around it, or ''."""
    spaced = pattern.replace("^", r"^\p{Zs}*", 1).removesuffix("$") + r"\p{Zs}*$"
    return f"regexp_extract(CAST({text} AS VARCHAR), {duck_text(spaced)}, 1)"


def duck_as(pattern: str, type_name: str, /) -> Form:
    """DuckDB: the text that `pattern` extracts, as a type; raises where it extracts nothing."""
    return lambda a: f"CAST({_duck_found(a[0], pattern)} AS {type_name})"


def spark_as(pattern: str, type_name: str, /) -> Form:
    """Spark: the same; null where it extracts nothing."""
    quoted = spark_text(pattern)
    return lambda a: f"try_cast(regexp_extract(trim(CAST({a[0]} AS STRING)), {quoted}, 1) AS {type_name})"


duck_whole, duck_number = duck_as(WHOLE, "BIGINT"), duck_as(NUMBER, "DOUBLE")
duck_money, duck_day = duck_as(DECIMAL, "DECIMAL(18,2)"), duck_as(DAY, "DATE")
spark_whole = spark_as(WHOLE, "BIGINT")


_duck_offset, _duck_clock = duck_as(INSTANT, "TIMESTAMPTZ"), duck_as(LOCAL, "TIMESTAMP")
_spark_offset, _spark_clock = spark_as(INSTANT, "TIMESTAMP"), spark_as(LOCAL, "TIMESTAMP")


def _duck_at(local: str, zone: str) -> str:
    """DuckDB: the instant of a local time; raises where the clocks went forward over it."""
    at = f"AT TIME ZONE {duck_text(zone)}"
    checked = f"CASE WHEN (t {at}) {at} <> t THEN CAST('' AS TIMESTAMPTZ) ELSE t {at} END"
    return f"list_transform([{local}], lambda t: {checked})[1]"  # a lambda: `local` is computed once


def _spark_at(local: str, zone: str) -> str:
    """Spark: the same. It takes the first of two passes, and an hour later there is but one."""
    at = f"(to_utc_timestamp({local} + INTERVAL 1 HOUR, {spark_text(zone)}) - INTERVAL 1 HOUR)"
    return f"CASE WHEN from_utc_timestamp({at}, {spark_text(zone)}) = {local} THEN {at} END"


def duck_iso(a: Sequence[str], /) -> str:
    """An ISO time with an offset; with a zone, also one without, which is then local to that zone."""
    if len(a) == 1:
        return _duck_offset(a)
    has_offset = f"{_duck_found(a[0], INSTANT)} <> ''"
    return f"CASE WHEN {has_offset} THEN {_duck_offset(a)} ELSE {_duck_at(_duck_clock(a), a[1])} END"


def spark_iso(a: Sequence[str], /) -> str:
    """Spark: an ISO time."""
    if len(a) == 1:
        return _spark_offset(a)
    return f"coalesce({_spark_offset(a)}, {_spark_at(_spark_clock(a), a[1])})"


def duck_instant(a: Sequence[str], /) -> str:
    """DuckDB: a local time in a format."""
    parsed = f"strptime(CAST({a[0]} AS VARCHAR), {duck_text(a[1])})"
    return parsed if "%z" in a[1] else _duck_at(parsed, a[2])


def _spark_format(text: str) -> str:
    for directive, pattern in DIRECTIVES.items():
        text = text.replace(directive, pattern)
    return spark_text(text.replace("T", "'T'"))


def spark_instant(a: Sequence[str], /) -> str:
    """Spark: a local time in a format."""
    parsed = f"try_to_timestamp(CAST({a[0]} AS STRING), {_spark_format(a[1])})"
    return parsed if "%z" in a[1] else _spark_at(parsed, a[2])


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

    def form(a: Sequence[str], /) -> str:
        text = f"CAST({a[0]} AS VARCHAR)"
        plain = f"regexp_full_match({text}, {duck_text(_PLAIN_NUMBER)})"
        slow = f"CAST({exact(a)} * {unit} AS BIGINT)"
        return f"make_timestamptz(CASE WHEN {plain} THEN CAST({text} AS BIGINT) * {unit} ELSE {slow} END)"

    return form


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
