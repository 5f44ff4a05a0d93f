"""Named points at which a test may kill the process, to see what a crash there leaves behind."""

import os
import signal

VARIABLE = "LYCEUM_FAULT"

arrived: list[str] = []  # the points reached while the variable was set, in order


def reach(point: str, /) -> None:
    """Die by SIGKILL if LYCEUM_FAULT says "point:nth" and this is the nth arrival; do nothing while it is unset."""
    chosen = os.environ.get(VARIABLE)
    if not chosen:
        return
    arrived.append(point)
    if chosen == f"{point}:{arrived.count(point)}":
        os.kill(os.getpid(), signal.SIGKILL)
