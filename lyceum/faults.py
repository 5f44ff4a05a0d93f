"""Named points at which a test may kill the process, or hold it up, to see what a crash there leaves behind."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

VARIABLE = "LYCEUM_FAULT"
HELD, SECONDS_HELD = ".held", 600  # what is added to the name of a request that holds a process up; for how long

arrived: list[str] = []  # the points reached while the variable was set, in order


def reach(point: str, /) -> None:
    """Do nothing while LYCEUM_FAULT is unset; else what it says.

    "point:nth": die by SIGKILL if this is the nth arrival. "@FOLDER", for processes that others start: if a file of
    the point's name lies there, take it, so that one process alone is struck, and die if it holds `kill`; otherwise
    leave one's number in the file, renamed, and wait until it is removed.
    """
    chosen = os.environ.get(VARIABLE)
    if not chosen:
        return
    arrived.append(point)
    if chosen.startswith("@"):
        _asked(Path(chosen[1:]) / point)
    elif chosen == f"{point}:{arrived.count(point)}":
        os.kill(os.getpid(), signal.SIGKILL)


def _asked(request: Path) -> None:
    taken = request.with_name(f"{request.name}{HELD}")
    with suppress(FileNotFoundError):
        kill = request.read_text(encoding="utf-8").strip() == "kill"
        request.rename(taken)  # of several processes one succeeds
        if kill:
            os.kill(os.getpid(), signal.SIGKILL)
        taken.write_text(str(os.getpid()), encoding="utf-8")
        until = time.monotonic() + SECONDS_HELD
        while taken.exists() and time.monotonic() < until:
            time.sleep(0.1)
