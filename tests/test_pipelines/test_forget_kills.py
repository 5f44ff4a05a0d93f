"""kill -9 at every point of an erasure, and the same request again: the home of one that nobody disturbed.

Children are forked from a process that has imported the libraries and has one thread (see test_kills.py).
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest
from deltalake import DeltaTable

from lyceum import releases, suppression, warehouse
from pipelines.forget_requests import DONE, ask, read
from tests.test_pipelines import forgetting
from tests.test_pipelines.forgetting import GONE, STAY, by_id, context, known_as, traces

pytestmark = pytest.mark.slow
RUNNER = """
import contextlib, importlib, json, os, sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote
import pipelines.forget, pipelines.opening
from lyceum import faults
from lyceum.home import Home
from lyceum.settings import Settings

def erase(home, request):
    ctx = pipelines.opening.open_home(
        Home(Path(home)), settings=Settings(), now=datetime(2026, 8, 1, 12, tzinfo=UTC), say=lambda line: None
    )
    pipelines.forget.forget(ctx, request)

for line in sys.stdin:
    job = json.loads(line)
    child = os.fork()
    if not child:
        os.environ["LYCEUM_FAULT"] = job["fault"]
        erase(job["home"], job["request"])
        with open(job["left"], "w") as left:
            json.dump({"points": faults.arrived, "modules": sorted(sys.modules)}, left)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code == 0:  # the next children need not import it
        for name in json.load(open(job["left"]))["modules"]:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
    print(code, flush=True)
"""


@pytest.fixture(scope="module")
def runner():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LYCEUM_SECRET", forgetting.SECRET)
        started = subprocess.Popen(
            [sys.executable, "-c", RUNNER],
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        yield started
        started.communicate()


def run(runner, club, request: str, *, fault: str = "nothing:1") -> int:
    job = {"home": str(club.home.root), "request": request, "fault": fault, "left": str(club.root / "left")}
    print(json.dumps(job), file=runner.stdin, flush=True)
    return int(runner.stdout.readline())


def asked(make, folder: Path, *, published: bool):
    """A club with a request that waits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LYCEUM_SECRET", forgetting.SECRET)
        club = forgetting.delivered(make, folder)
        if published:
            forgetting.furnish(club, [by_id(each) for each in (*GONE, *STAY)])
        return club, ask(context(club), GONE).request


def outcome(club, request: str) -> dict[str, object]:
    """All that may not depend on whether somebody disturbed it."""
    kept = read(club.home, request)
    return {
        "lake": club.content(),
        "releases": [(each.name, each.manifest()["tables"]) for each in releases.listing(club.home)],
        "whole": [releases.is_whole(each) for each in releases.listing(club.home)],
        "current": club.home.current.resolve().name,
        "receipt": (kept.state, kept.found, [*kept.rebuilt], [*kept.removed]),
        "listed": suppression.markers(club.home),
        "staging": [*club.home.staging.iterdir()],
        "dead": dead(club.home),
        "unfinished": releases.unfinished(club.home),
    }


def dead(home) -> set[str]:
    """Data files that the last version of their table does not name."""
    tables = {log.parent for log in home.root.rglob("_delta_log")}
    live = {unquote(uri) for folder in tables for uri in DeltaTable(str(folder)).file_uris()}
    found = {str(file) for folder in tables for file in folder.rglob("*.parquet") if "_delta_log" not in file.parts}
    return found - live


def survived(runner, club, request: str, folder: Path, begins: tuple[str, ...], shown) -> int:
    """Kill an erasure at its points that begin so, and run it again: as if nobody had been there. How many."""
    whole = forgetting.copied(club, folder / "whole")
    assert run(runner, whole, request) == 0
    expected = outcome(whole, request)
    assert (expected["receipt"][0], expected["dead"]) == (DONE, set()) and traces(whole.home, known_as()) == set()
    points = [point for point in json.loads((whole.root / "left").read_text())["points"] if point.startswith(begins)]
    faults = sorted({(point, nth) for point in points for nth in (1, points.count(point))})
    for point, nth in faults:
        home = forgetting.copied(club, folder / "killed")
        assert run(runner, home, request, fault=f"{point}:{nth}") == -signal.SIGKILL, f"{point}:{nth}"
        if releases.listing(home.home):
            with warehouse.connect(home.home.root) as con:  # readers always find a whole week
                assert con.execute("SELECT count(*) FROM marts.user_scores").fetchall()[0][0] in (2, 6)
        assert run(runner, home, request) == 0, f"{point}:{nth}"
        assert outcome(home, request) == expected, f"{point}:{nth}"
        assert traces(home.home, known_as()) == set(), f"{point}:{nth}"
        remove(home.root)
        with shown.disabled():
            print(f"erasure killed at {point}:{nth}: survived", flush=True)
    return len(faults)


def test_a_kill_in_the_lake_and_the_same_request_again(deliveries, runner, secret, tmp_path, capsys):
    club, request = asked(deliveries, tmp_path / "lake", published=False)
    assert survived(runner, club, request, tmp_path, ("forget.", "leftovers."), capsys) > 10


def test_a_kill_between_releases_and_the_same_request_again(deliveries, runner, secret, tmp_path, capsys):
    club, request = asked(deliveries, tmp_path / "published", published=True)
    begins = ("release.", "forget.prepared", "forget.copied", "forget.drawn", "forget.archived", "forget.noted")
    assert survived(runner, club, request, tmp_path, begins, capsys) > 10


def remove(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_dir():
            path.chmod(0o755)
    shutil.rmtree(folder)
