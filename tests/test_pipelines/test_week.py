"""A week is a function of the lake and its Monday: run again, it leaves the same bytes and publishes nothing."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from lyceum import releases, schema
from lyceum.errors import HomeError, InputError
from lyceum.lake import Lake
from pipelines import steps
from pipelines.publish import publish
from pipelines.steps import STEPS
from pipelines.succession import provisional
from pipelines.week import newest_week, perform, run_week, take_in

pytestmark = pytest.mark.slow

CANONICAL = {table.name: table for table in schema.tables().values() if "." not in table.name}
SPARED = {"batch_id", "ingested_at"}  # and the whole of quality.runs, by DESIGN.md


def exports(database: Path, folder: Path) -> dict[str, bytes]:
    """Every table of a release as CSV in the order of its key, without what may differ."""
    folder.mkdir(parents=True)
    found = {}
    with duckdb.connect(str(database), read_only=True) as con:
        con.execute("SET TimeZone = 'UTC'")
        for table in releases.contents():
            if table.name != "quality.runs":
                columns = ", ".join(f'"{name}"' for name in table.names if name not in SPARED)
                order = ", ".join(f'"{name}"' for name in table.key)
                file = folder / f"{table.name}.csv"
                con.execute(f"COPY (SELECT {columns} FROM {table.name} ORDER BY {order}) TO '{file}' (HEADER)")
                found[table.name] = file.read_bytes()
    return found


def lake_exports(lake: Lake, folder: Path) -> dict[str, bytes]:
    """Every canonical table of a lake likewise."""
    folder.mkdir(parents=True)
    found = {}
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        for name, table in CANONICAL.items():
            columns = ", ".join(f'"{column}"' for column in table.names if column not in SPARED)
            file = folder / f"{name}.csv"
            con.execute(f"COPY (SELECT {columns} FROM ({lake.source(table)}) ORDER BY ALL) TO '{file}' (HEADER)")
            found[name] = file.read_bytes()
    return found


def differing(first: dict[str, bytes], second: dict[str, bytes]) -> list[str]:
    assert set(first) == set(second)
    return [name for name in first if first[name] != second[name]]


def test_every_step_of_both_weeks_left_a_record(finished):
    for week in finished.weeks:
        assert tuple(entry["step"] for entry in steps.records(finished.home, week)) == ("ingest", *STEPS)
        for entry in steps.records(finished.home, week):
            assert entry["reads"]["events"] == 0
            assert entry["ran_at"] == finished.ctx.now.isoformat()


def test_a_week_run_again_publishes_nothing_new_and_leaves_the_same_bytes(copied, finished, tmp_path):
    ctx, week = copied(), finished.weeks[-1]
    database = releases.current(ctx.home).database
    before = exports(database, tmp_path / "before")
    manifest = releases.current(ctx.home).manifest()
    assert take_in(ctx).files == 0
    results = run_week(ctx, as_of=week)
    assert [result.step for result in results] == list(STEPS)
    assert [release.name for release in releases.listing(ctx.home)] == [f"{w}-r001" for w in finished.weeks]
    assert results[-1].parts[-1].code == "unchanged"
    assert releases.current(ctx.home).manifest() == manifest
    assert not list(ctx.home.releases.glob(".staging-*"))
    kept = [entry["parts"] for entry in steps.records(finished.home, week) if entry["step"] in tuple(STEPS)[:-1]]
    first = {part["part"]: part["digest"] for parts in kept for part in parts if part["rows"]}
    assert first
    again = {part.part: part.digest for result in results[:-1] for part in result.parts if part.rows}
    assert {name: digest for name, digest in first.items() if name in again} == again
    # what was not written anew would be no proof: build the tables once more from the lake that was
    assert set(before) == {table.name for table in releases.contents()} - {"quality.runs"}
    ctx.home.current.unlink()
    releases.remove(releases.newest(ctx.home, week))
    perform(ctx, "publish", as_of=week)
    assert differing(before, exports(releases.current(ctx.home).database, tmp_path / "after")) == []


def test_another_home_gets_the_same_tables_to_the_byte(finished, run_elsewhere, tmp_path):
    other = run_elsewhere(tmp_path / "other home 2")
    lakes = (lake_exports(each.ctx.lake, tmp_path / name) for each, name in ((finished, "l1"), (other, "l2")))
    assert differing(*lakes) == []
    for week in finished.weeks:
        pair = [releases.newest(each.home, week) for each in (finished, other)]
        files = (exports(release.database, tmp_path / f"{week}-{n}") for n, release in enumerate(pair))
        assert differing(*files) == []
        tables = [release.manifest()["tables"] for release in pair]
        assert tables[0] == tables[1]


def test_an_older_week_does_not_depend_on_what_came_later(copied, finished, tmp_path):
    """The older week once more, now that the lake knows the week after: nothing in it moves."""
    ctx, older = copied(), finished.weeks[0]
    before = exports(releases.newest(ctx.home, older).database, tmp_path / "before")
    releases.remove(releases.newest(ctx.home, older))
    for step in STEPS:
        perform(ctx, step, as_of=older)
    assert differing(before, exports(releases.newest(ctx.home, older).database, tmp_path / "after")) == []
    assert releases.current(ctx.home).as_of == finished.weeks[1]


def test_the_newest_week_is_that_of_the_last_event(finished):
    assert newest_week(finished.ctx) == finished.weeks[-1]


@pytest.mark.parametrize("weeks", [1, 100, -12, -100])
def test_a_week_without_events_is_refused_before_anything_is_written(copied, finished, weeks):
    ctx = copied()
    before = {table: ctx.scored.version(table) for table in map(schema.with_history, schema.published())}
    as_of = finished.weeks[-1] + timedelta(days=7 * weeks)
    with pytest.raises(InputError, match=rf"no event .*{as_of}"):
        perform(ctx, "validate", as_of=as_of)
    assert before == {table: ctx.scored.version(table) for table in map(schema.with_history, schema.published())}
    assert not (ctx.home.runs / str(as_of)).exists()


def test_an_empty_lake_is_refused(copied):
    ctx = copied()
    shutil.rmtree(ctx.home.lake)
    with pytest.raises(InputError, match=r"holds no events.*lyceum ingest"):
        perform(ctx, "validate", as_of=date(2026, 3, 30))


def test_two_runs_of_one_home_do_not_meet(copied, finished):
    ctx = copied()
    with ctx.home.lock(), pytest.raises(HomeError, match="Another run"):
        perform(ctx, "publish", as_of=finished.weeks[-1])


def test_an_old_week_run_again_never_leads(copied, finished):
    """An older week whose tables changed is published beside, `current` stays with the newest."""
    ctx = copied(recommendations=3)
    older, newer = finished.weeks
    before = releases.current(ctx.home).name
    perform(ctx, "score", as_of=older)
    perform(ctx, "publish", as_of=older)
    assert [release.name for release in releases.listing(ctx.home)] == [f"{older}-r002", before]  # r001 is superseded
    assert releases.current(ctx.home).name == before == f"{newer}-r001"
    assert (ctx.home.reports / str(older) / "index.html").read_bytes() == (
        releases.newest(ctx.home, older).report / "index.html"
    ).read_bytes()


def test_after_a_rollback_publishing_the_week_again_goes_forward(copied, finished):
    ctx = copied()
    newest = releases.current(ctx.home).name
    assert releases.rollback(ctx.home).as_of == finished.weeks[0]
    list(publish(ctx, finished.weeks[-1]))
    assert releases.current(ctx.home).name == newest


def test_expired_releases_go_and_their_reports_stay(copied, finished):
    ctx = copied(kept_weeks=1)
    older, newer = finished.weeks
    first = releases.newest(ctx.home, older)
    target = ctx.home.releases / "2026-01-05-r001"
    first.path.rename(target)
    (ctx.home.reports / str(older)).rename(ctx.home.reports / "2026-01-05")
    list(publish(ctx, newer))
    left = [release.name for release in releases.listing(ctx.home)]
    assert "2026-01-05-r001" not in left
    assert f"{newer}-r002" in left
    assert (ctx.home.reports / "2026-01-05" / "index.html").is_file()
    index = (ctx.home.reports / "index.html").read_text()
    assert "2026-01-05/index.html" in index
    assert f"{newer}/index.html" in index
    with duckdb.connect(str(releases.current(ctx.home).database), read_only=True) as con:
        assert con.execute("SELECT DISTINCT as_of FROM history.user_scores").fetchall() == [(newer,)]


def test_a_failed_build_leaves_current_and_the_next_run_clears_up(copied, finished):
    ctx = copied()
    before = releases.current(ctx.home).name
    with pytest.raises(duckdb.Error):
        list(publish(copied(storage_version="v0.0.1"), finished.weeks[-1]))
    assert releases.current(ctx.home).name == before
    list(publish(ctx, finished.weeks[-1]))
    assert not list(ctx.home.releases.glob(".staging-*"))


def test_a_week_without_its_predecessor_is_provisional(copied, finished):
    ctx = copied()
    assert not provisional(ctx, finished.weeks[0])
    assert not provisional(ctx, finished.weeks[1])
    releases.newest(ctx.home, finished.weeks[0]).path.rename(ctx.home.releases / "2026-01-05-r001")
    (ctx.home.runs / "succession.json").unlink()  # which remembers weeks whose release has expired
    assert provisional(ctx, finished.weeks[1])
