"""Saying what long work is doing: a live line on a terminal, plain lines elsewhere. Always on standard error."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Say = Callable[[str], None]


@contextmanager
def progress() -> Iterator[Say]:
    """A function that shows what is being done; on a terminal the newest line spins until the next one."""
    if not sys.stderr.isatty():
        yield _plain()
        return
    from rich.console import Console

    console = Console(stderr=True)
    with console.status("starting") as status:
        begin = time.monotonic()

        def say(line: str) -> None:
            console.print(f"[dim]{time.monotonic() - begin:7.1f} s[/dim]  {line}", highlight=False)
            status.update(line)

        yield say


def _plain() -> Say:
    begin = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - begin:7.1f} s  {line}", file=sys.stderr, flush=True)  # noqa: T201

    return say
