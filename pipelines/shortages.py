"""A disk or a memory that did not suffice, told in the one sentence that a person needs.

Every library has its own words for it: the system's error codes, DuckDB's OutOfMemoryException, the MemoryError of
Python, NumPy and Arrow, XGBoost's bad_alloc, what Delta's writer quotes. Here alone they are recognised, by their
words: the classes would have to be imported, and some libraries pass on nothing but the text of an exception.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from lyceum.errors import HomeError, LyceumError

if TYPE_CHECKING:  # every command imports this module
    from pipelines.context import Context

FULL = (
    *("No space left", "File too large", "Disk quota exceeded"),  # the system's, also as others quote it
    "max_temp_directory_size",  # DuckDB's: what it lays aside may take most of the free disk, and no more
)
EXHAUSTED = (
    *("bad_alloc", "bad allocation", "Allocation failure", "Failed to allocate"),  # C++ libraries', DuckDB's also
    *("annot allocate memory", "can't start new thread", "failed to map segment"),  # the system's, by way of Python
)
OVER_THE_LIMIT = "Out of Memory Error"  # DuckDB's, where the system would have given more
KEPT = {
    "ingest": "nothing was taken",
    "publish": "nothing was published and the last good release stays",
}
OTHERWISE_KEPT = "no table is half written and the last good release stays"


class Shortage(Enum):
    """What there was too little of."""

    DISK = "disk"
    MEMORY = "memory"
    MEMORY_LIMIT = "memory_limit"


def recognised(error: BaseException, /) -> Shortage | None:
    """What the failure, or what led to it, says was too little; None if nothing of the kind is said."""
    led = error.__cause__ or error.__context__
    return _said(error) or (recognised(led) if led is not None else None)


def _said(error: BaseException) -> Shortage | None:
    text = str(error)
    if any(words in text for words in FULL):
        return Shortage.DISK
    if isinstance(error, MemoryError) or any(words in text for words in EXHAUSTED):
        return Shortage.MEMORY
    return Shortage.MEMORY_LIMIT if OVER_THE_LIMIT in text else None


def sentence(short: Shortage, /, *, where: Path | None, kept: str, limit: str = "") -> HomeError:
    """The error that says so: what, where, what is kept, what to do; `limit` is the setting memory_limit."""
    place, now = f" of {where}" if where else "", f" ({limit})" if limit else ""
    what, remedy = {
        Shortage.DISK: (f"The disk{place} is full", "Make room"),
        Shortage.MEMORY: (
            "The system gave this process no more memory",
            f"Let it have more, or lower memory_limit{now} so that more is laid aside on the disk",
        ),
        Shortage.MEMORY_LIMIT: (
            f"The work needs more memory than memory_limit{now} allows",
            "Raise memory_limit if the machine has more",
        ),
    }[short]
    return HomeError(f"{what}; {kept}.", remedy=f"{remedy}, then run it again.")


@contextmanager
def explained(ctx: "Context", step: str, /) -> Iterator[None]:
    """Do a step's work; what it lacked becomes one sentence.

    Raises:
        HomeError: the disk is full, or there was too little memory.
    """
    try:
        yield
    except LyceumError:
        raise
    except Exception as error:
        short = recognised(error)
        if short is None:
            raise
        kept, limit = KEPT.get(step, OTHERWISE_KEPT), ctx.settings.memory_limit
        raise sentence(short, where=ctx.home.root, kept=kept, limit=limit) from error
