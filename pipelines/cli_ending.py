"""How a command ends: every known failure in one sentence, Ctrl-C quietly, anything else without its message."""

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import typer

from lyceum.errors import LyceumError
from pipelines import shortages

INTERRUPTED = 130  # 128 + SIGINT, as shells have it
AGAIN_SECONDS = 0.05
WHOLE = "nothing half-made is left to readers"


def run(command: Callable[[], object], /) -> int:
    """Do what `command` does; the exit code, after the sentence about a failure."""
    with _noticed_interrupts() as interrupts:
        try:
            command()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        except KeyboardInterrupt:
            code = INTERRUPTED
        except Exception as error:
            # DuckDB turns Ctrl-C into a RuntimeError, and others may into whatever they like.
            code = INTERRUPTED if interrupts else _explained(error)
        else:
            code = 0
    if code == INTERRUPTED:
        typer.echo(f"lyceum: Interrupted; {WHOLE}. Run it again to go on.", err=True)
    return code


@contextmanager
def _noticed_interrupts() -> Iterator[list[int]]:
    """A list that is no longer empty once Ctrl-C was pressed; where Ctrl-C is ignored it stays ignored."""
    noticed: list[int] = []

    def notice(number: int, frame: FrameType | None) -> None:
        noticed.append(number)
        signal.default_int_handler(number, frame)

    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield noticed
        return
    before = signal.signal(signal.SIGINT, notice), signal.signal(signal.SIGALRM, notice)
    hook, sys.unraisablehook = sys.unraisablehook, _again_if_swallowed
    try:
        yield noticed
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.unraisablehook = hook
        for number, handler in zip((signal.SIGINT, signal.SIGALRM), before, strict=True):
            signal.signal(number, handler)


def _again_if_swallowed(unraisable: "sys.UnraisableHookArgs") -> None:
    """Python drops what is raised while an object is being destroyed: if that was Ctrl-C, it comes a moment later."""
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS)
    else:
        sys.__unraisablehook__(unraisable)


def _explained(error: Exception) -> int:
    if isinstance(error, LyceumError):
        typer.echo(f"lyceum: {error}", err=True)
        return error.exit_code
    if isinstance(error, BrokenPipeError):  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if (short := shortages.recognised(error)) is not None:
        typer.echo(f"lyceum: {shortages.sentence(short, where=None, kept=WHOLE)}", err=True)
        return 1
    if isinstance(error, OSError):
        place = f" at {error.filename}" if error.filename else ""
        typer.echo(f"lyceum: The system refused{place}: {error.strerror or type(error).__name__}.", err=True)
        return 1
    _say_unexpected(error)
    return 1


def _say_unexpected(error: Exception) -> None:
    """Name the place, not the message: a library's message may quote a value out of the logs."""
    if os.environ.get("LYCEUM_DEBUG"):
        traceback.print_exception(error)
        return
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(frame.filename).name}:{frame.lineno}"
    typer.echo(
        f"lyceum: An unexpected {type(error).__name__} in {where}; this is a defect of lyceum. "
        "Nothing was published. Run again with LYCEUM_DEBUG=1 for the details and report them.",
        err=True,
    )
