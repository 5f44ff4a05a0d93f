"""The DAG files as Airflow reads them. Airflow is imported in a process of its own, with warnings of its own."""

import json
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from lyceum.home import Home
from pipelines.demo import plan
from pipelines.orchestration import dags_folder, environment, init
from pipelines.steps import ASIDE, PARTS
from pipelines.week import STEPS

DAGS = ("forget_users", "ingest_events", "maintain_lake", "measure_outcomes", "train_models", "weekly_insights")
HEAVY = ("duckdb", "pandas", "pyarrow", "numpy", "sklearn", "great_expectations", "xgboost", "ibis", "deltalake")
TRAINING = [f"train.{part}" for part in PARTS]

READ = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.encoders import coerce_to_core_timetable
from airflow.serialization.serialized_objects import DagSerialization
from pendulum import parse
from pipelines.scheduled import week_ending

folder, heavy, moments = json.loads(sys.argv[1])
bag = DagBag(folder)

def weeks(dag):
    if not dag.timetable.can_be_scheduled:
        return []
    timetable = coerce_to_core_timetable(dag.timetable)
    intervals = [timetable.infer_manual_data_interval(run_after=parse(moment)) for moment in moments]
    return [
        [(interval.end - interval.start).days, str(week_ending(interval.end, timezone="Asia/Shanghai"))]
        for interval in intervals
    ]

def assets(dag):
    condition = getattr(dag.timetable, "asset_condition", None)
    return [asset.uri for asset in condition.objects] if condition else []

def facts(dag):
    assert DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag)).task_ids
    return {
        "doc": dag.doc_md, "description": dag.description, "tags": sorted(dag.tags), "catchup": dag.catchup,
        "runs": dag.max_active_runs, "params": dag.params.dump() if dag.dag_id[:6] != "forget" else {},
        "file": dag.fileloc, "weeks": weeks(dag), "told": bool(dag.on_failure_callback),
        "hours": dag.dagrun_timeout.total_seconds() / 3600,
        "zone": str(dag.timezone), "order": [task.task_id for task in dag.topological_sort()],
        "schemas": {name: {**param.schema, "help": param.description} for name, param in dag.params.items()},
        "waits": {task.task_id: sorted(task.upstream_task_ids) for task in dag.tasks},
        "groups": sorted(name for name in dag.task_group_dict if name),
        "assets": assets(dag),
        "tasks": {
            task.task_id: {
                "owner": task.owner, "retries": task.retries, "doc": task.doc_md, "pool": task.pool,
                "backoff": task.retry_exponential_backoff, "told": bool(task.on_failure_callback),
                "longest": task.max_retry_delay.total_seconds() / 60,
                "minutes": task.execution_timeout.total_seconds() / 60,
                "outlets": [asset.uri for asset in task.outlets],
                "mode": getattr(task, "mode", ""),
            }
            for task in dag.tasks
        },
    }

dags = {dag_id: facts(dag) for dag_id, dag in bag.dags.items()}
read = {stat.file.rpartition("/")[2]: stat.duration.total_seconds() for stat in bag.dagbag_stats}
print(json.dumps([bag.import_errors, dags, [name for name in heavy if name in sys.modules], read]))
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


@pytest.fixture(params=DAGS)
def dag(request, alone):
    return alone[1][request.param]


def test_the_files_are_read_without_errors_without_heavy_libraries_and_their_time_printed(alone, capsys):
    errors, dags, heavy, seconds = alone
    assert errors == {}
    assert sorted(dags) == list(DAGS)
    assert heavy == []
    with capsys.disabled():
        print("\nread in", ", ".join(f"{file} {took:.2f} s" for file, took in sorted(seconds.items())))


def test_every_dag_says_what_when_and_what_to_do_if_it_fails(dag):
    assert len(dag["doc"]) > 100
    for heading in ("**When.**", "**What.**", "**If it fails.**"):
        assert heading in dag["doc"]
    assert "demo" in dag["description"]
    assert dag["tags"] == ["demo", "lyceum"]


def test_every_dag_runs_one_at_a_time_not_for_ever_and_tells_if_it_cannot_go_on(dag):
    assert (dag["catchup"], dag["runs"], dag["told"]) == (False, 1, True)
    assert 1 <= dag["hours"] <= 24 * 8
    assert dag["zone"] == "Asia/Shanghai"


def test_every_task_has_owner_retries_that_back_off_a_limit_and_a_runbook_line(dag):
    for task in dag["tasks"].values():
        assert task["owner"] == "lyceum"
        assert 1 <= task["retries"] <= 3
        assert task["backoff"] > 1  # True would be 1, which is none
        assert task["longest"] == 30
        assert 0 < task["minutes"] <= 60 * dag["hours"]
        assert "**If it fails:**" in task["doc"]
        assert task["told"]


def test_no_task_names_a_pool_that_somebody_would_have_to_make(dag):
    assert {task["pool"] for task in dag["tasks"].values()} == {"default_pool"}


def test_the_tasks_of_a_week_are_its_steps_in_order(alone):
    weekly = alone[1]["weekly_insights"]
    before, after = list(STEPS)[: list(STEPS).index("train")], list(STEPS)[list(STEPS).index("train") + 1 :]
    assert weekly["order"][0] == "wait_for_data"
    assert [name for name in weekly["order"] if name in STEPS] == [*before, *after]
    assert weekly["groups"] == ["train"]
    assert sorted(name for name in weekly["order"] if name.startswith("train.")) == sorted(TRAINING)
    others = set(weekly["order"]) - {*before, *after, *TRAINING}
    assert others == {"wait_for_data", "ask_retraining", "catch_up"}


def test_the_parts_of_training_wait_for_nothing_but_the_snapshots_and_scoring_for_all_of_them(alone):
    waits = alone[1]["weekly_insights"]["waits"]
    assert {tuple(waits[name]) for name in TRAINING} == {("featurise",)}
    assert waits["score"] == sorted(TRAINING)
    assert waits["ask_retraining"] == waits["catch_up"] == ["publish"]


def test_what_waits_takes_no_process_between_two_looks(alone):
    assert alone[1]["weekly_insights"]["tasks"]["wait_for_data"]["mode"] == "reschedule"


def test_the_other_dags_are_one_step_each(alone):
    found = {name: dag["order"] for name, dag in alone[1].items() if name != "weekly_insights"}
    assert found["measure_outcomes"] == list(ASIDE)
    assert found["train_models"] == ["train"]
    assert {len(order) for order in found.values()} == {1}


def test_assets_say_what_was_published_and_who_is_waited_for(alone):
    dags = alone[1]
    outlets = {uri: task for dag in dags.values() for task, facts in dag["tasks"].items() for uri in facts["outlets"]}
    assert outlets == {
        "lyceum://demo/release": "publish",
        "lyceum://demo/lake": "ingest",
        "lyceum://demo/retraining": "ask_retraining",
    }
    assert dags["train_models"]["assets"] == ["lyceum://demo/retraining"]
    assert [dag["assets"] for name, dag in dags.items() if name != "train_models"] == [[]] * (len(DAGS) - 1)


def test_every_parameter_has_a_type_and_explains_itself(alone):
    schemas = {name: dag["schemas"] for name, dag in alone[1].items()}
    for schema in (each for found in schemas.values() for each in found.values()):
        assert {"type", "title"} <= set(schema)
        assert len(schema["help"]) > 40
    assert set(schemas["weekly_insights"]) == {"as_of", "wait"}
    for name in ("train_models", "measure_outcomes"):
        assert alone[1][name]["params"] == {"as_of": None}


def test_people_are_forgotten_by_the_id_of_a_request_and_never_by_their_own(alone):
    pattern = re.compile(alone[1]["forget_users"]["schemas"]["request_id"]["pattern"])
    assert pattern.search("0123456789abcdef")
    for wrong in ("", "u1", "someone@example.org", "13800138000", "0123456789ABCDEF", "0123456789abcdef0"):
        assert not pattern.search(wrong)


def test_the_runs_of_the_demo_fall_into_the_intervals_of_their_weeks(alone):
    _, dags, _, _ = alone
    assert dags["weekly_insights"]["weeks"] == [[7, "2026-06-29"], [7, "2026-07-06"]]
    assert [days for days, _ in dags["ingest_events"]["weeks"]] == [1, 1]


def test_several_platforms_in_an_existing_airflow_share_no_id_and_no_asset(several):
    file, (errors, dags, heavy, _) = several
    assert errors == {}
    assert sorted(dags) == sorted(f"{what}__{name}" for what in DAGS for name in ("east", "west"))
    assert heavy == []
    assert {dag["file"] for dag in dags.values()} == {str(file)}
    of = {
        name: {
            uri
            for dag_id, dag in dags.items()
            if dag_id.endswith(f"__{name}")
            for uri in (*dag["assets"], *(uri for task in dag["tasks"].values() for uri in task["outlets"]))
        }
        for name in ("east", "west")
    }
    assert of["east"] == {f"lyceum://east/{what}" for what in ("release", "lake", "retraining")}
    assert of["west"] == {uri.replace("east", "west") for uri in of["east"]}
