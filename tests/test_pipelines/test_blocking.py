"""Weeks that failed, until they are published."""

from datetime import date, timedelta

import pytest

from lyceum import releases
from lyceum.errors import BusyError, CheckError, InputError
from pipelines import blocking, week
from pipelines.steps import perform

SHOWN = date(2026, 7, 6)  # the newest release of the small home
NEXT, LATER = SHOWN + timedelta(days=7), SHOWN + timedelta(days=14)


def test_a_week_that_fails_a_check_is_blocked_and_the_release_before_it_is_stale_since_then(small):
    assert blocking.stale_since(small.home) is None
    releases.remove(releases.current(small.home))
    releases.rollback(small.home)
    before = sorted(path.name for path in small.home.releases.iterdir())
    with pytest.raises(CheckError):
        week.perform(small, "validate", as_of=SHOWN)
    (found,) = blocking.blocked(small.home)
    assert (found.as_of, found.step) == (SHOWN, "validate")
    assert "checks failed" in found.why
    assert "Mend" in found.remedy
    assert blocking.stale_since(small.home) == SHOWN
    assert releases.current(small.home).as_of < SHOWN
    assert sorted(path.name for path in small.home.releases.iterdir()) == before
    blocking.clear(small.home, SHOWN)
    assert blocking.stale_since(small.home) is None


def test_a_week_that_nobody_delivered_may_be_a_slip_of_the_pen(small):
    with pytest.raises(InputError):
        week.perform(small, "validate", as_of=LATER)
    assert blocking.blocked(small.home) == []


def test_the_oldest_of_several_counts_and_those_before_the_release_do_not(small):
    for as_of in (LATER, NEXT, SHOWN - timedelta(days=7)):
        blocking.record(small.home, as_of, "score", "No room.", "", now=small.now)
    assert len(blocking.blocked(small.home)) == 3
    assert blocking.stale_since(small.home) == NEXT


def test_a_week_that_was_published_before_is_not_blocked_by_a_failing_repetition(small):
    with pytest.raises(CheckError):
        week.perform(small, "validate", as_of=SHOWN)
    assert blocking.blocked(small.home) == []


def test_a_step_that_must_wait_and_one_that_was_asked_for_by_itself_block_nothing(small, monkeypatch):
    monkeypatch.setattr(week, "require_events", lambda *_: None)  # that of a lake with events does nothing else
    with small.home.lock("a test"), pytest.raises(BusyError, match="a test"):
        week.perform(small, "validate", as_of=NEXT)
    monkeypatch.undo()
    with pytest.raises(InputError):
        week.perform(small, "train", as_of=NEXT, asked=True)
    assert blocking.blocked(small.home) == []


def test_the_release_that_ends_the_gap_says_that_there_was_one(small):
    blocking.record(small.home, NEXT, "score", "No room.", "Make some.", now=small.now)
    (part,) = blocking.told(small.home, NEXT)
    assert (part.part, part.code) == ("release", "stale")
    assert "score stopped it on 2026-08-01: No room." in part.why
    assert list(blocking.told(small.home, LATER)) == []
    result = perform(small, "validate", lambda ctx, as_of: blocking.told(ctx.home, as_of), as_of=NEXT)
    assert result.parts == (part,)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"as_of": "2026-07-13"}', '{"as_of": 3}'])
def test_a_damaged_record_is_left_out(small, text):
    blocking.record(small.home, NEXT, "score", "No room.", "", now=small.now)
    (small.home.runs / "blocked" / f"{NEXT}.json").write_text(text)
    assert blocking.blocked(small.home) == []
    assert blocking.stale_since(small.home) is None
