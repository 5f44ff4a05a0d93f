"""kill -9 anywhere in an ingest, and the same command again: the lake of a run that nobody disturbed.

Children are forked from a process that has imported the libraries and has one thread, because starting Python costs
more than the ingest itself. Every kill gets a home of its own; what it left there is looked at before the repair.
"""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from queue import SimpleQueue

import pytest

from lyceum.compaction import CROWD

pytestmark = pytest.mark.slow

RUNNERS = 2
NOBODY = "nothing:1"  # a fault that never comes: points are recorded, nobody dies
RUNNER = """
import contextlib, glob, importlib, json, os, sys, threading, time
import pipelines.cli, pipelines.cli_ending
from lyceum import faults

def threads():
    return {open(name).read().strip() for name in glob.glob("/proc/self/task/*/comm")}

for line in sys.stdin:
    job = json.loads(line)
    assert threads() <= {"python", "jemalloc_bg_thd"}, "a process with threads must not be forked"
    begin = time.monotonic()
    child = os.fork()
    if not child:
        said = os.open(job["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(said, 1), os.dup2(said, 2)
        os.environ["LYCEUM_FAULT"] = job["fault"]
        sys.argv = ["lyceum", *job["arguments"]]
        code = pipelines.cli_ending.run(pipelines.cli.app)
        with open(job["left"], "w") as left:
            json.dump({"points": faults.arrived, "modules": sorted(sys.modules)}, left)
        sys.stdout.flush(), sys.stderr.flush()
        os._exit(code)
    killer = threading.Timer(job["seconds"] or 3600, os.kill, (child, 9))
    killer.start()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    seconds = time.monotonic() - begin
    killer.cancel(), killer.join()
    if code == 0:  # the next children need not import it
        for name in json.load(open(job["left"]))["modules"]:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
    print(json.dumps([code, seconds]), flush=True)
"""
SOURCE = """
name = "school"
title = "A school"
timezone = "Asia/Shanghai"
currency = "CNY"
language = "zh"
ids = "raw"
duplicates = "keep"

[files.log]
glob = "log/*.jsonl"
format = "jsonl"
columns = ["id", "user", "at", "type", "course", "price"]

[files.clicks]
glob = "clicks*.csv"
format = "csv"
columns = ["user", "at", "course"]

[files.people]
glob = "people*.csv"
format = "csv"
columns = ["user", "since"]

[files.courses]
glob = "courses*.csv"
format = "csv"
columns = ["course", "title", "at"]

[[events]]
file = "log"
[events.columns]
event_id = "id"
user_id = "user"
event_type = "type"
occurred_at = "iso(at)"
item_id = "course"
amount = "money(price)"

[[events]]
name = "clicks"
file = "clicks"
[events.columns]
user_id = "user"
event_type = "'click'"
occurred_at = "iso(at)"
item_id = "course"

[[users]]
file = "people"
[users.columns]
user_id = "user"
registered_at = "iso(since)"

[[items]]
file = "courses"
[items.columns]
item_id = "course"
title = "title"
published_at = "iso(at)"
"""


def lines(first: int, count: int, *, day: int) -> str:
    """Events with ids, two of them twice, one of nobody, one line that is no JSON, one whose time is none."""
    rows = [
        {"id": f"e{n}", "user": f"u{n % 5}", "at": f"2026-06-{day:02}T{n % 24:02}:30:00Z", "type": "view"}
        for n in range(first, first + count)
    ]
    rows += [*rows[:2], {**rows[0], "id": f"a{first}", "user": None}, {**rows[0], "id": f"b{first}", "at": "soon"}]
    return "".join(json.dumps(row) + "\n" for row in rows) + "{half a li\n"


def clicks(count: int) -> str:
    """Events without ids, each of them twice, one row of another shape."""
    rows = [f"u{n},2026-06-{n % 3 + 1:02}T08:00:00Z,c{n % 3}\n" for n in range(count)]
    return "user,at,course\n" + "".join(rows * 2) + "u1,2026-06-01T08:00:00Z\n"


@dataclass(frozen=True)
class Kill:
    """Where the process died (a named point and the how many-th arrival, or a time), and what was left then."""

    point: str
    nth: int = 0
    seconds: float = 0.0
    code: int = 0
    strangers: int = 0
    accounted: bool = True
    staged: bool = False

    @property
    def phase(self) -> str:
        """What the kill interrupted, seen from what it left behind."""
        if self.accounted:
            return "5 after the accounts"
        if self.strangers:
            return "3 between a data file and its commit"
        if self.point.endswith(".committed"):
            return "4 between the commits"
        return "2 while reading and mapping" if self.staged else "1 before any work"


class Runners:
    """Processes that start commands, one each at a time."""

    def __init__(self) -> None:
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
        self._free: SimpleQueue[subprocess.Popen[str]] = SimpleQueue()
        self._all = [
            subprocess.Popen(
                [sys.executable, "-c", RUNNER],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(RUNNERS)
        ]
        for each in self._all:
            self._free.put(each)

    def run(self, delivered, *command: str, fault: str = NOBODY, seconds: float = 0.0) -> tuple[int, float]:
        """Exit code and seconds of a command, else of an ingest; minus the signal's number if it was killed."""
        options = {"--home": delivered.home.root}
        if not command:
            options |= {"--source": delivered.source, "--data": delivered.data}
        given = (str(part) for option in options.items() for part in option)
        arguments = [*(command or ("ingest",)), *given]
        job = {"fault": fault, "seconds": seconds, "arguments": arguments}
        job |= {name: str(delivered.root / name) for name in ("said", "left")}
        runner = self._free.get()
        try:
            print(json.dumps(job), file=runner.stdin, flush=True)
            code, took = json.loads(runner.stdout.readline())
        finally:
            self._free.put(runner)
        return code, took

    def warm(self, delivered) -> None:
        """Let every runner import what an ingest imports."""
        for number in range(RUNNERS):
            assert self.run(copied(delivered, f"warm-{number}"))[0] == 0

    def stop(self) -> None:
        for each in self._all:
            each.communicate()


@pytest.fixture(scope="module")
def runners() -> Iterator[Runners]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LYCEUM_SECRET", "a secret that is only used in tests, 32")
        patch.setenv("LYCEUM_REJECT_LIMIT", "1.0")
        made = Runners()
        yield made
        made.stop()


@dataclass(frozen=True)
class Scene:
    """A delivery waiting for its ingest, what an undisturbed one makes of it, and the points it passes."""

    waiting: object
    points: Sequence[str]
    seconds: float
    expected: dict[str, list[tuple[object, ...]]]
    command: tuple[str, ...] = ()

    def kills(self) -> list[Kill]:
        """A kill at every arrival at every point, but at some only of those where files lie in staging."""
        passed: Counter[str] = Counter()
        found = []
        for point in self.points:
            passed[point] += 1
            if point != "group.written" or passed[point] % 4 == 1:
                found.append(Kill(point, passed[point]))
        return found


def scene(runners: Runners, waiting, *command: str) -> Scene:
    """Run the waiting delivery in a copy, undisturbed."""
    whole = copied(waiting, "whole")
    code, seconds = runners.run(whole, *command)
    assert code == 0, (whole.root / "said").read_text()
    assert whole.strangers() == set()
    points = json.loads((whole.root / "left").read_text())["points"]
    return Scene(waiting, points, seconds, whole.content(), command)


def copied(waiting, name: str):
    target = replace(waiting, root=waiting.root.parent / f"{waiting.root.name}-{name}")
    shutil.copytree(waiting.root, target.root, symlinks=True)
    return target


@pytest.fixture(scope="module")
def first(deliveries, runners, tmp_path_factory) -> Scene:
    """Files of twenty-four days, people and courses, into a new home."""
    made = deliveries(SOURCE, tmp_path_factory.mktemp("first") / "school")
    for week in range(4):
        days = range(week * 6 + 1, week * 6 + 7)
        made.deliver(f"log/{week}.jsonl", "".join(lines(day * 100, 6, day=day) for day in days))
    made.deliver("clicks.csv", clicks(5))
    made.deliver(
        "people.csv", "user,since\n" + "".join(f"u{n},2026-05-0{n + 1}T00:00:00Z\n" for n in range(5)) + "u9\n"
    )
    made.deliver("courses.csv", "course,title,at\n" + "".join(f"c{n},课{n},2026-05-01T00:00:00Z\n" for n in range(3)))
    runners.warm(made)
    return scene(runners, made)


@pytest.fixture(scope="module")
def second(deliveries, runners, first, tmp_path_factory) -> Scene:
    """More files for the home that holds the first ones: late events, rows known already, new people."""
    made = copied(first.waiting, "second")
    assert runners.run(made)[0] == 0
    made.deliver("log/30.jsonl", lines(9_000, 4, day=30) + lines(300, 6, day=3) + lines(9_100, 2, day=5))
    made.deliver("clicks-2.csv", clicks(8))
    made.deliver("people-2.csv", "user,since\nu5,2026-06-01T00:00:00Z\nu1,2026-05-02T00:00:00Z\n")
    return scene(runners, made)


@pytest.fixture(scope="module")
def third(deliveries, runners, tmp_path_factory) -> Scene:
    """Rejects of a mapping that was mended since, waiting for their replay."""
    made = deliveries(SOURCE, tmp_path_factory.mktemp("third") / "school")
    made.deliver("log/1.jsonl", lines(100, 4, day=1) + lines(200, 4, day=2).replace('"view"', '"look"'))
    made.deliver("clicks.csv", clicks(3))
    runners.warm(made)
    assert runners.run(made)[0] == 0
    text = made.source.read_text(encoding="utf-8")
    text = text.replace('event_type = "type"', "event_type = \"CASE type WHEN 'look' THEN 'view' ELSE type END\"")
    made.source.write_text(text, encoding="utf-8")
    return scene(runners, made, "ingest", "--replay-rejects")


@pytest.fixture(scope="module")
def fourth(deliveries, runners, tmp_path_factory) -> Scene:
    """Many small files, waiting to be merged."""
    made = deliveries(SOURCE, tmp_path_factory.mktemp("fourth") / "school")
    for batch in range(CROWD):
        made.deliver(f"log/{batch}.jsonl", lines(100 * batch, 4, day=1))
        assert runners.run(made)[0] == 0
    return scene(runners, made, "maintain")


def after(runners: Runners, scene: Scene, kill: Kill, number: int) -> Kill:
    """Kill a run, look at what it left, run it again, and demand the lake of an undisturbed run."""
    home = copied(scene.waiting, f"kill-{number}")
    before = len(home.rows("deliveries"))
    fault = f"{kill.point}:{kill.nth}" if kill.nth else NOBODY
    code, _ = runners.run(home, *scene.command, fault=fault, seconds=kill.seconds)
    left = replace(
        kill,
        code=code,
        strangers=len(home.strangers()),
        accounted=len(home.rows("deliveries")) > before,
        staged=home.home.staging.is_dir() and any(home.home.staging.iterdir()),
    )
    where = f"{kill.point}:{kill.nth} {kill.seconds:.2f} s, {left.phase}"
    code, _ = runners.run(home, *scene.command)
    assert code == 0, f"{where}: {(home.root / 'said').read_text()}"
    found = home.content()
    for table, rows in scene.expected.items():
        assert found[table] == rows, f"{where}: {table} differs"
    assert home.strangers() == set(), where
    assert list(home.home.staging.iterdir()) == [], where
    with home.home.lock():
        pass
    shutil.rmtree(home.root)
    return left


def all_of(runners: Runners, scene: Scene, kills: Sequence[Kill]) -> list[Kill]:
    with ThreadPoolExecutor(RUNNERS) as pool:
        return list(pool.map(lambda pair: after(runners, scene, pair[1], pair[0]), enumerate(kills)))


def table_of(kills: Sequence[Kill]) -> str:
    """Kills per phase and point, for people."""
    phases = Counter(kill.phase for kill in kills)
    rows = [f"{phase[2:]:40} {count:4}" for phase, count in sorted(phases.items())]
    points = Counter(kill.point for kill in kills)
    rows += [f"    at {point:33} {count:4}" for point, count in points.items()]
    return "\n".join([*rows, f"{'in all':40} {len(kills):4}"])


def test_a_kill_at_any_point_and_the_command_again_give_the_undisturbed_lake(runners, first, second):
    done = all_of(runners, first, first.kills())
    done += all_of(runners, second, second.kills())
    shown = table_of(done)
    print("\n" + shown)
    assert all(kill.code == -9 for kill in done), shown
    assert len(done) >= 60, shown
    assert sum(bool(kill.strangers) for kill in done) >= 20, shown
    assert {kill.phase[0] for kill in done} == set("2345"), shown


def test_a_kill_at_any_point_of_a_replay_and_the_command_again_do_the_same(runners, third):
    done = all_of(runners, third, third.kills())
    shown = table_of(done)
    print("\n" + shown)
    assert all(kill.code == -9 for kill in done), shown
    assert {"replay.written", "table.moved", "deliveries.committed", "replay.settled"} <= {
        kill.point for kill in done
    }
    assert len(third.expected["rejects"]) < len(third.waiting.rows("rejects"))


def test_a_kill_at_any_point_of_upkeep_loses_nothing(runners, fourth):
    assert fourth.expected == fourth.waiting.content()
    done = all_of(runners, fourth, fourth.kills())
    print("\n" + table_of(done))
    assert {kill.code for kill in done} == {-9}
    assert {kill.point for kill in done} == {"upkeep.compacted", "upkeep.vacuumed"}


def test_a_kill_at_any_time_and_the_command_again_give_the_undisturbed_lake(runners, first):
    moments = [Kill("clock", seconds=first.seconds * part / 8) for part in range(1, 11)]
    done = all_of(runners, first, moments)
    print("\n" + table_of(done))
    assert {kill.code for kill in done} <= {-9, 0}
    assert any(kill.code == -9 for kill in done)
