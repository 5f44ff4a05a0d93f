"""Requests to forget people: a file each below the home's requests/, for the owner alone.

A request names people by their pseudonyms until it is done. Then the pseudonyms go, and what was removed stays.
"""

import codecs
import csv
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from lyceum import suppression
from lyceum.errors import HomeError, InputError, UsageError
from lyceum.home import Home, write_atomically
from lyceum.privacy import pseudonym
from lyceum.sources import load
from pipelines.context import Context
from pipelines.exporting import own_key

WAITING, BEGUN, DONE = "waiting", "begun", "done"
ID = re.compile(r"[0-9a-f]{16}")  # of a request, drawn at random: it tells nothing about anybody


@dataclass(frozen=True)
class Found:
    """Where the people stood: rows that are theirs, and rows of others that named them, by place.

    `texts` are lines of lake/rejects kept as they were delivered.
    """

    rows: Mapping[str, int] = field(default_factory=dict)
    references: Mapping[str, int] = field(default_factory=dict)
    releases: Mapping[str, int] = field(default_factory=dict)
    texts: int = 0


@dataclass(frozen=True)
class Request:
    """One request. `people` are pseudonyms, empty once it is done; `count` is how many were asked for.

    `rebuilt` are the releases made anew, `removed` those that went.
    """

    request: str
    made_at: str
    state: str
    count: int
    people: Sequence[str] = field(default=(), repr=False)
    done_at: str = ""
    found: Found | None = None
    rebuilt: Sequence[str] = ()
    removed: Sequence[str] = ()


def ask(ctx: Context, own_ids: Sequence[str], /) -> Request:
    """Keep a request to forget the people with the platform's own ids `own_ids`, which are hashed in memory.

    Raises:
        HomeError: no key, or another than the home's.
    """
    pseudonymous = load(ctx.platform.source).pseudonymous
    key = None if pseudonymous else own_key(ctx)
    people = sorted({pseudonym(key, each) if key else each for each in own_ids})
    request = Request(secrets.token_hex(8), ctx.now.isoformat(), WAITING, len(people), people)
    keep(ctx.home, request)
    return request


def keep(home: Home, request: Request, /) -> None:
    """Write the request, whole or not at all, for the owner alone."""
    text = json.dumps(asdict(request), indent=1, sort_keys=True, ensure_ascii=False)
    write_atomically(_file(home, request.request), text + "\n", mode=0o600)


def finished(request: Request, /, *, at: str) -> Request:
    """The request as it is kept when all is done: without its people."""
    return replace(request, state=DONE, people=(), done_at=at)


def read(home: Home, request_id: str, /) -> Request:
    """The request called `request_id`.

    Raises:
        UsageError: there is none.
        HomeError: its file is damaged.
    """
    file = _file(home, request_id) if ID.fullmatch(request_id) else None
    if file is None or not file.is_file():
        raise UsageError("There is no such request.", remedy="`lyceum forget --list` shows them.")
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        found = kept.pop("found")
        return Request(**kept, found=None if found is None else Found(**found))
    except (ValueError, TypeError, KeyError):
        raise HomeError(
            f"The request {file.name} is damaged.", remedy="Remove it and ask again by `lyceum forget --ids FILE`."
        ) from None


def listing(home: Home, /) -> list[Request]:
    """Every request, the oldest first."""
    names = [file.stem for file in (home.root / suppression.FOLDER).glob("*.json") if ID.fullmatch(file.stem)]
    return sorted((read(home, name) for name in names), key=lambda request: (request.made_at, request.request))


def _file(home: Home, request_id: str) -> Path:
    return suppression.folder(home) / f"{request_id}.json"


def own_ids(content: bytes, /) -> list[str]:
    """The ids in a file with one a line, in quotes or not, as editors and spreadsheets save it; sorted.

    Raises:
        InputError: it is no text, or holds none.
    """
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        lines = content.decode("utf-16" if wide else "utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InputError("The ids are no text in UTF-8.", remedy="Save them as UTF-8, one a line.") from None
    found = sorted({_unquoted(line.strip()) for line in lines} - {""})
    if not found:
        raise InputError("There are no ids.", remedy="Write one of the platform's own ids a line.")
    return found


def _unquoted(line: str) -> str:
    cells = next(csv.reader([line])) if line.startswith('"') else []
    return cells[0].strip() if len(cells) == 1 else line
