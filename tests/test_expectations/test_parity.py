"""The same suite through GX's pandas engine: 5,000 rows, 30 planted defects, equal verdicts and counts.

The pandas engine knows no SQL. What the suite asks by a query is put to it as a column that plain pandas computes
from the words of the rule, which GX then judges and counts; the uniqueness of the key is an expectation of GX.
"""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from expectations.checkpoint import ASKED, context, great_expectations, judge
from expectations.rule import IN_SET, ROWS
from expectations.suites import suite
from lyceum.schema import table

AS_OF = dt.date(2024, 5, 6)
ROWS_PLANTED_IN = 5000
EVENTS = table("events")


def at(*when):
    return dt.datetime(*when, tzinfo=dt.UTC)


# (column, value) planted in a row of its own, thirty times; what it should trip is not said here: the engines agree.
DEFECTS = (
    *(("event_id", None), ("event_id", "e7"), ("event_id", "e7"), ("event_id", "e9"), ("event_id", "E9")),
    *(("event_type", None), ("event_type", "Purchase"), ("event_type", ""), ("event_type", "购买")),
    *(("occurred_at", None), ("occurred_at", at(1970, 1, 1)), ("occurred_at", at(1989, 12, 31, 23, 59, 59, 999999))),
    *(("occurred_at", at(1990, 1, 1)), ("occurred_at", at(2099, 1, 1)), ("occurred_at", at(2024, 5, 6, 7))),
    *(("event_date", None), ("event_date", dt.date(2024, 1, 1)), ("source", None), ("batch_id", None)),
    *(("ingested_at", None), ("ingested_at", at(1980, 1, 1)), ("amount", Decimal("-0.01"))),
    *(("amount", Decimal("10000000.01")), ("currency", None), ("currency", "\t "), ("currency", "cny")),
    *(("duration_ms", -1), ("duration_ms", 86_400_001), ("rating", -0.5), ("rating", float("inf"))),
)


@pytest.fixture(scope="module")
def planted():
    """The events as an Arrow table: a clean log, then one defect each in rows 100, 200, ..."""
    rng = np.random.default_rng(11)
    rows = []
    for number in range(ROWS_PLANTED_IN):
        day = AS_OF - dt.timedelta(days=1 + number % 60)
        sells = number % 3 == 0
        rows.append(
            {
                **{"event_id": f"e{number}", "user_id": f"u{number % 50}", "item_id": f"i{number % 9}"},
                "event_type": ("purchase", "view", "learn")[number % 3],
                "occurred_at": dt.datetime.combine(day, dt.time(int(rng.integers(0, 24)), tzinfo=dt.UTC)),
                **{"event_date": day, "amount": Decimal(9) if sells else None, "currency": "CNY" if sells else None},
                **{"quantity": 1 if sells else None, "duration_ms": number if number % 3 == 2 else None},
                **{"rating": float(number % 11) if number % 7 == 0 else None},
                **{"source": "s", "batch_id": "b", "ingested_at": at(2024, 5, 6, 2)},
            }
        )
    for place, (column, value) in enumerate(DEFECTS, 1):
        row = rows[place * 100]
        row[column] = value
        if column == "amount":
            row["currency"] = "CNY"
        if column == "currency":
            row["amount"] = Decimal(1)
    return pa.Table.from_pylist(rows, schema=EVENTS.arrow())


def test_thirty_defects_are_planted():
    assert len(DEFECTS) == 30


def by_pandas(frame):
    """Rule -> the rows that break it, by the words of the rule: what the suite asks by a query."""
    lead = (frame["occurred_at"] - frame["ingested_at"]).dt.total_seconds()
    midnight = pd.to_datetime(frame["event_date"]).dt.tz_localize("UTC")
    hours = (frame["occurred_at"] - midnight).dt.total_seconds() / 3600
    currency = frame["currency"]
    return {
        "finite": np.isinf(frame["rating"]),
        "occurred_at.future": lead > 86_400,
        "occurred_at.clock_skew": (lead > 300) & (lead <= 86_400),
        "event_date.local_day": (hours < -14) | (hours > 36),
        "currency.missing": frame["amount"].notna() & (currency.isna() | (currency.str.replace(" ", "") == "")),
        "currency.code": currency.notna() & ~currency.fillna("").str.fullmatch("[A-Z]{3}"),
    }


def pandas_rule(rule):
    """The rule as the pandas engine can be asked it."""
    if rule["type"] != ROWS:
        return rule
    if rule["meta"]["rule"] == "key":
        return {**rule, "type": "expect_column_values_to_be_unique", "kwargs": {"column": "event_id"}}
    return {**rule, "type": IN_SET, "kwargs": {"column": rule["meta"]["rule"], "value_set": [False]}}


def through_pandas(frame, rules):
    gx, known = great_expectations(), context()
    asset = known.data_sources.add_pandas("pandas").add_dataframe_asset("events")
    definition = gx.ValidationDefinition(
        name="events",
        data=asset.add_batch_definition_whole_dataframe("all"),
        suite=known.suites.add(gx.ExpectationSuite(name="events", expectations=rules)),
    )
    checkpoint = gx.Checkpoint(
        name="events", validation_definitions=[known.validation_definitions.add(definition)], result_format=ASKED
    )
    (run,) = known.checkpoints.add(checkpoint).run(batch_parameters={"dataframe": frame}).run_results.values()
    found = {}
    for result in run.results:
        assert not result.exception_info["raised_exception"], result.exception_info
        name = result.expectation_config.meta["rule"]
        found[name] = (result.success, result.result.get("unexpected_count"))
    return found


def as_frame(planted):
    frame = planted.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    frame["amount"] = frame["amount"].astype("float64")
    return frame


def test_both_engines_of_great_expectations_give_equal_verdicts_and_counts(planted, connect):
    con = connect({})
    con.register("events", planted)
    checks = judge(con, [EVENTS], as_of=AS_OF).set_index("rule")
    rules = [rule for rule in suite(EVENTS)["expectations"] if rule["meta"]["counts"] == "rows"]
    assert len(rules) >= 20
    frame = as_frame(planted)
    masks = by_pandas(frame)
    assert set(masks) == {rule["meta"]["rule"] for rule in rules if rule["type"] == ROWS} - {"key"}
    found = through_pandas(frame.assign(**masks), [pandas_rule(rule) for rule in rules])
    ours = {name: (bool(checks.loc[name, "success"]), checks.loc[name, "unexpected"]) for name in found}
    assert ours == found
    broken = {name for name, (success, _) in found.items() if not success}
    assert len(broken) >= 18, "the defects are of many kinds"
