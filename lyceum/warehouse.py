"""Opening a published week: read-only, offline, and one release for as long as the connection lives.

from lyceum import warehouse

con = warehouse.connect("data/home")                        # the current release
con.sql("SELECT segment_name, count(*) FROM marts.user_scores GROUP BY 1").df()
before = warehouse.connect("data/home", as_of="2026-06-29")  # another week that is kept
copied = warehouse.connect("lyceum.duckdb")                 # a file that somebody sent
"""

import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from lyceum import engine, releases
from lyceum.errors import HomeError, UsageError
from lyceum.home import Home
from lyceum.releases import Release
from lyceum.weeks import parse_as_of

if TYPE_CHECKING:
    import duckdb

HOLDER = re.compile(r"PID (\d+)")  # how DuckDB names who holds a file's lock


def connect(place: Path | str, /, *, as_of: date | str | None = None) -> "duckdb.DuckDBPyConnection":
    """A read-only connection to a home's current release, to that of the week `as_of`, or to a file of a release.

    The link is resolved once: what is asked through one connection is of one release, also while the next one is
    published. Nothing is installed or loaded from a network, and times are shown in UTC.

        con = warehouse.connect("data/home", as_of="2026-06-29")
        con.sql("FROM marts.q_stickiness").df()

    Raises:
        HomeError: nothing is published there, or the file is damaged or held open for writing.
        UsageError: the week is not published, or a file is asked for a week.
    """
    path = Path(place).expanduser().absolute()
    if path.is_dir():
        return connect_release(release_of(Home(path), as_of=as_of))
    if as_of is not None:
        raise UsageError(f"{path.name} is a file and holds one week.", remedy="Name the home to choose a week.")
    return _opened(path.resolve())


def release_of(home: Home, /, *, as_of: date | str | None = None) -> Release:
    """The current release of a home, or the newest of the week `as_of`.

    Raises:
        HomeError: nothing is published.
        UsageError: that week is not published.
    """
    if as_of is None:
        return releases.current(home)
    week = parse_as_of(as_of) if isinstance(as_of, str) else as_of
    found = releases.newest(home, week)
    if found is None:
        kept = ", ".join(sorted({str(release.as_of) for release in releases.listing(home)})) or "none"
        raise UsageError(f"The week {week} is not published.", remedy=f"Published weeks: {kept}.")
    return found


def connect_release(release: Release, /) -> "duckdb.DuckDBPyConnection":
    """A read-only connection to one release, for whoever also reads its pages and must not mix two.

    Raises:
        HomeError: its file is damaged, missing or held open for writing.
    """
    return _opened(release.database)


def _opened(file: Path) -> "duckdb.DuckDBPyConnection":
    import duckdb

    if not file.is_file():
        raise HomeError(f"There is no database {file}.", remedy="Name a home, or a lyceum.duckdb of a release.")
    log = file.with_name(f"{file.name}.wal")
    if log.exists():  # DuckDB would add what stands in it, or refuse to open the file
        raise HomeError(
            f"{log} lies beside the release: somebody opened it for writing.",
            remedy="Run `lyceum releases rollback` or `lyceum publish`; open releases with read_only=True.",
        )
    try:
        return engine.connect(file, read_only=True)
    except duckdb.Error as error:
        raise _refusal(file, str(error)) from None


def _refusal(file: Path, said: str) -> HomeError:
    holder = HOLDER.search(said)
    if "lock" in said and holder:
        return HomeError(
            f"{file} is held open for writing by process {holder[1]}.",
            remedy="End that session and open releases with read_only=True; until then `lyceum releases rollback`.",
        )
    return HomeError(
        f"{file} cannot be read: it is damaged, or no database of DuckDB.",
        remedy="Run `lyceum releases rollback` for the last whole release, or `lyceum publish` to publish it anew.",
    )
