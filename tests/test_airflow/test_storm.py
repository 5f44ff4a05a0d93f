"""A backfill in the wrong order, three weeks at a time, one of them poisoned, the scheduler and all of Airflow killed
on the way: once the delivery is mended and the failed week cleared, every week says what a run in order says.
"""

import os
import shutil
import signal
from datetime import timedelta

import psutil
import pytest

from lyceum import releases
from lyceum.weeks import instant

pytestmark = pytest.mark.airflow

INGEST, WEEK = "ingest_events__demo", "weekly_insights__demo"
ZONE = "Asia/Shanghai"


def take_in(airflow) -> None:
    assert airflow.ended(INGEST, airflow.trigger(INGEST)) == "success"


def backfill(airflow, world) -> None:
    """Every week, the newest first, three at a time."""
    first, last = (instant(week, timezone=ZONE) for week in (world.weeks[0], world.weeks[-1]))
    body = {
        **{"dag_id": WEEK, "from_date": (first - timedelta(days=7)).isoformat(), "to_date": last.isoformat()},
        **{"run_backwards": True, "max_active_runs": 3, "dag_run_conf": airflow.conf(WEEK, wait=False)},
    }
    airflow.call("POST", "backfills", body)
    assert len(states(airflow)) == len(world.weeks)


def states(airflow) -> dict[str, str]:
    """The state of each run of the backfill."""
    return {run: facts["state"] for run, facts in airflow.runs(WEEK).items() if facts["run_type"] == "backfill"}


def strike(airflow, world, faults, until) -> None:
    """Kill the scheduler, and later everything, at moments when weeks are under way."""

    def published(share: float) -> bool:
        return len(releases.listing(world.homes["storm"])) >= max(1, share * len(world.weeks))

    until(lambda: published(0), within=1800, what="the first release of the backfill")
    faults.inject("kill -9 of the scheduler, which is started again by itself")
    os.kill(airflow.scheduler().pid, signal.SIGKILL)
    until(lambda: published(1 / 3), within=1800, what="a third of the backfill")
    faults.inject("kill -9 of `lyceum up` itself, and `lyceum up` again")
    family = psutil.Process(airflow.process.pid).children(recursive=True)
    airflow.process.kill()
    airflow.process.wait()
    airflow.up()
    assert [each for each in family if each.is_running() and each.status() != psutil.STATUS_ZOMBIE] == []


def over(airflow) -> bool:
    """Whether every run of the backfill has ended; what waits for its next try is done at once."""
    airflow.no_schedule(WEEK)
    airflow.hurry(WEEK)
    return set(states(airflow).values()) <= {"success", "failed"}


def mend(airflow, world, run: str) -> None:
    """Deliver what was missing, and clear what failed."""
    for file in world.withheld():
        shutil.copy(file, world.root / "storm-landing" / "events")
    take_in(airflow)
    struck = [name for name, state in airflow.tasks(WEEK, run).items() if state == "failed"]
    airflow.clear(WEEK, run, *struck, downstream=True)
    assert airflow.ended(WEEK, run, within=3600) == "success", airflow.tasks(WEEK, run)


def test_a_poisoned_backfill_in_the_wrong_order_ends_as_a_run_in_order(airflow, world, faults, until):
    airflow.unpause(INGEST)
    take_in(airflow)
    airflow.unpause(WEEK)
    faults.inject(f"a backfill of {len(world.weeks)} weeks, newest first, three at a time")
    faults.inject("a week without its events, which are delivered after the weeks that follow it")
    backfill(airflow, world)
    strike(airflow, world, faults, until)
    until(lambda: over(airflow), within=3600, what="the end of the backfill")
    failed = [run for run, state in states(airflow).items() if state == "failed"]
    assert len(failed) == 1, {run: airflow.tasks(WEEK, run) for run in failed}
    assert releases.newest(world.homes["storm"], world.poisoned) is None
    assert world.current("storm").startswith(str(world.weeks[-1]))

    mend(airflow, world, failed[0])
    assert {str(week): tables for week in world.weeks if (tables := world.differing("storm", week))} == {}
    assert [week for week in world.weeks if world.newest("storm", week).manifest()["provisional"]] == []
    assert world.current("storm").startswith(str(world.weeks[-1]))
    assert not list(world.homes["storm"].releases.glob(".*"))
    faults.survive()
