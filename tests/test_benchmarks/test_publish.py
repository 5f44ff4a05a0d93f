"""The hammer counts what it should, and its last line has the fixed keys."""

import json
import os
from pathlib import Path

import pytest

from benchmarks import publish
from benchmarks.published_homes import context, mark, week_of
from lyceum import releases


@pytest.fixture
def home(tmp_path: Path):
    ctx = context(tmp_path / "home")
    mark(ctx, 1)
    publish.publish_one(ctx.home.root, 1, "")
    return ctx.home


def test_a_release_carries_one_number_in_every_table_and_on_its_page(home):
    assert publish.numbers(releases.current(home)) == {1}
    assert list(publish.wrong(home, {1})) == []
    assert list(publish.wrong(home, {2})) == ["current holds other numbers (1 of them)"]
    assert list(publish.leftovers(home)) == []
    assert not publish.in_commit(home)


def test_a_page_of_another_release_is_torn(home):
    release = releases.current(home)
    page = release.report / "index.html"
    page.chmod(0o644)
    page.write_text("<p>2026-06-01-r002 1</p>\n")
    assert publish.numbers(release) == {1, -1}
    assert list(publish.wrong(home, {1})) == ["report/index.html altered", "current holds other numbers (2 of them)"]


def test_a_missing_or_half_removed_release_and_what_dead_processes_leave_count_as_broken(home):
    (home.root / ".current-1").symlink_to("releases")
    (home.releases / ".staging-2026-06-08-r001").mkdir()
    assert sorted(publish.leftovers(home)) == [".current-1 is left", ".staging-2026-06-08-r001 is left"]
    os.truncate(releases.current(home).database, 100)
    assert list(publish.wrong(home, {1})) == ["current cannot be read (HomeError)"]
    assert "2026-06-01-r001 is not whole" in list(publish.leftovers(home))
    home.current.unlink()
    assert list(publish.wrong(home, {1})) == ["current cannot be read (HomeError)"]


def test_a_release_without_its_link_was_in_commit(home):
    ctx = context(home.root)
    mark(ctx, 2)
    publish.publish_one(home.root, 2, "")
    assert week_of(2) == week_of(1)
    releases.switch(home, releases.listing(home)[0])
    assert publish.in_commit(home)


@pytest.mark.slow
def test_the_last_line_has_the_fixed_keys_and_nothing_breaks(capsys):
    assert publish.main(["--releases", "3", "--kills", "6"]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {"releases", "reads", "failed_reads", "torn_reads", "kills", "kills_in_commit", "broken"} <= set(last)
    assert (last["releases"], last["kills"]) == (3, 6)
    assert (last["failed_reads"], last["torn_reads"], last["broken"]) == (0, 0, 0)
    assert last["reads"] > 0
    assert last["kills_in_commit"] > 0


@pytest.mark.slow
def test_made_up_people_are_published_with_everything_that_judges_them(capsys):
    assert publish.main(["--users", "500"]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["users"] == 500
    assert last["rows"] > 500 * 12
    assert last["publish_seconds"] > 0
