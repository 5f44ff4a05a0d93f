"""A digest of a table's content that depends on nothing but the values: not on row order, threads or file layout."""

from typing import TYPE_CHECKING

from lyceum.schema import Table

if TYPE_CHECKING:
    import duckdb


def digest(con: "duckdb.DuckDBPyConnection", table: Table, /) -> dict[str, str | int]:
    """Rows and digest of a table in `con`; columns declared volatile do not count.

    Each row's MD5 over its JSON text, 15 hexadecimal digits of it as an integer, summed exactly.
    """
    steady = ", ".join(f'"{name}"' for name in table.names if name not in table.volatile)
    row = f"('0x' || substr(md5(to_json(struct_pack({_packed(table)}))::VARCHAR), 1, 15))::BIGINT::HUGEINT"
    query = f"SELECT count(*), coalesce(sum({row}), 0)::VARCHAR FROM (SELECT {steady} FROM {table.name})"
    rows, total = con.execute(query).fetchall()[0]
    return {"rows": int(rows), "digest": str(total)}


def _packed(table: Table) -> str:
    return ", ".join(f'"{name}" := "{name}"' for name in table.names if name not in table.volatile)
