"""A client of Airflow's REST API as anybody would write one, the process behind it, and faults that are asked for."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from lyceum.home import Home

ENDED = ("success", "failed")

injected: list[str] = []  # a line for each fault
survived: list[str] = []  # those of them after which everything was as it should be


class Faults:
    """Counts faults, and asks processes that others start to die or to wait at a point (see lyceum.faults)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def inject(self, what: str) -> None:
        injected.append(what)

    def survive(self, *whats: str) -> None:
        """All that was injected and not yet survived, or `whats`."""
        survived.extend(whats or [each for each in injected if each not in survived])

    def ask(self, point: str, what: str) -> None:
        """The next process at `point` does `what`: kill or hold."""
        (self.folder / point).write_text(what)

    def held(self, point: str, *, within: float = 300) -> int:
        """The number of the process that is held up at `point`, once there is one."""
        file = self.folder / f"{point}.held"
        return int(until(lambda: file.exists() and file.read_text(), within=within, what=f"a process at {point}"))

    def let_go(self, point: str) -> None:
        (self.folder / f"{point}.held").unlink()


def until(asked: Callable[[], Any], *, within: float, what: str) -> Any:
    """What `asked` answers, once it answers."""
    deadline = time.monotonic() + within
    while not (answer := asked()):
        assert time.monotonic() < deadline, f"{what}: not within {within:.0f} s"
        time.sleep(0.5)
    return answer


@dataclass
class Airflow:
    """One `lyceum up`, and its REST API as a client sees it."""

    home: Home
    env: dict[str, str]
    port: int
    process: "subprocess.Popen[str] | None" = None
    token: str = ""

    def up(self) -> None:
        """Start it, and wait until it answers."""
        command = [sys.executable, "-m", "pipelines.cli", "up", "--home", str(self.home.root)]
        command += ["--config", str(self.home.root / "lyceum.toml"), "--port", str(self.port)]
        said = self.home.root / "up.log"
        before = said.stat().st_size if said.exists() else 0
        with said.open("a") as log:
            self.process = subprocess.Popen(command, env=self.env, stdout=log, stderr=log, text=True)

        def ready() -> bool:
            """Whether this one says so: what a killed one left would answer as well."""
            assert self.process
            assert self.process.poll() is None, said.read_text()
            return "Airflow: http" in said.read_text()[before:] and self._answers()

        until(ready, within=300, what="an answer of Airflow's API")

    def down(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)

    def _answers(self) -> bool:
        try:
            password = json.loads((self.home.airflow / "passwords.json").read_text())["admin"]
            with httpx.Client(trust_env=False, timeout=10) as client:
                answer = client.post(
                    f"http://127.0.0.1:{self.port}/auth/token", json={"username": "admin", "password": password}
                )
            self.token = answer.json()["access_token"]
        except (OSError, httpx.HTTPError, KeyError, ValueError):
            return False
        return True

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """What the API answers; again where it is starting or busy."""
        url, head = f"http://127.0.0.1:{self.port}/api/v2/{path}", {"Authorization": f"Bearer {self.token}"}
        for _ in range(20):
            try:
                with httpx.Client(trust_env=False, timeout=60) as client:
                    answer = client.request(method, url, json=body, params=query, headers=head)
                if answer.status_code < 500:
                    break
            except httpx.HTTPError:
                pass
            time.sleep(1)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    def unpause(self, dag: str) -> None:
        """Let it run, once Airflow has read its file."""
        known = lambda: any(each["dag_id"] == dag for each in self.call("GET", "dags", limit=100)["dags"])  # noqa: E731
        until(known, within=180, what=f"DAG {dag}")
        self.call("PATCH", f"dags/{dag}", {"is_paused": False})

    def conf(self, dag: str, **chosen: object) -> dict[str, object]:
        """Those of `chosen` that the DAG takes as params."""
        params = self.call("GET", f"dags/{dag}/details")["params"] or {}
        return {name: value for name, value in chosen.items() if name in params}

    def no_schedule(self, dag: str) -> None:
        """End runs that the schedule begins: of the week that is over today, of which no delivery tells."""
        for run, facts in self.runs(dag).items():
            if facts["run_type"] == "scheduled" and facts["state"] not in ENDED:
                self.call("PATCH", f"dags/{dag}/dagRuns/{run}", {"state": "failed"})

    def trigger(self, dag: str, **chosen: object) -> str:
        """A run by hand; its id."""
        body = {"logical_date": None, "conf": self.conf(dag, **chosen)}
        return str(self.call("POST", f"dags/{dag}/dagRuns", body)["dag_run_id"])

    def tasks(self, dag: str, run: str) -> dict[str, str | None]:
        """The state of each task of a run."""
        found = self.call("GET", f"dags/{dag}/dagRuns/{run}/taskInstances", limit=100)["task_instances"]
        return {each["task_id"]: each["state"] for each in found}

    def runs(self, dag: str) -> dict[str, dict[str, Any]]:
        """The runs of a DAG by id."""
        return {each["dag_run_id"]: each for each in self.call("GET", f"dags/{dag}/dagRuns", limit=100)["dag_runs"]}

    def ended(self, dag: str, run: str, *, within: float = 900) -> str:
        """The state in which a run ended."""
        state = lambda: self.call("GET", f"dags/{dag}/dagRuns/{run}")["state"]  # noqa: E731
        return str(
            until(
                lambda: self.no_schedule(dag) or ((now := state()) in ENDED and now),
                within=within,
                what=f"end of {run}",
            )
        )

    def reached(self, dag: str, run: str, task: str, *states: str, within: float = 300) -> str:
        """The state of a task, once it is one of `states`."""
        now = lambda: (state := self.tasks(dag, run).get(task)) in states and state  # noqa: E731
        return str(until(now, within=within, what=f"{task} of {run} {' or '.join(states)}"))

    def failed_once(self, dag: str, run: str, *, within: float = 600) -> list[str]:
        """The tasks of a run whose first try failed, once there are some and no other runs."""

        def struck() -> list[str]:
            states = self.tasks(dag, run)
            busy = {"running", "queued", "scheduled", "restarting"} & set(states.values())
            return [] if busy else [name for name, state in states.items() if state in ("up_for_retry", "failed")]

        return list(until(lambda: self.no_schedule(dag) or struck(), within=within, what=f"a failure in {run}"))

    def ended_or_struck(self, dag: str, run: str, *, within: float = 600) -> str:
        """The state in which a run ended, or up_for_retry if a task of it waits for its next try."""

        def now() -> str:
            state = self.call("GET", f"dags/{dag}/dagRuns/{run}")["state"]
            waits = "up_for_retry" in self.tasks(dag, run).values()
            return state if state in ENDED else "up_for_retry" if waits else ""

        return str(until(now, within=within, what=f"end of {run}"))

    def clear(self, dag: str, run: str, *tasks: str, downstream: bool = False) -> None:
        """Have tasks of a run done again."""
        body = {"dry_run": False, "only_failed": False, "dag_run_id": run, "task_ids": list(tasks)}
        self.call("POST", f"dags/{dag}/clearTaskInstances", {**body, "include_downstream": downstream})

    def hurry(self, dag: str) -> None:
        """Have tasks that wait for their next try done now, as a person does who has no ten minutes."""
        for run, facts in self.runs(dag).items():
            if facts["state"] == "running":
                waiting = [name for name, state in self.tasks(dag, run).items() if state == "up_for_retry"]
                if waiting:
                    self.clear(dag, run, *waiting)

    def give_up(self, dag: str, run: str, task: str) -> None:
        """Mark a task as failed, as a person does who sees that its process is gone."""
        self.call("PATCH", f"dags/{dag}/dagRuns/{run}/taskInstances/{task}", {"new_state": "failed"})

    def scheduler(self) -> psutil.Process:
        """The process of the scheduler."""
        assert self.process
        children = psutil.Process(self.process.pid).children()
        return next(each for each in children if any("scheduler" in part for part in each.cmdline()))
