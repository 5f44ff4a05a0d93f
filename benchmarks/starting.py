"""How long somebody waits for what every command and every DAG file begins with."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 5
PARSED = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
assert bag.dags and not bag.import_errors, bag.import_errors
print(json.dumps([stat.duration.total_seconds() for stat in bag.dagbag_stats]))
"""


def help_seconds() -> float:
    """The wait for `lyceum --help`: the least of some runs, as what disturbs a run only makes it longer."""
    command = [str(Path(sys.executable).with_name("lyceum")), "--help"]
    waits = []
    for _ in range(RUNS):
        begin = time.monotonic()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        waits.append(time.monotonic() - begin)
    return round(min(waits), 3)


def dag_seconds() -> float:
    """The wait for the slower of the DAG files in a process that has loaded Airflow; the least of some runs."""
    from lyceum.home import Home
    from pipelines.orchestration import dags_folder, environment

    with tempfile.TemporaryDirectory(prefix="lyceum-dags-") as folder:
        config = Path(folder) / "lyceum.toml"
        config.write_text('[platforms.demo]\nsource = "demo"\nhome = "home"\n', encoding="utf-8")
        env = environment(Home(Path(folder) / "home"), config) | {"AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR"}
        command = [sys.executable, "-W", "ignore", "-c", PARSED, str(dags_folder())]
        runs = [subprocess.run(command, env=env, capture_output=True, text=True, check=True) for _ in range(RUNS - 2)]
    return min(round(max(map(float, json.loads(run.stdout.splitlines()[-1]))), 3) for run in runs)
