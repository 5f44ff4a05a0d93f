"""Where Airflow keeps its records, and that the address of a PostgreSQL is never quoted."""

import socket
from pathlib import Path

import pytest

from lyceum.errors import LyceumError, UsageError
from lyceum.home import Home
from pipelines import airflow_db
from pipelines.orchestration import environment

PASSWORD = "gr8-secret"


@pytest.fixture
def env_of(tmp_path, monkeypatch):
    def made(url: str) -> dict[str, str]:
        monkeypatch.setenv(airflow_db.VARIABLE, url)
        return environment(Home(tmp_path / "home"), Path("lyceum.toml"))

    return made


def test_nothing_named_means_sqlite_in_the_home(env_of, tmp_path):
    env = env_of("")
    assert env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == f"sqlite:///{tmp_path}/home/airflow/airflow.db"
    assert "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC" not in env
    assert airflow_db.where(env) == "SQLite"


@pytest.mark.parametrize("scheme", airflow_db.SCHEMES)
def test_every_spelling_of_postgresql_goes_to_the_one_driver(env_of, scheme):
    env = env_of(f"{scheme}://lyceum:{PASSWORD}@db.example:5433/airflow?sslmode=require")
    url = f"postgresql+psycopg://lyceum:{PASSWORD}@db.example:5433/airflow?sslmode=require"
    assert env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC"] == url
    assert airflow_db.where(env) == "PostgreSQL on db.example"
    assert airflow_db.VARIABLE not in env


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://lyceum:{PASSWORD}@db/airflow",
        f"postgresql://lyceum:{PASSWORD}@db",
        f"postgresql:///{PASSWORD}",
        f"postgresql://lyceum:{PASSWORD}@db:port/airflow",
        PASSWORD,
    ],
)
def test_what_is_no_postgresql_is_refused_without_being_quoted(env_of, url):
    with pytest.raises(UsageError) as refused:
        env_of(url)
    assert PASSWORD not in str(refused.value)
    assert airflow_db.EXAMPLE in str(refused.value)


def test_a_server_that_is_not_there_is_one_sentence(monkeypatch):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv(airflow_db.VARIABLE, f"postgresql://lyceum:{PASSWORD}@127.0.0.1:{port}/airflow")
    with pytest.raises(LyceumError, match="nothing listens there") as refused:
        airflow_db.require_answer()
    assert PASSWORD not in str(refused.value)
