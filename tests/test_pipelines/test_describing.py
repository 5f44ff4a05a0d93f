"""`lyceum tables`: the snapshots as documentation, with and without a release."""

from datetime import date

import pytest

from lyceum import engine, releases
from lyceum.errors import UsageError
from lyceum.home import Home
from lyceum.schema import questions
from lyceum.tables.features import ITEM_SNAPSHOT, SETS, USER_SNAPSHOT
from pipelines.describing import described, listed

HELD = {
    "acts_7d": {"available": True, "null_share": 0.0, "minimum": 0, "median": 3, "maximum": 120},
    "main_community": {"available": True, "null_share": 0.25, "categories": "g1 40%, g2 35%"},
    "gender": {"available": False, "null_share": 1.0, "why_not": "The logs hold no such thing."},
    "spend_28d": {
        **{"available": True, "null_share": 0.5, "minimum": -9.5, "median": 20, "maximum": 199},
        "drift_verdict": "shifted: median 10 -> 20",
    },
}


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    """Whatever the tests are started from has a width of its own."""
    monkeypatch.setenv("COLUMNS", "140")


@pytest.fixture
def home(tmp_path):
    """A home whose release holds four lines of the catalogue."""
    made = Home(tmp_path / "home")
    folder = releases.stage(made, date(2026, 6, 29))
    with engine.connect(folder / releases.DATABASE) as con:
        for schema in ("marts", "history", "features", "quality"):
            con.execute(f"CREATE SCHEMA {schema}")
        for table in releases.contents():
            con.execute(table.ddl())
        for name, values in HELD.items():
            row = {"table_name": USER_SNAPSHOT.name, "name": name, **values}
            marks = ", ".join("?" for _ in row)
            con.execute(f"INSERT INTO features.catalogue ({', '.join(row)}) VALUES ({marks})", list(row.values()))
    releases.switch(made, releases.commit(made, folder, {"as_of": "2026-06-29", "tables": {}}))
    return made.root


def line(lines, name):
    return next(each for each in lines if each.split()[:1] == [name])


def test_every_column_stands_below_its_set_with_unit_and_meaning(tmp_path):
    lines = list(described(USER_SNAPSHOT.name, home=tmp_path))
    assert [each for each in lines if each in SETS[USER_SNAPSHOT.name]] == list(SETS[USER_SNAPSHOT.name])
    for name in USER_SNAPSHOT.names:
        assert line(lines, name)
    assert line(lines, "acts_1d").split()[1:4] == ["events", "Deliberate", "events"]
    assert line(lines, "acts_3d").endswith("the same, 3 days")
    assert not any("Figures" in each for each in lines)


def test_a_release_adds_what_the_columns_hold(home):
    lines = list(described(USER_SNAPSHOT.name, home=home))
    assert any("Figures of the release 2026-06-29-r001" in each for each in lines)
    assert "0% 0 .. 3 .. 120" in line(lines, "acts_7d")
    assert "25% g1 40%, g2 35%" in line(lines, "main_community")
    assert "unknown here" in line(lines, "gender") and "hold no such thing" in line(lines, "gender")
    assert "(shifted: median 10 -> 20)" in line(lines, "spend_28d")


def test_other_tables_have_a_line_per_column(home):
    lines = list(described("marts.user_scores", home=home))
    assert "probability" in line(lines, "retention_28d").lower()
    assert line(list(described(ITEM_SNAPSHOT.name, home=home)), "price")
    with pytest.raises(UsageError, match=r"no table features\.user_snap"):
        list(described("features.user_snap", home=home))


def test_a_view_tells_its_question_its_query_and_its_columns(tmp_path):
    for asked in questions():
        lines = list(described(asked.view, home=tmp_path))
        assert asked.asks in lines[0] and asked.asks_zh in lines[0]
        for name, meaning in asked.columns.items():
            assert line(lines, name).endswith(meaning)
        shown = " ".join(" ".join(lines).split())
        assert " ".join(asked.query.split()) in shown


def test_an_unknown_view_has_near_names(tmp_path):
    with pytest.raises(UsageError, match=r"no view marts\.q_stickines\.") as refused:
        list(described("marts.q_stickines", home=tmp_path))
    assert "marts.q_stickiness" in str(refused.value.remedy)


def test_the_list_has_every_table_and_every_question():
    lines = list(listed())
    assert any(each.startswith("marts.user_scores ") for each in lines)
    for asked in questions():
        assert any(asked.view in each and asked.asks in each for each in lines)
