"""Whether publishing can be broken: `python -m benchmarks.publish --releases 50 --kills 100 [--seed 1]`.

A home of a few small tables is published over and over by the project's own functions, each time by a process of its
own. Every table and the page of a release carry its number. Two readers resolve `current` once, open what it leads to
and read it, again and again until the end: `failed_reads` could not, `torn_reads` found two numbers. Then publishing
processes are killed (SIGKILL), half of them at named points (see lyceum.faults), half at random moments.
`kills_in_commit` of them died when the release was complete and the link not yet switched. After each kill `current`
must be whole; then the next process publishes the same week again or the next one, and nothing may be left of the one
that died: `broken` counts the times that this was not so. The last line is one JSON object.

With `--users N` a week of that many people is published instead, with everything a week's last step does: built,
judged by Great Expectations, drawn, read back by another process, sealed and switched.

Examples:
    python -m benchmarks.publish --releases 50 --kills 100
    python -m benchmarks.publish --users 1000000
"""

import argparse
import json
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.published_homes import MARKED, context, mark, number_column, week_of
from lyceum import faults, releases, warehouse
from lyceum.errors import LyceumError
from lyceum.home import Home, write_atomically
from lyceum.releases import Release
from lyceum.schema import table

if TYPE_CHECKING:
    import duckdb

SHORT = {table(name).short for name in MARKED}
READERS, PAUSE_SECONDS = 2, 0.1  # the pause leaves the publisher its part of two cores
POINTS = (  # in the order in which a publish passes them
    "release.filled",
    "release.staged",
    "release.described",
    "release.verified",
    "release.sealed",
    "release.named",
    "release.linked",
    "release.switched",
    "release.archived",
    "release.expiring",
)
KILLED = -9
PRELOADED = ["benchmarks.published_homes", "pipelines.publish", "reports.archive", "duckdb", "deltalake", "pyarrow"]

Figures = dict[str, Any]


def main(argv: list[str] | None = None, /) -> int:
    """Print the table and the JSON line."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m benchmarks.publish", description=__doc__, formatter_class=form)
    parser.add_argument("--releases", type=int, default=50, help="published undisturbed (default 50)")
    parser.add_argument("--kills", type=int, default=100, help="publishing processes to kill (default 100)")
    parser.add_argument("--users", type=int, default=0, help="publish one week of so many people instead")
    parser.add_argument("--seed", type=int, default=1, help="of the moments of the kills, or of the people")
    given = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="lyceum-publish-", ignore_cleanup_errors=True) as folder:
        home = Path(folder) / "home"
        if given.users:
            from benchmarks.published_people import publish_people

            found = publish_people(home, users=given.users, seed=given.seed)
        else:
            found = hammer(home, count=given.releases, kills=given.kills, seed=given.seed)
    width = max(map(len, found))
    for name, value in found.items():
        print(f"{name:{width}}  {value}")
    print(json.dumps(found))
    return 0


def hammer(folder: Path, /, *, count: int, kills: int, seed: int) -> Figures:
    """Publish `count` releases, then kill and repair `kills` times, while readers read; the figures."""
    begin = time.monotonic()
    works = Works(folder)
    works.publish(1)
    with reading(folder, works.context) as read:
        durations = [works.publish(number) for number in range(2, count + 1)]
        struck = strike(works, kills, at=count, seconds=median(durations or [1.0]), seed=seed)
    left = Counter(each.point for each in struck)
    return {
        "releases": count,
        **read,
        "kills": len(struck),
        "kills_in_commit": sum(each.in_commit for each in struck),
        "broken": sum(bool(each.broken) for each in struck),
        "seconds": round(time.monotonic() - begin, 1),
        "publish_seconds": round(sum(durations) / max(len(durations), 1), 3),
        "kills_at": dict(sorted(left.items())),
        "why_broken": sorted({why for each in struck for why in each.broken}),
    }


class Works:
    """Starts publishing processes, forked from one that has imported what they need."""

    def __init__(self, folder: Path, /) -> None:
        os.environ["OPENBLAS_NUM_THREADS"] = "1"  # a process with threads must not be forked
        self.folder = folder
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(PRELOADED)
        self.ctx = context(folder)

    def publish(self, number: int, /) -> float:
        """Publish release `number`; the seconds that it took."""
        begin = time.monotonic()
        code = self.start(number)
        if code:
            raise AssertionError(f"Publishing release {number} ended with {code}.")
        return time.monotonic() - begin

    def start(self, number: int, /, *, point: str = "", seconds: float | None = None) -> int:
        """Publish release `number`, killed at a point or after some seconds if it lives as long; the exit code."""
        mark(self.ctx, number)
        process = self.context.Process(target=publish_one, args=(self.folder, number, point))
        process.start()
        process.join(seconds)
        process.kill()
        process.join()
        return int(process.exitcode or 0)


def publish_one(folder: Path, number: int, point: str, /) -> None:
    """What one process does: the last step of a week, but for the verdicts and the drawing of pages."""
    from pipelines import building
    from pipelines.publish import lead, settle, staging

    if point:
        os.environ[faults.VARIABLE] = f"{point}:1"
    ctx, as_of = context(folder), week_of(number)

    def render(database: Path, name: str) -> None:
        write_atomically(database.parent / "report" / "index.html", f"<p>{name} {number}</p>\n")

    with ctx.home.lock():
        with staging(ctx, as_of) as staged:
            tables = building.fill(ctx, staged / releases.DATABASE, as_of, lambda each: each.short in SHORT)
            release, _ = settle(ctx, staged, tables, as_of=as_of, render=render)
        lead(ctx, release)


@contextmanager
def reading(folder: Path, context: Any, /) -> Iterator[Figures]:  # noqa: ANN401 - contexts have no public type
    """Read with several processes while the block runs; afterwards the figures are filled in."""
    stop, told = context.Event(), context.Queue()
    readers = [context.Process(target=read_on, args=(folder, stop, told)) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    found: Figures = {"reads": 0, "failed_reads": 0, "torn_reads": 0}
    try:
        yield found
    finally:
        stop.set()
        for counts in [told.get() for _ in readers]:
            for name in found:
                found[name] += counts[name]
        for reader in readers:
            reader.join()


def read_on(folder: Path, stop: Any, told: Any, /) -> None:  # noqa: ANN401
    """Read the current release until told to stop, then tell how often that went wrong."""
    counts = Counter(reads=0, failed_reads=0, torn_reads=0)
    home = Home(folder)
    publisher = multiprocessing.parent_process()
    while not stop.is_set() and publisher is not None and publisher.is_alive():
        counts["reads"] += 1
        try:
            counts["torn_reads"] += len(numbers(releases.current(home))) != 1
        except Exception:  # whatever it is, a reader was failed
            counts["failed_reads"] += 1
        time.sleep(PAUSE_SECONDS)
    told.put(dict(counts))


def numbers(release: Release, /) -> set[int]:
    """Every number that stands in the tables and on the page of a release: one, if they are of one release."""
    with warehouse.connect_release(release) as con:
        found = {number for name in MARKED for number in _numbers(con, name)}
    page = (release.report / "index.html").read_text(encoding="utf-8")
    name, _, number = page.removeprefix("<p>").removesuffix("</p>\n").partition(" ")
    return found | {int(number) if name == release.name else -1}


def _numbers(con: "duckdb.DuckDBPyConnection", name: str) -> set[int]:
    """Those of a table, and of its newest week in the history."""
    kept, column = table(name), number_column(table(name))
    asked = [f"FROM {name}"]
    if name.startswith("marts."):
        history = f"history.{kept.short}"
        asked.append(f"FROM {history} WHERE as_of = (SELECT max(as_of) FROM {history})")
    return {int(row[0]) for each in asked for row in con.execute(f'SELECT DISTINCT "{column}" {each}').fetchall()}


@dataclass(frozen=True)
class Struck:
    """One kill: where it was meant, whether it fell between a complete release and its link, and what was wrong."""

    point: str
    in_commit: bool
    broken: tuple[str, ...]


def strike(works: Works, kills: int, /, *, at: int, seconds: float, seed: int) -> list[Struck]:
    """Kill publishing processes, `at` being the number of the newest release, and publish again after each."""
    rng, struck, tries = random.Random(seed), list[Struck](), 0  # noqa: S311 - moments of kills are no secret
    while len(struck) < kills:
        tries += 1
        point = POINTS[tries // 2 % len(POINTS)] if tries % 2 else ""
        code = works.start(at + 1, point=point, seconds=None if point else rng.uniform(0, seconds))
        if code == KILLED:
            number = at + 1 + tries // 2 % 2  # the same again, or the next one
            struck.append(_after(works, at, point or "(any moment)", number))
            at = number
        elif code:
            raise AssertionError(f"A publish that nobody killed ended with {code}.")
        else:
            at += 1
    return struck


def _after(works: Works, at: int, point: str, number: int) -> Struck:
    """Look at the home that a kill left while `at` or the next one was current, then publish `number`."""
    home = works.ctx.home
    died_in_commit = in_commit(home)
    broken = [f"after a kill at {point}: {what}" for what in wrong(home, {at, at + 1})]
    code = works.start(number)
    broken += [f"{point}, then publish ended with {code}"] if code else []
    broken += [f"{point}, then publish: {what}" for what in (*wrong(home, {number}), *leftovers(home))]
    return Struck(point, died_in_commit, tuple(broken))


def in_commit(home: Home, /) -> bool:
    """Whether a release is complete, with or without its name, and `current` does not lead to it."""
    staged = any(home.releases.glob(f"{releases.STAGED}*/report/index.html"))
    return staged or releases.listing(home)[-1].name != releases.current(home).name


def wrong(home: Home, expected: set[int], /) -> Iterator[str]:
    """What is wrong with `current`: missing, altered, unreadable, torn, or of a number that is not expected."""
    try:
        release = releases.current(home)
        found, altered = numbers(release), release.altered_files()
    except (LyceumError, OSError, ValueError) as error:
        yield f"current cannot be read ({type(error).__name__})"
        return
    if altered:
        yield f"{', '.join(altered)} altered"
    if len(found) != 1 or not found <= expected:
        yield f"current holds other numbers ({len(found)} of them)"


def leftovers(home: Home, /) -> Iterator[str]:
    """What a dead process left: hidden files and folders, and releases that are listed and not whole."""
    for folder in (home.root, home.releases, *home.releases.iterdir(), *home.reports.rglob("*"), home.runs):
        if folder.is_dir():
            yield from (f"{path.name} is left" for path in folder.glob(".*"))
    if home.staging.is_dir() and any(home.staging.iterdir()):
        yield "something is left in runs/staging"
    yield from (f"{each.name} is not whole" for each in releases.listing(home) if not releases.is_whole(each))


if __name__ == "__main__":
    sys.exit(main())
