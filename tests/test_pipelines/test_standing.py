"""Airflow standing on a real PostgreSQL: what dies is started again, and nothing is left behind or given away."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest

from lyceum.errors import HomeError, LyceumError
from lyceum.home import Home
from pipelines import airflow_db
from pipelines.airflow_health import findings
from pipelines.components import COMMANDS, note_file, standing_at
from pipelines.standing import up

PASSWORD = "gr8-secret"
CONFIG = '[platforms.demo]\nsource = "demo"\nhome = "home"\n'
ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.airflow


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def postgres(tmp_path_factory) -> Iterator[str]:
    """The address of a database of a real server, which asks for a password."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        pytest.skip("postgresql is not installed: apt-get install postgresql")
    folder, port = tmp_path_factory.mktemp("postgres"), free_port()
    (folder / "secret").write_text(PASSWORD)
    owner = {"user": "postgres"} if os.geteuid() == 0 else {}  # the server refuses to run as root
    if owner:
        for path in (folder.parents[1], folder.parent):
            path.chmod(0o755)
        shutil.chown(folder, "postgres")
        shutil.chown(folder / "secret", "postgres")

    def call(name: str, *arguments: object) -> None:
        command = [programs[-1] / name, "-D", folder / "data", *arguments]
        subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL, cwd=folder, **owner)

    call(
        "initdb", "-U", "lyceum", "--pwfile", folder / "secret", "--auth", "scram-sha-256", "-E", "UTF8", "--no-sync"
    )
    options = f"-c listen_addresses=127.0.0.1 -p {port} -c unix_socket_directories={folder} -c fsync=off"
    call("pg_ctl", "-o", options, "-l", folder / "log", "-w", "start")
    psycopg.connect(f"postgresql://lyceum:{PASSWORD}@127.0.0.1:{port}/postgres", autocommit=True).execute(
        "CREATE DATABASE airflow"
    ).connection.close()
    yield f"postgresql://lyceum:{PASSWORD}@127.0.0.1:{port}/airflow"
    call("pg_ctl", "-m", "immediate", "stop")


class Started:
    """Airflow as a container starts it: by the script, with the password in a file."""

    def __init__(self, home: Home, config: Path, url: str) -> None:
        self.home, self.port = home, free_port()
        secret = config.with_name("password")
        secret.write_text(f"{PASSWORD}\n")
        names = {"LYCEUM_HOME": home.root, "LYCEUM_CONFIG": config, "AIRFLOW_PORT": self.port}
        names |= {"AIRFLOW_DB_PASSWORD_FILE": secret, "AIRFLOW_DB_HOST": urlsplit(url).netloc.rpartition("@")[2]}
        self.env = os.environ | {name: str(value) for name, value in names.items()}
        self.env |= {"BIN": str(Path(sys.executable).parent)}
        self.process = subprocess.Popen(
            ["bash", ROOT / "scripts/start.sh"],
            **{"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "env": self.env},
        )
        self.said = ""

    def health(self) -> subprocess.CompletedProcess[str]:
        """What the container's health check says."""
        command = ["bash", ROOT / "scripts/health.sh"]
        return subprocess.run(command, env=self.env, capture_output=True, text=True, check=False)

    def until(self, words: str) -> None:
        """Read what it says until it says this."""
        for line in iter(self.process.stdout.readline, ""):
            self.said += line
            if words in line:
                return
        raise AssertionError(self.said)

    def close(self) -> None:
        """End it, if it still runs, and close the pipe that it spoke into."""
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def noted(self) -> dict[str, list]:
        return json.loads(note_file(self.home).read_text())["processes"]


@pytest.fixture
def start(tmp_path, postgres) -> Iterator[Callable[[], Started]]:
    """Starts Airflow for the home below tmp_path."""
    begun: list[Started] = []
    (tmp_path / "lyceum.toml").write_text(CONFIG)

    def started() -> Started:
        begun.append(Started(Home(tmp_path / "home"), tmp_path / "lyceum.toml", postgres))
        return begun[-1]

    yield started
    for each in begun:
        each.close()


def wait_for(what: Callable[[], bool]) -> None:
    for _ in range(600):
        if what():
            return
        time.sleep(0.1)
    raise AssertionError("it did not come about within a minute")


def tables(url: str) -> int:
    with psycopg.connect(url) as con:
        return con.execute("SELECT count(*) FROM information_schema.tables WHERE table_name = 'dag_run'").fetchone()[
            0
        ]


def test_airflow_on_postgresql_survives_what_is_done_to_it(start, postgres, tmp_path, monkeypatch):
    first = start()
    home = first.home
    first.until("Ctrl-C ends it")
    assert tables(postgres) == 1
    assert not (home.airflow / "airflow.db").exists()
    assert standing_at(home) == first.port

    monkeypatch.setenv(airflow_db.VARIABLE, postgres)
    with pytest.raises(HomeError, match="stands already"):
        up(home, config=tmp_path / "lyceum.toml", port=free_port(), say=print)

    dead = first.noted()["scheduler"][0]
    os.killpg(dead, signal.SIGKILL)
    first.until("scheduler ended with exit status -9 and is started again")
    wait_for(lambda: first.noted()["scheduler"][0] != dead)
    wait_for(lambda: all(finding.good for finding in findings(home, now=datetime.now(UTC))))
    assert first.health().returncode == 0
    assert {finding.what for finding in findings(home, now=datetime.now(UTC))} == {"airflow", "DAG files", "DAG runs"}

    first.process.kill()
    first.process.wait()
    left = [psutil.Process(pid) for pid, _born in first.noted().values()]
    assert len(left) == len(COMMANDS)
    second = start()
    second.until(f"Ended {len(COMMANDS)} processes")
    second.until("Ctrl-C ends it")
    assert not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in left)
    second.process.send_signal(signal.SIGTERM)
    second.until("stopped")
    assert second.process.wait() == 0
    assert standing_at(home) is None
    assert "does not answer" in second.health().stderr

    written = [path.read_bytes() for path in home.root.rglob("*") if path.is_file()]
    assert not any(PASSWORD.encode() in content for content in written)
    assert PASSWORD not in first.said + second.said


@pytest.mark.parametrize(
    ("part", "instead", "why"),
    [(PASSWORD, "wrong", "user or password is wrong"), ("/airflow", "/nowhere", "no such database")],
)
def test_a_server_that_refuses_is_one_sentence_without_the_secret(
    postgres, tmp_path, monkeypatch, part, instead, why
):
    monkeypatch.setenv(airflow_db.VARIABLE, postgres.replace(part, instead))
    (tmp_path / "lyceum.toml").write_text(CONFIG)
    with pytest.raises(LyceumError, match=why) as refused:
        up(Home(tmp_path / "home"), config=tmp_path / "lyceum.toml", port=free_port(), say=print)
    assert PASSWORD not in str(refused.value)
