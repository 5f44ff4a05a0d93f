"""Take in what the platform delivered: map, check, pseudonymise, drop duplicates, write the day's partitions.

Runs every night at 01:00 in the platform's time zone. A file that was taken before is not taken again, so a run may
be repeated at any time. Lines that cannot be read are kept as rejects; more of them than the limit stop the run.
"""

from airflow.sdk import DAG, task

from dags import defaults
from pipelines import tasks

NIGHTLY = "0 1 * * *"


@task(doc_md="Take in every delivery that was not taken before.")
def ingest(platform: str) -> str:
    """Hand over to the step."""
    return tasks.ingest(platform)


def build(platform: tasks.Scheduled, /) -> DAG:
    """The DAG of one platform."""
    with DAG(
        platform.dag_id("ingest_events"),
        description=f"Takes in the logs of {platform.name}",
        doc_md=__doc__,
        **defaults.arguments(platform, cron=NIGHTLY),
    ) as dag:
        ingest(platform.name)
    return dag


DAGS = [build(platform) for platform in tasks.scheduled()]
