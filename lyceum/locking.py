"""The one writer's lock of a home, and who holds it.

A `flock`, which the kernel frees when its process dies, in whatever way. The holder leaves its process and what it
does in the locked file; since when is the file's own time. Parts of one step share the home's lock and hold one each
of their own, so that they run side by side and none of them twice; everybody else holds the home's alone.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from lyceum.errors import BusyError

FILE = "lock"  # in the home's folder of runs; a part's is lock.<part>


@contextmanager
def held(folder: Path, /, *, what: str = "", part: str = "") -> Iterator[None]:
    """Hold the lock that lies in `folder`: alone, or that of one `part` beside those of others.

    `what` is told to whoever finds it held.

    Raises:
        BusyError: another process holds it; names it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _opened(folder / FILE) as whole:
        _take(whole, fcntl.LOCK_SH if part else fcntl.LOCK_EX, folder)
        if not part:
            with _told(whole, what):
                yield
            return
        whole.truncate(0)  # of one that was killed: nobody holds it alone now
        with _opened(folder / f"{FILE}.{part}") as own:
            _take(own, fcntl.LOCK_EX, folder)
            with _told(own, what or part):
                yield


@contextmanager
def waited_for(folder: Path, name: str, /) -> Iterator[None]:
    """Hold a lock called `name` for a moment; whoever finds it held waits. For those who share the home's lock."""
    with _opened(folder / f"{FILE}.{name}") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def holders(folder: Path, /) -> list[str]:
    """Who holds the lock that lies in `folder`, a few words each: process 17 (score of the week ...) since ...."""
    files = [folder / FILE, *sorted(folder.glob(f"{FILE}.*"))]
    return [told for file in files if file.is_file() and (told := _holder(file))]


def _opened(file: Path) -> IO[str]:
    return os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT, 0o644), "r+", encoding="utf-8")


def _take(handle: IO[str], how: int, folder: Path) -> None:
    try:
        fcntl.flock(handle, how | fcntl.LOCK_NB)
    except BlockingIOError:
        named = "; ".join(holders(folder))
        raise BusyError(
            f"Another run is writing to {folder.parent}{f': {named}' if named else ''}.",
            remedy="Wait until it has ended, then try again.",
        ) from None


@contextmanager
def _told(handle: IO[str], what: str) -> Iterator[None]:
    """Leave in the locked file who holds it, and nothing afterwards."""
    handle.truncate(0)
    with suppress(OSError):  # on a full disk nobody is told who it is
        os.pwrite(handle.fileno(), json.dumps({"pid": os.getpid(), "what": what}).encode(), 0)
    try:
        yield
    finally:
        handle.truncate(0)


def _holder(file: Path) -> str:
    """Empty if nobody holds it: what one that was killed has left there is no news."""
    try:
        with file.open(encoding="utf-8") as handle:
            if not _is_held(handle):
                return ""
            note = json.loads(handle.read())
        since = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        doing = f" ({note['what']})" if note["what"] else ""
        return f"process {note['pid']}{doing} since {since:%Y-%m-%d %H:%M:%S} UTC"
    except (OSError, ValueError, KeyError, TypeError):  # it is being given back this moment
        return ""


def _is_held(handle: IO[str]) -> bool:
    """Whether anybody holds the lock alone."""
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(handle, fcntl.LOCK_UN)
    return False
