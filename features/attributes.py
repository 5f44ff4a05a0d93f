"""Values out of JSON text, in a form that both engines have."""

import ibis
import ibis.expr.types as ir


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def get_json_object(text: str, path: str) -> str:  # type: ignore[empty-body]
    """Spark's function of this name; lyceum.engine gives it to DuckDB."""


def json_text(text: ir.StringValue, key: str, /) -> ir.StringValue:
    """The value of `key` at the top of JSON `text`, as text; null where there is none or the text is no JSON."""
    value: ir.StringValue = get_json_object(text, f"$.{key}")
    return value
