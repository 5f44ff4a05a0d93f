"""Compare candidates for every prediction, and let the best take over where the gate agrees.

Runs on the second day of each month at 05:00 in the platform's time zone, about the newest whole week: what
`lyceum train` does. `weekly_insights` trains one candidate every few weeks; the search for a better kind of model is
longer and is done here. What takes over scores from the next week on.
"""

from typing import Any

from airflow.sdk import DAG, task

from dags import defaults
from pipelines import tasks

MONTHLY = "0 5 2 * *"


@task(doc_md="Candidates of each prediction on rolling origins, then the gate against the champion.")
def train(platform: str, params: Any = None, data_interval_end: Any = None, dag_run: Any = None) -> str:  # noqa: ANN401
    """Hand over to the step."""
    until = data_interval_end or dag_run.run_after
    return tasks.perform(platform, "train", until=until, as_of=params["as_of"], asked=True)


def build(platform: tasks.Scheduled, /) -> DAG:
    """The DAG of one platform."""
    with DAG(
        platform.dag_id("train_models"),
        description=f"Searches for better models for {platform.name}",
        doc_md=__doc__,
        params={"as_of": defaults.AS_OF},
        **defaults.arguments(platform, cron=MONTHLY),
    ) as dag:
        train(platform.name)
    return dag


DAGS = [build(platform) for platform in tasks.scheduled()]
