"""What task bodies call."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lyceum.errors import BusyError, HomeError, UsageError
from lyceum.home import Home
from lyceum.weeks import WEEK, instant
from pipelines import tasks
from pipelines.orchestration import environment
from pipelines.scheduled import Scheduled, scheduled, week_ending

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


def test_a_task_waits_for_the_lock_and_says_who_holds_it(tmp_path: Path, monkeypatch, caplog):
    monkeypatch.setattr(tasks, "ASKS_EVERY", 0.0)
    home, tries = Home(tmp_path / "home"), []

    def work() -> str:
        tries.append(1)
        if len(tries) == 1:
            with home.lock("the week before"), home.lock():
                pytest.fail("two writers")
        with home.lock():
            return "done"

    with caplog.at_level("INFO", logger="lyceum"):
        assert tasks.patiently(work) == "done"
    assert len(tries) == 2
    assert "(the week before) since" in caplog.text


def test_a_task_does_not_wait_for_ever_and_not_for_what_waiting_does_not_mend(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(tasks, "PATIENCE", -1.0)
    home = Home(tmp_path / "home")

    def busy() -> None:
        with home.lock("the week before"), home.lock():
            pytest.fail("two writers")

    def broken() -> None:
        raise HomeError("No room.")

    with pytest.raises(BusyError, match="the week before"):
        tasks.patiently(busy)
    with pytest.raises(HomeError, match="No room"):
        tasks.patiently(broken)


LOOK = """
import sys
from datetime import UTC, datetime
from pipelines import tasks
for as_of in sys.argv[1:]:
    try:
        print(as_of, tasks.is_here("demo", until=datetime.now(UTC), as_of=as_of))
    except Exception as error:
        print(as_of, type(error).__name__, error)
"""


def test_a_week_to_come_is_waited_for_and_one_that_is_over_and_empty_fails_for_good(tmp_path: Path):
    (tmp_path / "landing").mkdir()
    config = tmp_path / "lyceum.toml"
    config.write_text('[platforms.demo]\nsource = "demo"\nhome = "home"\ndata = "landing"\n')
    env = environment(Home(tmp_path / "home"), config)
    command = [sys.executable, "-c", LOOK, "2096-01-02", "2020-01-06"]
    said = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout.splitlines()
    found = [line for line in said if line.startswith(("2096", "2020"))]  # among what Airflow logs
    assert found[0] == "2096-01-02 False"
    assert found[1].startswith("2020-01-06 AirflowFailException The lake below")
