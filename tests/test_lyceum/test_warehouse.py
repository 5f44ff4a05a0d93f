"""One way to open a published week: read-only, offline, and of one release."""

import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest

from lyceum import releases, warehouse
from lyceum.errors import HomeError, UsageError
from lyceum.home import Home

FIRST, SECOND = date(2026, 6, 29), date(2026, 7, 6)


def publish(home: Home, week: date, number: int) -> releases.Release:
    """A release of one table and two views, of which one reads the other."""
    folder = releases.stage(home, week)
    with duckdb.connect(str(folder / releases.DATABASE)) as con:
        con.execute(f"CREATE SCHEMA marts; CREATE TABLE marts.t AS SELECT {number} AS n")
        con.execute("CREATE VIEW marts.q_n AS SELECT n FROM marts.t")
        con.execute("CREATE VIEW marts.q_twice AS SELECT 2 * n AS n FROM marts.q_n")
    release = releases.commit(home, folder, {"tables": {"marts.t": {"rows": 1, "digest": "1"}}})
    releases.switch(home, release)
    return release


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Home:
    home = Home(tmp_path_factory.mktemp("warehouse") / "home")
    publish(home, FIRST, 1)
    publish(home, SECOND, 2)
    return home


@pytest.fixture
def home(made, tmp_path) -> Home:
    """A copy, for whatever changes it."""
    shutil.copytree(made.root, tmp_path / "home", symlinks=True)
    return Home(tmp_path / "home")


def asked(place: Path | str, sql: str = "FROM marts.q_twice", **week: date | str) -> int:
    with warehouse.connect(place, **week) as con:
        return con.execute(sql).fetchall()[0][0]


def test_a_home_opens_its_current_release_and_any_week_that_is_kept(made):
    assert asked(made.root) == 4
    assert asked(str(made.root), as_of="2026-06-29") == 2
    assert asked(made.root, as_of=FIRST) == 2
    with pytest.raises(UsageError, match=r"2026-06-22 is not published.*2026-06-29, 2026-07-06"):
        warehouse.connect(made.root, as_of="2026-06-22")
    with pytest.raises(UsageError, match="Tuesday"):
        warehouse.connect(made.root, as_of="2026-06-30")


def test_a_file_opens_by_itself_wherever_it_was_copied_to(made, tmp_path):
    copied = tmp_path / "sent by mail.duckdb"
    shutil.copyfile(releases.current(made).database, copied)
    assert asked(copied) == 4
    assert asked(made.current / "lyceum.duckdb") == 4
    with pytest.raises(UsageError, match="holds one week"):
        warehouse.connect(copied, as_of=FIRST)


def test_views_answer_when_the_file_is_attached_under_another_name(made):
    """Also where the database that one works in has a table of that name."""
    with duckdb.connect() as con:
        con.execute("CREATE SCHEMA marts; CREATE TABLE marts.t AS SELECT 99 AS n")
        con.execute(f"ATTACH '{releases.current(made).database}' AS other (READ_ONLY)")
        assert con.execute("SELECT * FROM other.marts.q_twice").fetchall() == [(4,)]


def test_a_connection_keeps_its_release_while_the_link_moves(home):
    with warehouse.connect(home.root) as con:
        releases.rollback(home)
        assert con.execute("FROM marts.q_n").fetchall() == [(2,)]
    assert asked(home.root) == 2


@pytest.mark.parametrize("sql", ["DELETE FROM marts.t", "CREATE TABLE marts.mine AS SELECT 1", "DROP VIEW marts.q_n"])
def test_nothing_is_written(made, sql):
    before = sorted(path.name for path in releases.current(made).path.iterdir())
    with warehouse.connect(made.root) as con, pytest.raises(duckdb.Error):
        con.execute(sql)
    assert sorted(path.name for path in releases.current(made).path.iterdir()) == before


def test_no_extension_is_fetched_unasked(made):
    asked_for = "SELECT value FROM duckdb_settings() WHERE name IN ({}, {})"
    names = ("'autoinstall_known_extensions'", "'autoload_known_extensions'")
    with warehouse.connect(made.root) as con:
        assert con.execute(asked_for.format(*names)).fetchall() == [("false",), ("false",)]


def test_what_cannot_be_opened_says_what_to_do(home, tmp_path):
    with pytest.raises(HomeError, match="There is no database"):
        warehouse.connect(tmp_path / "nowhere")
    with pytest.raises(HomeError, match="no release yet"):
        warehouse.connect(tmp_path)
    (tmp_path / "text.duckdb").write_text("no database" * 1000)
    with pytest.raises(HomeError, match=r"damaged, or no database.*rollback"):
        warehouse.connect(tmp_path / "text.duckdb")


def test_a_log_beside_the_database_is_not_taken_into_the_answer(home):
    release = releases.current(home)
    release.path.chmod(0o755)
    (release.path / "lyceum.duckdb.wal").write_bytes(b"")
    with pytest.raises(HomeError, match=r"somebody opened it for writing.*read_only=True"):
        warehouse.connect(home.root)
    assert asked(home.root, as_of=FIRST) == 2
