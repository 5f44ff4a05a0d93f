"""Weeks are cut on Monday 00:00 of the platform's own time zone."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lyceum import weeks
from lyceum.errors import UsageError

DAYS = st.dates(date(1970, 1, 8), date(2100, 1, 1))


@given(DAYS)
def test_a_day_lies_in_the_week_of_its_monday(day):
    monday = weeks.monday_of(day)
    assert monday.weekday() == 0
    assert timedelta(0) <= day - monday < weeks.WEEK


@given(DAYS)
def test_the_newest_week_holds_the_last_event_and_ends_after_it(day):
    end = weeks.newest_complete(day)
    assert end - weeks.WEEK <= day < end


@given(DAYS, st.integers(1, 60))
def test_weeks_before_are_consecutive_and_end_with_the_one_asked_for(day, count):
    monday = weeks.monday_of(day)
    found = weeks.weeks_before(monday, count)
    assert len(found) == count
    assert found[-1] == monday
    assert all(later - earlier == weeks.WEEK for earlier, later in pairwise(found))


@pytest.mark.parametrize(
    ("day", "timezone", "expected"),
    [
        (date(2026, 7, 6), "Asia/Shanghai", datetime(2026, 7, 5, 16, tzinfo=UTC)),
        (date(2014, 2, 3), "Europe/London", datetime(2014, 2, 3, 0, tzinfo=UTC)),
        (date(2014, 3, 31), "Europe/London", datetime(2014, 3, 30, 23, tzinfo=UTC)),  # summer time began on Sunday
        (date(2026, 1, 5), "America/New_York", datetime(2026, 1, 5, 5, tzinfo=UTC)),
    ],
)
def test_midnight_is_the_platforms_own(day, timezone, expected):
    assert weeks.instant(day, timezone=timezone) == expected


def test_the_week_in_which_clocks_go_forward_is_an_hour_short():
    last, next_ = (weeks.instant(day, timezone="Europe/London") for day in (date(2014, 3, 24), date(2014, 3, 31)))
    assert next_ - last == timedelta(days=7, hours=-1)


def test_a_monday_is_read():
    assert weeks.parse_as_of("2014-02-03") == date(2014, 2, 3)


@pytest.mark.parametrize("text", ["2014-02-04", "2014-02-09"])
def test_another_day_is_refused_with_the_mondays_beside_it(text):
    with pytest.raises(UsageError, match=r"Use 2014-02-03 or 2014-02-10\."):
        weeks.parse_as_of(text)


@pytest.mark.parametrize("text", ["", "yesterday", "2014-02-30", "03.02.2014", "2014-2-3"])
def test_what_is_no_date_is_refused(text):
    with pytest.raises(UsageError, match="no date"):
        weeks.parse_as_of(text)
