"""How JSON text is read and written: for each function the SQL of both engines."""

from collections.abc import Sequence

from lyceum.mapping_forms import duck_text, spark_text


def duck_json_text(a: Sequence[str], /) -> str:
    """DuckDB: the value at a path, as text."""
    path = "$" + "".join(f"[{key}]" if key.isdecimal() else f'."{key}"' for key in a[1:])
    return f"json_extract_string(CAST({a[0]} AS VARCHAR), {duck_text(path)})"


def spark_json_text(a: Sequence[str], /) -> str:
    """Spark: the value at a path, as text."""
    path = "$" + "".join(f"[{key}]" if key.isdecimal() else f"['{key}']" for key in a[1:])
    return f"get_json_object(CAST({a[0]} AS STRING), {spark_text(path)})"


def duck_json_object(a: Sequence[str], /) -> str:
    """DuckDB: JSON text of names and values, without those that have none."""
    pairs = ", ".join(f"{duck_text(k)}, {v}" for k, v in zip(a[::2], a[1::2], strict=True))
    return f"CAST(json_merge_patch('{{}}', json_object({pairs})) AS VARCHAR)"  # the patch leaves nulls out


def spark_json_object(a: Sequence[str], /) -> str:
    """Spark: JSON text of names and values, without those that have none."""
    pairs = ", ".join(f"{spark_text(k)}, {v}" for k, v in zip(a[::2], a[1::2], strict=True))
    return f"to_json(named_struct({pairs}))"


_UNION = ("string_value", "int_value", "float_value", "double_value")  # of which an event parameter of GA4 has one


def duck_param(a: Sequence[str], /) -> str:
    """DuckDB: the value of the first entry with a key in a list of {"key": ..., "value": {"..._value": ...}}."""
    entries = f"json_extract(CAST({a[0]} AS VARCHAR), '$[*]')"
    entry = f"list_filter({entries}, lambda e: json_extract_string(e, '$.key') = {duck_text(a[1])})[1]"
    values = [f"json_extract_string({entry}, '$.value.{name}')" for name in _UNION]
    return f"coalesce({', '.join(values)})"


def spark_param(a: Sequence[str], /) -> str:
    """Spark: the value of the first entry with a key in such a list."""
    values = ", ".join(f"{name}: string" for name in _UNION)
    entries = f"from_json(CAST({a[0]} AS STRING), 'array<struct<key: string, value: struct<{values}>>>')"
    entry = f"get(filter({entries}, e -> e.key = {spark_text(a[1])}), 0).value"
    return f"coalesce({', '.join(f'{entry}.{name}' for name in _UNION)})"
