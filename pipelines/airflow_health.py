"""What the doctor says of Airflow: whether it stands here, its health, DAG files it cannot read, runs that failed."""

import json
import urllib.request
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from lyceum.home import Home
from pipelines.components import note_file, standing_at
from pipelines.finding import Finding
from pipelines.orchestration import USER, password_file

SECONDS = 10  # to wait for an answer
FAILED_DAYS = 7
PARTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")


def findings(home: Home, /, *, now: datetime) -> Iterator[Finding]:
    """Whether `lyceum up` stands for this home, and if so how its Airflow is.

    An Airflow elsewhere that runs these DAGs is looked at by its own tools.
    """
    port = standing_at(home)
    if port is None:
        yield Finding("airflow", True, "not started here by `lyceum up`")
        return
    try:
        health = _asked(f"http://127.0.0.1:{port}/api/v2/monitor/health")
        api = _Api(home, port)
        yield _healthy(health)
        yield _readable(api.get("importErrors"))
        since = (now - timedelta(days=FAILED_DAYS)).isoformat()
        yield _failed(api.get("dags/~/dagRuns", state="failed", run_after_gte=since, order_by="-run_after", limit=5))
    except (OSError, ValueError, KeyError) as error:
        found = f"it does not answer on port {port} ({type(error).__name__})."
        yield Finding("airflow", False, found, f"Read {note_file(home).parent / 'logs' / 'api-server.log'}")


def _healthy(health: dict[str, Any]) -> Finding:
    ill = [name for name in PARTS if health[name]["status"] != "healthy"]
    if not ill:
        return Finding("airflow", True, "database, scheduler, triggerer and DAG processor are well")
    return Finding("airflow", False, f"not well: {', '.join(ill)}.", "Read its log below airflow/logs of the home.")


def _readable(errors: dict[str, Any]) -> Finding:
    files = sorted(error["filename"] for error in errors["import_errors"])
    if not files:
        return Finding("DAG files", True, "all can be read")
    return Finding("DAG files", False, f"cannot be read: {', '.join(files)}.", "Airflow's first page says why.")


def _failed(runs: dict[str, Any]) -> Finding:
    if not runs["total_entries"]:
        return Finding("DAG runs", True, f"none failed in {FAILED_DAYS} days")
    first = runs["dag_runs"][0]
    return Finding(
        "DAG runs",
        False,
        f"{runs['total_entries']} failed in {FAILED_DAYS} days, the newest of {first['dag_id']}.",
        "Read the failed task's log in the UI, mend the cause, clear the task.",
    )


class _Api:
    """Airflow's API, asked as the user whose password lies in the home."""

    def __init__(self, home: Home, port: int, /) -> None:
        self.root = f"http://127.0.0.1:{port}"
        secret = json.loads(password_file(home).read_text(encoding="utf-8"))[USER]
        body = json.dumps({"username": USER, "password": secret}).encode()
        request = urllib.request.Request(f"{self.root}/auth/token", body, {"Content-Type": "application/json"})  # noqa: S310
        self.headers = {"Authorization": f"Bearer {_asked(request)['access_token']}"}

    def get(self, path: str, /, **query: str | int) -> dict[str, Any]:
        """The answer to a GET; OSError if there is none."""
        url = f"{self.root}/api/v2/{path}?{urlencode(query)}"
        return _asked(urllib.request.Request(url, headers=self.headers))  # noqa: S310


def _asked(request: urllib.request.Request | str, /) -> dict[str, Any]:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=SECONDS) as answer:
        found: dict[str, Any] = json.loads(answer.read())
    return found
