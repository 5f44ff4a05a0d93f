"""Look after the lake: merge small files, remove dead ones and old rejects, shorten the transaction logs.

Runs every Saturday at 05:00 in the platform's time zone, long after the night's ingest and two days before the week
is made. No row changes, and a run that dies has done a part of the work.
"""

from airflow.sdk import DAG, task

from dags import defaults
from pipelines import tasks

SATURDAYS = "0 5 * * 6"


@task(doc_md="Every Delta table of the home, one after the other.")
def maintain(platform: str) -> int:
    """Hand over to the step."""
    return tasks.maintain(platform)


def build(platform: tasks.Scheduled, /) -> DAG:
    """The DAG of one platform."""
    with DAG(
        platform.dag_id("maintain_lake"),
        description=f"Looks after the lake of {platform.name}",
        doc_md=__doc__,
        **defaults.arguments(platform, cron=SATURDAYS),
    ) as dag:
        maintain(platform.name)
    return dag


DAGS = [build(platform) for platform in tasks.scheduled()]
