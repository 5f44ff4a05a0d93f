"""Lists given back under the platform's own ids: the right people, for the owner alone, outside the home."""

import csv

import pytest

from lyceum.errors import InputError, LyceumError, UsageError
from pipelines.exporting import export


@pytest.fixture
def ids(tmp_path):
    file = tmp_path / "ids.txt"
    file.write_text("u3\n\n  u1  \nu2\nu3\nu999\n")
    return file


def test_people_get_their_own_ids_back(small, ids, tmp_path):
    to = tmp_path / "out" / "list.csv"
    assert export(small, "user_scores", ids=ids, to=to) == 3
    rows = list(csv.DictReader(to.read_text().splitlines()))
    assert {row["user_id"]: row["churn_28d"] for row in rows} == {"u1": "0.1", "u2": "0.2", "u3": "0.3"}
    assert to.stat().st_mode & 0o777 == 0o600


def test_people_held_out_are_left_out_and_formulas_are_harmless(small, ids, tmp_path):
    to = tmp_path / "list.csv"
    to.write_text("old")
    to.chmod(0o644)
    assert export(small, "early_warnings", ids=ids, to=to) == 2
    rows = list(csv.DictReader(to.read_text().splitlines()))
    assert {row["user_id"] for row in rows} == {"u1", "u3"}
    assert {row["suggested_action"] for row in rows} == {"'=HYPERLINK(1)"}
    assert to.stat().st_mode & 0o777 == 0o600


def test_nothing_is_written_into_the_home_by_any_way(small, ids, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(small.home.root)
    (tmp_path / "x").mkdir()
    before = sorted(small.home.root.rglob("*"))
    for to in (small.home.root / "a.csv", link / "a.csv", tmp_path / "x" / ".." / "home" / "a.csv"):
        with pytest.raises(UsageError, match="inside the home"):
            export(small, "user_scores", ids=ids, to=to)
    assert sorted(small.home.root.rglob("*")) == before


def test_a_list_without_people_and_an_unknown_list_are_refused(small, ids, tmp_path):
    with pytest.raises(UsageError, match="no user_id"):
        export(small, "segments", ids=ids, to=tmp_path / "x.csv")
    with pytest.raises(LyceumError, match=r"marts\.user_scores"):
        export(small, "user_score", ids=ids, to=tmp_path / "x.csv")


def test_the_file_of_ids_must_hold_some(small, tmp_path):
    with pytest.raises(InputError, match="no file of ids"):
        export(small, "user_scores", ids=tmp_path / "none", to=tmp_path / "x.csv")
    (tmp_path / "empty").write_text("\n \n")
    with pytest.raises(InputError, match="holds no ids"):
        export(small, "user_scores", ids=tmp_path / "empty", to=tmp_path / "x.csv")
    assert not (tmp_path / "x.csv").exists()


def test_another_key_is_refused_and_not_answered_with_nobody(small, ids, tmp_path, monkeypatch):
    monkeypatch.setenv("LYCEUM_SECRET", "another secret that is not this home's")
    with pytest.raises(LyceumError, match="key"):
        export(small, "user_scores", ids=ids, to=tmp_path / "x.csv")
    assert not (tmp_path / "x.csv").exists()
