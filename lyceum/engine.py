"""DuckDB connections: offline, with bounded memory, times in UTC."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

OFFLINE: dict[str, Any] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
# Spark's function for the value of a key at the top of JSON text ('$.key'), so that one expression reads on both.
GET_JSON_OBJECT = """
CREATE OR REPLACE TEMP MACRO get_json_object(json_text, path) AS
CASE WHEN json_valid(json_text) THEN json_extract_string(json_text, '$."' || path[3:] || '"') END
"""

# Of DuckDB 2.0.0. The one makes a self-join of count(*) OVER and drops a filter on the partition column in one half
# of it. The other takes the halves of a UNION over two joins with one table for the same, and gives the second twice.
WRONG = "window_self_join,common_subplan"


def connect(
    file: Path | None = None,
    /,
    *,
    read_only: bool = False,
    memory_limit: str = "4GB",
    threads: int = 2,
    temp: Path | None = None,
) -> "duckdb.DuckDBPyConnection":
    """A connection to `file`, or to memory; it installs and loads nothing from the network."""
    import duckdb

    config = {**OFFLINE, "memory_limit": memory_limit, "threads": str(threads)}
    if temp is not None:
        config["temp_directory"] = str(temp)
    con = duckdb.connect(str(file) if file else ":memory:", read_only=read_only, config=config)
    con.execute("SET GLOBAL TimeZone = 'UTC'")  # global: also for the cursors of the connection
    con.execute(GET_JSON_OBJECT)
    if con.execute("SELECT current_setting('enable_progress_bar')").fetchall()[0][0]:
        con.execute("SET enable_progress_bar = false")  # it draws itself into pipes; a notebook refuses both
    con.execute(f"SET disabled_optimizers = '{WRONG}'")
    return con


def sandbox(
    folders: Sequence[Path], /, *, memory_limit: str = "4GB", threads: int = 2
) -> "duckdb.DuckDBPyConnection":
    """A connection that can read and write below `folders` and nowhere else, and cannot be unlocked again.

    What spills over the memory limit goes to the last of the folders.
    """
    con = connect(memory_limit=memory_limit, threads=threads, temp=folders[-1])
    # The one computes what occurs twice once, and outside TRY: one bad cell would then fail the whole statement. The
    # other makes a join of a long IN, and a join does not keep the order of the rows, by which lines are numbered.
    con.execute(f"SET disabled_optimizers = '{WRONG},common_subexpressions,in_clause'")
    allowed = ", ".join(quoted(f"{folder.resolve()}/") for folder in folders)
    con.execute(f"SET allowed_directories = [{allowed}]")
    con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")
    return con


def quoted(text: str | Path, /) -> str:
    """`text` as an SQL string literal."""
    return "'" + str(text).replace("'", "''") + "'"


def values(names: Sequence[str], rows: Sequence[Sequence[str | int | None]], /) -> str:
    """A SELECT of a few literal rows, at least one, with columns of these names."""
    listed = ", ".join(f"({', '.join(map(_literal, row))})" for row in rows)
    return f"SELECT * FROM (VALUES {listed}) AS given({', '.join(names)})"


def _literal(value: str | int | None) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else quoted(value)
