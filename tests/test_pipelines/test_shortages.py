"""A full disk, a memory that does not suffice, over all steps: one sentence, whole tables, and the next try works."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from lyceum.errors import HomeError
from lyceum.home import Home, write_atomically
from pipelines.context import Context
from pipelines.shortages import Shortage, explained, recognised
from pipelines.week import perform

SIZE = 128 << 20  # of the small disk, which holds a home of some dozen megabytes
BEYOND = 1 << 50  # bytes: more than any machine has
LAST_WORDS = (
    "memory allocation of",  # Delta's writer
    "OpenBLAS error: Memory allocation",
    "OpenBLAS blas_thread_init: pthread_create failed",
    "cannot allocate memory for thread-local data",  # the C library, twice
    "failed to register TLS destructor",
)
STEPS = ("validate", "featurise", "train", "score", "publish")


def sort_in_the_engine(*, memory_limit: str, room: str) -> None:
    """DuckDB sorts 30 MB; `room` is what it may lay aside on the disk."""
    with duckdb.connect(config={"threads": "1", "memory_limit": memory_limit, "temp_directory": "aside"}) as con:
        con.execute(f"SET max_temp_directory_size = '{room}'")
        text = "md5(range::VARCHAR) || md5((-range)::VARCHAR)"
        con.execute(f"CREATE TABLE t AS SELECT {text} AS text FROM range(500000) ORDER BY text")


def full_device() -> None:
    with Path("/dev/full").open("w") as handle:
        handle.write("x")


def failing_afterwards() -> None:
    try:
        np.empty(BEYOND)
    except MemoryError:
        raise SystemError("error return without exception set") from None


FAILURES: dict[str, tuple[Callable[[], object], Shortage]] = {
    "the system's disk": (full_device, Shortage.DISK),
    "DuckDB's limit": (lambda: sort_in_the_engine(memory_limit="8MB", room="1GB"), Shortage.MEMORY_LIMIT),
    "DuckDB's disk": (lambda: sort_in_the_engine(memory_limit="20MB", room="1MB"), Shortage.DISK),
    "Python's memory": (lambda: bytearray(BEYOND), Shortage.MEMORY),
    "NumPy's memory": (lambda: np.empty(BEYOND), Shortage.MEMORY),
    "Arrow's memory": (lambda: pa.allocate_buffer(BEYOND), Shortage.MEMORY),
    "what follows from it": (failing_afterwards, Shortage.MEMORY),
}


@pytest.mark.parametrize("kind", FAILURES)
def test_what_was_too_little_is_told_from_the_failure(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where DuckDB lays aside what does not fit
    fail, expected = FAILURES[kind]
    with pytest.raises(Exception) as caught:
        fail()
    assert recognised(caught.value) is expected


@pytest.mark.parametrize("error", [ValueError("no such column"), OSError(13, "Permission denied"), KeyError("disk")])
def test_other_failures_are_not_taken_for_one(error):
    assert recognised(error) is None


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("the system's disk", "The disk of {home} is full; nothing was taken. Make room, then run it again."),
        ("DuckDB's limit", "needs more memory than memory_limit (4GB) allows; nothing was taken. Raise memory_limit"),
        ("Python's memory", "gave this process no more memory; nothing was taken. Let it have more, or lower memory"),
    ],
)
def test_the_sentence_says_what_where_what_is_kept_and_what_to_do(small, kind, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(HomeError) as caught, explained(small, "ingest"):
        FAILURES[kind][0]()
    assert words.format(home=small.home.root) in str(caught.value)


def test_an_error_of_ours_stays_as_it_is(small):
    mine = HomeError("No space left for a second release of the week.")
    with pytest.raises(HomeError) as caught, explained(small, "publish"):
        raise mine
    assert caught.value is mine


def test_a_command_whose_output_finds_no_room_says_so(small, tmp_path):
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "pipelines.cli", "tables", "--home", str(small.home.root)],
            env={**os.environ, "PYTHONPATH": str(Path.cwd()), "COLUMNS": "300"},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ended.returncode == 1
    assert "lyceum: The disk is full; nothing half-made is left to readers. Make room" in ended.stderr
    assert "Traceback" not in ended.stderr


def fill(disk: Path, room: int) -> Path:
    """A file that leaves so much room on the disk."""
    state = os.statvfs(disk)
    ballast = disk / "ballast"
    ballast.write_bytes(b"x" * (state.f_bavail * state.f_frsize - room))
    return ballast


@pytest.mark.slow
def test_half_a_file_does_not_stay_on_a_full_disk(small_disk):
    ballast = fill(small_disk, 8 << 10)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(small_disk / "page.html", "x" * 100_000)
    assert list(small_disk.iterdir()) == [ballast]


@pytest.fixture
def moved(finished, tmp_path) -> Callable[..., Context]:
    """Makes the context of a step in a copy of the finished home below a folder."""

    def copy(folder: Path, step: str, **settings: object) -> Context:
        home = Home(folder / "home")
        subprocess.run(["cp", "-a", str(finished.home.root), str(home.root)], check=True)
        if step == "train":  # the same data and settings are not trained again
            settings |= {"seed": 8, "tuning_seconds": 0}
        return replace(finished.ctx, home=home, settings=finished.ctx.settings.model_copy(update=settings))

    return copy


def bytes_of(home: Home) -> dict[str, str]:
    """What every file of a home holds, but the lock and the marks of what training began upon."""
    left = ("lock", "succession.json")
    files = (path for path in home.root.rglob("*") if path.is_file() and path.name not in left)
    return {str(path.relative_to(home.root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def strangers(home: Home) -> list[Path]:
    """Data files that no version of their table names."""
    named, held = set(), set()
    for log in [*home.lake.rglob("_delta_log"), *home.features.rglob("_delta_log")]:
        for entry in log.glob("*.json"):
            lines = [json.loads(line) for line in entry.read_text().splitlines()]
            named |= {log.parent / unquote(line["add"]["path"]) for line in lines if "add" in line}
        held |= {path for path in log.parent.rglob("*.parquet*") if "_delta_log" not in path.parts}
    return sorted(held - named)


def untouched(ctx: Context, before: dict[str, str], current: str) -> None:
    """All that there was is there as it was; what is new is whole, and neither a release nor a model."""
    after = bytes_of(ctx.home)
    assert {name: after.get(name) for name in before} == before
    assert [name for name in after.keys() - before.keys() if not name.startswith(("lake/", "features/"))] == []
    assert strangers(ctx.home) == []
    assert ctx.home.current.resolve().name == current


def tables(home: Home, *folders: Path) -> dict[str, list[tuple[object, ...]]]:
    """The rows of every Delta table in the folders."""
    from deltalake import DeltaTable

    found = {}
    for folder in folders:
        for table in sorted(path.parent for path in folder.glob("*/_delta_log")):
            files = [unquote(uri) for uri in DeltaTable(str(table)).file_uris()]
            query = f"SELECT * FROM read_parquet({files}, union_by_name = true) ORDER BY ALL"
            found[table.name] = duckdb.sql(query).fetchall() if files else []
    return found


@pytest.mark.slow
@pytest.mark.parametrize("room", [0, 64 << 10])
@pytest.mark.parametrize("step", STEPS)
def test_a_full_disk_ends_a_step_in_one_sentence_and_the_next_try_does_it(finished, moved, small_disk, step, room):
    if (step, room) == ("validate", 64 << 10):
        pytest.skip("its verdicts and pages find room in 64 kB")
    ctx, week = moved(small_disk, step), finished.weeks[-1]
    current, before = ctx.home.current.resolve().name, bytes_of(ctx.home)
    ballast = fill(small_disk, room)
    kept = "nothing was published" if step == "publish" else "no table is half written"
    with pytest.raises(HomeError, match=rf"is full; {kept} and the last good release stays\. Make room"):
        perform(ctx, step, as_of=week, asked=True)
    untouched(ctx, before, current)
    ballast.unlink()
    perform(ctx, step, as_of=week, asked=True)
    assert strangers(ctx.home) == []
    if step != "train":  # whose seed is another one
        done, undisturbed = (tables(home, home.features, home.scored) for home in (ctx.home, finished.home))
        if step == "validate":  # the verdicts on what is published come back with the next `publish`
            assert set(done["checks"]) < set(undisturbed["checks"])
            done["checks"] = undisturbed["checks"]
        assert done == undisturbed
        assert ctx.home.current.resolve().name == current


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_too_small_a_memory_limit_ends_a_step_in_one_sentence(finished, moved, tmp_path, step):
    ctx, week = moved(tmp_path, step, memory_limit="5MB"), finished.weeks[-1]
    current, before = ctx.home.current.resolve().name, bytes_of(ctx.home)
    with pytest.raises(HomeError, match=r"more memory than memory_limit \(5MB\) allows; .*Raise memory_limit"):
        perform(ctx, step, as_of=week, asked=True)
    untouched(ctx, before, current)


@pytest.mark.slow
@pytest.mark.parametrize("gigabytes", [1.0, 1.4])
@pytest.mark.parametrize("step", ["featurise", "score"])
def test_a_limit_of_the_system_on_memory_touches_nothing(finished, moved, tmp_path, step, gigabytes):
    """Ours ends in a sentence; a library that finds no memory ends the process, with last words or with none."""
    ctx, week, limit = moved(tmp_path, step), finished.weeks[-1], int(gigabytes * 2**30)
    current, before = ctx.home.current.resolve().name, bytes_of(ctx.home)
    arguments = ["lyceum", step, "--home", str(ctx.home.root), "--as-of", str(week)]
    code = "import resource, sys; from pipelines import cli, cli_ending; "
    code += f"resource.setrlimit(resource.RLIMIT_AS, ({limit}, {limit})); "
    code += f"sys.argv = {arguments!r}; sys.exit(cli_ending.run(cli.app))"
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd()), "COLUMNS": "300"}
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        said = "lyceum: The system gave this process no more memory;" in ended.stderr
        ended_by_a_library = ended.returncode < 0 or any(words in ended.stderr for words in LAST_WORDS)
        assert (said and ended.returncode == 1) or ended_by_a_library, (ended.returncode, ended.stderr)
        assert "Traceback" not in ended.stderr
        untouched(ctx, before, current)
