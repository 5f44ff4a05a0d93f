"""Training as a whole, and in parts that run side by side: the same models, labels and records."""

import hashlib
import multiprocessing
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from lyceum.home import Home
from lyceum.tables.features import LABELS
from pipelines import steps, week
from pipelines.steps import PARTS

pytestmark = pytest.mark.slow


def content(folder: Path) -> dict[str, str]:
    """The digest of every file below a folder."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def labels(ctx):
    from lyceum.engine import connect

    with connect() as con:
        return con.execute(f"SELECT * FROM ({ctx.features.source(LABELS)}) ORDER BY ALL").fetchall()


def told(ctx, as_of):
    found = [entry for entry in steps.records(ctx.home, as_of) if entry["step"] == "train"]
    return sorted(tuple(part.items()) for entry in found for part in entry["parts"])


def one(ctx, as_of, part, results):
    results.put((part, len(week.perform(ctx, "train", as_of=as_of, part=part).parts)))


@pytest.fixture
def untrained(finished, tmp_path):
    """Makes copies of a home that has learnt nothing yet."""

    def copy(name):
        home = Home(tmp_path / name)
        shutil.copytree(finished.home.root, home.root, symlinks=True)
        shutil.rmtree(home.models)
        (home.runs / "succession.json").unlink(missing_ok=True)
        for file in home.runs.glob("*/train*.json"):
            file.unlink()
        settings = finished.ctx.settings.model_copy(update={"minimum_outcomes": 40, "tuning_seconds": 0.0})
        return replace(finished.ctx, home=home, settings=settings)

    return copy


def test_parts_side_by_side_leave_what_the_whole_step_leaves(untrained, finished):
    as_of = finished.weeks[-1]
    whole, parted = untrained("whole"), untrained("parted")
    week.perform(whole, "train", as_of=as_of)
    several = multiprocessing.get_context("spawn")
    results = several.Queue()
    running = [several.Process(target=one, args=(parted, as_of, part, results)) for part in reversed(PARTS)]
    for process in running:
        process.start()
    counted = dict(results.get(timeout=300) for _ in running)
    for process in running:
        process.join()
    assert counted == {"predictions": 5, "segments": 1, "behaviours": 1, "topics": 2, "recommendation": 1}
    assert content(parted.home.models) == content(whole.home.models)
    assert labels(parted) == labels(whole)
    assert told(parted, as_of) == told(whole, as_of)
    week.perform(parted, "train", as_of=as_of)
    assert content(parted.home.models) == content(whole.home.models)
