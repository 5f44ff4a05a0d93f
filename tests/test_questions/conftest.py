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
        self.prepare()
        found = {}
        for rate in RATES:
            if rate.name in names or not names:
                rows = self.con.sql(query(rate.name, as_of, first)).to_arrow_table().to_pylist()
                found |= {tuple(row[name] for name in KEY): row for row in rows}
        return found

    @property
    def inputs_of_rates(self):
        """What rates are computed from."""
        others = {name: self.table(name) for name in ("roles", "activities")}
        return {**self.inputs, **others, "rare_events": self.events}

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


def week(back):
    """The Monday of the week that ended `back` weeks before AS_OF: 0 = the newest."""
    return AS_OF - timedelta(days=7 * (back + 1))


def row_of(rows, monday):
    """The row of a week in an answer with one row a week."""
    (found,) = [row for row in rows if row["week"] == monday]
    return found


def told(log, question):
    """The rows of a question with one row a week, by week."""
    rows = log.answer(question)
    found = {row["week"]: row for row in rows}
    assert len(found) == len(rows)
    return found


@cache
def query(rate, as_of, first):
    """The SQL of a rate over the tables of a Log: the same for every log."""
    (asked,) = [each for each in RATES if each.name == rate]
    blank, inputs = without_events()
    return blank.backend.compile(finished(asked, Given(inputs, as_of, first)))


@cache
def without_events():
    """A log in which nothing happened, and what rates are computed from."""
    made = Log()
    return made, made.inputs_of_rates


@pytest.fixture
def log():
    return Log()
