"""A lake in memory: rows of events in, a frame of features out."""

from datetime import UTC, date, datetime, timedelta

import ibis
import pytest

from features import days as day_table
from lyceum import engine, schema

AS_OF = date(2024, 5, 6)


class World:
    """Events written as short tuples: user, day before AS_OF (negative = after), type, and any other column."""

    def __init__(self):
        self.con = engine.connect()
        for name in ("events", "roles", "items"):
            self.con.execute(schema.table(name).ddl(name))
        self.backend = ibis.duckdb.from_connection(self.con)
        self.count = 0

    def add(self, user, days_before, kind, **columns):
        self.count += 1
        day = AS_OF - timedelta(days=days_before)
        row = {
            "event_id": f"e{self.count}",
            "user_id": user,
            "event_type": kind,
            "event_date": day,
            "occurred_at": datetime(day.year, day.month, day.day, 12, tzinfo=UTC),
            **columns,
        }
        self.insert("events", row)

    def insert(self, table, row):
        names = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join("?" for _ in row)
        self.con.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row.values()))

    @property
    def events(self):
        return day_table.of_people(self.backend.table("events"), self.backend.table("roles"))

    @property
    def days(self):
        return day_table.user_days(self.events)

    def mondays(self, *days):
        self.con.execute("CREATE OR REPLACE TEMP TABLE mondays AS SELECT unnest(?::DATE[]) AS as_of", [list(days)])
        return self.backend.table("mondays")

    def frame(self, expression, key):
        rows = self.con.sql(self.backend.compile(expression)).to_arrow_table().to_pylist()
        return {tuple(row[name] for name in key) if len(key) > 1 else row[key[0]]: row for row in rows}


@pytest.fixture
def world():
    return World()
