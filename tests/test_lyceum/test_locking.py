"""One writer at a time, or the parts of one step side by side; and who it is."""

import signal
import subprocess
import sys

import pytest

from lyceum.errors import BusyError
from lyceum.locking import held, holders, waited_for

HOLD = """
import sys, time
from pathlib import Path
from lyceum.locking import held
with held(Path(sys.argv[1]), what="score of the week", part=sys.argv[2]):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def elsewhere(tmp_path):
    """Holds the lock, or that of a part, in another process."""
    started = []

    def hold(part=""):
        command = [sys.executable, "-c", HOLD, str(tmp_path), part]
        other = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        started.append(other)
        assert other.stdout.readline() == "held\n"
        return other

    yield hold
    for other in started:
        other.kill()
        other.wait()
        other.stdout.close()


@pytest.mark.parametrize("part", ["", "topics"])
def test_who_finds_it_held_is_told_by_whom_since_when_and_what_for(elsewhere, tmp_path, part):
    other = elsewhere(part)
    told = rf"writing to .*: process {other.pid} \(score of the week\) since 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC"
    with pytest.raises(BusyError, match=told), held(tmp_path):
        pytest.fail("two writers")


def test_parts_run_side_by_side_but_none_of_them_twice(elsewhere, tmp_path):
    elsewhere("topics")
    with held(tmp_path, part="segments"):
        assert len(holders(tmp_path)) == 2
    with pytest.raises(BusyError, match="score of the week"), held(tmp_path, part="topics"):
        pytest.fail("the same part twice")


def test_no_part_begins_while_somebody_holds_it_alone(elsewhere, tmp_path):
    elsewhere()
    with pytest.raises(BusyError, match="score of the week"), held(tmp_path, part="topics"):
        pytest.fail("a part beside another step")


@pytest.mark.parametrize("part", ["", "topics"])
def test_one_that_was_killed_holds_nothing_and_is_not_named(elsewhere, tmp_path, part):
    other = elsewhere(part)
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert holders(tmp_path) == []
    with held(tmp_path, part="segments"):
        assert [told.split(" since")[0].split("(")[1] for told in holders(tmp_path)] == ["segments)"]
    with held(tmp_path):
        pass
    assert holders(tmp_path) == []


def test_a_moments_lock_does_not_count_as_a_writer(tmp_path):
    with held(tmp_path, part="segments"), waited_for(tmp_path, "daily"):
        assert len(holders(tmp_path)) == 1
