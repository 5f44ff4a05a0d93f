"""Airflow standing: its four processes for one home, with the UI on this machine only, until somebody ends them.

`airflow standalone` is not used: it opens two log servers to the network.
"""

import fcntl
import http.client
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Never

from lyceum.errors import HomeError, LyceumError, UsageError
from lyceum.home import Home
from lyceum.progress import Say
from pipelines import airflow_db
from pipelines.components import Component, end_leftovers, note, started
from pipelines.orchestration import USER, config_file, environment, logs, password_file

SECONDS_TO_START = 180
SECONDS_TO_FREE = 10


def up(home: Home, /, *, config: Path | None = None, port: int = 8080, say: Say) -> None:
    """Start Airflow for the platforms of `config` and stay until Ctrl-C or SIGTERM; then stop all of it.

    Without `config`, the settings are those of $LYCEUM_CONFIG, else of lyceum.toml in the home. Airflow's files and
    logs lie below `<home>/airflow`, its records there or in the PostgreSQL of $LYCEUM_AIRFLOW_DB. The DAGs start
    paused. A process that dies is started again; what a killed start left is ended first.
    Raises:
        UsageError: the port is taken, or the settings configure no platform.
        HomeError: Airflow stands here already.
        LyceumError: PostgreSQL does not let us in, or one of the processes does not stay; names its log.
    """
    chosen = config_file(config, home.root / "lyceum.toml")
    airflow_db.require_answer()
    env = environment(home, chosen, port=port)
    signal.signal(signal.SIGTERM, _as_interrupt)
    with _alone(home):
        if left := end_leftovers(home):
            say(f"Ended {left} processes of an Airflow here that was killed")
            _await_free(port)
        _refuse_taken(port)
        _stand(home, env, port, say)


def _stand(home: Home, env: Mapping[str, str], port: int, say: Say) -> None:
    say(f"Starting Airflow with its records in {airflow_db.where(env)}")
    try:
        _migrate(env)
        with started(home, env) as running:
            _await_answer(running, port)
            password_file(home).chmod(0o600)  # Airflow writes it anew, for everybody to read, when a user is added
            say(f"Airflow: http://127.0.0.1:{port}  user {USER}, password in {password_file(home)}  Ctrl-C ends it")
            while True:
                if [component for component in running if component.revive(say=say)]:
                    note(home, running)
                time.sleep(1)
    except KeyboardInterrupt:
        say("Airflow has stopped")


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    """Hold the lock of the one Airflow of this home."""
    with (home.airflow / "up.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HomeError(
                f"Airflow stands already for {home.root}.", remedy="Use that one, or end it by Ctrl-C where it runs."
            ) from None
        yield


def _as_interrupt(_signal: int, _frame: FrameType | None) -> Never:
    raise KeyboardInterrupt


def _await_free(port: int) -> None:
    """The socket of a process outlives it by a moment."""
    deadline = time.monotonic() + SECONDS_TO_FREE
    while not is_free(port) and time.monotonic() < deadline:
        time.sleep(0.2)


def _refuse_taken(port: int) -> None:
    if not is_free(port):
        raise UsageError(f"Port {port} of 127.0.0.1 cannot be used.", remedy="Name a free one with --port.")


def is_free(port: int, /) -> bool:
    """Whether a server could take this port of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
    return True


def _migrate(env: Mapping[str, str]) -> None:
    log = logs(env) / "migrate.log"
    with log.open("w") as output:
        command = [sys.executable, "-m", "airflow", "db", "migrate"]
        code = subprocess.run(command, env=dict(env), stdout=output, stderr=output, check=False).returncode
    if code:
        raise LyceumError("Airflow's database could not be prepared.", remedy=f"Read {log}")


def _await_answer(running: Sequence[Component], port: int) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while not _answers(port):
        for component in running:
            component.require_life()
        if time.monotonic() > deadline:
            log = running[0].log
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
