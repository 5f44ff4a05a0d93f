"""From the type that an expression has to the type that a column needs: strictly, or not at all."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lyceum.errors import UsageError
from lyceum.mapping import Expression, Scope
from lyceum.mapping_forms import duck_day, duck_iso, duck_money, duck_number, duck_whole
from lyceum.schema import BIGINT, DATE, DOUBLE, INSTANT, MONEY, VARCHAR, Column
from lyceum.tables.canonical import PERSONAL

if TYPE_CHECKING:
    import duckdb

_FROM_TEXT = {BIGINT: duck_whole, DOUBLE: duck_number, MONEY: duck_money, INSTANT: duck_iso, DATE: duck_day}
_WHOLE = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
# What an instant may be: in a log from before the web to where a slip of the unit leads, else any year of a calendar.
_LOG_TIMES = ("1990-01-01 00:00:00+00", "2099-12-31 23:59:59.999999+00")
_ANY_TIMES = ("1900-01-01 00:00:00+00", "9999-12-31 23:59:59.999999+00")
# Texts that exports write where they mean nobody: as an id they would make one person out of thousands of strangers.
_NOBODY = r"(?i)\p{Zs}*(?:0|null|none|nil|nan|undefined)?\p{Zs}*"
_REMEDY = {
    MONEY: "Money is never a float: wrap it in money(x).",
    INSTANT: "Use iso(x), instant(x, format), epoch_ms(x) or midnight(date).",
    DATE: "Use day(x).",
    BIGINT: "Use whole(x).",
    DOUBLE: "Use number(x).",
}


def raw_ddl(scope: Scope, /) -> list[str]:
    """Statements that make an empty table `raw` and the empty lookups of `scope`, to bind expressions against."""
    raw = ", ".join(f"c{n} VARCHAR" for n in range(len(scope.columns))) or "nothing VARCHAR"
    lookups = [
        f"CREATE TABLE lookup_{name} ({', '.join(f'v{n} VARCHAR' for n in range(len(columns)))})"
        for name, columns in scope.lookups.items()
    ]
    return [f"CREATE TABLE raw ({raw})", *lookups]


def found_types(
    con: "duckdb.DuckDBPyConnection", expressions: Mapping[str, Expression], /, *, scope: Scope
) -> dict[str, str]:
    """The engine's type of every expression, by the same names; `error: ...` where it does not bind."""
    import duckdb

    con.execute("DROP SCHEMA IF EXISTS binding CASCADE; CREATE SCHEMA binding; USE binding")
    for statement in raw_ddl(scope):
        con.execute(statement)
    tables = ", ".join(["raw", *(f"lookup_{name}" for name in scope.lookups)])
    found: dict[str, str] = {}
    for name, expression in expressions.items():
        try:
            found[name] = str(con.execute(f"DESCRIBE SELECT {expression.duckdb} FROM {tables}").fetchall()[0][1])
        except duckdb.Error as error:
            found[name] = "error: " + str(error).split("\n")[0]
    con.execute("USE main")
    return found


def strict(sql: str, /, *, found: str, target: str) -> str:
    """`sql` of type `found` as a step towards `target`, raising in the engine on a value that cannot be one.

    Raises:
        UsageError: no value of this type can stand in the column; the remedy names the function to wrap it in.
    """
    if found.startswith("error: "):
        raise UsageError(f"the engine refuses it ({found.removeprefix('error: ')})")
    if found == '"NULL"':
        return f"CAST(NULL AS {target})"
    if target == VARCHAR:
        return f"CAST({sql} AS VARCHAR)"
    if found == VARCHAR:
        return _FROM_TEXT[target]([sql])
    if not _fits(found, target):
        raise UsageError(f"it is a {found}, the column is a {target}", remedy=_REMEDY[target])
    return sql


def _fits(found: str, target: str) -> bool:
    numeric = found in _WHOLE or found.startswith("DECIMAL")
    if target in (BIGINT, DOUBLE):
        return numeric or found in (DOUBLE, "BOOLEAN")
    return numeric if target == MONEY else found == target


def settled(sql: str, /, *, found: str, column: Column) -> str:
    """A value that `strict` let through as its final type; NULL where it has a fraction, overflows or is infinite.

    So is an instant that no log or calendar holds (occurred_at from 1990 to 2099, others from 1900 to 9999: an epoch
    of the wrong unit lies outside), and a person's id that stands for nobody ('', 0, null, undefined ...).
    """
    if column.name in PERSONAL:
        return f"CASE WHEN NOT regexp_full_match({sql}, '{_NOBODY}') THEN {sql} END"
    if column.type == VARCHAR:
        return f"nullif({sql}, '')"
    if column.type == DOUBLE:
        return f"CASE WHEN isfinite(CAST({sql} AS DOUBLE)) THEN CAST({sql} AS DOUBLE) END"
    if column.type == BIGINT and (found == DOUBLE or found.startswith("DECIMAL")):
        return f"CASE WHEN {sql} = trunc({sql}) THEN TRY_CAST({sql} AS BIGINT) END"
    if column.type == INSTANT:
        first, last = _LOG_TIMES if column.name == "occurred_at" else _ANY_TIMES
        return f"CASE WHEN {sql} BETWEEN TIMESTAMPTZ '{first}' AND TIMESTAMPTZ '{last}' THEN {sql} END"
    return f"TRY_CAST({sql} AS {column.type})"
