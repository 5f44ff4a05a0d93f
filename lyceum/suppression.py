"""Whom the platform asked to be erased: what is kept of them, so that a second delivery does not bring them back.

That is a marker for each: a digest of the pseudonym. A marker knows a pseudonym again and cannot be turned into one,
so the home of an erased person holds neither the platform's id nor the pseudonym. (Where a platform's ids are taken
as they are, whoever can list all its ids can try them; the file is for its owner alone.)
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from lyceum.home import Home, write_atomically

FOLDER = "requests"  # below the home
FILE = "forgotten.txt"
LENGTH = 32  # hex digits of a marker
_BEFORE = "forgotten:"  # what is digested with a pseudonym, so that a marker is nobody's pseudonym


def folder(home: Home, /) -> Path:
    """Where requests to forget people lie, for the owner alone; made if it is missing."""
    place = home.root / FOLDER
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def marker(pseudonym: str, /) -> str:
    """What is kept of a person who was erased: 32 hex digits."""
    return hashlib.sha256((_BEFORE + pseudonym).encode()).hexdigest()[:LENGTH]


def marker_sql(text: str, /) -> str:
    """DuckDB SQL for `marker` of the VARCHAR expression `text`."""
    return f"left(sha256('{_BEFORE}' || {text}), {LENGTH})"


def markers(home: Home, /) -> frozenset[str]:
    """The markers of everybody who was erased from this home."""
    file = home.root / FOLDER / FILE
    return frozenset(file.read_text(encoding="ascii").split()) if file.is_file() else frozenset()


def add(home: Home, pseudonyms: Iterable[str], /) -> None:
    """Put people on the list; the caller holds the home's lock. Sorted, so that the order tells nothing."""
    listed = sorted(markers(home) | {marker(each) for each in pseudonyms})
    write_atomically(folder(home) / FILE, "".join(f"{each}\n" for each in listed), mode=0o600)
