"""Turn the week that ended on Monday 00:00 into tables and a report, and publish them as one release.

**When.** Every Monday at 02:00 in the platform's time zone. The week is the one that ends on the Monday on which the
run's data interval ends, so a backfill of old intervals makes old weeks (`airflow backfill create`); or the one that
the parameter names. It waits for the week's data, until the deadline at most (`data_deadline_hours`: noon).

**What.** `wait_for_data`, then the steps of `lyceum run` one by one: `validate`, `featurise`, `train` in parts,
`score`, `publish`. Then `ask_retraining` asks for `train_models` where a model grew old, and `catch_up` runs weeks
again that were made before the week right before them.

**If it fails.** The last good release stays and is marked stale. Read the sentence at the end of the failed task's
log, mend what it says, and clear that task: it and all after it run again. Any task may be cleared at any time, for a
step replaces what it wrote. A task that finds another run writing to the home says which, waits, and tries again.
"""

from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import DAG, TaskGroup, chain, task
from airflow.sdk.exceptions import AirflowSkipException

from dags import defaults
from pipelines import tasks
from pipelines.scheduled import Scheduled, scheduled
from pipelines.steps import PARTS, TRAIN
from pipelines.week import STEPS

MONDAYS = "0 2 * * 1"
LOOKS_EVERY_SECONDS = 600.0
WAIT = "wait_for_data"

MEANING = {
    WAIT: "Looks every ten minutes whether the week's data are all here, and takes in what was delivered. "
    "**If it fails:** the week has no event at all. Ask who delivers the logs; then clear it.",
    "validate": "Great Expectations judges the canonical tables; a failed check of severity `fail` stops the week. "
    "**If it fails:** the sentence names the checks, `reports/<week>/checks.html` has all. Mend, then clear it.",
    "featurise": "What is known about every user and item before Monday 00:00, and the labels that have come due. "
    "**If it fails:** mostly the disk or the memory; `lyceum doctor` says which. Make room, then clear it.",
    "predictions": "A challenger for each prediction that is due, judged on a later week, kept with its card.",
    "segments": "Segments of people, found anew every twelve weeks; in between they stand still.",
    "behaviours": "Ways of taking part in the community, found anew every twelve weeks.",
    "topics": "Topics of items and of what people write, found anew every twelve weeks.",
    "recommendation": "Which recommender was best on the last four weeks.",
    "score": "Scores, segments, recommendations, community and growth: the tables of the week. "
    "**If it fails:** mostly the disk or the memory; `lyceum doctor` says which. Make room, then clear it.",
    "publish": "Judges snapshots and scores, builds release and report, verifies them, switches `current`. "
    "**If it fails:** nothing was published and the last release stays. Mend what the sentence says, then clear it.",
    "ask_retraining": "Asks for `train_models` where people moved away from what a model learnt, or the gate refused "
    "its challenger; skipped where nothing asks. **If it fails:** the week is published; clear it at leisure.",
    "catch_up": "Runs weeks again that were published before the week right before them, in order. "
    "**If it fails:** its own week is published; mend what the sentence says, then clear it: it goes on.",
}
TRAINING = " **If it fails:** the other parts stand; mend what the sentence says, then clear this one."
HOURS = {"featurise": 4, "predictions": 4, "recommendation": 4, "score": 4}


def wait(platform: Scheduled, /) -> Any:  # noqa: ANN401 - a TaskFlow reference, typed by nobody
    """The task that waits. Between two looks it takes no process, and no triggerer is needed."""
    limit = (platform.patience_hours + 24) * 3600

    @task.sensor(
        task_id=WAIT,
        doc_md=MEANING[WAIT],
        mode="reschedule",
        poke_interval=LOOKS_EVERY_SECONDS,
        timeout=limit,
        execution_timeout=timedelta(hours=1),
    )
    def look(params: Any = None, data_interval_end: datetime | None = None, dag_run: Any = None) -> bool:  # noqa: ANN401
        until = defaults.until(data_interval_end, dag_run)
        return tasks.is_here(platform.name, until=until, as_of=params["as_of"], wait=params["wait"])

    return look()


def step(platform: Scheduled, name: str, /, *, part: str = "") -> Any:  # noqa: ANN401
    """The task of one step, or of a part of one."""
    outlets = [defaults.release(platform)] if name == "publish" else []
    meaning = MEANING[part] + TRAINING if part else MEANING[name]
    limit = timedelta(hours=HOURS.get(part or name, 2))

    @task(task_id=part or name, doc_md=meaning, outlets=outlets, execution_timeout=limit)
    def run(params: Any = None, data_interval_end: datetime | None = None, dag_run: Any = None) -> str:  # noqa: ANN401
        until = defaults.until(data_interval_end, dag_run)
        return tasks.perform(platform.name, name, until=until, as_of=params["as_of"], part=part)

    return run()


def steps(platform: Scheduled, /) -> list[Any]:
    """The tasks of the week's steps in order; training is a group, whose parts run side by side."""
    return [train(platform) if name == TRAIN else step(platform, name) for name in STEPS]


def train(platform: Scheduled, /) -> TaskGroup:
    """The parts of training."""
    with TaskGroup(TRAIN, tooltip="Each model that is due, side by side") as group:
        for part in PARTS:
            step(platform, TRAIN, part=part)
    return group


def ask(platform: Scheduled, /) -> Any:  # noqa: ANN401
    """The task that asks for better models."""

    @task(doc_md=MEANING["ask_retraining"], outlets=[defaults.retraining(platform)])
    def ask_retraining(
        params: Any = None,  # noqa: ANN401
        data_interval_end: datetime | None = None,
        dag_run: Any = None,  # noqa: ANN401
    ) -> list[str]:
        until = defaults.until(data_interval_end, dag_run)
        if asked := tasks.ask_retraining(platform.name, until=until, as_of=params["as_of"]):
            return asked
        raise AirflowSkipException("No model asks to be trained anew.")

    return ask_retraining()


def mend(platform: Scheduled, /) -> Any:  # noqa: ANN401
    """The task that runs weeks again; of several runs that are under way the last one does."""

    @task(doc_md=MEANING["catch_up"], execution_timeout=timedelta(hours=12), retries=1)
    def catch_up(ti: Any = None, dag: Any = None, run_id: Any = None) -> list[str]:  # noqa: ANN401
        states = ti.get_task_states(dag_id=dag.dag_id, task_ids=["publish"])
        return tasks.catch_up(platform.name, states=states, run_id=run_id)

    return catch_up()


def build(platform: Scheduled, /) -> DAG:
    """The DAG of one platform."""
    at_most = timedelta(hours=platform.patience_hours + 24)
    with DAG(
        platform.dag_id("weekly_insights"),
        description=f"The week's tables and report of {platform.name}",
        doc_md=__doc__,
        params={"as_of": defaults.AS_OF, "wait": defaults.WAIT},
        **defaults.arguments(platform, schedule=defaults.weekly(platform, MONDAYS), at_most=at_most, blocks=True),
    ) as dag:
        chain(wait(platform), *steps(platform), [ask(platform), mend(platform)])
    return dag


DAGS = [build(platform) for platform in scheduled()]
