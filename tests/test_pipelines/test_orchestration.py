"""Airflow's environment for a home, and the processes with the UI."""

import os
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from lyceum.errors import LyceumError, UsageError
from lyceum.home import Home
from pipelines.orchestration import Run, config_file, environment, init, run_dags
from pipelines.standing import up

CONFIG = '[platforms.demo]\nsource = "demo"\nhome = "home"\n'


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "lyceum.toml"
    file.write_text(CONFIG)
    return file


def test_no_other_airflow_is_touched(home, config, monkeypatch):
    monkeypatch.setenv("AIRFLOW_HOME", "/elsewhere")
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql://production")
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", "secret")
    env = environment(home, config)
    assert env["AIRFLOW_HOME"] == str(home.airflow)
    assert env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == f"sqlite:///{home.airflow}/airflow.db"
    assert "AIRFLOW_CONN_WAREHOUSE" not in env
    assert env["LYCEUM_CONFIG"] == str(config)


def test_secrets_are_made_once_and_are_for_the_owner_only(home, config):
    first, second = environment(home, config), environment(home, config, port=9000)
    secret = [name for name in first if name.endswith(("_KEY", "_SECRET")) and name.startswith("AIRFLOW__")]
    assert len(secret) == 3
    assert all(first[name] == second[name] and len(first[name]) >= 32 for name in secret)
    assert home.airflow.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in home.airflow.iterdir()} == {0o600}


def test_a_proxy_does_not_come_between_the_components(home, config, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "intranet")
    assert environment(home, config)["NO_PROXY"] == "intranet,127.0.0.1,localhost"


def test_an_existing_airflow_gets_three_lines_and_keeps_its_files(config, tmp_path):
    file = init(tmp_path, config=config)
    assert len(file.read_text().splitlines()) == 3
    assert str(config) in file.read_text()
    with pytest.raises(UsageError, match="exists already"):
        init(tmp_path, config=config)
    with pytest.raises(UsageError, match="no folder"):
        init(tmp_path / "none", config=config)


def test_settings_without_a_platform_are_refused(tmp_path, monkeypatch):
    monkeypatch.delenv("LYCEUM_CONFIG", raising=False)
    empty = tmp_path / "empty.toml"
    empty.write_text("seed = 7\n")
    with pytest.raises(UsageError, match="configures no platform"):
        config_file(None, empty)
    with pytest.raises(UsageError, match="no settings file"):
        config_file(None, tmp_path / "missing.toml")


def test_a_taken_port_is_refused_before_anything_starts(home, config):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(UsageError, match="Port"):
            up(home, config=config, port=other.getsockname()[1], say=lambda _: None)


@pytest.mark.airflow
def test_a_failed_task_is_named_with_its_reason_and_log(home, config):
    run = Run("weekly_insights", datetime(2026, 7, 5, 19, tzinfo=UTC))
    with pytest.raises(
        LyceumError, match=r"weekly_insights, task wait_for_data, failed .*no folder.* Airflow's log .*runs.log"
    ):
        run_dags(environment(home, config), [run, run], say=lambda _: None)


UP = """
import sys
from pathlib import Path
from lyceum.home import Home
from pipelines.standing import up
home, config, port = sys.argv[1:]
up(Home(Path(home)), config=Path(config), port=int(port), say=lambda line: print(line, flush=True))
"""


@pytest.mark.airflow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_airflow_listens_on_loopback_only_and_leaves_nothing_behind(home, config, how):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-c", UP, str(home.root), str(config), str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        lines = iter(process.stdout.readline, "")
        assert any(f"http://127.0.0.1:{port}" in line for line in lines)
        family = psutil.Process(process.pid).children(recursive=True)
        listening = {
            (connection.laddr.ip, connection.laddr.port)
            for member in family
            for connection in member.net_connections(kind="inet")
            if connection.status == psutil.CONN_LISTEN
        }
        assert listening == {("127.0.0.1", port)}
        process.send_signal(how)
        assert "stopped" in process.stdout.read()
    assert process.returncode == 0
    assert not any(member.is_running() for member in family)
