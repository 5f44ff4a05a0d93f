"""A lake in memory: rows of events in, a frame of features out."""

from datetime import UTC, date, datetime, timedelta
from functools import cache

import ibis
import pytest

from features import days as day_table
from features.inputs import prepared
from features.windows import Past
from lyceum import engine, schema, weeks
from lyceum.events import ENTITLEMENT_SIGNALS, EVENT_TYPES, ITEM_SIGNALS, SIGNALS, USER_SIGNALS, attribute
from lyceum.tables.features_social import ATTRIBUTES

AS_OF = date(2024, 5, 6)
LOGGED = dict.fromkeys(
    (
        *(*EVENT_TYPES, *SIGNALS, *USER_SIGNALS, *ITEM_SIGNALS, *ENTITLEMENT_SIGNALS),
        *(attribute(name) for name in ATTRIBUTES),
    ),
    date(2000, 1, 1),
)

GIVEN = ("calendar", "items", "users", "entitlements", "communities")
SCHEMAS: dict[str, ibis.Schema] = {}


class World:
    """Events written as short tuples: user, day before AS_OF (negative = after), type, and any other column."""

    def __init__(self):
        self.con = engine.connect()
        for name in ("events", "roles", "items", "users", "entitlements", "communities"):
            self.con.execute(schema.table(name).ddl(name))
        self.backend = ibis.duckdb.from_connection(self.con)
        self.count = 0
        self.timezone = "UTC"

    def at(self, days_before, hour):
        """The instant of a local hour (fractions allowed) on a day before AS_OF."""
        begins = weeks.instant(AS_OF - timedelta(days=days_before), timezone=self.timezone)
        return begins + timedelta(hours=hour)

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

    def table(self, name):
        """A table of the engine; one name means the same columns in every log, so the first one alone is asked."""
        if name not in SCHEMAS:
            SCHEMAS[name] = self.backend.table(name).schema()
        return ibis.table(SCHEMAS[name], name=name)

    @property
    def events(self):
        return day_table.of_people(self.table("events"), self.table("roles"))

    @property
    def days(self):
        return day_table.user_days(self.events)

    def mondays(self, *days):
        return self.moments([(day,) for day in days])

    def moments(self, rows):
        """The moments of Past: (as_of,) for everybody or (as_of, user_id)."""
        self.con.execute("CREATE OR REPLACE TEMP TABLE moments (as_of DATE, before TIMESTAMPTZ, user_id VARCHAR)")
        for day, *user in rows:
            before = weeks.instant(day, timezone=self.timezone)
            self.con.execute("INSERT INTO moments VALUES (?, ?, ?)", [day, before, *(user or [None])])
        table = self.table("moments")
        return table if len(rows[0]) > 1 else table.drop("user_id")

    def prepare(self):
        """Make the tables of everything prepared from the log."""
        self.count_days()
        for name, query in queries().items():
            self.con.execute(f"CREATE OR REPLACE TABLE {name} AS {query}")

    def count_days(self):
        """Make the calendar of the log."""
        self.con.execute("CREATE OR REPLACE TEMP TABLE calendar (event_date DATE, begins BIGINT)")
        span = self.con.execute("SELECT min(event_date), max(event_date) FROM events").fetchone()
        days = weeks.calendar(*span, timezone=self.timezone) if span[0] else [(AS_OF, 0)]
        self.con.executemany("INSERT INTO calendar VALUES (?, ?)", days)

    @property
    def inputs(self):
        """Everything prepared from the log, as tables."""
        self.prepare()
        names = (*GIVEN, *queries())
        return {"events": self.events, **{name: self.table(name) for name in names}}

    @property
    def given(self):
        """The tables that inputs are prepared from."""
        self.count_days()
        return {"events": self.events, **{name: self.table(name) for name in GIVEN}}

    def past(self, *mondays):
        """Everything in the log as seen from the Mondays (AS_OF if none is named)."""
        return Past(self.inputs, self.mondays(*(mondays or (AS_OF,))))

    def frame(self, expression, key):
        rows = self.con.sql(compiled(expression.op())).to_arrow_table().to_pylist()
        return {tuple(row[name] for name in key) if len(key) > 1 else row[key[0]]: row for row in rows}


@cache
def compiled(operation):
    """The SQL of an operation on tables of a World; equal operations are compiled once for all logs."""
    return compiler().compile(operation.to_expr())


@cache
def compiler():
    """An engine without tables."""
    return ibis.duckdb.from_connection(engine.connect())


@cache
def queries():
    """The SQL of every prepared input over the tables of a World: the same for every log."""
    made, found = World(), {}

    def keep(name, expression):
        found[name] = made.backend.compile(expression)
        made.con.execute(f"CREATE TABLE {name} AS {found[name]}")
        return made.table(name)

    prepared(made.given, keep=keep)
    return found


@pytest.fixture
def world():
    return World()
