"""Turn the week that ended on Monday 00:00 into tables and a report, and publish them as one release.

Runs every Monday at 02:00 in the platform's time zone. The week is the one that ends on the Monday on which the run's
data interval ends, so a backfill of old intervals makes old weeks. Any task may be cleared and run again: a step
replaces what it wrote. While another run writes to the same home, a task waits for its next try.
"""

from typing import Any

from airflow.sdk import DAG, Asset, chain, task

from dags import defaults
from pipelines import tasks
from pipelines.week import STEPS

MONDAYS = "0 2 * * 1"

MEANING = {
    "validate": "Great Expectations judges the canonical tables; a failed check of severity `fail` stops the week.",
    "featurise": "What is known about every user and item before Monday 00:00, and the labels that have come due.",
    "train": "Train a challenger for each prediction that is due, judge it on a later week, keep it with its card.",
    "score": "Scores, segments, recommendations, community and growth: the tables of the week.",
    "publish": "Judge snapshots and scores, build the release and its report, verify it, and switch `current` to it.",
}


def step(platform: tasks.Scheduled, name: str, /) -> Any:  # noqa: ANN401 - a TaskFlow reference, typed by nobody
    """The task of one step."""
    release = Asset(f"lyceum://{platform.name}/release")

    @task(task_id=name, doc_md=MEANING[name], outlets=[release] if name == "publish" else [])
    def run(name: str, params: Any = None, data_interval_end: Any = None, dag_run: Any = None) -> str:  # noqa: ANN401
        until = data_interval_end or dag_run.run_after
        return tasks.perform(platform.name, name, until=until, as_of=params["as_of"])

    return run(name)


def build(platform: tasks.Scheduled, /) -> DAG:
    """The DAG of one platform."""
    with DAG(
        platform.dag_id("weekly_insights"),
        description=f"The week's tables and report of {platform.name}",
        doc_md=__doc__,
        params={"as_of": defaults.AS_OF},
        **defaults.arguments(platform, cron=MONDAYS),
    ) as dag:
        chain(*(step(platform, name) for name in STEPS))
    return dag


DAGS = [build(platform) for platform in tasks.scheduled()]
