"""Airflow's processes: each leads a process group of its own, is written down, and is started again if it dies."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from lyceum.errors import LyceumError
from lyceum.home import Home, write_atomically
from lyceum.progress import Say
from pipelines.orchestration import logs

# No log servers: they listen on all addresses, which no setting changes, and on one machine the API server reads the
# log files themselves.
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "api-server": (),
    "scheduler": ("--skip-serve-logs",),
    "dag-processor": (),
    "triggerer": ("--skip-serve-logs",),
}

SECONDS_TO_STOP = 20
MOST_DEATHS, WITHIN_SECONDS = 3, 600  # of one process, before it is given up


@dataclass
class Component:
    """One of the processes, and when it died before."""

    name: str
    env: Mapping[str, str]
    process: "subprocess.Popen[bytes]" = field(init=False)
    deaths: list[float] = field(default_factory=list)

    @property
    def log(self) -> Path:
        """What it prints, over all its lives."""
        return logs(self.env) / f"{self.name}.log"

    def start(self) -> None:
        """Start it in a process group of its own, so that its children end with it."""
        with self.log.open("a") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "airflow", self.name, *COMMANDS[self.name]],
                env=dict(self.env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def require_life(self) -> None:
        """LyceumError if it has ended."""
        if self.process.poll() is not None:
            raise LyceumError(
                f"Airflow's {self.name} ended with exit status {self.process.returncode}.", remedy=f"Read {self.log}"
            )

    def revive(self, *, say: Say) -> bool:
        """Start it again if it has ended, after ending what is left of it; whether it had.

        Raises:
            LyceumError: it died too often to believe that the next start would help.
        """
        if self.process.poll() is None:
            return False
        _signal(self.process.pid, signal.SIGKILL)
        now = time.monotonic()
        self.deaths = [*(death for death in self.deaths if now - death < WITHIN_SECONDS), now]
        if len(self.deaths) >= MOST_DEATHS:
            raise LyceumError(
                f"Airflow's {self.name} ended {MOST_DEATHS} times within {WITHIN_SECONDS // 60} minutes, "
                f"at last with exit status {self.process.returncode}.",
                remedy=f"Read {self.log}",
            )
        said = f"ended with exit status {self.process.returncode} and is started again"
        say(f"Airflow's {self.name} {said}; its log: {self.log}")
        time.sleep(2 ** (len(self.deaths) - 1))
        self.start()
        return True


@contextmanager
def started(home: Home, env: Mapping[str, str], /) -> Iterator[list[Component]]:
    """All of them, until the block ends."""
    running = [Component(name, env) for name in COMMANDS]
    begun: list[Component] = []
    try:
        for component in running:
            component.log.unlink(missing_ok=True)
            component.start()
            begun.append(component)
        note(home, running)
        yield running
    finally:
        _stop(begun)
        note_file(home).unlink(missing_ok=True)


def note_file(home: Home, /) -> Path:
    """Where the processes and their port are written down while they run."""
    return home.airflow / "up.json"


def note(home: Home, running: list[Component], /) -> None:
    """Write down which processes run and where they answer: a later start ends what a killed one left."""
    processes = {}
    for component in running:
        with suppress(psutil.NoSuchProcess):
            processes[component.name] = [component.process.pid, psutil.Process(component.process.pid).create_time()]
    port = int(running[0].env["AIRFLOW__API__PORT"])
    text = json.dumps({"pid": os.getpid(), "port": port, "processes": processes})
    write_atomically(note_file(home), text + "\n", mode=0o600)


def standing_at(home: Home, /) -> int | None:
    """The port of the Airflow that stands for this home; None if none does."""
    try:
        noted = json.loads(note_file(home).read_text(encoding="utf-8"))
        return int(noted["port"]) if any(_is(pid, born) for pid, born in noted["processes"].values()) else None
    except (OSError, ValueError, KeyError):
        return None


def end_leftovers(home: Home, /) -> int:
    """End the processes that a killed start left running here; how many. Its lock must be held."""
    try:
        noted = json.loads(note_file(home).read_text(encoding="utf-8"))["processes"]
    except (OSError, ValueError, KeyError):
        return 0
    left = [psutil.Process(pid) for pid, born in noted.values() if _is(pid, born)]
    family = [*left, *(child for leader in left for child in leader.children(recursive=True))]
    for leader in left:
        _signal(leader.pid, signal.SIGKILL)
    psutil.wait_procs(family, timeout=SECONDS_TO_STOP)  # until they are gone, their port is taken
    note_file(home).unlink(missing_ok=True)
    return len(left)


def _is(pid: int, born: float) -> bool:
    """Whether the process of that number is the one that was born then: numbers are given again."""
    try:
        return bool(abs(psutil.Process(pid).create_time() - born) < 1)
    except psutil.NoSuchProcess:
        return False


def _stop(running: list[Component]) -> None:
    """Ask every group to end, then make it."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for component in running:
        _signal(component.process.pid, signal.SIGTERM)
    deadline = time.monotonic() + SECONDS_TO_STOP
    for component in running:
        with suppress(subprocess.TimeoutExpired):
            component.process.wait(max(0.0, deadline - time.monotonic()))
        _signal(component.process.pid, signal.SIGKILL)
        component.process.wait()


def _signal(group: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)
