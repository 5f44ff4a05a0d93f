"""The page of benchmarks: a section is replaced by a new run of its own; no name and no place leaks into it."""

import platform
from datetime import date

import pytest

from benchmarks.record import record, shown, typed

TODAY = date(2026, 7, 6)
WEEK = ["benchmarks.week", "--events", "1000"]


@pytest.fixture
def page(tmp_path):
    return tmp_path / "benchmarks.md"


def headings(page) -> list[str]:
    return [line[3:] for line in page.read_text().splitlines() if line.startswith("## ")]


def test_sections_are_sorted_by_words_and_then_by_size(page):
    for name in ("week: 10,000,000 events", "publish: 5 releases", "week: 1,000,000 events", "week: 200 events"):
        record(name, {"seconds": 1.5}, command=WEEK, today=TODAY, page=page)
    assert headings(page) == [
        "publish: 5 releases",
        "week: 200 events",
        "week: 1,000,000 events",
        "week: 10,000,000 events",
    ]


def test_a_new_run_replaces_its_own_section_alone(page):
    for seconds, day in ((1.5, 6), (2.5, 7)):
        record("week: 10 events", {"seconds": seconds}, command=WEEK, today=date(2026, 7, day), page=page)
        if day == 6:
            page.write_text(page.read_text().replace("lyceum 0", "lyceum 7"))  # measured with another version
            record("score: 5 people", {"seconds": 9}, command=WEEK, today=TODAY, page=page)
            kept = page.read_text().split("## score: 5 people")[1].split("## week")[0]
    text = page.read_text()
    assert "| seconds | 2.5 |" in text
    assert "1.5" not in text
    assert "2026-07-06" in text.split("## score: 5 people")[1].split("## week")[0]
    assert kept in text


def test_an_old_section_keeps_its_own_versions(page):
    record("a", {"n": 1}, command=WEEK, today=TODAY, page=page)
    page.write_text(page.read_text().replace(f"Python {platform.python_version()}", "Python 3.99"))
    record("b", {"n": 2}, command=WEEK, today=TODAY, page=page)
    assert page.read_text().count("Python 3.99") == 1


def test_recording_the_same_again_changes_nothing(page):
    for _ in range(2):
        record("a", {"n": 1}, command=WEEK, today=TODAY, page=page)
        record("b", {"n": 1}, command=WEEK, today=TODAY, page=page)
    first = page.read_bytes()
    record("a", {"n": 1}, command=WEEK, today=TODAY, page=page)
    assert page.read_bytes() == first


def test_mappings_of_the_same_keys_stand_side_by_side(page):
    figures = {
        "events": 1_234_567,
        "seconds": 83.21,
        "growth": None,
        "steps": {"ingest": 20.5, "train": 2000.4},
        "models": {"rule": {"auc": 0.71}, "forest": {"auc": 0.8, "ece": 0.012}},
        "steps_peak_gb": {"ingest": 1.25, "train": 2},
    }
    record("week", figures, command=WEEK, today=TODAY, page=page)
    assert page.read_text().rstrip().split("\n\n")[-3:] == [
        "| figure | value |\n| --- | ---: |\n| events | 1,234,567 |\n| seconds | 83.21 |\n| growth | – |",
        "|  | steps | steps_peak_gb |\n| --- | ---: | ---: |\n| ingest | 20.5 | 1.25 |\n| train | 2,000 | 2 |",
        "| models | auc | ece |\n| --- | ---: | ---: |\n| rule | 0.71 | – |\n| forest | 0.8 | 0.012 |",
    ]


def test_the_machine_has_no_name_and_the_command_no_place(page, tmp_path):
    command = typed("benchmarks.week", ["--keep", str(tmp_path), "--to=/mnt/x/out.json", "--seed", "3", "--record"])
    assert shown(command) == "python -m benchmarks.week --keep FOLDER --to=FILE --seed 3"
    record("week", {"n": 1}, command=command, today=TODAY, page=page)
    text = page.read_text()
    assert str(tmp_path) not in text
    assert platform.node() not in text.split("## week")[1]
    assert f"Python {platform.python_version()}, lyceum " in text
    assert f" {platform.release().split('-')[0]}. Python" in text


def test_a_figure_that_no_table_can_show_is_refused_before_anything_is_written(page):
    with pytest.raises(TypeError, match="not a set"):
        record("week", {"n": {1}}, command=WEEK, today=TODAY, page=page)
    assert not page.exists()
