"""What all DAGs have in common, so that a DAG file is a schedule, an order and a table of contents.

There are no pools: one that is named by a task and was made in no database leaves the task waiting without an error,
and a platform is added by settings alone. One run of a DAG at a time and the lock of the home keep one writer.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pendulum
from airflow.sdk import Asset, CronDataIntervalTimetable, Param

from pipelines import alerting
from pipelines.scheduled import Scheduled

AS_OF = Param(
    None,
    type=["null", "string"],
    format="date",
    title="Week",
    description="The Monday that ends the week, as YYYY-MM-DD. Empty: the newest at the end of the run's interval.",
)
WAIT = Param(
    True,
    type="boolean",
    title="Wait for the data",
    description="Wait until the week's data are all here, at most until the deadline. Off: take what is there.",
)
REQUEST = Param(
    type="string",
    pattern="^[0-9a-f]{16}$",
    title="Request",
    description="The id that `lyceum forget --later` printed: 16 hexadecimal digits. Never the id of a person.",
)

# 2 = each pause is twice the last, within which Airflow spreads the tries of different tasks; True would be 1: none.
RETRIES: dict[str, Any] = {
    "retries": 3,
    "retry_delay": timedelta(minutes=1),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=30),
}


def release(platform: Scheduled, /) -> Asset:
    """That a week was published."""
    return Asset(f"lyceum://{platform.name}/release")


def lake(platform: Scheduled, /) -> Asset:
    """That something was taken in."""
    return Asset(f"lyceum://{platform.name}/lake")


def retraining(platform: Scheduled, /) -> Asset:
    """That a week asks for better models."""
    return Asset(f"lyceum://{platform.name}/retraining")


def weekly(platform: Scheduled, cron: str, /) -> CronDataIntervalTimetable:
    """Runs with an interval, from which the week is read; bare cron strings give runs without one."""
    return CronDataIntervalTimetable(cron, timezone=platform.timezone)


def arguments(
    platform: Scheduled,
    /,
    *,
    schedule: Any,  # noqa: ANN401 - what Airflow takes: a timetable, assets or None
    at_most: timedelta,
    blocks: bool = False,
) -> dict[str, Any]:
    """The arguments that every DAG of a platform shares.

    The start lies far back, so that any week of old logs can be backfilled; nothing is caught up on its own. One run
    at a time, which may take `at_most` so long, because a home has one writer. Where a failed task `blocks`, the week
    counts as blocked until it is published.
    """
    return {
        "schedule": schedule,
        "start_date": pendulum.datetime(2000, 1, 3, tz=platform.timezone),
        "catchup": False,
        "max_active_runs": 1,
        "dagrun_timeout": at_most,
        "default_args": {
            "owner": "lyceum",
            **RETRIES,
            "execution_timeout": timedelta(hours=2),
            "on_failure_callback": partial(alerting.task_failed, platform=platform, blocks=blocks),
        },
        "on_failure_callback": partial(alerting.run_failed, platform=platform),
        "tags": ["lyceum", platform.name],
    }


def until(data_interval_end: datetime | None, dag_run: Any, /) -> datetime:  # noqa: ANN401 - given by Airflow
    """The moment by which the week had ended: a run without an interval is about the moment it was asked for."""
    return data_interval_end or dag_run.run_after
