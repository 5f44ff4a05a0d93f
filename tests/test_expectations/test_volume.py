"""Odd days against a count in plain Python, on random logs with days at the edges of every period."""

import datetime as dt
from collections import Counter

import duckdb
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.suites import suite
from lyceum.schema import table

AS_OF = dt.date(2024, 5, 6)
EVENTS = table("events")
RULES = {rule["meta"]["rule"]: rule for rule in suite(EVENTS)["expectations"]}
QUERY = RULES["event_date.volume"]["kwargs"]["unexpected_rows_query"].format(batch="events")
AGO = (-2, 0, 1, 2, 7, 8, 14, 15, 22, 29, 56, 57, 63, 64, 70)


def odd_days(per_day):
    """Days of the last week below a fifth or above five times the mean of the same weekday's filled days before."""
    found = []
    for ago in range(1, 8):
        past = [per_day[AS_OF - dt.timedelta(days=ago + 7 * week)] for week in range(1, 9)]
        filled = [rows for rows in past if rows]
        today = per_day[AS_OF - dt.timedelta(days=ago)]
        if sum(filled) >= 30 and not sum(filled) <= 5 * today * len(filled) <= 25 * sum(filled):
            found.append(AS_OF - dt.timedelta(days=ago))
    return found


@given(rows=st.dictionaries(st.sampled_from(AGO), st.sampled_from((1, 2, 3, 10, 29, 30, 31, 150, 151))))
@settings(max_examples=60, deadline=None)
def test_odd_days_are_those_that_python_counts(rows):
    per_day = Counter({AS_OF - dt.timedelta(days=ago): count for ago, count in rows.items()})
    days = [day for day, count in per_day.items() for _ in range(count)]
    with duckdb.connect() as con:
        con.register("events", pa.table({"event_date": pa.array(days, pa.date32())}))
        con.execute(f"CREATE VIEW week AS SELECT DATE '{AS_OF}' AS as_of")
        assert sorted(day for (day,) in con.execute(QUERY).fetchall()) == sorted(odd_days(per_day))
