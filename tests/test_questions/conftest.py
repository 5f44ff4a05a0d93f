"""A tiny log in memory, its rates and the tables that questions read: rows of events in, answers out."""

from datetime import date, timedelta
from functools import cache

import pytest

from features.rates.rate import Given, finished
from features.rates.registry import RATES
from lyceum import schema
from tests.test_features.conftest import AS_OF, World

FIRST = AS_OF - timedelta(days=7 * 26)


KEY = ("rate", "part", "week", "age_days")


class Log(World):
    """A World that answers questions. Call `answer` after everything was added."""

    def __init__(self):
        super().__init__()
        self.con.execute(schema.table("activities").ddl("activities"))

    def rates(self, *names, first=FIRST, as_of=AS_OF) -> dict[tuple[str, str, date, int], dict]:
        """The rows of marts.rates of the named rates (all if none is named): (rate, part, week, age_days) -> row."""
        assert self.inputs  # makes them tables
        found = {}
        for rate in RATES:
            if rate.name in names or not names:
                rows = self.con.sql(query(rate.name, as_of, first)).to_arrow_table().to_pylist()
                found |= {tuple(row[name] for name in KEY): row for row in rows}
        return found

    def given_to_rates(self, as_of, first):
        """What rates are computed from."""
        others = {name: self.backend.table(name) for name in ("roles", "activities")}
        return Given({**self.inputs, **others, "events": self.events, "rare_events": self.events}, as_of, first)

    def fill(self, name: str, rows: list[dict]) -> None:
        """Put rows into a published table, making it first."""
        table = schema.table(name)
        self.con.execute(f"CREATE SCHEMA IF NOT EXISTS {name.partition('.')[0]}")
        self.con.execute(table.ddl().replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS"))
        for row in rows:
            self.insert(name, {column: row[column] for column in table.names if column in row})

    def answer(self, question: str) -> list[dict]:
        """The rows of one view over what `fill` put there and, unless that was done, the rates of the log."""
        (asked,) = [each for each in schema.questions() if each.name == question]
        read = [rate.name for rate in RATES if f"'{rate.name}'" in asked.query]
        held = {name for (name,) in self.con.execute("SELECT DISTINCT table_name FROM duckdb_tables()").fetchall()}
        for name, table in schema.tables().items():
            if name.startswith("marts.") and table.short not in held:
                self.fill(name, list(self.rates(*read).values()) if name == "marts.rates" and read else [])
        return self.con.sql(asked.query).to_arrow_table().to_pylist()


@cache
def query(rate, as_of, first):
    """The SQL of a rate over the tables of a Log: the same for every log."""
    (asked,) = [each for each in RATES if each.name == rate]
    made = Log()
    return made.backend.compile(finished(asked, made.given_to_rates(as_of, first)))


@pytest.fixture
def log():
    return Log()
