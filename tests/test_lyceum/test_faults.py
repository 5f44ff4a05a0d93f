"""Points at which tests strike: what a process does there when nobody, one or another point is asked for."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lyceum import faults

WORK = "from lyceum.faults import reach\nfor point in ('a', 'b', 'a'): reach(point)\nprint('whole')"


def worked(fault: str) -> tuple[int, str]:
    env = {**os.environ, faults.VARIABLE: fault}
    done = subprocess.run([sys.executable, "-c", WORK], env=env, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.strip()


def test_the_arrival_that_is_named_kills_and_no_other():
    assert worked("a:2") == (-9, "")
    assert worked("b:2") == (0, "whole")


@pytest.mark.parametrize("request_", ["kill\n", "kill"])
def test_a_request_kills_one_process_and_is_spent(tmp_path: Path, request_: str):
    (tmp_path / "b").write_text(request_)
    assert worked(f"@{tmp_path}") == (-9, "")
    assert worked(f"@{tmp_path}") == (0, "whole")


def test_a_process_that_is_held_up_goes_on_when_its_file_is_removed(tmp_path: Path):
    (tmp_path / "b").write_text("hold")
    env = {**os.environ, faults.VARIABLE: f"@{tmp_path}"}
    with subprocess.Popen([sys.executable, "-c", WORK], env=env, stdout=subprocess.PIPE, text=True) as process:
        held = tmp_path / f"b{faults.HELD}"
        while not (held.exists() and held.read_text()):
            assert process.poll() is None
            time.sleep(0.01)
        assert int(held.read_text()) == process.pid
        assert process.poll() is None
        held.unlink()
        assert process.communicate()[0].strip() == "whole"


def test_nothing_is_recorded_while_nobody_asks(monkeypatch):
    monkeypatch.delenv(faults.VARIABLE, raising=False)
    before = list(faults.arrived)
    faults.reach("a")
    assert faults.arrived == before
