"""The process in which DAGs run one after the other without scheduler or server: `python -m pipelines.rehearsal`.

Arguments: a file descriptor to which sentences about progress are written, and the runs as JSON. Exit status 1 if a
task failed. Airflow's own output goes where the caller sends it.
"""

import json
import logging
import os
import sys
from datetime import datetime
from typing import Any

FAILED = "failed: "  # begins the line that says why the process ends with status 1


class Teller(logging.Handler):
    """Passes on what the steps say, and remembers why the last one failed."""

    cause = ""

    def __init__(self, descriptor: int) -> None:
        super().__init__(logging.INFO)
        self.stream = os.fdopen(descriptor, "w", buffering=1, encoding="utf-8")

    def emit(self, record: logging.LogRecord) -> None:
        """Write the sentence of a record as a line; keep an error for the closing sentence."""
        if record.levelno >= logging.ERROR:
            self.cause = record.getMessage()
        else:
            self.say(record.getMessage())

    def say(self, sentence: str, /) -> None:
        """Write a line."""
        print(" ".join(sentence.split()), file=self.stream)


def main() -> int:
    """Migrate the metadata, then run the DAGs in order."""
    from airflow.dag_processing.dagbag import DagBag
    from airflow.utils import db

    teller = Teller(int(sys.argv[1]))
    logger = logging.getLogger("lyceum")
    logger.addHandler(teller)
    logger.setLevel(logging.INFO)
    db.initdb()
    bag = DagBag()
    for error in bag.import_errors.values():
        teller.say(f"{FAILED}A DAG file cannot be read: {error.strip().splitlines()[-1]}")
        return 1
    return 0 if all(perform(bag.dags[run["dag_id"]], run["until"], teller) for run in json.loads(sys.argv[2])) else 1


def perform(dag: Any, until: str, teller: Teller, /) -> bool:  # noqa: ANN401 - Airflow is imported late
    """Run one DAG; whether it succeeded. Nothing is retried or waited for, because somebody is waiting."""
    for task in dag.tasks:
        task.retries = 0
    conf = {"wait": False} if "wait" in dag.params else None
    run = dag.test(logical_date=datetime.fromisoformat(until), run_conf=conf)
    failed = [instance.task_id for instance in run.get_task_instances() if instance.state == "failed"]
    if run.state != "success":
        teller.say(f"{FAILED}{dag.dag_id}, task {', '.join(failed) or 'none'}, failed under Airflow. {teller.cause}")
    return bool(run.state == "success")


if __name__ == "__main__":
    sys.exit(main())
