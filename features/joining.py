"""Rows of feature sets put side by side by their key."""

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir

USER = ("user_id", "as_of")
ITEM = ("item_id", "as_of")


def beside(rows: ir.Table, /, *others: ir.Table, key: tuple[str, ...]) -> ir.Table:
    """Every row of `rows` with the columns of `others`, null where these lack the key."""
    joined, names = rows, list(rows.columns)
    for number, each in enumerate(others):  # one chain and one selection: plans and their making stay small
        joined = joined.left_join(each, key, rname=f"{{name}}_of_{number}")
        names += [name for name in each.columns if name not in key]
    return joined.select(*names)


def either(rows: ir.Table, others: ir.Table, /, *, key: tuple[str, ...]) -> ir.Table:
    """Every key of the one or the other with the columns of both."""
    both = rows.outer_join(others, key)
    named = both.mutate(**{name: ibis.coalesce(both[name], both[f"{name}_right"]) for name in key})
    return named.drop(*(f"{name}_right" for name in key))


def typed(rows: ir.Table, /) -> ir.Table:
    """`rows` with numbers of the types that ibis says they have.

    DuckDB widens sums of integers and differences of decimals, and the method `cast` leaves out what ibis, which does
    not know of it, thinks needless.
    """
    exact = {name: kind for name, kind in rows.schema().items() if kind.is_int64() or kind.is_decimal()}
    return rows.mutate(**{name: ops.Cast(rows[name], to=kind).to_expr() for name, kind in exact.items()})
