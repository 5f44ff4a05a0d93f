"""Releases: a verified read-only folder per published week, and one link to the newest.

The link is switched by an atomic rename, so a reader finds a whole week or the whole week before. A reader resolves
the link once and opens files below what it resolved to. Only the holder of the home's lock stages and switches.
"""

import hashlib
import json
import os
import re
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from lyceum import verifying
from lyceum.errors import HomeError
from lyceum.faults import reach
from lyceum.home import Home
from lyceum.schema import Table, published, with_history

DATABASE, MANIFEST = verifying.DATABASE, verifying.MANIFEST
STAGED, EXPIRED, LINK = ".staging-", ".expired-", ".current-"  # how the names of what nobody may read begin
REBUILD = "Run `lyceum publish` for its week: what was altered is published anew beside it."
NAME = re.compile(r"^(\d{4}-\d{2}-\d{2})-r(\d{3,})$")


@dataclass(frozen=True)
class Release:
    """One published week: `path` is its folder."""

    path: Path

    @property
    def name(self) -> str:
        """<as_of>-rNNN."""
        return self.path.name

    @property
    def as_of(self) -> date:
        """The Monday that ended the week."""
        return date.fromisoformat(self.name[:10])

    @property
    def database(self) -> Path:
        """The DuckDB file."""
        return self.path / DATABASE

    @property
    def report(self) -> Path:
        """The folder of its pages."""
        return self.path / "report"

    def manifest(self) -> dict[str, Any]:
        """What was published: rows and digest per table.

        Raises:
            HomeError: it is missing or damaged.
        """
        try:
            manifest: dict[str, Any] = json.loads((self.path / MANIFEST).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise HomeError(
                f"Release {self.name} has no readable manifest.", remedy="Run `lyceum releases rollback`."
            ) from None
        return manifest

    def altered_files(self) -> list[str]:
        """The files whose bytes are not those that were published, those added and those missing.

        Raises:
            HomeError: the manifest is missing or damaged.
        """
        kept, found = self.manifest().get("files", {}), digests(self.path)
        return sorted(name for name in {*kept, *found} if kept.get(name) != found.get(name))


def digests(folder: Path, /) -> dict[str, str]:
    """SHA-256 of every file of a release but its manifest, by its name relative to the folder."""
    found = {}
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file != folder / MANIFEST:
            with file.open("rb") as handle:
                found[file.relative_to(folder).as_posix()] = hashlib.file_digest(handle, "sha256").hexdigest()
    return found


def listing(home: Home, /) -> list[Release]:
    """Every release, by week and number."""
    if not home.releases.is_dir():
        return []
    found = [Release(path) for path in home.releases.iterdir() if NAME.match(path.name) and path.is_dir()]
    return sorted(found, key=_order)


def _order(release: Release) -> tuple[date, int]:
    return release.as_of, int(release.name.rpartition("-r")[2])


def newest(home: Home, as_of: date, /) -> Release | None:
    """The newest release of one week, if it was published."""
    return next((release for release in reversed(listing(home)) if release.as_of == as_of), None)


def current(home: Home, /) -> Release:
    """The release that the link points to, resolved once.

    Raises:
        HomeError: nothing was published yet, or the link leads nowhere.
    """
    if not home.current.is_symlink():
        raise HomeError(f"{home.root} has no release yet.", remedy="Run `lyceum run` or `lyceum publish` first.")
    path = home.current.resolve()
    if not (path / DATABASE).is_file():
        raise HomeError(
            f"{home.current} leads to {path.name}, which is gone or incomplete.",
            remedy="Run `lyceum releases rollback` to point it to the newest whole release.",
        )
    return Release(path)


def stage(home: Home, as_of: date, /) -> Path:
    """An empty folder to build the next release of a week in; leftovers of runs that died are cleared first."""
    discard_staged(home)
    last = newest(home, as_of)
    number = int(last.name.rpartition("-r")[2]) + 1 if last else 1
    folder = home.releases / f"{STAGED}{as_of}-r{number:03d}"
    folder.mkdir(parents=True)
    return folder


def unfinished(home: Home, /) -> list[Path]:
    """Half-built and half-removed releases and links not switched to: of a run in progress, or of one that died."""
    folders = [path for begin in (STAGED, EXPIRED) for path in home.releases.glob(f"{begin}*")]
    return [*folders, *home.root.glob(f"{LINK}*")]


def discard_staged(home: Home, /) -> int:
    """Remove everything unfinished; the caller holds the lock, so none of it is alive. Its number."""
    leftovers = unfinished(home)
    for path in leftovers:
        if path.is_symlink():
            path.unlink()
        else:
            _clear(path)
    return len(leftovers)


def commit(home: Home, staged: Path, manifest: dict[str, Any], /) -> Release:
    """Verify the staged folder in another process, seal it, give it its name.

    Raises:
        HomeError: the staged database cannot be read back whole, or disagrees with the manifest.
    """
    manifest = {**manifest, "files": digests(staged)}
    _write(staged / MANIFEST, json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False))
    reach("release.described")
    verifying.verify_elsewhere(staged)
    reach("release.verified")
    _seal(staged)
    reach("release.sealed")
    final = home.releases / staged.name.removeprefix(STAGED)
    staged.rename(final)
    _sync(home.releases)
    reach("release.named")
    return Release(final)


def _seal(staged: Path) -> None:
    """Bring every byte to the disk and forbid writing, files first."""
    for file in staged.rglob("*"):
        if file.is_file():
            _sync(file)
            file.chmod(0o444)
    for folder in (*(path for path in staged.rglob("*") if path.is_dir()), staged):
        _sync(folder)
        folder.chmod(0o555)


def switch(home: Home, release: Release, /) -> None:
    """Point `current` to the release in one atomic step."""
    link = home.root / f"{LINK}{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(Path("releases") / release.name)
    reach("release.linked")
    link.replace(home.current)
    _sync(home.root)
    reach("release.switched")


def contents() -> list[Table]:
    """Every table of a release, in the order in which it is built: marts with their history, features, quality."""
    found = []
    for table in published():
        found.append(table)
        if table.name.startswith("marts."):
            found.append(with_history(table))
    return found


def rollback(home: Home, name: str = "", /) -> Release:
    """Point `current` to the release called `name`, or to the newest whole one before the current one.

    Raises:
        HomeError: there is no such release, it was altered, or no whole one stands before.
    """
    every = listing(home)
    names = [release.name for release in every]
    if name and name not in names:
        raise HomeError(f"There is no release {name}.", remedy=f"There are: {', '.join(names) or 'none'}.")
    here = home.current.resolve().name if home.current.is_symlink() else ""
    earlier = every[: names.index(here)] if here in names else every
    if not name and not earlier:
        raise HomeError("There is no release before the current one.", remedy="Publish a week first.")
    asked = [every[names.index(name)]] if name else earlier[::-1]
    chosen = next((release for release in asked if is_whole(release)), None)
    if chosen is None:
        raise HomeError(f"{', '.join(each.name for each in asked)}: altered or damaged.", remedy=REBUILD)
    switch(home, chosen)
    return chosen


def is_whole(release: Release, /) -> bool:
    """Whether every file of the release has the bytes that were published."""
    try:
        return not release.altered_files()
    except HomeError:
        return False


def remove(release: Release, /) -> None:
    """Delete an expired release. It loses its name first, so that no half of one is ever listed."""
    doomed = release.path.with_name(f"{EXPIRED}{release.name}")
    release.path.rename(doomed)
    reach("release.expiring")
    _clear(doomed)


def _write(file: Path, text: str) -> None:
    file.write_text(text + "\n", encoding="utf-8")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _clear(folder: Path) -> None:
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        if path.is_dir():
            path.chmod(0o755)
    shutil.rmtree(folder)
