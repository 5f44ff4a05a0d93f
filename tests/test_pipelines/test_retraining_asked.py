"""When a week asks for a search for better models: drift for two weeks, a refused challenger, and then silence."""

from datetime import date, timedelta
from types import SimpleNamespace

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lyceum.schema import with_history
from lyceum.tables import quality
from pipelines import champions, retraining
from pipelines.retraining import SILENT_WEEKS, asked, drifted

AS_OF = date(2026, 7, 6)
WEEK = timedelta(days=7)
MODEL = "retention_28d"


def rows(features: dict[str, bool | None]) -> pd.DataFrame:
    return pd.DataFrame({"feature": list(features), "drifted": pd.array(list(features.values()), "boolean")})


@pytest.fixture
def drifting(small):
    """Writes what quality.model_drift says of one model in a week: of its scores, of its ten columns."""

    def write(as_of, *, score=False, columns=0, model=MODEL):
        features = {"probability": score, **{f"c{number}": number < columns for number in range(10)}}
        table = with_history(quality.MODEL_DRIFT)
        frame = pd.DataFrame(columns=table.names)
        frame["feature"], frame["drifted"] = list(features), list(features.values())
        frame["as_of"], frame["model"] = as_of, model
        made = pa.Table.from_pandas(frame[["as_of", "model", "feature", "drifted"]], preserve_index=False)
        schema = table.arrow() if isinstance(table.arrow(), pa.Schema) else table.arrow().schema
        columns_ = [
            made[f.name].cast(f.type) if f.name in made.column_names else pa.nulls(11, f.type) for f in schema
        ]
        full = pa.table(columns_, schema=schema)
        small.scored.replace(table, full.to_reader(), partition={"as_of": [as_of.isoformat()]})

    write(AS_OF - 99 * WEEK)
    return write


def test_one_weeks_move_may_be_a_holiday_and_two_are_news(small, drifting):
    drifting(AS_OF, score=True)
    assert asked(small, AS_OF) == {}
    drifting(AS_OF - WEEK, columns=2)
    assert list(asked(small, AS_OF)) == [MODEL]


def test_few_columns_are_no_news(small, drifting):
    for week in (AS_OF - WEEK, AS_OF):
        drifting(week, columns=1)
    assert asked(small, AS_OF) == {}


def test_it_asks_once_and_then_keeps_silent_for_eight_weeks(small, drifting):
    mondays = [AS_OF + WEEK * number for number in range(SILENT_WEEKS + 1)]
    for week in (AS_OF - WEEK, *mondays):
        drifting(week, score=True)
    assert [bool(asked(small, week)) for week in mondays] == [True, *[False] * (SILENT_WEEKS - 1), True]
    assert [bool(asked(small, week)) for week in mondays] == [True, *[False] * (SILENT_WEEKS - 1), True]


def test_a_week_that_no_longer_asks_takes_its_word_back(small, drifting):
    for week in (AS_OF - WEEK, AS_OF, AS_OF + WEEK):
        drifting(week, score=True)
    assert asked(small, AS_OF)
    drifting(AS_OF)
    assert asked(small, AS_OF) == {}
    drifting(AS_OF, score=True)
    assert asked(small, AS_OF + WEEK)


@pytest.mark.parametrize(("decision", "asks"), [("refused", True), ("promoted", False)])
def test_a_refused_challenger_of_the_week_asks_at_once(small, drifting, monkeypatch, decision, asks):
    held = SimpleNamespace(card={"decision": {"decision": decision}})
    monkeypatch.setattr(champions, "versions", lambda _home, name: [AS_OF] if name == MODEL else [])
    monkeypatch.setattr(champions, "load", lambda *_: held)
    assert (MODEL in asked(small, AS_OF)) is asks


@pytest.mark.parametrize("text", ["", "{", "[3]", '{"x": []}'])
def test_a_damaged_record_counts_as_none(small, drifting, text):
    for week in (AS_OF - WEEK, AS_OF):
        drifting(week, score=True)
    small.home.runs.mkdir(exist_ok=True)
    (small.home.runs / "retraining.json").write_text(text)
    assert list(asked(small, AS_OF)) == [MODEL]
    assert retraining._held(small.home) == {AS_OF: [MODEL]}


@given(st.lists(st.sampled_from([True, False, None]), max_size=30), st.sampled_from([True, False, None]))
def test_columns_that_cannot_be_told_about_do_not_count(columns, score):
    table = rows({f"c{number}": value for number, value in enumerate(columns)} | {"probability": score})
    told = [value for value in columns if value is not None]
    assert drifted(table) == (score is True or (bool(told) and sum(told) / len(told) >= retraining.SHARE))
