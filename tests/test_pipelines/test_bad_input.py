"""Bad input on the real command line: a sentence or two, the right exit code, nothing half-written."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

SOURCE = """
name = "shop"
title = "A shop"
timezone = "Asia/Shanghai"
currency = "CNY"
language = "zh"
ids = "raw"

[files.orders]
glob = "orders*.csv"
format = "csv"
columns = ["user", "at", "type", "course"]

[[events]]
file = "orders"

[events.columns]
user_id = "user"
event_type = "type"
occurred_at = "iso(at)"
item_id = "course"
"""
LOG = "user,at,type,course\n" + "".join(
    f"u{n % 7},2026-06-{n % 20 + 1:02}T09:00:00+08:00,view,c1\n" for n in range(60)
)


@dataclass
class Case:
    """A command in a folder of its own; `arrange` changes what lies there before it starts."""

    arguments: Sequence[str]
    words: Sequence[str]
    code: int
    arrange: Callable[[Path], None] = lambda folder: None
    ingested: bool = False
    env: dict[str, str] = field(default_factory=dict)


def write(name: str, text: str) -> Callable[[Path], None]:
    def arrange(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)

    return arrange


def clear(name: str) -> Callable[[Path], None]:
    def arrange(folder: Path) -> None:
        target = folder / name
        shutil.rmtree(target) if target.is_dir() else target.unlink()

    return arrange


RUN = ("run", "--source", "shop.toml", "--data", "logs", "--home", "home")
CASES = {
    "unknown source": Case(
        ("run", "--source", "oulat", "--data", "logs", "--home", "home"), ["no source oulat", "Near names: oulad"], 2
    ),
    "source file missing": Case(
        ("run", "--source", "none.toml", "--data", "logs", "--home", "home"), ["no source none.toml"], 2
    ),
    "missing folder": Case((*RUN[:4], "nowhere", *RUN[5:]), ["no folder", "nowhere", "--data"], 1),
    "empty folder": Case(RUN, ["holds no file", "orders*.csv", "--data"], 1, clear("logs/orders.csv")),
    "wrong column": Case(
        RUN,
        ["orders.csv has no column course", "Near names"],
        1,
        write("logs/orders.csv", LOG.replace("course\n", "kurs\n", 1)),
    ),
    "too many rejects": Case(
        RUN,
        ["9 of 69 rows cannot be used", "nothing was taken", "orders"],
        1,
        write("logs/orders.csv", LOG + "u1,yesterday,view,c1\n" * 9),
    ),
    "refused expression": Case(
        RUN,
        ["shop.toml", "item_id", "read_text", "lyceum sources check"],
        2,
        write("shop.toml", SOURCE.replace('"course"\n', "\"read_text('/etc/passwd')\"\n")),
    ),
    "no TOML": Case(RUN, ["shop.toml", "no TOML"], 2, write("shop.toml", "name = ")),
    "another platform's home": Case(
        ("run", "--source", "other.toml", "--data", "logs", "--home", "home"),
        ["home of platform shop", "another source", "--home"],
        1,
        write("other.toml", SOURCE),
        ingested=True,
    ),
    "missing key": Case(
        RUN, ["no pseudonym key", "shop.key", "--init-key"], 1, clear("config/lyceum/shop.key"), ingested=True
    ),
    "another key": Case(
        RUN, ["another pseudonym key"], 1, write("logs/more.txt", ""), ingested=True, env={"LYCEUM_SECRET": "x" * 40}
    ),
    "week to come": Case(
        (*RUN, "--as-of", "2026-07-06"), ["no event in the week before 2026-07-06", "2026-06-22"], 1, ingested=True
    ),
    "week before the first": Case(
        (*RUN, "--as-of", "2026-05-04"), ["no event in the week before 2026-05-04"], 1, ingested=True
    ),
    "no Monday": Case((*RUN, "--as-of", "2026-06-23"), ["2026-06-23 is a Tuesday", "2026-06-22 or 2026-06-29"], 2),
    "no date": Case((*RUN, "--as-of", "Monday"), ["--as-of is no date", "YYYY-MM-DD"], 2),
    "unknown key": Case(
        RUN, ["lyceum.toml", "unknown key kept_week", "kept_weeks"], 2, write("lyceum.toml", "kept_week = 3\n")
    ),
    "unknown variable": Case(RUN, ["LYCEUM_SEDE", "Near keys: seed"], 2, env={"LYCEUM_SEDE": "3"}),
    "settings missing": Case((*RUN, "--config", "none.toml"), ["no settings file none.toml"], 2),
    "home is a file": Case((*RUN[:6], "afile"), ["afile"], 1, write("afile", "")),
    "damaged home": Case(RUN, ["platform.json is damaged"], 1, write("home/platform.json", "{"), ingested=True),
    "nothing ingested": Case(("score", "--home", "home"), ["holds no platform yet", "lyceum run"], 1),
    "no release": Case(("query", "SELECT 1", "--home", "home"), ["no release yet"], 1),
    "no report": Case(("serve", "--home", "home"), ["no report yet"], 1),
    "port out of range": Case(("serve", "--home", "home", "--port", "99999"), ["--port", "65535"], 2),
    "unknown table": Case(("tables", "marts.user_score"), ["no table", "marts.user_scores"], 2),
    "missing option": Case(("run",), ["--source"], 2),
    "from after to": Case(
        ("featurise", "--from", "2026-06-22", "--to", "2026-06-15", "--home", "home"),
        ["--from 2026-06-22 lies after --to"],
        2,
        ingested=True,
    ),
}
QUICK = ("unknown source", "empty folder", "refused expression", "no Monday", "unknown key", "nothing ingested")


@dataclass(frozen=True)
class Answer:
    folder: Path
    code: int
    out: str
    err: str
    before: dict[str, bytes]

    @property
    def after(self) -> dict[str, bytes]:
        return contents(self.folder)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below the home but the lock."""
    home = folder / "home"
    return {
        str(file.relative_to(home)): file.read_bytes()
        for file in home.rglob("*")
        if file.is_file() and file.name != "lock"
    }


def plant(folder: Path) -> None:
    write("shop.toml", SOURCE)(folder)
    write("logs/orders.csv", LOG)(folder)


@pytest.fixture(scope="module")
def first(lyceum_cli, tmp_path_factory) -> Path:
    """A folder whose home has taken the deliveries in."""
    folder = tmp_path_factory.mktemp("first")
    plant(folder)
    found = lyceum_cli(folder, "ingest", "--init-key", *RUN[1:])
    assert found.code == 0, found.err
    return folder


@pytest.fixture
def ask(request, lyceum_cli, tmp_path) -> Callable[[str], Answer]:
    def ask(name: str) -> Answer:
        case, folder = CASES[name], tmp_path / "folder"
        if case.ingested:
            first = request.getfixturevalue("first")
            shutil.copytree(first, folder)
            platform = folder / "home" / "platform.json"
            platform.write_text(platform.read_text().replace(str(first), str(folder)))
        else:
            plant(folder)
        case.arrange(folder)
        before = contents(folder)
        found = lyceum_cli(folder, *case.arguments, **case.env)
        return Answer(folder, found.code, found.out, found.err, before)

    return ask


@pytest.mark.parametrize("name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in CASES])
def test_a_sentence_an_exit_code_and_nothing_half_written(ask, name):
    case, found = CASES[name], ask(name)
    assert found.code == case.code, found.err
    assert "Traceback" not in found.err + found.out
    assert "unexpected" not in found.err
    for word in case.words:
        assert word in found.err
    said = [line for line in found.err.splitlines() if " s  " not in line]
    if "Usage:" not in found.err:
        assert len(said) == 1
        assert said[0].startswith("lyceum: ")
        assert len(said[0]) < 600
    assert found.after == found.before
    assert not (found.folder / "home" / "current").exists()
    if name in QUICK:
        assert not (found.folder / "config").exists(), "a mistake makes no key"


@pytest.mark.slow
def test_the_first_run_says_where_the_key_was_made(lyceum_cli, tmp_path):
    plant(tmp_path)
    found = lyceum_cli(tmp_path, "ingest", "--init-key", *RUN[1:])
    assert found.code == 0, found.err
    assert str(tmp_path / "config" / "lyceum" / "shop.key") in found.err
    assert "shop.key" not in lyceum_cli(tmp_path, "ingest", *RUN[1:]).err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_unreadable_home_is_named(tmp_path):
    """As somebody who may neither read the home nor write beside it."""
    script = (
        "import os, sys\n"
        "from pipelines import cli, cli_options, cli_reading, health, opening, querying\n"
        "import lyceum.progress, lyceum.settings\n"  # before this process may no longer read the code
        "os.setuid(65534)\nsys.argv[0] = 'lyceum'\ncli.main()"
    )
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "platform.json").write_text("{}")
    command = [sys.executable, "-c", script, "status", "--home", str(home)]
    found = subprocess.run(command, capture_output=True, text=True, cwd="/")
    assert found.returncode == 1
    assert "Traceback" not in found.stderr
    assert "Permission denied" in found.stderr
    assert str(tmp_path.parent.parent) in found.stderr
