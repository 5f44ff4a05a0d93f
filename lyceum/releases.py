"""Releases: a verified read-only folder per published week, and one link to the newest.

The link is switched by an atomic rename, so a reader finds a whole week or the whole week before. A reader resolves
the link once and opens files below what it resolved to. Only the holder of the home's lock stages and switches.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from lyceum.errors import HomeError
from lyceum.home import Home
from lyceum.schema import Table, published, with_history

DATABASE = "lyceum.duckdb"
MANIFEST = "manifest.json"
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
    folder = home.releases / f".staging-{as_of}-r{number:03d}"
    folder.mkdir(parents=True)
    return folder


def discard_staged(home: Home, /) -> int:
    """Remove every half-built release; the caller holds the lock, so none of them is alive. Their number."""
    leftovers = list(home.releases.glob(".staging-*"))
    for leftover in leftovers:
        _make_writable(leftover)
        shutil.rmtree(leftover)
    return len(leftovers)


def commit(home: Home, staged: Path, manifest: dict[str, Any], /) -> Release:
    """Verify the staged folder in another process, seal it, give it its name.

    Raises:
        HomeError: the staged database cannot be read back whole, or disagrees with the manifest.
    """
    manifest = {**manifest, "files": digests(staged)}
    _write(staged / MANIFEST, json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False))
    _verify_elsewhere(staged)
    for file in staged.rglob("*"):
        if file.is_file():
            _sync(file)
            file.chmod(0o444)
    for folder in (*(path for path in staged.rglob("*") if path.is_dir()), staged):
        _sync(folder)
        folder.chmod(0o555)
    final = home.releases / staged.name.removeprefix(".staging-")
    staged.rename(final)
    _sync(home.releases)
    return Release(final)


def switch(home: Home, release: Release, /) -> None:
    """Point `current` to the release in one atomic step."""
    link = home.root / f".current-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(Path("releases") / release.name)
    link.replace(home.current)
    _sync(home.root)


def contents() -> list[Table]:
    """Every table of a release, in the order in which it is built: marts with their history, features, quality."""
    found = []
    for table in published():
        found.append(table)
        if table.name.startswith("marts."):
            found.append(with_history(table))
    return found


def rollback(home: Home, name: str = "", /) -> Release:
    """Point `current` to the release called `name`, or to the one before the current one.

    Raises:
        HomeError: there is no such release, or none before it.
    """
    every = listing(home)
    names = [release.name for release in every]
    if name and name not in names:
        raise HomeError(f"There is no release {name}.", remedy=f"There are: {', '.join(names) or 'none'}.")
    here = home.current.resolve().name if home.current.is_symlink() else ""
    earlier = every[: names.index(here)] if here in names else every
    if not name and not earlier:
        raise HomeError("There is no release before the current one.", remedy="Publish a week first.")
    chosen = every[names.index(name)] if name else earlier[-1]
    switch(home, chosen)
    return chosen


def remove(release: Release, /) -> None:
    """Delete an expired release."""
    _make_writable(release.path)
    shutil.rmtree(release.path)


VERIFY = """
import json, pathlib, sys
from lyceum import engine
folder = pathlib.Path(sys.argv[1])
manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
if list(folder.glob("*.wal")):
    sys.exit("a write-ahead log is left")
con = engine.connect(folder / "lyceum.duckdb", read_only=True)
for name, facts in manifest["tables"].items():
    columns = [row[0] for row in con.execute(f"DESCRIBE {name}").fetchall()]
    parts = ", ".join(f'count("{column}")' for column in columns)
    rows = con.execute(f"SELECT count(*), {parts} FROM {name}").fetchall()[0][0]
    if rows != facts["rows"]:
        sys.exit(f"{name} has {rows} rows where {facts['rows']} were written")
"""


def _verify_elsewhere(folder: Path) -> None:
    """Read every column of every table in a new process and compare counts with the manifest."""
    found = subprocess.run(
        [sys.executable, "-c", VERIFY, str(folder)], capture_output=True, text=True, check=False, timeout=600
    )
    if found.returncode:
        reason = found.stderr.strip().splitlines()[-1:] or ["it could not be read"]
        raise HomeError(
            f"The staged release {folder.name} is not whole: {reason[0]}.",
            remedy="The last good release stays. Check the disk, then run `lyceum publish` again.",
        )


def _write(file: Path, text: str) -> None:
    file.write_text(text + "\n", encoding="utf-8")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_writable(folder: Path) -> None:
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        if path.is_dir():
            path.chmod(0o755)
