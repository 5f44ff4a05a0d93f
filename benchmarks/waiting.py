"""What a process waits for and holds: the seconds of its imports, and the peak of its memory since a moment."""

import builtins
import importlib
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, TracebackType
from typing import ParamSpec, Self

P = ParamSpec("P")

PEAK_IS_NOW = "5"  # what Linux takes as the order to forget the peak of a process (proc(5), clear_refs)


class Meter:
    """Adds up, while it is open, how long the thread that opened it waited for modules to be loaded."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._depth = 0
        self._thread = threading.get_ident()
        self._own = builtins.__import__, importlib.import_module

    def __enter__(self) -> Self:
        builtins.__import__, importlib.import_module = self._timed(self._own[0]), self._timed(self._own[1])
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        builtins.__import__, importlib.import_module = self._own

    def _timed(self, load: Callable[P, ModuleType]) -> Callable[P, ModuleType]:
        def timed(*given: P.args, **named: P.kwargs) -> ModuleType:
            if self._depth or threading.get_ident() != self._thread:
                return load(*given, **named)
            begin = time.monotonic()
            self._depth += 1
            try:
                return load(*given, **named)
            finally:
                self._depth -= 1
                self.seconds += time.monotonic() - begin

        return timed


def forget_peak() -> None:
    """Begin to measure the peak anew, where the system can."""
    try:
        Path("/proc/self/clear_refs").write_text(PEAK_IS_NOW)
    except OSError:
        return


def peak_gb() -> float:
    """The most memory that this process held since `forget_peak`, in GB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return round(int(line.split()[1]) / 2**20, 3)
    raise OSError("The system does not tell of the peak.")
