"""What each week was made upon: a week is a function of the lake and of what the week before it left behind.

    runs/succession.json   {"<as_of>": {"trained": I, "published": I, "said": I, "provisional": true, "asked": true}}

`said` is the identity of what the week published last, and `provisional` whether that was; `trained` and `published`
are the identities of the week right before when this one was trained and published, empty if there was none. A week
is *outdated* once the one before says something else than it was made upon: it came later, or was itself made again.
Kept here and not read from releases alone, because these expire.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from hashlib import sha256
from typing import Any

from lyceum import releases, weeks
from lyceum.errors import HomeError
from lyceum.home import Home, write_atomically
from lyceum.locking import waited_for
from lyceum.releases import Release
from lyceum.tables import quality
from pipelines import champions
from pipelines.context import Context

Marks = dict[str, dict[str, Any]]
TRAINED, PUBLISHED, SAID, PROVISIONAL, ASKED = "trained", "published", "said", "provisional", "asked"


def identity(tables: Mapping[str, Any], /) -> str:
    """What tells the content of one release from that of another: all tables but the record of the runs."""
    told = {name: facts for name, facts in tables.items() if name != quality.RUNS.name}
    return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


def begin(ctx: Context, as_of: date, /, *, asked: bool = False) -> None:
    """Mark that the week trains now, upon the week before as it is published now.

    If it was trained upon another one, or upon none, then its versions and their entries are removed first: whether
    they are due is another question now, and one that nobody would train today must not score. What a person asked
    for (`asked`) stays. May be called by several that train parts of the week at a time.
    """
    with _marks(ctx.home) as marks:
        mark = marks.setdefault(as_of.isoformat(), {})
        now = str(_said(ctx.home, as_of - weeks.WEEK, marks)[SAID])
        if not asked and not mark.get(ASKED) and mark.get(TRAINED, now) != now and now:
            _forget(ctx.home, as_of)
        mark[TRAINED] = now or mark.get(TRAINED, "")
        if asked:
            mark[ASKED] = True


def published(ctx: Context, release: Release, /) -> None:
    """Mark that the week says what this release says, upon what it was trained upon."""
    with _marks(ctx.home) as marks:
        mark = marks.setdefault(release.as_of.isoformat(), {})
        before = _said(ctx.home, release.as_of - weeks.WEEK, marks)
        mark[PUBLISHED] = mark.get(TRAINED, before[SAID])
        mark.update(_told_by(release))


def provisional(ctx: Context, as_of: date, /) -> bool:
    """Whether the week is made before what it builds upon: an earlier week of this home was published but not the one
    right before, or that one is provisional itself, or was published only after this one was trained.
    """
    marks = _read(ctx.home)
    before = _said(ctx.home, as_of - weeks.WEEK, marks)
    if not before[SAID]:
        return any(week < as_of for week in _ever_published(ctx.home, marks))
    trained = marks.get(as_of.isoformat(), {}).get(TRAINED, before[SAID])
    return bool(before[PROVISIONAL] or trained != before[SAID])


def outdated(ctx: Context, /) -> list[date]:
    """The published weeks, oldest first, that would be made otherwise today, because the week before is another.

    One whose release has expired is among them: weeks that are kept build upon it.
    """
    marks = _read(ctx.home)
    return [week for week in _ever_published(ctx.home, marks) if _is_outdated(ctx.home, week, marks)]


def _is_outdated(home: Home, as_of: date, marks: Marks) -> bool:
    before = _said(home, as_of - weeks.WEEK, marks)
    if not before[SAID]:
        return False  # nothing to build upon
    upon = marks.get(as_of.isoformat(), {}).get(PUBLISHED, before[SAID])
    was = _said(home, as_of, marks)[PROVISIONAL]
    return bool(upon != before[SAID] or (was and not before[PROVISIONAL]))


def _ever_published(home: Home, marks: Marks) -> list[date]:
    kept = {release.as_of for release in releases.listing(home)}
    return sorted(kept | {date.fromisoformat(as_of) for as_of, mark in marks.items() if SAID in mark})


def _said(home: Home, as_of: date, marks: Marks) -> Mapping[str, Any]:
    """SAID and PROVISIONAL of a week: of its newest release, else as they were marked, else nothing."""
    release = releases.newest(home, as_of)
    nothing = {SAID: "", PROVISIONAL: False}
    return _told_by(release) if release else {**nothing, **marks.get(as_of.isoformat(), {})}


def _told_by(release: Release) -> dict[str, Any]:
    try:
        manifest = release.manifest()
    except HomeError:  # damaged: as if it were not there, and `doctor` tells of it
        return {SAID: "", PROVISIONAL: False}
    said = str(manifest.get("identity") or identity(manifest["tables"]))
    return {SAID: said, PROVISIONAL: bool(manifest.get("provisional"))}


def _forget(home: Home, as_of: date) -> None:
    """Remove the versions that the week trained, unless a person chose one of them."""
    for name in champions.names(home):
        if as_of not in champions.versions(home, name):
            continue
        if not any(each.version == as_of and each.by == champions.ROLLBACK for each in champions.entries(home, name)):
            champions.settle(home, name, as_of=as_of, promoted=False, why="")
            shutil.rmtree(champions.folder_of(home, name, as_of))


@contextmanager
def _marks(home: Home) -> Iterator[Marks]:
    """The marks, to be changed; written back if they were. Those who train parts of a week wait for each other."""
    home.runs.mkdir(parents=True, exist_ok=True)
    with waited_for(home.runs, "succession"):
        marks, text = _read(home), _text(_read(home))
        yield marks
        if _text(marks) != text:
            write_atomically(home.runs / "succession.json", _text(marks))


def _read(home: Home) -> Marks:
    """The marks as they are; none where there is no file, or a damaged one: it only says what to do again."""
    try:
        held: Marks = json.loads((home.runs / "succession.json").read_text(encoding="utf-8"))
        return {str(as_of): dict(mark) for as_of, mark in held.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _text(marks: Marks) -> str:
    return json.dumps(dict(sorted(marks.items())), indent=1, sort_keys=True) + "\n"
