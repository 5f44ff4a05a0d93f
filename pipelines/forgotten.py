"""People who were erased, in a new delivery: their rows are left out, and nobody stands where others name them."""

from typing import TYPE_CHECKING

from lyceum.privacy import hmac_sql
from lyceum.schema import Table
from lyceum.suppression import marker_sql
from lyceum.tables.canonical import PERSONAL
from pipelines.repetition import SCHEMA

if TYPE_CHECKING:
    import duckdb

    from pipelines.landing import Batch

OWNER = "user_id"
REASON = "forgotten"  # in the account of a file, beside the name of its filter
_LIST, _TEXTS, _WORDS = (f"{SCHEMA}.{name}" for name in ("forgotten", "kept_texts", "naming_words"))
# What of a raw line may be somebody's id: what stands between separators, and what looks like one word.
_SPLIT = r"""list_concat(regexp_extract_all(raw, '[\w.@+-]+'), string_split_regex(raw, '[,;\t|"]'))"""


def forgotten_rows(con: "duckdb.DuckDBPyConnection", batch: "Batch", table: Table, given: set[str]) -> str:
    """The table of the places of rows in the view known_T that are of people who were erased.

    Empty where no row can name one of them.
    """
    people = _people(table, given)
    if not batch.forgotten or not people:
        return ""
    _list(con, batch)
    known, gone, places = (f"{SCHEMA}.{kind}_{table.short}" for kind in ("known", "gone", "forgotten"))
    # One pass: of a UNION of two columns of this view DuckDB 2.0.0 gives one column twice (its common_subplan).
    listed = ", ".join(f'"{name}"' for name in people)
    ids = f"SELECT DISTINCT unnest([{listed}]) AS id FROM {known}"
    con.execute(f"CREATE OR REPLACE TABLE {gone} AS SELECT id FROM ({ids}) WHERE {_is_listed('id')}")
    theirs = f"{OWNER} IN (FROM {gone})" if OWNER in people else "false"
    con.execute(f"CREATE OR REPLACE TABLE {places} AS SELECT place FROM {known} WHERE {theirs}")
    return places


def naming_nobody(table: Table, given: set[str], rows: str, /) -> str:
    """The SELECT `rows` with nobody where a row names somebody else who was erased; `forgotten_rows` came before."""
    gone = f"{SCHEMA}.gone_{table.short}"
    emptied = [
        f'CASE WHEN "{name}" IN (FROM {gone}) THEN NULL ELSE "{name}" END AS "{name}"'
        for name in _people(table, given)
        if name != OWNER
    ]
    return f"SELECT * REPLACE ({', '.join(emptied)}) FROM ({rows})" if emptied else rows


def _people(table: Table, given: set[str]) -> list[str]:
    return [name for name in table.names if name in PERSONAL and name in given]


def texts_naming_nobody(con: "duckdb.DuckDBPyConnection", batch: "Batch", select: str, /) -> str:
    """`select`, rows of rejects, without the raw lines in which an id of somebody stands who was erased."""
    if not batch.forgotten:
        return select
    _list(con, batch)
    con.execute(f"CREATE OR REPLACE TABLE {_TEXTS} AS {select}")
    person = hmac_sql("'person:' || word") if batch.key else "word"
    con.execute(
        f"CREATE OR REPLACE TABLE {_WORDS} AS SELECT word FROM (SELECT DISTINCT unnest({_SPLIT}) AS word "
        f"FROM {_TEXTS} WHERE raw IS NOT NULL) WHERE {_is_listed(person)}",
        batch.key.pads() if batch.key else {},
    )
    names = f"list_has_any({_SPLIT}, (SELECT coalesce(list(word), []) FROM {_WORDS}))"
    return f"SELECT * REPLACE (CASE WHEN {names} THEN NULL ELSE raw END AS raw) FROM {_TEXTS}"


def _list(con: "duckdb.DuckDBPyConnection", batch: "Batch") -> None:
    con.execute(
        f"CREATE TABLE IF NOT EXISTS {_LIST} AS SELECT unnest(?::VARCHAR[]) AS marker", [sorted(batch.forgotten)]
    )


def _is_listed(person: str) -> str:
    return f"{marker_sql(person)} IN (FROM {_LIST})"
