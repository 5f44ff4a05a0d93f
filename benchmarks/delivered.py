"""The canonical tables of a simulated world in DuckDB: what is delivered, mapped as data/sources/demo.toml does.

Ids are numbers here, local times are taken for UTC, and columns that no feature reads are null.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lyceum.events import EVENT_TYPES
from lyceum.schema import Table
from lyceum.simulator.people import FIRST_UID
from lyceum.simulator.tables import (
    COURSE_COLUMNS,
    USER_COLUMNS,
    Tables,
    course_rows,
    user_rows,
)
from lyceum.simulator.world import DAY, WEEK
from lyceum.tables import canonical

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection as DuckDB

    from benchmarks.logs import Array, Lived

NOTHING = -1
IDS = ("user_id", "item_id", "target_user_id", "object_id", "parent_id", "community_id", "session_id")
EVENT_COLUMNS = {
    **{name: name for name in (*IDS, "event_type", "event_date", "occurred_at", "quantity", "duration_ms", "rating")},
    "event_id": "row_number() OVER ()",
    "amount": "CAST(cents / 100 AS DECIMAL(18, 2))",
}
PERSON, INVITER = (f"CAST(substr({name}, 2) AS BIGINT) - {FIRST_UID}" for name in ("uid", "nullif(invited_by, '')"))
USERS = {"user_id": PERSON, "invited_by": INVITER, "registered_at": "registered_at", "channel": "channel"}
ITEMS = {
    **{"item_id": "number", "author_id": "teacher", "known_at": "known_at", "batch_id": "known_at"},
    **{name: name for name in ("kind", "category", "price", "published_at", "withdrawn_at", "repeatable")},
}
RIGHTS = {name: name for name in ("user_id", "item_id", "order_id", "starts_at", "ends_at")}
FIRST = "QUALIFY row_number() OVER (PARTITION BY user_id, item_id, starts_at ORDER BY line) = 1"  # as the ingest does


def deliver(con: "DuckDB", lived: "Lived", /) -> None:
    """Make the tables that features are prepared from, and the calendar."""
    catalogue, people, weeks = lived.platform.state.catalogue, lived.platform.state.people, lived.platform.weeks
    files = Tables(lived.platform.world, Path())  # for its texts alone: it is not asked to write
    listed = (
        course_rows(files, catalogue, catalogue.changed(week * WEEK), monday=week * WEEK) for week in range(weeks)
    )
    con.register("raw_events", events_table(lived))
    con.register("raw_courses", texts(COURSE_COLUMNS, (row for rows in listed for row in rows)))
    con.register("raw_users", texts(USER_COLUMNS, user_rows(files, people, np.arange(len(people.day)))))
    con.register("raw_rights", rights_table(lived))
    con.register("numbered", numbered(catalogue.ids.tolist()))
    make(con, canonical.EVENTS, "raw_events", EVENT_COLUMNS)
    make(con, canonical.USERS, "raw_users", USERS)
    make(con, canonical.ITEMS, "raw_courses JOIN numbered USING (course_id)", ITEMS)
    make(con, canonical.ENTITLEMENTS, f"(FROM raw_rights {FIRST})", RIGHTS)
    make(con, canonical.COMMUNITIES, "(FROM raw_events LIMIT 0)", {})
    days = "SELECT DISTINCT event_date, CAST(epoch(event_date) AS BIGINT) AS begins FROM raw_events"
    con.execute(f"CREATE TABLE calendar AS {days}")


def make(con: "DuckDB", table: Table, source: str, columns: dict[str, str], /) -> None:
    """One canonical table of `columns` (name: expression over `source`); ids keep the type of a number."""
    whole = dict.fromkeys((*IDS, "event_id", "invited_by", "order_id"), "BIGINT")
    named = (
        f"TRY_CAST({columns.get(each.name, 'NULL')} AS {whole.get(each.name, each.type)}) AS {each.name}"
        for each in table.columns
    )
    con.execute(f"CREATE TABLE {table.short} AS SELECT {', '.join(named)} FROM {source}")


def texts(columns: tuple[str, ...], rows: Iterable[Iterable[object]], /) -> "pa.Table":
    """Lines as they are delivered; an empty field is null."""
    import pyarrow as pa

    lines = [[str(value) or None for value in row] for row in rows]
    return pa.table(
        {name: pa.array(cells, pa.string()) for name, cells in zip(columns, zip(*lines, strict=True), strict=True)}
    )


def numbered(names: list[str], /) -> "pa.Table":
    """The number of each item."""
    import pyarrow as pa

    return pa.table({"course_id": names, "number": range(len(names))})


def events_table(lived: "Lived", /) -> "pa.Table":
    """The log with null where an event has no such field."""
    import pyarrow as pa

    log, first = lived.log, np.datetime64(lived.start, "D")
    kinds = pa.DictionaryArray.from_arrays(pa.array(log["kind"]), pa.array(EVENT_TYPES))
    fields = {"item_id": "item", "target_user_id": "target", "object_id": "object", "parent_id": "parent"}
    fields |= {"community_id": "group", "session_id": "session", "quantity": "quantity", "rating": "stars"}
    return pa.table(
        {
            "user_id": log["user"],
            "event_type": kinds.cast(pa.string()),
            "event_date": pa.array(first + log["day"].astype("timedelta64[D]")),
            "occurred_at": moments(lived, log["day"].astype(np.int64) * DAY + log["clock"]),
            "cents": masked(log["cents"]),
            "duration_ms": masked(np.where(log["seconds"] >= 0, log["seconds"].astype(np.int64) * 1000, NOTHING)),
            **{name: masked(log[field]) for name, field in fields.items()},
        }
    )


def rights_table(lived: "Lived", /) -> "pa.Table":
    """The rights in the order in which they were delivered."""
    import pyarrow as pa

    rights = lived.rights
    ends = moments(lived, rights["ends"], known=rights["ends"] >= 0)
    columns = {"user_id": rights["user"], "item_id": rights["item"], "order_id": rights["order"]}
    return pa.table(
        {**columns, "starts_at": moments(lived, rights["starts"]), "ends_at": ends, "line": range(len(ends))}
    )


def moments(lived: "Lived", seconds: "Array", /, *, known: "Array | None" = None) -> "pa.Array":
    """Instants from seconds since the world's start; null where not `known`."""
    import pyarrow as pa

    begin = np.datetime64(lived.start, "us")
    instants = begin + seconds.astype("timedelta64[s]")
    return pa.array(instants, pa.timestamp("us", "UTC"), mask=None if known is None else ~known)


def masked(values: "Array", /) -> "pa.Array":
    """An Arrow array with null where there is no value."""
    import pyarrow as pa

    return pa.array(values, mask=values == NOTHING)
