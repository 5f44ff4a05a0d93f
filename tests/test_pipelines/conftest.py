"""A small simulated platform, taken in and run for its last two weeks once per session, without Airflow."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote

import pytest

from lyceum.home import Home
from lyceum.settings import Settings
from lyceum.weeks import weeks_before
from pipelines.context import Context
from pipelines.opening import open_home, open_source

NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)


def quiet(_line: str) -> None:
    pass


class CommandLine(Protocol):
    """Starts lyceum in a folder, which also holds its keys; `env` is added to the environment."""

    def __call__(self, folder: Path, *arguments: object, **env: str) -> subprocess.Popen[str]: ...


@pytest.fixture(scope="session")
def started() -> CommandLine:
    def start(folder: Path, *arguments: object, **env: str) -> subprocess.Popen[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LYCEUM_")}
        return subprocess.Popen(
            [sys.executable, "-m", "pipelines.cli", *map(str, arguments)],
            cwd=folder,
            env={**kept, "XDG_CONFIG_HOME": str(folder / "config"), "COLUMNS": "300", **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_interruptible,
        )

    return start


def _interruptible() -> None:
    """What a shell starts in the background ignores Ctrl-C, and so would this."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def lyceum_cli(started) -> Callable[..., Ended]:
    """Like `started`, and waits for the end."""

    def run(folder: Path, *arguments: object, **env: str) -> Ended:
        with started(folder, *arguments, **env) as process:
            out, err = process.communicate()
        return Ended(process.returncode, out, err)

    return run


@dataclass(frozen=True)
class Finished:
    """A home with two published weeks."""

    ctx: Context
    weeks: list[date]

    @property
    def home(self) -> Home:
        return self.ctx.home


def run_weeks(landing: Path, folder: Path, weeks: list[date]) -> Finished:
    """Take `landing` into a new home at `folder` and run the weeks there."""
    from pipelines.week import run_week, take_in

    take_in(open_source("demo", landing, Home(folder), settings=Settings(), now=NOW, say=quiet), init_key=True)
    ctx = open_home(Home(folder), settings=Settings(), now=NOW, say=quiet)
    for week in weeks:
        run_week(ctx, as_of=week)
    return Finished(ctx, weeks)


@pytest.fixture(scope="session")
def landing(once) -> tuple[Path, date]:
    """The deliveries of 400 people over 12 weeks, and the Monday after."""
    from lyceum.simulator import simulate

    def make(folder: Path) -> None:
        as_of = simulate(folder / "landing", users=400, weeks=12, seed=7).as_of
        (folder / "as_of").write_text(as_of.isoformat())

    folder = once("platform", make)
    return folder / "landing", date.fromisoformat((folder / "as_of").read_text())


@pytest.fixture(scope="session")
def finished(landing, once) -> Iterator[Finished]:
    weeks = weeks_before(landing[1], 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("LYCEUM_SECRET", raising=False)

        def make(folder: Path) -> None:
            patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
            run_weeks(landing[0], folder / "home", weeks)

        folder = once("finished", make)
        patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        yield Finished(open_home(Home(folder / "home"), settings=Settings(), now=NOW, say=quiet), weeks)


@pytest.fixture
def run_elsewhere(finished, landing) -> Callable[[Path], Finished]:
    """Does in another folder what was done in the finished home, under the same key."""
    return lambda folder: run_weeks(landing[0], folder, finished.weeks)


@pytest.fixture
def copied(finished, tmp_path) -> Callable[..., Context]:
    """Makes a context in a copy of the finished home, with other settings where they are given."""

    def copy(**settings: object) -> Context:
        home = Home(tmp_path / "home")
        if not home.root.exists():
            shutil.copytree(finished.home.root, home.root, symlinks=True)
        chosen = finished.ctx.settings.model_copy(update=settings)
        return replace(finished.ctx, home=home, settings=chosen)

    return copy


PEOPLE = ("u1", "u2", "u3", "u4")


SECRET = "a secret that is only used in tests, 32"


@pytest.fixture
def small(small_home, tmp_path, monkeypatch) -> Context:
    """A copy of a home with two published weeks of four people, for whatever only reads."""
    monkeypatch.setenv("LYCEUM_SECRET", SECRET)
    home = Home(tmp_path / "home")
    shutil.copytree(small_home, home.root, symlinks=True)
    return Context(Settings(), home, home.platform(), NOW, quiet)


@pytest.fixture(scope="session")
def small_home(tmp_path_factory) -> Path:
    """Made by hand, because no step takes part."""
    import pyarrow as pa

    from lyceum import engine, privacy, releases
    from lyceum.home import Platform
    from lyceum.lake import Lake
    from lyceum.tables.canonical import EVENTS
    from pipelines.digest import digest

    key = privacy.Key(SECRET.encode())
    home = Home(tmp_path_factory.mktemp("small") / "home")
    platform = Platform("demo", "demo", home.landing, "Asia/Shanghai", "CNY", "zh", privacy.fingerprint(key))
    home.claim(platform)
    for week in (date(2026, 6, 29), date(2026, 7, 6)):
        folder = releases.stage(home, week)
        with engine.connect(folder / releases.DATABASE) as con:
            for schema in ("marts", "history", "features", "quality"):
                con.execute(f"CREATE SCHEMA {schema}")
            for table in releases.contents():
                con.execute(table.ddl())
            for place, person in enumerate(PEOPLE, 1):
                own = privacy.pseudonym(key, person)
                con.execute("INSERT INTO marts.user_scores (user_id, churn_28d) VALUES (?, ?)", [own, place / 10])
                con.execute(
                    "INSERT INTO marts.early_warnings (user_id, holdout, suggested_action) VALUES (?, ?, ?)",
                    [own, place == 2, "=HYPERLINK(1)"],
                )
            tables = {table.name: digest(con, table) for table in releases.contents()}
        (folder / "report").mkdir()
        for name in ("index.html", "index.zh.html", "index.en.html"):
            (folder / "report" / name).write_text(f"<h1>{week}</h1>")
        manifest = {
            "as_of": str(week),
            "published_at": "2027-01-01T02:30:00+08:00",
            "provisional": False,
            "tables": tables,
        }
        releases.switch(home, releases.commit(home, folder, manifest))
    home.reports.mkdir()
    (home.reports / "index.html").write_text("<h1>every week</h1>")
    one = {
        "event_id": "e1",
        "event_date": date(2026, 7, 5),
        "event_type": "login",
        "occurred_at": NOW,
        "ingested_at": NOW,
    }
    Lake(home.lake).append(EVENTS, pa.Table.from_pylist([one], schema=EVENTS.arrow()).to_reader())
    return home.root


@dataclass(frozen=True)
class Deliveries:
    """A data folder and a home below `root`, and the source that leads from the one into the other."""

    root: Path
    source: Path

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def home(self) -> Home:
        return Home(self.root / "home")

    def context(self, *, now: datetime = NOW, limit: float = 1.0) -> Context:
        settings = Settings(reject_limit=limit)
        return open_source(str(self.source), self.data, self.home, settings=settings, now=now, say=quiet)

    def deliver(self, name: str, content: str | bytes) -> Path:
        file = self.data / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def rows(self, name: str, columns: str = "*") -> list[tuple[object, ...]]:
        """The rows of a table of the lake, in an order that depends on nothing but them."""
        from lyceum import engine
        from lyceum.lake import Lake
        from lyceum.schema import table

        with engine.connect() as con:
            source = Lake(self.home.lake).source(table(name))
            return con.execute(f"SELECT {columns} FROM ({source}) ORDER BY ALL").fetchall()

    def content(self, *hidden: str) -> dict[str, list[tuple[object, ...]]]:
        """Every table of the lake; columns called `hidden` are left out, as when a row was ingested always is."""
        from lyceum.tables.canonical import TABLES

        left = {"ingested_at", *hidden}
        shown = {table: ", ".join(f'"{name}"' for name in table.names if name not in left) for table in TABLES}
        held = {table: columns for table, columns in shown.items() if (self.home.lake / table.short).exists()}
        return {table.name: self.rows(table.name, columns) for table, columns in held.items()}

    def strangers(self) -> set[str]:
        """Data files in the lake's folders that no version of their table ever held."""
        found, known = set(), set()
        for log in self.home.lake.glob("*/_delta_log"):
            lines = [json.loads(line) for file in log.glob("*.json") for line in file.read_text().splitlines()]
            known |= {str(log.parent / unquote(line["add"]["path"])) for line in lines if "add" in line}
        for file in self.home.lake.rglob("*.parquet"):
            found |= {str(file)} if "_delta_log" not in file.parts else set()
        return found - known


@pytest.fixture(scope="session")
def deliveries() -> Callable[[str, Path], Deliveries]:
    """Makes an empty data folder for a source, below a new folder."""

    def make(source: str, root: Path) -> Deliveries:
        made = Deliveries(root, root.parent / f"{root.name}.toml")
        made.data.mkdir(parents=True)
        made.source.write_text(source, encoding="utf-8")
        return made

    return make


@pytest.fixture
def secret(monkeypatch) -> str:
    """The key of the test's platforms."""
    monkeypatch.setenv("LYCEUM_SECRET", SECRET)
    return SECRET


@pytest.fixture
def small_disk(tmp_path, request) -> Iterator[Path]:
    """A file system of SIZE bytes, a constant of the test's module, if this machine lets us mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={request.module.SIZE}", "lyceum-test", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not permitted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
