"""What goes wrong around a release: full disks, damaged files, people who hold them open. The last good one stays."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from lyceum import releases, warehouse
from lyceum.errors import HomeError
from lyceum.home import Home, Platform, write_atomically
from lyceum.schema import Table, table, with_history
from lyceum.settings import Settings
from lyceum.tables.canonical import EVENTS
from pipelines import building
from pipelines.context import Context
from pipelines.health import diagnose
from pipelines.publish import lead, settle, staging

FIRST, SECOND = date(2026, 6, 29), date(2026, 7, 6)
SCORES = table("marts.user_scores")
SIZE = 16 << 20  # of the small disk


def store(ctx: Context, stored: Table, columns: dict[str, list[object]], partition: dict[str, list[str]]) -> None:
    rows = len(next(iter(columns.values())))
    schema = stored.arrow()
    arrays = [pa.array(columns.get(field.name, [None] * rows), field.type) for field in schema]
    batch = pa.RecordBatch.from_arrays(arrays, schema=schema)
    lake = ctx.lake if stored is EVENTS else ctx.scored
    lake.replace(stored, pa.RecordBatchReader.from_batches(schema, [batch]), partition=partition)


def score(ctx: Context, week: date, people: int) -> None:
    """Store scores of so many people, with reasons that do not compress."""
    columns = {
        "as_of": [week] * people,
        "user_id": [f"{at:032x}" for at in range(people)],
        "churn_reasons": [os.urandom(300).hex() for _ in range(people)],
    }
    store(ctx, with_history(SCORES), columns, {"as_of": [str(week)]})


def published(ctx: Context, week: date) -> releases.Release:
    """Publish the scores of the week as the step does, without verdicts and pages."""
    release = committed(ctx, week)
    lead(ctx, release)
    return release


def committed(ctx: Context, week: date) -> releases.Release:
    """The release as a process leaves it that dies before it switches the link."""

    def render(database: Path, name: str) -> None:
        write_atomically(database.parent / "report" / "index.html", f"<p>{name}</p>")

    with staging(ctx, week) as staged:
        file = staged / releases.DATABASE
        tables = building.fill(ctx, file, week, lambda each: each.short == SCORES.short)
        release, _ = settle(ctx, staged, tables, as_of=week, render=render)
    return release


def made(root: Path) -> Context:
    """A home with a published week of ten people, and one event in the week after."""
    home = Home(root)
    home.claim(Platform("demo", "demo", root, "Asia/Shanghai", "CNY", "zh"))
    ctx = Context(Settings(), home, home.platform(), datetime(2026, 8, 1, tzinfo=UTC), lambda _line: None)
    day = SECOND - timedelta(days=1)
    store(ctx, EVENTS, {"event_id": ["e1"], "event_date": [day]}, {"event_date": [str(day)]})
    score(ctx, FIRST, 10)
    published(ctx, FIRST)
    return ctx


@pytest.fixture
def ctx(tmp_path, secret) -> Context:
    return made(tmp_path / "home")


def people(home: Home) -> int:
    with warehouse.connect(home.root) as con:
        return con.execute("SELECT count(*) FROM marts.user_scores").fetchall()[0][0]


def untouched(ctx: Context, release: str, count: int) -> None:
    """The release is current, whole and readable, and nothing half-written lies about."""
    assert releases.current(ctx.home).name == release
    assert releases.is_whole(releases.current(ctx.home))
    assert people(ctx.home) == count
    assert releases.unfinished(ctx.home) == []


def run_publish(ctx: Context, *, limit: int = 0) -> subprocess.CompletedProcess[str]:
    """The real command, under a limit on the size of files if asked."""
    arguments = ["publish", "--home", str(ctx.home.root), "--as-of", str(SECOND)]
    code = "import resource, sys; from pipelines import cli, cli_ending; "
    code += f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit})); " if limit else ""
    code += f"sys.argv = ['lyceum', *{arguments!r}]; sys.exit(cli_ending.run(cli.app))"
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(Path.cwd()), "COLUMNS": "300"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def refused(ended: subprocess.CompletedProcess[str]) -> str:
    said = [line for line in ended.stderr.splitlines() if line.startswith("lyceum: ")]
    assert (ended.returncode, len(said)) == (1, 1), ended.stderr
    assert "Traceback" not in ended.stderr
    return said[0]


@pytest.mark.slow
@pytest.mark.parametrize("room", [64 << 10, 1 << 20, 3 << 20])
def test_a_disk_that_fills_while_staging_is_one_sentence_and_the_last_good_release(small_disk, secret, room):
    """It fills in the first tables, while they are written, or when they are closed."""
    ctx = made(small_disk / "home")
    score(ctx, SECOND, 5_000)  # 3 MB of noise, twice in a release: marts and history
    free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
    (small_disk / "ballast").write_bytes(b"x" * (free - room))
    said = refused(run_publish(ctx))
    assert "is full; nothing was published" in said
    assert "Make room" in said
    untouched(ctx, "2026-06-29-r001", 10)
    (small_disk / "ballast").unlink()
    assert published(ctx, SECOND).name == "2026-07-06-r001"
    untouched(ctx, "2026-07-06-r001", 5_000)


@pytest.mark.slow
@pytest.mark.parametrize("limit", [8 << 10, 1 << 20])
def test_a_limit_on_the_size_of_files_is_one_sentence_and_the_last_good_release(ctx, limit):
    score(ctx, SECOND, 5_000)
    assert "nothing was published and the last good release stays" in refused(run_publish(ctx, limit=limit))
    untouched(ctx, "2026-06-29-r001", 10)


def test_memory_that_does_not_suffice_is_one_sentence_and_the_last_good_release(ctx):
    score(ctx, SECOND, 5_000)
    poor = replace(ctx, settings=ctx.settings.model_copy(update={"memory_limit": "3MB"}))
    with pytest.raises(HomeError, match=r"memory_limit \(3MB\) allows; nothing was published and the last"):
        published(poor, SECOND)
    untouched(ctx, "2026-06-29-r001", 10)


def damaged(release: releases.Release) -> Path:
    """The database of the release, which its owner may now write."""
    release.path.chmod(0o755)
    release.database.chmod(0o644)
    return release.database


def truncate(release: releases.Release) -> None:
    file = damaged(release)
    os.truncate(file, file.stat().st_size // 2)


def alter(release: releases.Release) -> None:
    with duckdb.connect(str(damaged(release))) as con:
        con.execute("UPDATE marts.user_scores SET churn_28d = 0")


def leave_log(release: releases.Release) -> None:
    """What an interrupted change leaves: a log beside the database that was not yet taken into it."""
    code = (
        "import duckdb, os, sys; con = duckdb.connect(sys.argv[1]); "
        "con.execute('PRAGMA disable_checkpoint_on_shutdown'); "
        "con.execute('DELETE FROM marts.user_scores'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code, str(damaged(release))], check=True)


DAMAGES: dict[str, tuple[Callable[[releases.Release], None], str]] = {
    "truncated": (truncate, "was altered: lyceum.duckdb."),
    "altered": (alter, "was altered: lyceum.duckdb."),
    "a log beside it": (leave_log, "lyceum.duckdb.wal. Somebody opened it for writing"),
}


def finding(ctx: Context, what: str) -> tuple[bool, str]:
    (found,) = (each for each in diagnose(ctx) if each.what == what)
    return found.good, f"{found.found} {found.remedy}"


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_release_is_named_with_what_to_do_and_the_last_whole_one_is_a_step_away(ctx, kind):
    damage, words = DAMAGES[kind]
    score(ctx, SECOND, 20)
    damage(published(ctx, SECOND))
    good, said = finding(ctx, "release")
    assert not good
    assert words in said
    assert "lyceum releases rollback" in said
    assert releases.rollback(ctx.home).name == "2026-06-29-r001"
    untouched(ctx, "2026-06-29-r001", 10)
    assert finding(ctx, "release")[0]
    assert finding(ctx, "kept releases")[0] is False
    assert "2026-07-06-r001" in finding(ctx, "kept releases")[1]
    with pytest.raises(HomeError, match="2026-07-06-r001: altered or damaged"):
        releases.rollback(ctx.home, "2026-07-06-r001")


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_release_is_published_anew_although_the_week_says_the_same(ctx, kind):
    score(ctx, SECOND, 20)
    DAMAGES[kind][0](published(ctx, SECOND))
    assert published(ctx, SECOND).name == "2026-07-06-r002"
    untouched(ctx, "2026-07-06-r002", 20)
    assert finding(ctx, "release")[0]


def test_a_release_without_a_manifest_is_published_anew(ctx):
    release = releases.current(ctx.home)
    damaged(release)
    (release.path / releases.MANIFEST).unlink()
    assert published(ctx, FIRST).name == "2026-06-29-r002"
    untouched(ctx, "2026-06-29-r002", 10)


def test_a_whole_release_that_says_the_same_stays(ctx):
    assert published(ctx, FIRST).name == "2026-06-29-r001"
    untouched(ctx, "2026-06-29-r001", 10)


@pytest.fixture
def holder(ctx) -> Iterator[subprocess.Popen[str]]:
    """Somebody who has the current release open for writing."""
    damaged(releases.current(ctx.home))
    code = "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    file = str(releases.current(ctx.home).database)
    with subprocess.Popen(
        [sys.executable, "-c", code, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as held:
        assert held.stdout is not None
        assert held.stdout.readline() == "open\n"
        yield held


def test_who_holds_a_release_open_for_writing_is_named_and_the_next_release_is_read(ctx, holder):
    with pytest.raises(HomeError, match=f"held open for writing by process {holder.pid}.*read_only=True"):
        warehouse.connect(ctx.home.root)
    good, said = finding(ctx, "release")
    assert not good
    assert f"process {holder.pid}" in said
    score(ctx, SECOND, 20)
    published(ctx, SECOND)
    untouched(ctx, "2026-07-06-r001", 20)


def test_a_reader_of_the_release_before_keeps_it_while_the_next_ones_are_published(ctx):
    with warehouse.connect(ctx.home.root) as con:
        for week in (SECOND, SECOND + timedelta(days=7)):
            score(ctx, week, 20)
            published(ctx, week)
        assert con.execute("SELECT count(*) FROM marts.user_scores").fetchall() == [(10,)]
    assert people(ctx.home) == 20


def test_what_was_current_until_now_can_be_opened_by_who_resolved_the_link_before(ctx):
    """Also where a release that never was current lies between the two."""
    resolved = releases.current(ctx.home)
    score(ctx, FIRST, 11)
    assert committed(ctx, FIRST).name == "2026-06-29-r002"
    score(ctx, FIRST, 12)
    assert published(ctx, FIRST).name == "2026-06-29-r003"
    with warehouse.connect_release(resolved) as con:
        assert con.execute("SELECT count(*) FROM marts.user_scores").fetchall() == [(10,)]
    assert people(ctx.home) == 12
