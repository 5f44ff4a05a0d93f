"""Take in what the platform delivered: map, check, pseudonymise, drop duplicates, write the day's partitions.

**When.** Every night at 01:00 in the platform's time zone; `weekly_insights` does the same while it waits.

**What.** What `lyceum ingest` does. A file that was taken before is not taken again, so a run may be repeated at any
time. Lines that cannot be read are kept as rejects; more of them than the limit stop the run.

**If it fails.** Nothing of the delivery was taken. The sentence at the end of the log names the file and the reason;
`lyceum status` lists rejects by reason. Mend the mapping or ask for the file again, then clear the task.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, task

from dags import defaults
from pipelines import tasks
from pipelines.scheduled import Scheduled, scheduled

NIGHTLY = "0 1 * * *"
MEANING = (
    "Takes in every delivery that was not taken before. "
    "**If it fails:** the sentence names the file; mend the mapping or the file, then clear it."
)


def take_in(platform: Scheduled, /) -> Any:  # noqa: ANN401 - a TaskFlow reference, typed by nobody
    """The one task."""

    @task(doc_md=MEANING, outlets=[defaults.lake(platform)])
    def ingest() -> str:
        return tasks.ingest(platform.name)

    return ingest()


def build(platform: Scheduled, /) -> DAG:
    """The DAG of one platform."""
    with DAG(
        platform.dag_id("ingest_events"),
        description=f"Takes in the logs of {platform.name}",
        doc_md=__doc__,
        **defaults.arguments(platform, schedule=defaults.weekly(platform, NIGHTLY), at_most=timedelta(hours=12)),
    ) as dag:
        take_in(platform)
    return dag


DAGS = [build(platform) for platform in scheduled()]
