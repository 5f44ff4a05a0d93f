"""Airflow standing: its four processes for one home, with the UI on this machine only, until somebody ends them.

`airflow standalone` is not used: it opens two log servers to the network, which no setting binds to loopback. On one
machine nobody needs them, because the API server reads the log files themselves.
"""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Never

from lyceum.errors import LyceumError, UsageError
from lyceum.home import Home
from lyceum.progress import Say
from pipelines.orchestration import USER, config_file, environment, logs, password_file

COMPONENTS: Mapping[str, tuple[str, ...]] = {
    "api-server": (),
    "scheduler": ("--skip-serve-logs",),
    "dag-processor": (),
    "triggerer": ("--skip-serve-logs",),
}

SECONDS_TO_START = 180
SECONDS_TO_STOP = 20

Running = Mapping[str, "subprocess.Popen[bytes]"]


def up(home: Home, /, *, config: Path | None = None, port: int = 8080, say: Say) -> None:
    """Start Airflow for the platforms of `config` and stay until Ctrl-C or SIGTERM; then stop all of it.

    Without `config`, the settings are those of $LYCEUM_CONFIG, else of lyceum.toml in the home. Airflow's files and
    logs lie below `<home>/airflow`. The DAGs start paused.
    Raises:
        UsageError: the port is taken, or the settings configure no platform.
        LyceumError: one of the processes ended by itself; names its log.
    """
    env = environment(home, config_file(config, home.root / "lyceum.toml"), port=port)
    _refuse_taken(port)
    signal.signal(signal.SIGTERM, _as_interrupt)
    say("Starting Airflow")
    try:
        _migrate(env)
        with _started(env) as running:
            _await_answer(running, env, port)
            say(f"Airflow: http://127.0.0.1:{port}  user {USER}, password in {password_file(home)}  Ctrl-C ends it")
            while True:
                _check_alive(running, env)
                time.sleep(1)
    except KeyboardInterrupt:
        say("Airflow has stopped")


def _as_interrupt(_signal: int, _frame: FrameType | None) -> Never:
    raise KeyboardInterrupt


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            raise UsageError(
                f"Port {port} of 127.0.0.1 cannot be used.", remedy="Name a free one with --port."
            ) from None


def _migrate(env: Mapping[str, str]) -> None:
    with _log(env, "migrate").open("w") as output:
        command = [sys.executable, "-m", "airflow", "db", "migrate"]
        code = subprocess.run(command, env=dict(env), stdout=output, stderr=output, check=False).returncode
    if code:
        raise LyceumError("Airflow's database could not be prepared.", remedy=f"Read {_log(env, 'migrate')}")


def _log(env: Mapping[str, str], name: str) -> Path:
    return logs(env) / f"{name}.log"


@contextmanager
def _started(env: Mapping[str, str]) -> Iterator[Running]:
    """The components, each leading a process group of its own, so that its children end with it."""
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, options in COMPONENTS.items():
            with _log(env, name).open("w") as output:
                running[name] = subprocess.Popen(
                    [sys.executable, "-m", "airflow", name, *options],
                    env=dict(env),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
        yield running
    finally:
        _stop(running)


def _stop(running: Running) -> None:
    """Ask every group to end, then make it."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for process in running.values():
        _signal(process, signal.SIGTERM)
    deadline = time.monotonic() + SECONDS_TO_STOP
    for process in running.values():
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, deadline - time.monotonic()))
        _signal(process, signal.SIGKILL)
        process.wait()


def _signal(process: "subprocess.Popen[bytes]", number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _await_answer(running: Running, env: Mapping[str, str], port: int) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while not _answers(port):
        _check_alive(running, env)
        if time.monotonic() > deadline:
            log = _log(env, "api-server")
            raise LyceumError(f"Airflow's API did not answer within {SECONDS_TO_START} s.", remedy=f"Read {log}")
        time.sleep(0.5)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/api/v2/monitor/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _check_alive(running: Running, env: Mapping[str, str]) -> None:
    for name, process in running.items():
        if process.poll() is not None:
            raise LyceumError(
                f"Airflow's {name} ended with exit status {process.returncode}.", remedy=f"Read {_log(env, name)}"
            )
