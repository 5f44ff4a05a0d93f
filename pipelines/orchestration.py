"""Airflow for one home: its environment, its runs without a server, its four processes with the UI.

Nothing of Airflow is imported here; it runs in processes of its own, with its files below `<home>/airflow`.
"""

import base64
import json
import os
import runpy
import secrets
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pipelines
from lyceum.errors import LyceumError, UsageError
from lyceum.home import Home, write_atomically
from lyceum.progress import Say
from lyceum.settings import Settings
from pipelines import airflow_db
from pipelines.rehearsal import FAILED

USER = "admin"

SETTINGS: Mapping[str, str] = {
    "CORE__EXECUTOR": "LocalExecutor",
    "CORE__PARALLELISM": "2",
    "CORE__LOAD_EXAMPLES": "False",
    "CORE__DAGBAG_IMPORT_TIMEOUT": "120",
    "CORE__HOSTNAME_CALLABLE": "socket.gethostname",  # the default asks the name server
    "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
    "API__HOST": "127.0.0.1",
    "API__WORKERS": "1",
    "USAGE_DATA_COLLECTION__ENABLED": "False",
    "LOGGING__FILE_TASK_HANDLER_NEW_FOLDER_PERMISSIONS": "0o700",
    "LOGGING__FILE_TASK_HANDLER_NEW_FILE_PERMISSIONS": "0o600",
    # On two busy cores a heartbeat may be late without anything being dead.
    "WORKERS__MAX_FAILED_HEARTBEATS": "20",
    "WORKERS__EXECUTION_API_TIMEOUT": "30",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "900",
    "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "60",  # of a scheduler that was killed; the default is five minutes
    "SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "120",
    "TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "120",
    "DAG_PROCESSOR__HEALTH_CHECK_THRESHOLD": "120",
    "DAG_PROCESSOR__PARSING_PROCESSES": "1",
    "DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": "180",
}


def dags_folder() -> Path:
    """The DAG files that are installed beside this package."""
    return Path(pipelines.__file__).resolve().parent.parent / "dags"


def environment(home: Home, config: Path, /, *, port: int = 8080) -> dict[str, str]:
    """The variables under which Airflow works for `home` with the settings of `config`.

    Airflow's own variables of the calling shell are left out, so that no other Airflow is touched; its records go to
    SQLite in the home or to the PostgreSQL of $LYCEUM_AIRFLOW_DB. Keys and the password of the user are made on first
    use, in files of mode 0600.
    """
    folder = home.airflow
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    url = f"http://127.0.0.1:{port}"
    ours = {
        **SETTINGS,
        "CORE__DAGS_FOLDER": str(dags_folder()),
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(password_file(home)),
        "CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        **airflow_db.settings(folder),
        "API__BASE_URL": url,
        "API__PORT": str(port),
        **_keys(folder / "keys.json"),
    }
    _keep(password_file(home), {USER: secrets.token_urlsafe(12)})
    others = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AIRFLOW") and name != airflow_db.VARIABLE
    }
    direct = ",".join(filter(None, (others.get("NO_PROXY"), others.get("no_proxy"), "127.0.0.1,localhost")))
    return {
        **others,
        **{"NO_PROXY": direct, "no_proxy": direct},  # the components talk to each other
        **{f"AIRFLOW__{name}": value for name, value in ours.items()},
        "AIRFLOW_HOME": str(folder),
        "LYCEUM_CONFIG": str(config.absolute()),
    }


def password_file(home: Home, /) -> Path:
    """Where the password of the UI's user lies, as JSON."""
    return home.airflow / "passwords.json"


def _keys(file: Path) -> dict[str, str]:
    fresh = {
        "CORE__FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "API__SECRET_KEY": secrets.token_urlsafe(32),
        "API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
    }
    return _keep(file, fresh)


def _keep(file: Path, fresh: dict[str, str]) -> dict[str, str]:
    if not file.exists():
        write_atomically(file, json.dumps(fresh) + "\n", mode=0o600)
    held: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return held


@dataclass(frozen=True)
class Run:
    """One run of a DAG. The newest interval that ended by `until` is its data interval."""

    dag_id: str
    until: datetime


def run_dags(env: Mapping[str, str], runs: Sequence[Run], /, *, say: Say) -> None:
    """Run DAGs one after the other by Airflow's task runner, without scheduler or server, in one process.

    One process for all, because importing Airflow and the models costs more than running a week's tasks.
    Raises:
        LyceumError: a task failed; names DAG, task, reason and log. The runs after it were not started.
    """
    log = logs(env) / "runs.log"
    plan = json.dumps([{"dag_id": run.dag_id, "until": run.until.isoformat()} for run in runs])
    reader, writer = os.pipe()
    command = [sys.executable, "-m", "pipelines.rehearsal", str(writer), plan]
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(command, env=dict(env), pass_fds=[writer], stdout=output, stderr=output)
        os.close(writer)
        try:
            failure = _relay(reader, say)
            code = process.wait()
        finally:
            process.kill()
            process.wait()
    if code or failure:
        sentence = failure or f"Airflow ended with exit status {code} before the tasks did."
        raise LyceumError(sentence, remedy=f"Airflow's log of the runs: {log}")


def _relay(reader: int, say: Say) -> str:
    """Pass on the sentences of a rehearsal; the one that tells of a failure."""
    failure = ""
    with os.fdopen(reader, encoding="utf-8") as lines:
        for line in lines:
            if line.startswith(FAILED):
                failure = line.removeprefix(FAILED).strip()
            else:
                say(line.rstrip("\n"))
    return failure


def logs(env: Mapping[str, str], /) -> Path:
    """The folder of Airflow's logs."""
    folder = Path(env["AIRFLOW_HOME"]) / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def shipped_dags(config: str, /) -> dict[str, Any]:
    """lyceum's DAGs by id, for the file that `init` writes into another Airflow's folder."""
    os.environ.setdefault("LYCEUM_CONFIG", config)
    files = sorted(dags_folder().glob("*.py"))
    found = [dag for file in files for dag in runpy.run_path(str(file)).get("DAGS", [])]
    return {dag.dag_id: dag for dag in found}


DAG_FILE = '''"""The DAGs of lyceum for Airflow, for every platform that the settings configure."""
from pipelines.orchestration import shipped_dags
globals().update(shipped_dags({config!r}))
'''


def init(folder: Path, /, *, config: Path | None = None) -> Path:
    """Write a three-line DAG file for an existing Airflow into its DAG folder; the file.

    Raises:
        UsageError: the folder is missing, the file is there already, or the settings configure no platform.
    """
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}.", remedy="Name the DAG folder of your Airflow.")
    file = folder / "lyceum_dags.py"
    if file.exists():
        raise UsageError(f"{file} exists already.", remedy="Remove it first, if it may be replaced.")
    text = DAG_FILE.format(config=str(config_file(config, Path("lyceum.toml"))))
    file.write_text(text, encoding="utf-8")
    return file


def config_file(given: Path | None, fallback: Path, /) -> Path:
    """The settings file that is given, else that $LYCEUM_CONFIG names, else `fallback`, as an absolute path.

    Raises:
        UsageError: it is missing, wrong, or configures no platform, so that there would be no DAG.
    """
    named = os.environ.get("LYCEUM_CONFIG")
    file = (given or (Path(named) if named else fallback)).absolute()
    if not Settings.load(file).platforms:
        raise UsageError(
            f"{file} configures no platform, so there is no DAG.",
            remedy="Add a table [platforms.NAME] with source and home.",
        )
    return file
