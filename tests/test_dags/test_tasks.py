"""What task bodies call."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lyceum.errors import UsageError
from lyceum.weeks import WEEK, instant
from pipelines.tasks import Scheduled, scheduled, week_ending

SUNDAY_EVENING_UTC = datetime(2026, 7, 5, 18, tzinfo=UTC)  # Monday 02:00 in Shanghai


def test_the_week_is_cut_by_the_platforms_calendar_not_by_that_of_utc():
    assert str(week_ending(SUNDAY_EVENING_UTC, timezone="Asia/Shanghai")) == "2026-07-06"
    assert str(week_ending(SUNDAY_EVENING_UTC, timezone="UTC")) == "2026-06-29"
    midnight = datetime(2026, 7, 5, 16, tzinfo=UTC)
    assert str(week_ending(midnight, timezone="Asia/Shanghai")) == "2026-07-06"
    assert str(week_ending(midnight - timedelta(seconds=1), timezone="Asia/Shanghai")) == "2026-06-29"


@given(
    st.datetimes(datetime(2000, 1, 10), datetime(2099, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(["Asia/Shanghai", "America/New_York", "Europe/London", "UTC"]),
)
def test_a_moment_lies_in_the_seven_days_after_the_monday_it_is_given(moment, timezone):
    monday = week_ending(moment, timezone=timezone)
    assert monday.weekday() == 0
    assert instant(monday, timezone=timezone) <= moment < instant(monday + WEEK, timezone=timezone)


def test_only_a_lone_platform_has_dags_without_its_name():
    assert Scheduled("oulad", "UTC", alone=True).dag_id("weekly_insights") == "weekly_insights"
    assert Scheduled("oulad", "UTC", alone=False).dag_id("weekly_insights") == "weekly_insights__oulad"


def test_a_platforms_time_zone_is_its_sources_unless_the_settings_name_one(tmp_path: Path, monkeypatch):
    file = tmp_path / "lyceum.toml"
    file.write_text(
        '[platforms.a]\nsource = "demo"\nhome = "a"\n'
        '[platforms.b]\nsource = "demo"\nhome = "b"\ntimezone = "Europe/Berlin"\n'
    )
    monkeypatch.setenv("LYCEUM_CONFIG", str(file))
    assert scheduled() == [
        Scheduled("a", "Asia/Shanghai", alone=False),
        Scheduled("b", "Europe/Berlin", alone=False),
    ]


def test_a_platform_of_an_unknown_source_is_refused_by_name(tmp_path: Path, monkeypatch):
    file = tmp_path / "lyceum.toml"
    file.write_text('[platforms.a]\nsource = "nowhere"\nhome = "a"\n')
    monkeypatch.setenv("LYCEUM_CONFIG", str(file))
    with pytest.raises(UsageError, match="nowhere"):
        scheduled()
