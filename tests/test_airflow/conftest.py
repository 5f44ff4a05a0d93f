"""A real Airflow over two small platforms, a client of its REST API, and what an undisturbed run publishes."""

import gzip
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from lyceum import releases
from lyceum.home import Home
from lyceum.weeks import weeks_before

from .client import Airflow, Faults, injected, survived, until

WEEKS = int(os.environ.get("WEEKS", "12"))  # that are backfilled; fewer while the suite itself is worked at
SIZE = 400 << 20  # of the disk on which the calm platform lives
# What tells how a week came about, and not what it says; and what tells of all that was delivered by then.
OF_THE_WAY = ("quality.runs", "quality.deliveries")
OF_THE_LAKE = ("quality.checks", "quality.rejects")
SETTINGS = """
tuning_seconds = 0
recommendation_tuning_seconds = 0
retrain_weeks = 3
segment_weeks = 4
memory_limit = "2GB"
threads = 1
"""
PLATFORM = """
[platforms.{name}]
source = "demo"
home = "{home}"
data = "{data}"
"""


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what was survived."""
    if injected:
        terminalreporter.section("faults")
        for line in injected:
            terminalreporter.line(f"{'survived' if line in survived else 'NOT SURVIVED'}: {line}")
        terminalreporter.line(f"faults injected: {len(injected)}, survived: {len(survived)}")


@pytest.fixture(scope="session", name="until")
def until_fixture() -> Callable[..., Any]:
    return until


@dataclass(frozen=True)
class World:
    """Deliveries of a small platform, the weeks that are run, and the homes."""

    root: Path
    weeks: list[date]
    poisoned: date
    homes: dict[str, Home] = field(default_factory=dict)

    @property
    def landing(self) -> Path:
        return self.root / "landing"

    def withheld(self) -> list[Path]:
        """The events of the poisoned week."""
        days = [self.poisoned - timedelta(days=back) for back in range(1, 8)]
        return [self.landing / "events" / f"{day}.jsonl.gz" for day in days]

    def told(self, home: str, as_of: date) -> dict[str, Any]:
        """Rows and digest of every table of a week as it is published in one of the homes."""
        release = self.newest(home, as_of)
        assert releases.is_whole(release)
        return {name: facts for name, facts in release.manifest()["tables"].items() if name not in OF_THE_WAY}

    def differing(self, home: str, as_of: date) -> list[str]:
        """The tables of a week that do not say what those of the undisturbed run say.

        A week before the poisoned one was published while that one's delivery was missing, and is not run again.
        """
        one, other = self.told(home, as_of), self.told("calmest", as_of)
        assert "marts.user_scores" in one
        left = OF_THE_LAKE if home == "storm" and as_of < self.poisoned else ()
        return sorted(name for name in {*one, *other} if one.get(name) != other.get(name) and name not in left)

    def newest(self, home: str, as_of: date) -> releases.Release:
        """The newest release of a week."""
        found = releases.newest(self.homes[home], as_of)
        assert found is not None, f"the week before {as_of} is not published in {home}"
        return found

    def current(self, home: str) -> str:
        """The name of the release that readers of a home see."""
        return releases.current(self.homes[home]).name


def cli(env: dict[str, str], *arguments: object) -> "subprocess.CompletedProcess[str]":
    """A command of lyceum, waited for."""
    command = [sys.executable, "-m", "pipelines.cli", *map(str, arguments)]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of every process here: no settings but ours, and a folder in which faults are asked for."""
    requests = tmp_path_factory.mktemp("faults")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LYCEUM_", "AIRFLOW"))}
    ours = {"LYCEUM_SECRET": "a secret that is only used in tests, 32", "LYCEUM_FAULT": f"@{requests}"}
    return {**kept, **ours, "OMP_NUM_THREADS": "1", "XDG_CONFIG_HOME": str(requests / "config")}


@pytest.fixture(scope="session")
def faults(env: dict[str, str]) -> Faults:
    return Faults(Path(env["LYCEUM_FAULT"][1:]))


def delivered(landing: Path) -> date:
    """Simulate the deliveries; the Monday after. Rows that came days late are left out, so that a day's events lie in
    the day's file alone, and a week without its files has none.
    """
    from lyceum.simulator import simulate

    as_of = simulate(landing, users=300, weeks=WEEKS + 2, seed=7).as_of
    for file in sorted((landing / "events").iterdir()):
        day = file.name[:10]
        lines = gzip.decompress(file.read_bytes()).decode("utf-8", "replace").splitlines()
        kept = "".join(f"{line}\n" for line in lines if f'"ts":"{day}T' in line)
        assert kept, f"no event of {day}"
        file.write_bytes(gzip.compress(kept.encode(), mtime=0))
    return as_of


@pytest.fixture(scope="session")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path | None]:
    """A small disk; None if this machine lets us mount none."""
    folder = tmp_path_factory.mktemp("disk")
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "lyceum-test", str(folder)]
    mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    yield folder if mounted else None
    if mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory, env: dict[str, str], disk: Path | None) -> World:
    """The deliveries, the settings, and the home of an undisturbed `lyceum run` over all weeks in order."""
    root = tmp_path_factory.mktemp("world")
    weeks = weeks_before(delivered(root / "landing"), WEEKS)
    made = World(root, weeks, weeks[len(weeks) // 2])
    shutil.copytree(made.landing, root / "storm-landing")
    for file in made.withheld():
        (root / "storm-landing" / "events" / file.name).unlink()
    homes = {"calmest": root / "calmest", "calm": (disk or root) / "calm", "storm": root / "storm"}
    made.homes.update({name: Home(folder) for name, folder in homes.items()})
    (root / "up").mkdir()
    # By its name people are drawn who get no list: so one of the two is called what the command line calls it.
    told = (("calm", "calm", made.landing), ("demo", "storm", root / "storm-landing"))
    text = "".join(PLATFORM.format(name=name, home=homes[home], data=data) for name, home, data in told)
    (root / "up" / "lyceum.toml").write_text(SETTINGS + text)
    (root / "plain.toml").write_text(SETTINGS)
    began = time.monotonic()
    run = ["run", "--source", "demo", "--data", made.landing, "--home", homes["calmest"], "--weeks", WEEKS]
    done = cli(env, *run, "--as-of", weeks[-1], "--config", root / "plain.toml")
    assert done.returncode == 0, done.stderr
    print(f"undisturbed: {WEEKS} weeks in {time.monotonic() - began:.0f} s")
    return made


@pytest.fixture(scope="session")
def airflow(world: World, env: dict[str, str]) -> Iterator[Airflow]:
    """The standing Airflow; its DAGs run, the schedules of none of them fall into the time of a test."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    standing = Airflow(Home(world.root / "up"), env, port)
    try:
        standing.up()
        yield standing
    finally:
        standing.down()


@pytest.fixture(scope="session")
def lyceum_cli(env: dict[str, str]) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    return lambda *arguments: cli(env, *arguments)
