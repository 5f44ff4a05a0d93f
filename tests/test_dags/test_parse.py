"""The DAG files as Airflow reads them. Airflow is imported in a process of its own, with warnings of its own."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from lyceum.home import Home
from pipelines.demo import plan
from pipelines.orchestration import dags_folder, environment, init
from pipelines.week import STEPS

DAGS = ("ingest_events", "maintain_lake", "train_models", "weekly_insights")
HEAVY = ("duckdb", "pandas", "pyarrow", "numpy", "sklearn", "great_expectations", "xgboost", "ibis", "deltalake")

READ = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.encoders import coerce_to_core_timetable
from pendulum import parse
from pipelines.tasks import week_ending

folder, heavy, moments = json.loads(sys.argv[1])
bag = DagBag(folder)

def weeks(dag):
    timetable = coerce_to_core_timetable(dag.timetable)
    intervals = [timetable.infer_manual_data_interval(run_after=parse(moment)) for moment in moments]
    return [
        [(interval.end - interval.start).days, str(week_ending(interval.end, timezone="Asia/Shanghai"))]
        for interval in intervals
    ]

def facts(dag):
    return {
        "doc": dag.doc_md, "description": dag.description, "tags": sorted(dag.tags), "catchup": dag.catchup,
        "runs": dag.max_active_runs, "params": dag.params.dump(), "file": dag.fileloc, "weeks": weeks(dag),
        "zone": str(dag.timezone), "order": [task.task_id for task in dag.topological_sort()],
        "help": {name: param.description for name, param in dag.params.items()},
        "edges": sum(len(task.downstream_task_ids) for task in dag.tasks),
        "tasks": {
            task.task_id: {
                "owner": task.owner, "retries": task.retries, "doc": task.doc_md,
                "backoff": bool(task.retry_exponential_backoff),
                "minutes": task.execution_timeout.total_seconds() / 60,
                "outlets": [asset.uri for asset in task.outlets],
            }
            for task in dag.tasks
        },
    }

dags = {dag_id: facts(dag) for dag_id, dag in bag.dags.items()}
print(json.dumps([bag.import_errors, dags, [name for name in heavy if name in sys.modules]]))
"""


def read(home, folder, config, moments=()):
    env = environment(home, config) | {"AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR"}
    argument = json.dumps([str(folder), HEAVY, list(moments)])
    found = subprocess.run(
        [sys.executable, "-c", READ, argument], env=env, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr[-2000:]
    return json.loads(found.stdout.splitlines()[-1])


def write_config(folder: Path, *names: str) -> Path:
    file = folder / "lyceum.toml"
    file.write_text("".join(f'[platforms.{name}]\nsource = "demo"\nhome = "{name}"\n' for name in names))
    return file


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    moments = [run.until.isoformat() for run in plan(date(2026, 7, 6), count=2)[::2]]
    return read(Home(folder / "home"), dags_folder(), write_config(folder, "demo"), moments)


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    """Two platforms, by way of the file that an existing Airflow gets."""
    folder = tmp_path_factory.mktemp("several")
    config = write_config(folder, "east", "west")
    (folder / "dags").mkdir()
    file = init(folder / "dags", config=config)
    return file, read(Home(folder / "home"), folder / "dags", config)


def test_the_files_are_read_without_errors_and_without_heavy_libraries(alone):
    errors, dags, heavy = alone
    assert errors == {}
    assert sorted(dags) == sorted(DAGS)
    assert heavy == []


def test_every_dag_says_what_it_does_and_runs_one_at_a_time(alone):
    for dag in alone[1].values():
        assert len(dag["doc"]) > 100
        assert "demo" in dag["description"]
        assert dag["tags"] == ["demo", "lyceum"]
        assert (dag["catchup"], dag["runs"]) == (False, 1)
        assert dag["zone"] == "Asia/Shanghai"


def test_every_task_has_owner_retries_timeout_and_meaning(alone):
    for dag in alone[1].values():
        for task in dag["tasks"].values():
            assert (task["owner"], task["retries"], task["backoff"]) == ("lyceum", 2, True)
            assert 0 < task["minutes"] <= 240
            assert task["doc"]


def test_the_tasks_of_a_week_are_its_steps_in_order(alone):
    weekly = alone[1]["weekly_insights"]
    assert weekly["order"] == list(STEPS)
    assert weekly["edges"] == len(STEPS) - 1
    outlets = {name: task["outlets"] for name, task in weekly["tasks"].items() if task["outlets"]}
    assert outlets == {"publish": ["lyceum://demo/release"]}


def test_the_week_can_be_named_and_explains_itself(alone):
    for name in ("weekly_insights", "train_models"):
        assert alone[1][name]["params"] == {"as_of": None}
        assert "YYYY-MM-DD" in alone[1][name]["help"]["as_of"]


def test_the_runs_of_the_demo_fall_into_the_intervals_of_their_weeks(alone):
    _, dags, _ = alone
    assert dags["weekly_insights"]["weeks"] == [[7, "2026-06-29"], [7, "2026-07-06"]]
    assert [days for days, _ in dags["ingest_events"]["weeks"]] == [1, 1]


def test_several_platforms_in_an_existing_airflow_have_dags_of_their_own_name(several):
    file, (errors, dags, heavy) = several
    assert errors == {}
    assert sorted(dags) == [f"{what}__{name}" for what in sorted(DAGS) for name in ("east", "west")]
    assert heavy == []
    assert {dag["file"] for dag in dags.values()} == {str(file)}
    publish = dags["weekly_insights__west"]["tasks"]["publish"]
    assert publish["outlets"] == ["lyceum://west/release"]
