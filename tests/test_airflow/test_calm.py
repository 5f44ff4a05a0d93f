"""Single weeks under the real scheduler: run plainly, cleared, struck, out of disk, they say the same in the end."""

import os
import signal
import time

import psutil
import pytest

pytestmark = pytest.mark.airflow

INGEST, WEEK = "ingest_events__calm", "weekly_insights__calm"


@pytest.fixture(scope="module")
def first(airflow, world) -> str:
    """The first week, triggered plainly; the id of its run."""
    airflow.unpause(INGEST)
    taken = airflow.trigger(INGEST)
    assert airflow.ended(INGEST, taken) == "success"
    airflow.unpause(WEEK)
    run = airflow.trigger(WEEK, as_of=str(world.weeks[0]), wait=False)
    assert airflow.ended(WEEK, run) == "success", airflow.tasks(WEEK, run)
    return run


def publishing(tasks: dict[str, str | None]) -> str:
    """The id of the task that publishes."""
    return next(name for name in tasks if name.rpartition(".")[2] == "publish")


def test_a_plain_trigger_publishes_what_the_command_line_does(airflow, world, first):
    assert world.differing("calm", world.weeks[0]) == []
    assert set(airflow.tasks(WEEK, first).values()) <= {"success", "skipped"}


def test_any_task_may_be_cleared_and_changes_nothing(airflow, world, faults, first):
    before = world.current("calm")
    tasks = sorted(name for name, state in airflow.tasks(WEEK, first).items() if state == "success")
    for part in (tasks[::2], tasks[1::2]):
        faults.inject(f"cleared alone: {', '.join(part)}")
        airflow.clear(WEEK, first, *part)
        assert airflow.ended(WEEK, first) == "success", airflow.tasks(WEEK, first)
    assert world.current("calm") == before
    assert world.differing("calm", world.weeks[0]) == []
    faults.survive()


def test_a_killed_task_its_orphan_and_the_command_line_beside_it(airflow, world, faults, lyceum_cli, first):
    week = world.weeks[1]
    faults.ask("release.verified", "kill")
    run = airflow.trigger(WEEK, as_of=str(week), wait=False)
    publish = publishing(airflow.tasks(WEEK, run))
    faults.inject("kill -9 of the process of a running task")
    airflow.reached(WEEK, run, publish, "up_for_retry", "failed", within=600)

    faults.ask("release.staged", "hold")
    airflow.clear(WEEK, run, publish, downstream=True)
    orphan = faults.held("release.staged")
    faults.inject("the same week by the command line beside Airflow")
    options = ("--home", world.homes["calm"].root, "--config", world.root / "plain.toml")
    beside = lyceum_cli("publish", "--as-of", week, *options)
    assert (beside.returncode, "Another run is writing" in beside.stderr) == (1, True), beside.stderr

    faults.inject("kill -9 of the executor's worker, its task an orphan that holds the lock while it is tried again")
    os.kill(psutil.Process(orphan).ppid(), signal.SIGKILL)
    airflow.give_up(WEEK, run, publish)  # after 900 s without a heartbeat the scheduler does so
    assert psutil.pid_exists(orphan)
    airflow.clear(WEEK, run, publish, downstream=True)
    airflow.reached(WEEK, run, publish, "running", within=300)
    time.sleep(20)  # in which the second try finds the lock held, and waits or fails
    assert psutil.pid_exists(orphan)
    assert not list(world.homes["calm"].releases.glob(f"{week}-*"))
    faults.let_go("release.staged")
    if airflow.ended_or_struck(WEEK, run) != "success":
        airflow.clear(WEEK, run, publish, downstream=True)
    assert airflow.ended(WEEK, run) == "success", airflow.tasks(WEEK, run)
    assert world.differing("calm", week) == []
    assert not list(world.homes["calm"].releases.glob(".*"))
    faults.survive()


def test_a_full_disk_stops_the_week_until_there_is_room_again(airflow, world, faults, disk, first):
    if disk is None:
        pytest.skip("mounting is not permitted here")
    week, before = world.weeks[2], world.current("calm")
    faults.inject("the disk full while a week runs")
    stuffing = disk / "stuffing"
    with stuffing.open("wb") as handle:
        room = os.statvfs(disk)
        os.posix_fallocate(handle.fileno(), 0, room.f_bavail * room.f_frsize - (1 << 20))
    run = airflow.trigger(WEEK, as_of=str(week), wait=False)
    struck = airflow.failed_once(WEEK, run)
    assert world.current("calm") == before
    stuffing.unlink()
    airflow.clear(WEEK, run, *struck, downstream=True)
    assert airflow.ended(WEEK, run) == "success", airflow.tasks(WEEK, run)
    assert world.differing("calm", week) == []
    faults.survive()


def test_an_old_week_run_again_never_takes_current_from_a_newer_one(airflow, world, faults, first):
    before = world.current("calm")
    faults.inject("an old week run again after newer ones")
    run = airflow.trigger(WEEK, as_of=str(world.weeks[0]), wait=False)
    assert airflow.ended(WEEK, run) == "success", airflow.tasks(WEEK, run)
    assert world.current("calm") == before
    assert [week for week in world.weeks[:3] if world.differing("calm", week)] == []
    faults.survive()
