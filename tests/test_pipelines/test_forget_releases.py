"""Releases without the people who are to be forgotten, and no byte of them anywhere in a home that has published."""

import pytest

from lyceum import engine, releases
from lyceum.errors import HomeError
from lyceum.home import Home
from lyceum.lake import Lake
from pipelines.forget import forget
from pipelines.forget_requests import DONE, ask
from pipelines.prepared import FOLDER as PREPARED
from tests.test_pipelines import forgetting
from tests.test_pipelines.forgetting import (
    GONE,
    SCORES,
    STAY,
    WEEKS,
    by_id,
    context,
    known_as,
    publish_by_hand,
    traces,
)

pytestmark = pytest.mark.slow
IDS = ("raw", "already pseudonymous")


@pytest.fixture(scope="module")
def clubs(deliveries, tmp_path_factory):
    """A home of each kind of ids, with all the tables that hold people."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LYCEUM_SECRET", forgetting.SECRET)
        made = {ids: forgetting.delivered(deliveries, tmp_path_factory.mktemp("clubs"), ids=ids) for ids in IDS}
    for ids, club in made.items():
        forgetting.furnish(club, [by_id(each) if ids == "raw" else each for each in (*GONE, *STAY)])
    return made


@pytest.fixture
def club(clubs, secret, tmp_path):
    return forgetting.copied(clubs["raw"], tmp_path)


def rows_of(home: Home, name: str) -> list[tuple]:
    with releases_connection(home) as con:
        return con.execute(f"FROM {name} ORDER BY ALL").fetchall()


def releases_connection(home: Home):
    return engine.connect(releases.current(home).database, read_only=True)


@pytest.mark.parametrize("ids", IDS)
def test_nobody_finds_them_in_any_byte_of_the_home(clubs, secret, tmp_path, ids):
    club = forgetting.copied(clubs[ids], tmp_path)
    assert len(traces(club.home, known_as())) > 10  # what is looked for is there before
    done = forget(context(club), ask(context(club), GONE).request)

    assert traces(club.home, known_as()) == set()
    assert done.state == DONE and [*done.left] == [str(club.data)]
    assert traces(club.home, known_as(STAY))  # the search does find those who stay


def test_scores_snapshots_and_releases_lose_their_rows_and_no_others(club):
    forget(context(club), ask(context(club), GONE).request)

    with engine.connect() as con:
        scored = con.execute(f"SELECT as_of, points FROM ({Lake(club.home.scored).source(SCORES)}) ORDER BY ALL")
        assert scored.fetchall() == [(week, points) for week in WEEKS for points in (4, 5)]
    assert not (club.home.features / PREPARED).exists()
    names = [release.name for release in releases.listing(club.home)]
    assert names == ["2026-07-06-r002", "2026-07-13-r002"]
    assert releases.current(club.home).name == "2026-07-13-r002"
    for release in releases.listing(club.home):
        assert releases.is_whole(release)
        assert release.manifest()["tables"]["marts.user_scores"]["rows"] == 2
        assert release.name in (release.report / "index.zh.html").read_text()
    with releases_connection(club.home) as con:
        assert con.execute("FROM marts.q_points").fetchall() == [(9,)]  # views and comments are there
        assert con.execute(
            "SELECT comment FROM duckdb_tables() WHERE table_name = 'user_scores' AND schema_name = 'marts'"
        ).fetchall() == [("Everybody",)]
        assert con.execute("SELECT value FROM marts.weekly_kpis").fetchall() == [(6,)]  # sums stay as published
        assert con.execute("SELECT step, part, code FROM quality.runs").fetchall() == [
            ("forget", "forget", "forgotten")
        ]


def test_a_second_time_changes_nothing_and_says_the_same(club):
    request = ask(context(club), GONE).request
    first = forget(context(club), request)
    files = {path: path.read_bytes() for path in club.home.root.rglob("*") if path.is_file()}

    assert forget(context(club), request) == first
    assert {path: path.read_bytes() for path in club.home.root.rglob("*") if path.is_file()} == files
    again = forget(context(club), ask(context(club), GONE).request)
    assert (again.rows, again.references, again.texts, [*again.rebuilt]) == (0, 0, 0, [])


def test_a_release_that_was_gone_back_to_stays_the_current_one(club):
    releases.rollback(club.home, "2026-07-06-r001")
    done = forget(context(club), ask(context(club), GONE).request)

    assert releases.current(club.home).name == "2026-07-06-r002"
    assert [*done.rebuilt] == ["2026-07-06-r002", "2026-07-13-r002"]
    assert [*done.removed] == ["2026-07-06-r001", "2026-07-13-r001"]


def test_an_older_release_of_a_week_goes_where_the_newest_holds_nobody(club):
    publish_by_hand(club.home, WEEKS[1], [*map(by_id, STAY)])
    done = forget(context(club), ask(context(club), GONE).request)

    assert [release.name for release in releases.listing(club.home)] == ["2026-07-06-r002", "2026-07-13-r002"]
    assert [*done.rebuilt] == ["2026-07-06-r002"]
    assert [*done.removed] == ["2026-07-06-r001", "2026-07-13-r001"]


def spoil(release: releases.Release) -> None:
    release.path.chmod(0o755)
    release.database.chmod(0o644)
    release.database.write_bytes(b"no database")


def test_an_old_release_that_nobody_can_read_goes(club):
    spoil(releases.listing(club.home)[0])
    forget(context(club), ask(context(club), GONE).request)
    assert [release.name for release in releases.listing(club.home)] == ["2026-07-13-r002"]


def test_a_current_release_that_nobody_can_read_stays_and_is_told_of(club):
    spoil(releases.current(club.home))
    request = ask(context(club), GONE).request
    with pytest.raises(HomeError, match="2026-07-13-r001 cannot be read"):
        forget(context(club), request)
    releases.rollback(club.home)
    assert forget(context(club), request).state == DONE
    assert releases.current(club.home).name == "2026-07-06-r002"


def test_who_has_a_release_open_reads_on(club):
    with releases_connection(club.home) as con:
        forget(context(club), ask(context(club), GONE).request)
        assert con.execute("SELECT count(*) FROM marts.user_scores").fetchall() == [(6,)]
    assert len(rows_of(club.home, "marts.user_scores")) == 2
