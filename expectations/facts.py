"""Every fact that a suite judges, computed by one engine query per table over all of its rows.

A fact is a count, a share or a ratio, never a value out of the logs. Great Expectations then judges the one row of
facts, so that the check is exact and its memory does not grow with the table.
"""

import datetime as dt
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from lyceum.schema import Table

if TYPE_CHECKING:
    import duckdb

DAY_MS = 24 * 60 * 60 * 1000
EARLIEST = dt.datetime(1990, 1, 1, tzinfo=dt.UTC)  # before the web: an epoch of the wrong unit, not a log
LAST_DAYS = tuple(range(1, 8))  # days before as_of whose volume is judged
HISTORY_WEEKS = 8
RATE_NEEDS = 30  # rows below which a ratio of volumes says nothing

EVENT_FACTS = {
    "event_type.unknown": "count(*) FILTER (NOT list_contains($event_types::VARCHAR[], event_type))",
    "occurred_at.before_1990": "count(*) FILTER (occurred_at < $earliest::TIMESTAMPTZ)",
    "occurred_at.future": "count(*) FILTER (occurred_at > ingested_at + INTERVAL 1 DAY)",
    "amount.negative": "count(*) FILTER (amount < 0)",
    "currency.missing": "count(*) FILTER (amount IS NOT NULL AND coalesce(trim(currency), '') = '')",
    "duration_ms.outside": f"count(*) FILTER (duration_ms NOT BETWEEN 0 AND {DAY_MS})",
    "rating.outside": "count(*) FILTER (rating NOT BETWEEN 0 AND 10)",
    "event_date.last_week": "count(*) FILTER (event_date >= $as_of::DATE - 7 AND event_date < $as_of::DATE)",
}
RULE_FACTS = {"events": EVENT_FACTS, "items": {"price.negative": "count(*) FILTER (price < 0)"}}
REFERENCES = {"events": {"user_id": "users", "item_id": "items"}}  # column -> the table that should know it


def facts(
    con: "duckdb.DuckDBPyConnection",
    table: Table,
    /,
    *,
    tables: Collection[str],
    as_of: dt.date,
    event_types: Collection[str],
) -> dict[str, int | float | None]:
    """Every fact of `table` by name (`column.measure`), over all rows of the view `table.short` of `con`.

    Counts are rows. `X.known` is a share of the rows with an X (None if there is no such row, or `tables` lacks
    the table that X refers to, or it is empty). `event_date.volume_Nd` is a ratio, see `_volume`.
    """
    expressions = _expressions(table, tables=tables)
    listed = ", ".join(f'{sql} AS "{name}"' for name, sql in expressions.items())
    daily = f"WITH daily AS ({_DAILY}) " if table.short == "events" else ""
    query = f'{daily}SELECT {listed} FROM "{table.short}"'
    values = {
        "as_of": as_of,
        "earliest": EARLIEST,
        "event_types": sorted(event_types),
    }
    bound: dict[str, Any] = {name: value for name, value in values.items() if f"${name}:" in query}
    (row,) = con.execute(query, bound).fetchall()  # fetched to the end: an open result would block the connection
    return dict(zip(expressions, row, strict=True))


def _expressions(table: Table, /, *, tables: Collection[str]) -> dict[str, str]:
    """Fact name -> aggregate expression: what the schema demands, then what the table's own rules need."""
    key = ", ".join(f'"{name}"' for name in table.key)
    found = {"rows": "count(*)", duplicates(table): f"count(*) - count(DISTINCT row({key}))"}
    found |= {
        f"{column.name}.nulls": f'count(*) FILTER ("{column.name}" IS NULL)'
        for column in table.columns
        if column.required
    }
    found |= RULE_FACTS.get(table.short, {})
    for column, parent in REFERENCES.get(table.short, {}).items():
        found[f"{column}.known"] = _known(column, parent) if parent in tables else "NULL::DOUBLE"
    if table.short == "events":
        found |= {f"event_date.volume_{days}d": _volume(days) for days in LAST_DAYS}
    return found


def duplicates(table: Table, /) -> str:
    """The name of the fact that counts rows beyond the first of each key; nulls in a key equal each other."""
    return f"{'+'.join(table.key)}.duplicates"


def _known(column: str, parent: str, /) -> str:
    """Share of the rows with a `column` whose `column` stands in `parent`; null where either side is empty."""
    members = f"SELECT {column} FROM {parent}"
    found = f"count(*) FILTER ({column} IN ({members}))"
    return f"CASE WHEN EXISTS ({members}) THEN {found} / nullif(count({column}), 0) END"


_DAILY = f"""SELECT event_date AS day, count(*) AS rows FROM events
WHERE event_date >= $as_of::DATE - {7 + 7 * HISTORY_WEEKS} AND event_date < $as_of::DATE GROUP BY ALL"""


def _volume(days: int, /) -> str:
    """Rows of the day `days` before as_of over the mean of the same weekday in the 8 weeks before it.

    The mean is over those of the eight days that hold rows, so that a young platform and a day on which a shop
    is always closed raise no alarm; null where they hold fewer than 30 rows together.
    """
    earlier = ", ".join(f"$as_of::DATE - {days + 7 * week}" for week in range(1, HISTORY_WEEKS + 1))
    today = f"coalesce(sum(rows) FILTER (day = $as_of::DATE - {days}), 0)"
    past = f"FILTER (day IN ({earlier}))"
    ratio = f"{today} * count(*) {past} / sum(rows) {past}"
    return f"(SELECT CASE WHEN sum(rows) {past} >= {RATE_NEEDS} THEN {ratio} END FROM daily)"
