"""Compare candidates for every prediction, and let the best take over where the gate agrees.

**When.** On the second day of each month at 05:00 in the platform's time zone, and when a week asks for it because
people moved away from what a model learnt or the gate refused a challenger. It is about the newest whole week.

**What.** What `lyceum train` does. `weekly_insights` trains one candidate every few weeks; the search for a better
kind of model is longer and is done here. What takes over scores from the next week on.

**If it fails.** The champions go on scoring. Read the sentence at the end of the log, mend what it says, clear the
task.
"""

from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import DAG, AssetOrTimeSchedule, task

from dags import defaults
from pipelines import tasks
from pipelines.scheduled import Scheduled, scheduled

MONTHLY = "0 5 2 * *"
MEANING = (
    "Candidates of each prediction on rolling origins, then the gate against the champion. "
    "**If it fails:** the champions go on; mend what the sentence says, then clear it."
)


def search(platform: Scheduled, /) -> Any:  # noqa: ANN401 - a TaskFlow reference, typed by nobody
    """The one task."""

    @task(doc_md=MEANING, execution_timeout=timedelta(hours=6))
    def train(params: Any = None, data_interval_end: datetime | None = None, dag_run: Any = None) -> str:  # noqa: ANN401
        until = defaults.until(data_interval_end, dag_run)
        return tasks.perform(platform.name, "train", until=until, as_of=params["as_of"], asked=True)

    return train()


def build(platform: Scheduled, /) -> DAG:
    """The DAG of one platform."""
    monthly = defaults.weekly(platform, MONTHLY)
    schedule = AssetOrTimeSchedule(timetable=monthly, assets=[defaults.retraining(platform)])
    with DAG(
        platform.dag_id("train_models"),
        description=f"Searches for better models for {platform.name}",
        doc_md=__doc__,
        params={"as_of": defaults.AS_OF},
        **defaults.arguments(platform, schedule=schedule, at_most=timedelta(hours=24)),
    ) as dag:
        search(platform)
    return dag


DAGS = [build(platform) for platform in scheduled()]
