"""Releases: sealed folders, one link switched in one step, and a way back."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest

from lyceum import releases
from lyceum.errors import HomeError
from lyceum.home import Home

FIRST, SECOND = date(2026, 6, 29), date(2026, 7, 6)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def staged(home: Home, as_of: date, *, rows: int = 3) -> Path:
    folder = releases.stage(home, as_of)
    with duckdb.connect(str(folder / releases.DATABASE)) as con:
        con.execute(f"CREATE SCHEMA marts; CREATE TABLE marts.t AS SELECT range AS n FROM range({rows})")
    (folder / "report").mkdir()
    (folder / "report" / "index.html").write_text("<p>week</p>")
    return folder


def manifest(rows: int = 3) -> dict[str, object]:
    return {"tables": {"marts.t": {"rows": rows, "digest": "1"}}}


def published(home: Home, as_of: date) -> releases.Release:
    release = releases.commit(home, staged(home, as_of), manifest())
    releases.switch(home, release)
    return release


def flip(file: Path) -> None:
    """Change one byte of the first block of data, after the three headers of 4 kB."""
    content = bytearray(file.read_bytes())
    content[12_288 + 64] ^= 1
    file.write_bytes(content)


def modes(folder: Path) -> set[tuple[bool, int]]:
    return {(path.is_dir(), path.stat().st_mode & 0o777) for path in (folder, *folder.rglob("*"))}


def test_a_release_is_sealed_and_current_is_a_relative_link_to_it(home):
    release = published(home, FIRST)
    assert release.name == "2026-06-29-r001"
    assert release.as_of == FIRST
    assert modes(release.path) == {(True, 0o555), (False, 0o444)}
    assert not list(release.path.glob("*.wal"))
    assert str(home.current.readlink()) == "releases/2026-06-29-r001"
    assert releases.current(home) == releases.Release(release.path.resolve())
    assert {path.name for path in home.root.iterdir()} == {"current", "releases"}
    assert release.manifest()["tables"] == manifest()["tables"]


def test_every_file_of_a_release_is_digested_in_its_manifest(home):
    release = published(home, FIRST)
    assert set(release.manifest()["files"]) == {"lyceum.duckdb", "report/index.html"}
    assert release.altered_files() == []
    page = release.report / "index.html"
    page.chmod(0o644)
    page.write_text("<p>weak</p>")
    assert release.altered_files() == ["report/index.html"]
    release.path.chmod(0o755)
    (release.path / "more.txt").write_text("")
    assert release.altered_files() == ["more.txt", "report/index.html"]


@pytest.mark.slow
def test_numbers_go_on_within_a_week(home):
    assert [published(home, as_of).name for as_of in (FIRST, FIRST, SECOND)] == [
        "2026-06-29-r001",
        "2026-06-29-r002",
        "2026-07-06-r001",
    ]
    assert releases.newest(home, FIRST).name == "2026-06-29-r002"
    assert releases.newest(home, date(2026, 7, 13)) is None


def test_what_a_dead_run_left_is_collected_sealed_or_not(home):
    kept = published(home, FIRST)
    left = staged(home, SECOND)
    left.chmod(0o555)
    (left / "report").chmod(0o555)
    assert [release.name for release in releases.listing(home)] == [kept.name]
    fresh = releases.stage(home, SECOND)
    assert list(fresh.iterdir()) == []
    assert releases.discard_staged(home) == 1
    assert [path.name for path in home.releases.iterdir()] == [kept.name]


def test_what_a_dead_process_left_is_collected_whatever_it_was_doing(home):
    kept = published(home, FIRST)
    staged(home, SECOND)
    (home.root / ".current-4711").symlink_to("releases/nothing")
    (home.releases / ".expired-2026-06-22-r001").mkdir(mode=0o555)
    assert len(releases.unfinished(home)) == 3
    releases.stage(home, SECOND)
    assert [path.name for path in releases.unfinished(home)] == [".staging-2026-07-06-r001"]
    assert releases.current(home).name == kept.name


REMOVER = """
import sys
from pathlib import Path
from lyceum import releases
releases.remove(releases.Release(Path(sys.argv[1])))
"""


def test_a_process_that_dies_removing_a_release_leaves_nothing_that_one_could_go_back_to(home):
    first, second = published(home, FIRST), published(home, SECOND)
    killed = subprocess.run(
        [sys.executable, "-c", REMOVER, str(first.path)],
        env={**os.environ, "LYCEUM_FAULT": "release.expiring:1"},
        check=False,
    )
    assert killed.returncode == -9
    assert releases.listing(home) == [releases.Release(second.path)]
    assert [path.name for path in releases.unfinished(home)] == [".expired-2026-06-29-r001"]


def test_one_goes_back_past_what_was_altered(home):
    first, second = published(home, FIRST), published(home, SECOND)
    third = published(home, date(2026, 7, 13))
    second.path.chmod(0o755)
    (second.path / "more.txt").write_text("")
    assert releases.rollback(home).name == first.name
    with pytest.raises(HomeError, match=r"2026-07-06-r001: altered or damaged.*lyceum publish"):
        releases.rollback(home, second.name)
    assert releases.rollback(home, third.name).name == third.name


@pytest.mark.parametrize(
    ("rows", "damage", "words"),
    [
        (4, lambda folder: None, "marts.t has 3 rows where 4 were written"),
        (3, lambda folder: (folder / "lyceum.duckdb.wal").write_bytes(b""), "write-ahead log"),
        (3, lambda folder: (folder / "lyceum.duckdb").write_bytes(b"no database" * 1000), "not whole"),
        (3, lambda folder: (folder / "lyceum.duckdb").unlink(), "not whole"),
        (3, lambda folder: os.truncate(folder / "lyceum.duckdb", 12_288), "not whole"),
        (3, lambda folder: flip(folder / "lyceum.duckdb"), "not whole"),
    ],
)
def test_a_staged_release_that_is_not_whole_is_never_switched_to(home, rows, damage, words):
    good = published(home, FIRST)
    folder = staged(home, SECOND)
    damage(folder)
    with pytest.raises(HomeError, match=words) as caught:
        releases.commit(home, folder, manifest(rows))
    assert "The last good release stays" in str(caught.value)
    assert releases.current(home).name == good.name
    assert [release.name for release in releases.listing(home)] == [good.name]


def test_back_and_forward_again(home):
    first, second = published(home, FIRST), published(home, SECOND)
    assert releases.rollback(home).name == first.name
    assert releases.current(home).name == first.name
    with pytest.raises(HomeError, match="no release before the current one"):
        releases.rollback(home)
    assert releases.rollback(home, second.name).name == second.name
    assert releases.current(home).name == second.name
    with pytest.raises(HomeError, match=r"no release 2026-01-05-r001.*2026-06-29-r001, 2026-07-06-r001"):
        releases.rollback(home, "2026-01-05-r001")
    assert releases.current(home).name == second.name


@pytest.mark.slow
def test_the_release_before_is_by_number_not_by_spelling(home):
    published(home, FIRST).path.rename(home.releases / "2026-06-29-r999")
    assert published(home, FIRST).name == "2026-06-29-r1000"
    assert releases.rollback(home).name == "2026-06-29-r999"


def test_a_link_that_leads_nowhere_is_mended_by_a_rollback(home):
    first, second = published(home, FIRST), published(home, SECOND)
    releases.remove(second)
    with pytest.raises(HomeError, match=r"leads to 2026-07-06-r001, which is gone.*rollback"):
        releases.current(home)
    assert releases.rollback(home).name == first.name
    assert releases.current(home).name == first.name


def test_without_a_release_the_next_step_is_named(home):
    with pytest.raises(HomeError, match=r"no release yet.*lyceum run"):
        releases.current(home)
    with pytest.raises(HomeError, match="no release before"):
        releases.rollback(home)


@pytest.mark.parametrize("text", ["", "[", "\udcff"])
def test_a_damaged_manifest_is_named(home, text):
    release = published(home, FIRST)
    release.path.chmod(0o755)
    file = release.path / releases.MANIFEST
    file.chmod(0o644)
    file.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(HomeError, match=r"2026-06-29-r001 has no readable manifest"):
        release.manifest()


READER = """
import sys, json
from pathlib import Path
from lyceum import releases
from lyceum.home import Home
home, failed, seen = Home(Path(sys.argv[1])), 0, set()
print("ready", flush=True)
for _ in range(3000):
    try:
        seen.add(releases.current(home).name)
    except Exception:
        failed += 1
print(json.dumps([failed, sorted(seen)]), flush=True)
"""


@pytest.mark.slow
def test_a_reader_always_finds_a_whole_release_while_the_link_is_switched(home):
    both = [published(home, FIRST), published(home, SECOND)]
    with subprocess.Popen(
        [sys.executable, "-c", READER, str(home.root)], stdout=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdout.readline() == "ready\n"
        number = 0
        while reader.poll() is None:
            releases.switch(home, both[number % 2])
            number += 1
        found = reader.stdout.readline()
    assert found == '[0, ["2026-06-29-r001", "2026-07-06-r001"]]\n'
