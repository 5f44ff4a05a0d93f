"""Erase people who asked for it, everywhere: lake, features, scores, releases, kept rows.

**When.** When somebody triggers it with the id of a request. `lyceum forget --ids FILE --later` makes the request and
prints that id; the ids of people never come here.

**What.** What `lyceum forget --request ID` does, under the home's lock: a receipt with counts stays in the home.

**If it fails.** A part may have been erased; nothing was half-written. Mend what the sentence at the end of the log
says, then clear the task: it goes on where it was. A request that is done is done again without effect.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, task

from dags import defaults
from pipelines import tasks
from pipelines.scheduled import Scheduled, scheduled

MEANING = (
    "Everything that the request names, table by table. **If it fails:** mend the cause, then clear it: it goes on."
)


def erase(platform: Scheduled, /) -> Any:  # noqa: ANN401 - a TaskFlow reference, typed by nobody
    """The one task."""

    @task(doc_md=MEANING, execution_timeout=timedelta(hours=6))
    def forget(params: Any = None) -> str:  # noqa: ANN401
        return tasks.forget(platform.name, params["request_id"])

    return forget()


def build(platform: Scheduled, /) -> DAG:
    """The DAG of one platform."""
    with DAG(
        platform.dag_id("forget_users"),
        description=f"Erases people of {platform.name} who asked for it",
        doc_md=__doc__,
        params={"request_id": defaults.REQUEST},
        **defaults.arguments(platform, schedule=None, at_most=timedelta(hours=24)),
    ) as dag:
        erase(platform)
    return dag


DAGS = [build(platform) for platform in scheduled()]
