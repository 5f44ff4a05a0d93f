"""A small platform without a flaw, and an engine that shows it as views."""

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from expectations.derive import judged

AS_OF = dt.date(2024, 5, 6)  # a Monday
NOON = dt.time(12, tzinfo=dt.UTC)
BATCH = {"source": "demo", "batch_id": "b1", "ingested_at": dt.datetime(2024, 5, 6, tzinfo=dt.UTC)}

Rows = list[dict[str, Any]]
World = dict[str, Rows]


def event(number: int, /, *, day: dt.date) -> dict[str, Any]:
    """A purchase at noon, nothing missing, nothing odd."""
    return {
        "event_id": f"e{number}",
        "user_id": f"u{number % 3}",
        "event_type": "purchase",
        "occurred_at": dt.datetime.combine(day, NOON),
        "event_date": day,
        "item_id": f"i{number % 2}",
        "amount": Decimal("9.90"),
        "currency": "CNY",
        "duration_ms": 1000,
        "rating": 4.5,
        **BATCH,
    }


@pytest.fixture
def world() -> World:
    """Nine weeks before AS_OF with five purchases a day by three users of two items."""
    days = [AS_OF - dt.timedelta(days=1 + number // 5) for number in range(9 * 7 * 5)]
    return {
        "events": [event(number, day=day) for number, day in enumerate(days)],
        "users": [{"user_id": f"u{number}", "known_at": None, **BATCH} for number in range(3)],
        "items": [{"item_id": f"i{number}", "price": Decimal(5), **BATCH} for number in range(2)],
    }


Show = Callable[[duckdb.DuckDBPyConnection, World], duckdb.DuckDBPyConnection]


@pytest.fixture(scope="session")
def show() -> Show:
    """Makes every table a view of an engine, with the columns of the schema and the rows of a world."""

    def register(con: duckdb.DuckDBPyConnection, world: World) -> duckdb.DuckDBPyConnection:
        con.execute("SET TimeZone = 'Asia/Shanghai'")  # verdicts must not depend on it
        for declared in judged():
            rows = pa.Table.from_pylist(world.get(declared.name, []), schema=declared.arrow())
            con.register(declared.short, rows)
        return con

    return register


@pytest.fixture
def connect(show: Show) -> Iterator[Callable[[World], duckdb.DuckDBPyConnection]]:
    """Opens an engine that shows a world, and closes it after the test."""
    with duckdb.connect() as con:
        yield partial(show, con)
