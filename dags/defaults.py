"""What all DAGs have in common, so that a DAG file is a schedule, an order and a table of contents."""

from datetime import timedelta
from typing import Any

import pendulum
from airflow.sdk import CronDataIntervalTimetable, Param

from pipelines.tasks import Scheduled

AS_OF = Param(
    None,
    type=["null", "string"],
    format="date",
    title="Week",
    description="The Monday that ends the week, as YYYY-MM-DD. Empty: the newest at the end of the run's interval.",
)

TASKS: dict[str, Any] = {
    "owner": "lyceum",
    "retries": 2,
    "retry_delay": timedelta(minutes=5),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=30),
    "execution_timeout": timedelta(hours=2),
}


def arguments(platform: Scheduled, /, *, cron: str) -> dict[str, Any]:
    """The arguments that every DAG of a platform shares.

    Bare cron strings give runs without an interval, from which no week could be read. The start lies far back, so
    that any week of old logs can be backfilled; nothing is caught up on its own. One run at a time, because a home
    has one writer.
    """
    return {
        "schedule": CronDataIntervalTimetable(cron, timezone=platform.timezone),
        "start_date": pendulum.datetime(2000, 1, 3, tz=platform.timezone),
        "catchup": False,
        "max_active_runs": 1,
        "default_args": TASKS,
        "tags": ["lyceum", platform.name],
    }
