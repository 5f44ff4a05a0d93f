"""Look after the lake: merge small files, remove dead ones and old rejects, shorten the transaction logs.

**When.** Every Saturday at 05:00 in the platform's time zone, long after the night's ingest and two days before the
week is made.

**What.** Every Delta table of the home, one after the other. No row changes, and a run that dies has done a part of
the work.

**If it fails.** Nothing is lost. Mostly the disk is full: `lyceum doctor` says so. Make room, then clear the task.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, task

from dags import defaults
from pipelines import tasks
from pipelines.scheduled import Scheduled, scheduled

SATURDAYS = "0 5 * * 6"
MEANING = "Every Delta table of the home, one after the other. **If it fails:** make room on the disk, then clear it."


def upkeep(platform: Scheduled, /) -> Any:  # noqa: ANN401 - a TaskFlow reference, typed by nobody
    """The one task."""

    @task(doc_md=MEANING)
    def maintain() -> int:
        return tasks.maintain(platform.name)

    return maintain()


def build(platform: Scheduled, /) -> DAG:
    """The DAG of one platform."""
    with DAG(
        platform.dag_id("maintain_lake"),
        description=f"Looks after the lake of {platform.name}",
        doc_md=__doc__,
        **defaults.arguments(platform, schedule=defaults.weekly(platform, SATURDAYS), at_most=timedelta(hours=12)),
    ) as dag:
        upkeep(platform)
    return dag


DAGS = [build(platform) for platform in scheduled()]
