"""The release explained as one plain dict: every table, view and column, what it holds, and where it comes from."""

from collections.abc import Iterable, Mapping
from typing import Any

import duckdb

from lyceum.mapping import compile_expression
from lyceum.schema import Column, Table, published, questions
from lyceum.source_records import Source, TableMapping
from lyceum.tables import canonical
from lyceum.tables.features import CATALOGUE, SETS
from lyceum.tables.feeding import FEEDS, LABELS, Lineage, lineage
from lyceum.tables.questions import Question
from lyceum.tables.rates import RATE_DEFINITIONS, RATES
from reports.query import Row, clean

Name = tuple[str, str]  # a table and one of its columns
FIGURES = (
    *("feature_set", "available", "why_not", "null_share", "minimum", "median", "maximum", "categories"),
    *("expression", "sql"),
)
BY_INGEST = tuple(column.name for column in canonical.BATCH)


def explain(con: duckdb.DuckDBPyConnection, /, *, source: Source | None) -> dict[str, Any]:
    """Everything the dictionary says of the release that `con` has open.

    Without the `source` (its file is gone) the raw files are unknown and all else is there. JSON knows all of it.
    """
    raw, behind = _raw(source), lineage()
    rows, catalogue = _rows(con), _catalogue(con)
    tables = [_table(table, rows, catalogue, behind) for table in published()]
    views = [_view(each, rows) for each in questions()]
    lake = [_lake_table(table, source, raw) for table in canonical.FROM_SOURCES]
    return {
        "files": [_file(each, source) for each in source.files] if source else [],
        "lake": lake,
        "inputs": [_input(name, columns) for name, columns in behind.inputs.items()],
        "tables": _with_feeds(tables, views),
        "views": views,
        "rates": _rates(con, rows, behind),
        "raw": {f"{table}.{column}": found for (table, column), found in raw.items()},
    }


def _asked(con: duckdb.DuckDBPyConnection, sql: str) -> list[Row]:
    answer = con.execute(sql)
    names = [column[0] for column in answer.description or []]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def _rows(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """The number of rows of each table and view of the release."""
    known = {each.view for each in questions()} | {table.name for table in published()}
    listed = _asked(con, "SELECT table_schema || '.' || table_name AS name FROM information_schema.tables ORDER BY 1")
    names = [row["name"] for row in listed if row["name"] in known]
    return {name: _asked(con, f"SELECT count(*) AS rows FROM {name}")[0]["rows"] for name in names}


def _catalogue(con: duckdb.DuckDBPyConnection) -> dict[Name, Row]:
    lines = _asked(con, f"SELECT table_name, name, {', '.join(FIGURES)} FROM {CATALOGUE.name} ORDER BY ALL")
    return {(line["table_name"], line["name"]): line for line in lines}


def _table(table: Table, rows: Mapping[str, int], catalogue: Mapping[Name, Row], behind: Lineage) -> dict[str, Any]:
    sets = SETS.get(table.name, {})
    within = {column.name for columns in sets.values() for column in columns}
    grain = table.key[0].removesuffix("_id")
    lines = {column.name: catalogue.get((table.name, column.name), {}) for column in table.columns}

    def told(column: Column) -> dict[str, Any]:
        found = behind.features.get(f"{grain}.{column.name}", ()) if column.name in within else ()
        refers = dict(table.foreign).get(column.name, "")
        return {**_column(column), "refers": refers, **_held(lines[column.name]), **_origin(found, behind)}

    return {
        **{"name": table.name, "short": table.short, "meaning": table.meaning, "key": list(table.key)},
        "rows": rows.get(table.name),
        "from": [name for name in FEEDS[table.name].tables if name != LABELS] if table.name in FEEDS else [],
        "module": FEEDS[table.name].module if table.name in FEEDS else "",
        "columns": [told(column) for column in table.columns if column.name not in within],
        "sets": [
            {"name": name, "columns": [told(column) for column in columns], "sql": _sql(columns, lines)}
            for name, columns in sets.items()
        ],
    }


def _column(column: Column) -> dict[str, Any]:
    return {
        **{"name": column.name, "type": column.type, "unit": column.unit, "meaning": column.meaning},
        **{"required": column.required, "needs": list(column.needs)},
    }


def _held(line: Row) -> dict[str, Any]:
    """What a column of a snapshot holds this week, and its expression."""
    names = ("available", "why_not", "null_share", "minimum", "median", "maximum", "expression")
    return {**{name: line.get(name) for name in names}, "categories": clean(line.get("categories") or "")}


def _origin(names: Iterable[str], behind: Lineage) -> dict[str, list[str]]:
    """The prepared inputs among `names`, and the columns of the lake behind all of them."""
    listed = list(names)
    inputs = [name for name in listed if name.partition(".")[0] in behind.inputs]
    return {"inputs": inputs, "lake": behind.lowest(listed)}


def _sql(columns: Iterable[Column], lines: Mapping[str, Row]) -> str:
    return next((lines[column.name]["sql"] for column in columns if lines[column.name].get("sql")), "")


def _view(each: Question, rows: Mapping[str, int]) -> dict[str, Any]:
    return {
        **{"name": each.view, "short": each.view.rpartition(".")[2], "asks": each.asks, "asks_zh": each.asks_zh},
        **{"query": " ".join(each.query.split()), "rows": rows.get(each.view), "from": read_by(each.query)},
        "columns": [{"name": name, "meaning": meaning} for name, meaning in each.columns.items()],
    }


def read_by(query: str, /) -> list[str]:
    """The full names of the tables that a query reads."""
    import sqlglot
    from sqlglot import expressions as sql

    found = sqlglot.parse_one(query, dialect="duckdb").find_all(sql.Table)
    return sorted({f"{table.db}.{table.name}" for table in found if table.db})


def _with_feeds(tables: list[dict[str, Any]], views: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`tables`, each with the tables and views that are made from it."""
    every = [*tables, *views]
    return [{**table, "feeds": [each["name"] for each in every if table["name"] in each["from"]]} for table in tables]


def _rates(con: duckdb.DuckDBPyConnection, rows: Mapping[str, int], behind: Lineage) -> list[dict[str, Any]]:
    if RATE_DEFINITIONS.name not in rows:
        return []
    told = _asked(con, f"SELECT {', '.join(RATE_DEFINITIONS.names)} FROM {RATE_DEFINITIONS.name} ORDER BY area, rate")
    held = dict(con.execute(f"SELECT rate, count(*) FROM {RATES.name} GROUP BY 1").fetchall())
    return [
        {**line, "rows": held.get(line["rate"], 0), **_origin(behind.rates.get(line["rate"], ()), behind)}
        for line in told
    ]


def _input(name: str, columns: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    return {"name": name, "columns": [{"name": column, "lake": list(lake)} for column, lake in columns.items()]}


def _file(name: str, source: Source) -> dict[str, Any]:
    files = source.files[name]
    fills = sorted({mapping.table for mapping in source.mappings if mapping.file == name})
    return {"name": name, "glob": files.glob, "format": files.format, "fills": fills, "columns": list(files.names)}


def _lake_table(table: Table, source: Source | None, raw: Mapping[Name, list[Row]]) -> dict[str, Any]:
    columns = [{**_column(column), "how": _how(table, column, source, raw)} for column in table.columns]
    raws = [{**column, "raw": raw.get((table.name, column["name"]), [])} for column in columns]
    return {"name": table.name, "meaning": table.meaning, "key": list(table.key), "columns": raws}


def _how(table: Table, column: Column, source: Source | None, raw: Mapping[Name, list[Row]]) -> str:
    """A code that says what ingest does beside the mappings."""
    if column.name in BY_INGEST:
        return "by_ingest"
    if column.name == "event_date":
        return "local_day"
    if (table.name, column.name) not in raw:
        return "derived" if column.name == "event_id" else "unmapped" if source else ""
    if source and column.name in canonical.PERSONAL and not source.pseudonymous:
        return "pseudonym"
    return ""


def _raw(source: Source | None) -> dict[Name, list[Row]]:
    """For each column of the lake that mappings fill: the file, the expression, and the raw columns it reads."""
    found: dict[Name, list[Row]] = {}
    for mapping in source.mappings if source else ():
        for column, text in mapping.columns.items():
            found.setdefault((mapping.table, column), []).append(_mapped(source, mapping, text))
    return found


def _mapped(source: Source | None, mapping: TableMapping, text: str) -> Row:
    read = sorted(compile_expression(text, scope=source.scope(mapping)).columns) if source else []
    glob = source.files[mapping.file].glob if source else ""
    return {"mapping": mapping.name, "file": mapping.file, "glob": glob, "text": text, "reads": read}
