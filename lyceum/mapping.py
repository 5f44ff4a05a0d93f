"""The language of mappings: one scalar SQL expression per column, parsed, checked and written anew.

What a source says is never run as it stands. sqlglot parses it with every function unknown; this module walks the
tree and writes SQL for the nodes and functions it knows. Whatever it does not know is refused, so that a new kind of
node in a new sqlglot is refused too.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from lyceum.errors import UsageError
from lyceum.mapping_forms import DIRECTIVES, duck_text, spark_text
from lyceum.mapping_functions import CASTS, FUNCTIONS, Function

if TYPE_CHECKING:
    from sqlglot.dialects.dialect import Dialect
    from sqlglot.expressions.core import Expr as Node

_HINT = "A column is one scalar expression over raw columns and lookups; data/sources/README.md lists the functions."
LONGEST = 4000  # characters; a mapping that needs more is a program


@dataclass(frozen=True)
class Scope:
    """What an expression may name: raw columns, lookups with their columns, and the source's time zone."""

    columns: tuple[str, ...]
    lookups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    zone: str = "UTC"


@dataclass(frozen=True)
class Expression:
    """A checked expression: its SQL for both engines, and the raw columns and lookups that it reads.

    In the SQL the n-th raw column is called c<n>, the n-th column of lookup L is called lookup_L.v<n>.
    """

    text: str
    duckdb: str
    spark: str
    columns: frozenset[str]
    lookups: frozenset[str]


def near(name: str, known: Sequence[str], /) -> str:
    """`Near names: a, b.` out of `known`, or all of a short list, or nothing."""
    found = get_close_matches(name, known, n=3, cutoff=0.5) or (sorted(known) if len(known) <= 30 else [])
    return f"Near names: {', '.join(found)}." if found else ""


def compile_expression(text: str, /, *, scope: Scope) -> Expression:
    """Check `text` and write it anew.

    Raises:
        UsageError: it is no expression, or it holds something outside the language; says what was found.
    """
    tree = _parse(text)
    duck = _Writer(scope, "duckdb")
    try:
        sql, spark = duck.write(tree), _Writer(scope, "spark").write(tree)
    except RecursionError:
        raise _refused("it is nested too deeply") from None
    return Expression(text, sql, spark, frozenset(duck.columns), frozenset(duck.lookups))


def _refused(what: str, remedy: str = "") -> UsageError:
    return UsageError(what, remedy=remedy)


@cache
def _dialect() -> "type[Dialect]":
    from sqlglot import parser
    from sqlglot.dialects.duckdb import DuckDB

    # Every call becomes an anonymous function, so that our allow-list alone decides what a name means.
    base = parser.Parser
    kept = {
        "FUNCTIONS": {},
        "FUNCTION_PARSERS": {name: base.FUNCTION_PARSERS[name] for name in ("CAST", "TRY_CAST")},
        "NO_PAREN_FUNCTIONS": {},
        "NO_PAREN_FUNCTION_PARSERS": {"CASE": base.NO_PAREN_FUNCTION_PARSERS["CASE"]},
    }
    own = type("MappingParser", (DuckDB.parser_class,), kept)
    return type("Mappings", (DuckDB,), {"Parser": own})


def _parse(text: str) -> "Node":
    import sqlglot
    from sqlglot.errors import SqlglotError

    if len(text) > LONGEST:
        raise _refused(f"it is longer than {LONGEST} characters")
    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns of statements that are refused here anyway
    try:
        trees = sqlglot.parse(text, dialect=_dialect())
    except SqlglotError:
        raise _refused("it is no SQL expression", "Check quotes and brackets.") from None
    except RecursionError:
        raise _refused("it is nested too deeply") from None
    if len(trees) != 1 or trees[0] is None:
        raise _refused("it must be one expression, without a semicolon")
    return trees[0]


_BINARY = {
    **{"And": "AND", "Or": "OR", "EQ": "=", "NEQ": "<>", "GT": ">", "GTE": ">=", "LT": "<", "LTE": "<="},
    **{"Add": "+", "Sub": "-", "Mul": "*", "DPipe": "||"},
}
_PARTS = {
    "Column": {"this", "table"},
    "Literal": {"this", "is_string"},
    "Boolean": {"this"},
    "Case": {"this", "ifs", "default"},
    "If": {"this", "true"},
    "In": {"this", "expressions"},
    "Between": {"this", "low", "high"},
    "Like": {"this", "expression", "negate"},
    "Cast": {"this", "to"},
    "TryCast": {"this", "to", "safe"},
    "Anonymous": {"this", "expressions"},
}
_WORDS = {
    **{"Subquery": "a subquery", "Select": "a subquery", "Exists": "a subquery", "Window": "a window function"},
    **{"Lambda": "a lambda", "Kwarg": "a lambda", "Star": "a star", "Placeholder": "a parameter"},
    **{"Alias": "an alias", "Copy": "COPY", "Pragma": "PRAGMA", "Command": "a command"},
    **{"Filter": "an aggregate", "Distinct": "an aggregate", "Order": "an aggregate", "Dot": "a qualified function"},
}
_AGGREGATES = {"sum", "count", "avg", "min", "max", "any_value", "first", "last", "list", "string_agg", "median"}
_TABLE_FUNCTIONS = {
    "read_csv",
    "read_csv_auto",
    "read_parquet",
    "read_json",
    "read_text",
    "read_blob",
    "glob",
    "unnest",
}


class _Writer:
    """Writes one tree as SQL of one engine."""

    def __init__(self, scope: Scope, engine: str) -> None:
        self.scope = scope
        self.engine = engine
        self.columns: set[str] = set()
        self.lookups: set[str] = set()

    def write(self, node: "Node") -> str:
        """The SQL of a node; UsageError for a node outside the language."""
        kind = type(node).__name__
        allowed = _PARTS.get(kind, {"this", "expression", "safe", "typed"})
        extra = [name for name, value in node.args.items() if value and name not in allowed]
        if kind in _BINARY and not extra:
            return f"({self.write(node.this)} {_BINARY[kind]} {self.write(node.expression)})"
        writer: Callable[[Node], str] | None = getattr(self, f"_{kind.lower()}", None)
        if writer is None or extra:
            what = "a subquery" if "query" in extra else _WORDS.get(kind, kind.upper())
            raise _refused(f"it holds {what}, which is outside the language", _HINT)
        return writer(node)

    def _text(self, text: str) -> str:
        return duck_text(text) if self.engine == "duckdb" else spark_text(text)

    def _literal(self, node: "Node") -> str:
        return self._text(node.this) if node.is_string else str(node.this)

    def _boolean(self, node: "Node") -> str:
        return "TRUE" if node.this else "FALSE"

    def _null(self, node: "Node") -> str:
        return "NULL"

    def _paren(self, node: "Node") -> str:
        return f"({self.write(node.this)})"

    def _neg(self, node: "Node") -> str:
        return f"(-{self.write(node.this)})"

    def _not(self, node: "Node") -> str:
        return f"(NOT {self.write(node.this)})"

    def _is(self, node: "Node") -> str:
        if type(node.expression).__name__ not in ("Null", "Boolean"):
            raise _refused("IS stands before NULL, TRUE or FALSE only")
        return f"({self.write(node.this)} IS {self.write(node.expression)})"

    def _div(self, node: "Node") -> str:
        return f"({self.write(node.this)} / nullif({self.write(node.expression)}, 0))"

    def _in(self, node: "Node") -> str:
        if not node.expressions:
            raise _refused("IN needs a list of values", _HINT)
        return f"({self.write(node.this)} IN ({', '.join(map(self.write, node.expressions))}))"

    def _between(self, node: "Node") -> str:
        low, high = self.write(node.args["low"]), self.write(node.args["high"])
        return f"({self.write(node.this)} BETWEEN {low} AND {high})"

    def _like(self, node: "Node") -> str:
        word = "NOT LIKE" if node.args.get("negate") else "LIKE"
        escape = "" if self.engine == "duckdb" else " ESCAPE '\x01'"  # Spark would take a backslash for one
        return f"({self.write(node.this)} {word} {self.write(node.expression)}{escape})"

    def _case(self, node: "Node") -> str:
        operand = f" {self.write(node.this)}" if node.this else ""
        ifs = "".join(
            f" WHEN {self.write(branch.this)} THEN {self.write(branch.args['true'])}" for branch in node.args["ifs"]
        )
        default = node.args.get("default")
        return f"CASE{operand}{ifs}{f' ELSE {self.write(default)}' if default else ''} END"

    def _cast(self, node: "Node") -> str:
        name = CASTS.get(node.args["to"].sql(dialect="duckdb"))
        if name is None:
            raise _refused("it casts to a type outside the language", f"Use one of {', '.join(CASTS)}.")
        function = FUNCTIONS[name]
        form = function.duckdb if self.engine == "duckdb" else function.spark
        return form([self.write(node.this)])

    _trycast = _cast

    def _column(self, node: "Node") -> str:
        if node.args.get("table") is not None:
            return self._looked_up(node.args["table"].name, node.name)
        if node.name not in self.scope.columns:
            raise _refused(f"there is no raw column {node.name}", near(node.name, self.scope.columns))
        self.columns.add(node.name)
        return f"c{self.scope.columns.index(node.name)}"

    def _looked_up(self, lookup: str, column: str) -> str:
        if lookup not in self.scope.lookups:
            raise _refused(
                f"there is no lookup {lookup} joined by this mapping", near(lookup, list(self.scope.lookups))
            )
        columns = self.scope.lookups[lookup]
        if column not in columns:
            raise _refused(f"lookup {lookup} has no column {column}", near(column, columns))
        self.lookups.add(lookup)
        return f"lookup_{lookup}.v{columns.index(column)}"

    def _anonymous(self, node: "Node") -> str:
        name = str(node.this).lower()
        if name in _AGGREGATES or name in _TABLE_FUNCTIONS:
            kind = "an aggregate" if name in _AGGREGATES else "a table function"
            raise _refused(f"it holds {kind}, {name}()", _HINT)
        if name not in FUNCTIONS:
            raise _refused(f"there is no function {name}", near(name, list(FUNCTIONS)))
        function = FUNCTIONS[name]
        arguments = self._arguments(function, node.expressions)
        return function.duckdb(arguments) if self.engine == "duckdb" else function.spark(arguments)

    def _arguments(self, function: Function, nodes: Sequence["Node"]) -> list[str]:
        if not function.least <= len(nodes) <= function.most or (function.name == "json_object" and len(nodes) % 2):
            raise _refused(f"{function.name} has {len(nodes)} arguments", function.usage)
        arguments = [
            _literal(function, place, node) if function.literal(place) else self.write(node)
            for place, node in enumerate(nodes)
        ]
        if function.zone_default and len(arguments) == function.zone_at:
            arguments.append(self.scope.zone)
        return arguments


def _literal(function: Function, place: int, node: "Node") -> str:
    if type(node).__name__ != "Literal":
        raise _refused(f"argument {place + 1} of {function.name} must be a literal", function.usage)
    text = str(node.this)
    if place == function.zone_at and text not in available_timezones():
        raise _refused(f"there is no time zone {text}", near(text, sorted(available_timezones())))
    if place == function.format_at:
        _check_format(text)
    if function.name in ("json_text", "param") and any(mark in text for mark in "\"'\\*"):
        raise _refused(f"a key of {function.name} holds a quote, a backslash or a star")
    if function.name in _COUNTED and place in _COUNTED[function.name] and (node.is_string or not text.isdecimal()):
        raise _refused(f"argument {place + 1} of {function.name} must be a whole number")
    if function.name in ("substr", "split_part") and place == _COUNTED[function.name][0] and text == "0":
        raise _refused(f"{function.name} counts from 1")
    return text


_COUNTED = {"left": (1,), "right": (1,), "substr": (1, 2), "round": (1,), "split_part": (2,)}


def _check_format(text: str) -> None:
    places = [at for at, mark in enumerate(text) if mark == "%"]
    unknown = [text[at : at + 2] for at in places if text[at : at + 2] not in DIRECTIVES]
    if unknown or not places:
        raise _refused(
            f"the time format has {'an unknown directive ' + unknown[0] if unknown else 'no directive'}",
            f"Known: {' '.join(DIRECTIVES)}.",
        )
