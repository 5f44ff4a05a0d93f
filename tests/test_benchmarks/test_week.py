"""A week is lived, one after a year and one alone, and the last line has the fixed keys."""

import json
import time
from datetime import date, timedelta

import numpy as np
import pytest

from benchmarks import lived, week
from benchmarks.waiting import Meter, forget_peak, peak_gb

KEYS = {
    "events",
    "seconds",
    "peak_gb",
    "steps",
    "growth_exponent",
    "further_over_alone",
    "help_seconds",
    "dag_seconds",
}


@pytest.mark.slow
def test_the_last_line_has_the_fixed_keys_and_the_worlds_are_kept(tmp_path, capsys):
    assert week.main(["--events", "20000", "--keep", str(tmp_path)]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(last) >= KEYS
    assert list(last["steps"]) == ["ingest", "validate", "featurise", "train", "score", "publish"]
    assert list(last["phases_seconds"]) == ["ingest", "validate + featurise", "train", "score", "publish"]
    assert sum(last["phases_seconds"].values()) <= last["seconds"] + 0.1
    at_once = last["phases_seconds"]["validate + featurise"] + 0.1
    assert max(last["steps"]["validate"], last["steps"]["featurise"]) <= at_once
    assert sorted(path.name for path in tmp_path.glob("*.json")) == [
        "2000-1.json",
        "20000-1-year.json",
        "20000-1.json",
    ]
    assert not list(tmp_path.glob("home-*")) and not list(tmp_path.glob("year-*"))


def test_a_delivery_holds_the_days_asked_for_the_catalogue_and_what_has_no_day(tmp_path):
    world = tmp_path / "world"
    names = [
        "events/2026-01-04.jsonl.gz",
        "events/2026-01-05.jsonl.gz",
        "users/2026-01-05.csv",
        "users/2026-01-12.csv",
    ]
    for name in (*names, "courses/2026-01-05.csv", "groups.csv"):
        (world / name).parent.mkdir(parents=True, exist_ok=True)
        (world / name).write_text(name)
    week_of = date(2026, 1, 5)
    made = lived.delivered(world, tmp_path / "made", since=week_of, until=week_of + timedelta(weeks=1))
    found = {str(path.relative_to(made)) for path in made.rglob("*") if path.is_file()}
    assert found == {names[1], names[3], "courses/2026-01-05.csv", "groups.csv"}


def test_waiting_for_a_module_is_counted_once_and_only_while_it_is_measured(tmp_path, monkeypatch):
    (tmp_path / "slow_outer.py").write_text("import slow_inner")
    (tmp_path / "slow_inner.py").write_text("import time\ntime.sleep(0.3)")
    monkeypatch.syspath_prepend(tmp_path)
    with Meter() as meter:
        begin = time.monotonic()
        import slow_outer  # noqa: F401

        took = time.monotonic() - begin
    assert 0.3 <= meter.seconds <= took
    before = meter.seconds
    import json.tool  # noqa: F401

    assert meter.seconds == before


def test_the_peak_is_that_since_it_was_forgotten():
    held = np.ones(60_000_000)
    high = peak_gb()
    del held
    forget_peak()
    assert high - peak_gb() > 0.3
