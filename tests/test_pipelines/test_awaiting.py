"""Whether a week's data are all here, by the days of its log."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lyceum.home import Home, Platform
from lyceum.settings import Settings
from lyceum.tables.canonical import EVENTS
from pipelines import steps
from pipelines.awaiting import arrived, deadline, expected, late
from pipelines.context import Context

AS_OF = date(2026, 7, 6)
WEEK = [date(2026, 6, 29) + timedelta(days=number) for number in range(7)]
MONDAY_NIGHT = datetime(2026, 7, 5, 18, tzinfo=UTC)  # Monday 02:00 in Shanghai


@pytest.fixture
def logged(tmp_path):
    """A context whose log has one event on each of the days given, of which the newest delivery came at `taken`."""

    def make(days, *, taken=None, now=MONDAY_NIGHT):
        home = Home(tmp_path / "home")
        platform = Platform("shop", "demo", home.landing, "Asia/Shanghai", "CNY", "zh")
        ctx = Context(Settings(), home, platform, now, lambda _: None)
        if days:
            ctx.lake.append(EVENTS, events(sorted(days)).to_reader())
        if taken:
            steps.keep_record(replace(ctx, now=taken), steps.ingest_file(home), "ingest", [], seconds=0.0)
        return ctx

    return make


def events(days):
    made = {
        "event_id": [f"e{number}" for number in range(len(days))],
        "event_type": ["view"] * len(days),
        "occurred_at": [datetime(day.year, day.month, day.day, tzinfo=UTC) for day in days],
        "event_date": days,
        "source": ["shop"] * len(days),
        "batch_id": ["b"] * len(days),
        "ingested_at": [MONDAY_NIGHT] * len(days),
    }
    schema = EVENTS.arrow()
    schema = schema if isinstance(schema, pa.Schema) else schema.schema
    columns = [pa.array(made.get(field.name, [None] * len(days)), field.type) for field in schema]
    return pa.table(columns, schema=schema)


def test_an_event_of_a_later_day_ends_the_week_whatever_is_missing(logged):
    found = arrived(logged([WEEK[0], AS_OF]), AS_OF)
    assert found.complete
    assert str(AS_OF) in found.why


def test_the_day_that_is_missing_is_named(logged):
    found = arrived(logged(WEEK[:6], taken=MONDAY_NIGHT), AS_OF)
    assert (found.complete, found.begun) == (False, True)
    assert "Sun 2026-07-05" in found.why


def test_all_days_do_when_the_newest_delivery_came_after_the_week_had_ended(logged):
    assert arrived(logged(WEEK, taken=MONDAY_NIGHT), AS_OF).complete


def test_a_delivery_of_sunday_noon_may_hold_half_a_sunday(logged):
    found = arrived(logged(WEEK, taken=MONDAY_NIGHT - timedelta(hours=14)), AS_OF)
    assert not found.complete
    assert "before the week had ended" in found.why


def test_a_simulated_week_that_lies_ahead_of_the_clock_is_not_waited_for(logged):
    early = MONDAY_NIGHT - timedelta(days=300)
    assert arrived(logged(WEEK, taken=early, now=early), AS_OF).complete


@pytest.mark.parametrize("days", [[], [AS_OF - timedelta(days=20)]])
def test_a_week_without_any_event_has_not_begun(logged, days):
    found = arrived(logged(days, taken=MONDAY_NIGHT), AS_OF)
    assert (found.complete, found.begun) == (False, False)


def test_a_shop_that_is_closed_on_saturdays_is_not_waited_for_on_one(logged):
    open_days = [day - timedelta(weeks=back) for back in range(5) for day in WEEK if day.weekday() != 5]
    assert arrived(logged(open_days, taken=MONDAY_NIGHT), AS_OF).complete
    assert not arrived(logged(open_days, taken=MONDAY_NIGHT), AS_OF + timedelta(days=7)).complete


def test_the_deadline_is_monday_noon_of_the_platform_or_what_the_settings_say(logged):
    ctx = logged([])
    assert deadline(ctx, AS_OF) == datetime(2026, 7, 6, 4, tzinfo=UTC)
    later = replace(ctx, settings=Settings(data_deadline_hours=30))
    assert deadline(later, AS_OF) == datetime(2026, 7, 6, 22, tzinfo=UTC)


def test_what_is_late_is_kept_with_the_runs(logged):
    (part,) = late(logged(WEEK[:6], taken=MONDAY_NIGHT), AS_OF)
    assert (part.part, part.status, part.code) == ("events", "done", "late_data")
    assert "Sun 2026-07-05" in part.why


def test_a_whole_week_leaves_no_word_of_late_data(logged):
    assert list(late(logged(WEEK, taken=MONDAY_NIGHT), AS_OF)) == []


def test_a_damaged_record_of_the_ingest_holds_nothing_up(logged):
    ctx = logged(WEEK, taken=MONDAY_NIGHT)
    steps.ingest_file(ctx.home).write_text(json.dumps({"ran_at": 3}))
    assert arrived(ctx, AS_OF).complete


@given(st.sets(st.dates(AS_OF - timedelta(days=60), AS_OF + timedelta(days=3))))
def test_what_is_expected_lies_in_the_week_and_is_never_nothing(days):
    found = expected(days, AS_OF)
    assert found
    assert found <= set(WEEK)


@given(st.sets(st.integers(0, 6), min_size=1))
def test_a_habit_is_learnt_from_the_weeks_before(weekdays):
    days = {day - timedelta(weeks=back) for back in range(1, 6) for day in WEEK if day.weekday() in weekdays}
    days |= {WEEK[0] - timedelta(weeks=5)}  # the log begins on a Monday
    assert {day.weekday() for day in expected(days, AS_OF)} == weekdays
