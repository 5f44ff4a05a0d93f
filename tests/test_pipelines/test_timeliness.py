"""Late weeks, weeks out of order, and old logs, which are late by nature."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from lyceum import releases
from lyceum.tables.canonical import EVENTS
from pipelines import blocking, timeliness
from pipelines.health import diagnose, status_lines
from pipelines.timeliness import week_due


def at(ctx, *moment):
    return replace(ctx, now=datetime(*moment, tzinfo=UTC))


def deliver(ctx, day: str) -> None:
    """An event on this day, as an ingest would leave it."""
    moment = datetime.fromisoformat(f"{day}T04:00:00+00:00")
    row = {
        "event_id": day,
        "event_date": moment.date(),
        "event_type": "login",
        "occurred_at": moment,
        "ingested_at": moment,
    }
    ctx.lake.append(EVENTS, pa.Table.from_pylist([row], schema=EVENTS.arrow()).to_reader())


def rewrite(ctx, name: str, **changes: object) -> None:
    file = ctx.home.releases / name / releases.MANIFEST
    for path in (file.parent, file):
        path.chmod(0o755 if path.is_dir() else 0o644)
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


@pytest.fixture
def living(small):
    """A home whose newest week was published in time."""
    rewrite(small, "2026-07-06-r001", published_at="2026-07-06T02:30:00+08:00")
    return small


def found(ctx):
    return {finding.what: finding for finding in timeliness.findings(ctx)}


@pytest.mark.parametrize(
    ("moment", "due"),
    [
        ((2026, 7, 6, 3, 59), "2026-06-29"),  # Monday 11:59 in Shanghai: the logs may still come
        ((2026, 7, 6, 4, 0), "2026-07-06"),
        ((2026, 7, 12, 23, 0), "2026-07-06"),
    ],
)
def test_a_week_is_due_from_monday_noon_on_the_platforms_clock(small, moment, due):
    assert str(week_due(at(small, *moment))) == due


def test_a_week_that_is_published_in_time_is_well(living):
    assert all(finding.good for finding in timeliness.findings(at(living, 2026, 7, 8)))


def test_a_platform_that_lives_is_told_that_its_logs_are_late(living):
    deliver(living, "2026-07-09")
    late = found(at(living, 2026, 7, 14))
    assert not late["data"].good
    assert "2026-07-09" in late["data"].found
    assert "2026-07-13" in late["data"].found
    assert not late["newest week"].good
    assert "--as-of 2026-07-13" in late["newest week"].remedy


def test_old_logs_are_late_by_nature(small):
    lines = found(at(small, 2026, 11, 22))
    assert all(finding.good for finding in lines.values())
    assert "old logs" in lines["data"].found


def test_a_week_before_its_predecessor_is_named_with_what_mends_it(small):
    rewrite(small, "2026-07-06-r001", provisional=True)
    wrong = found(at(small, 2026, 7, 8))["order of weeks"]
    assert not wrong.good
    assert "2026-07-06" in wrong.found
    assert "--as-of 2026-06-29" in wrong.remedy


def test_a_week_that_was_stopped_is_told_with_its_remedy_until_it_is_published(living):
    why, remedy = "3 checks failed for the week.", "Mend the source."
    blocking.record(living.home, date(2026, 7, 13), "validate", why, remedy, now=living.now)
    stopped = found(at(living, 2026, 7, 13, 2))["stopped week"]
    assert not stopped.good
    assert stopped.found == f"validate stopped the week before 2026-07-13 on 2026-08-01: {why}"
    assert stopped.remedy == remedy
    blocking.clear(living.home, date(2026, 7, 13))
    assert "stopped week" not in found(at(living, 2026, 7, 13, 2))


def test_doctor_and_status_say_it_too(small):
    rewrite(small, "2026-07-06-r001", provisional=True)
    ctx = at(small, 2026, 7, 8)
    assert "order of weeks" in {finding.what for finding in diagnose(ctx) if not finding.good}
    assert any(line.startswith("order of weeks: ") for line in status_lines(ctx))


def test_a_release_without_a_readable_manifest_does_not_stop_the_doctor(small):
    file = small.home.releases / "2026-06-29-r001" / releases.MANIFEST
    for path in (file.parent, file):
        path.chmod(0o755 if path.is_dir() else 0o644)
    file.write_text("{")
    assert [each.release.name for each in timeliness.published(small)] == ["2026-07-06-r001"]
