"""Measure whether earlier advice worked: who was warned of or shown something, against those left out by a draw.

**When.** Every Wednesday at 03:00 in the platform's time zone, about the newest whole week: contacts and answers of
the days after Monday have arrived by then. The week's own run measures too, with what was known on Monday.

**What.** What `lyceum readout` does: `marts.outcomes` and `marts.restatements`. Readers see it with the next release.

**If it fails.** The tables stay as they were. The week must have been scored: run `weekly_insights` for it first,
then clear the task.
"""

from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import DAG, task

from dags import defaults
from pipelines import tasks
from pipelines.scheduled import Scheduled, scheduled

WEDNESDAYS = "0 3 * * 3"
MEANING = (
    "Lists whose 28 days are over, against the people left out of them. "
    "**If it fails:** see that the week was scored, then clear it."
)


def measure(platform: Scheduled, /) -> Any:  # noqa: ANN401 - a TaskFlow reference, typed by nobody
    """The one task."""

    @task(doc_md=MEANING)
    def readout(params: Any = None, data_interval_end: datetime | None = None, dag_run: Any = None) -> str:  # noqa: ANN401
        until = defaults.until(data_interval_end, dag_run)
        return tasks.perform(platform.name, "readout", until=until, as_of=params["as_of"])

    return readout()


def build(platform: Scheduled, /) -> DAG:
    """The DAG of one platform."""
    with DAG(
        platform.dag_id("measure_outcomes"),
        description=f"Whether the advice of {platform.name} worked",
        doc_md=__doc__,
        params={"as_of": defaults.AS_OF},
        **defaults.arguments(platform, schedule=defaults.weekly(platform, WEDNESDAYS), at_most=timedelta(hours=12)),
    ) as dag:
        measure(platform)
    return dag


DAGS = [build(platform) for platform in scheduled()]
