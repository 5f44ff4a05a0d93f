"""Saying what long work is doing: a live line on a terminal, plain lines elsewhere. Always on standard error."""

import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Say = Callable[[str], None]
COUNTED = re.compile(r"\d+ of \d+")


QUIET_SECONDS = 5.0  # lines that differ in their numbers only are shown this often


@contextmanager
def progress() -> Iterator[Say]:
    """A function that shows what is being done; on a terminal the newest line spins until the next one."""
    if not sys.stderr.isatty():
        yield _spaced(lambda line: print(line, file=sys.stderr, flush=True))  # noqa: T201
        return
    from rich.console import Console
    from rich.markup import escape

    console = Console(stderr=True, highlight=False)
    with console.status("starting") as status:
        write = _spaced(lambda line: console.print(line, markup=False))

        def say(line: str) -> None:
            write(line)
            status.update(escape(line))

        yield say


def _spaced(write: Say) -> Say:
    """Print a line with the seconds since the start, unless it continues a count shown a moment ago."""
    begin = time.monotonic()
    last = ("", -QUIET_SECONDS)

    def say(line: str) -> None:
        nonlocal last
        kind, now = COUNTED.split(line)[0], time.monotonic() - begin
        if kind != last[0] or now - last[1] >= QUIET_SECONDS:
            write(f"{now:7.1f} s  {line}")
            last = (kind, now)

    return say
