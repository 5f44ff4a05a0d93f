from datetime import date

import duckdb
import pytest

from benchmarks import moments


def days(*rows):
    con = duckdb.connect()
    con.execute("CREATE TABLE acts (person VARCHAR, day DATE)")
    con.executemany("INSERT INTO acts VALUES (?, ?)", rows)
    return con


def test_gaps_are_counted_between_days_of_the_same_person():
    con = days(("a", date(2026, 1, 1)), ("a", date(2026, 1, 2)), ("a", date(2026, 1, 5)), ("b", date(2026, 1, 9)))
    found = moments.gaps(con, "SELECT person, day FROM acts")
    assert found["gap in days, median"] == 2.0
    assert found["gap in days, mean"] == 2.0
    assert found["gaps of one day"] == 0.5


@pytest.mark.parametrize(
    ("values", "expected"), [("(1), (1), (1)", 0.0), ("(0), (0), (0), (8)", 0.75), ("(1), (3)", 0.25)]
)
def test_gini(values, expected):
    assert moments.gini(duckdb.connect(), f"SELECT * FROM (VALUES {values})") == pytest.approx(expected)


def test_the_table_names_what_is_missing():
    lines = moments.table({"learning": {"x": 1.0}, "community": {"y": 2.5}}, {"learning": {"x": 3.0}})
    assert lines[2:] == ["| learning | x | 1.00 | 3.00 | oulad |", "| community | y | 2.50 | — | stackexchange |"]


def test_only_what_stands_between_the_markers_is_replaced(tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{moments.BEGIN}\nold\n{moments.END}\nafter\n", encoding="utf-8")
    moments.write_between(page, ["new"])
    assert page.read_text(encoding="utf-8") == f"before\n{moments.BEGIN}\nnew\n{moments.END}\nafter\n"
    moments.write_between(tmp_path / "none.md", ["new"])
    assert not (tmp_path / "none.md").exists()
    assert "no markers" in capsys.readouterr().err


def test_the_simulated_world_has_every_part(tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_text(f"{moments.BEGIN}\n{moments.END}\n", encoding="utf-8")
    moments.main(["--data", str(tmp_path), "--users", "300", "--page", str(page)])
    shown = page.read_text(encoding="utf-8")
    assert all(f"| {part} |" in shown for part in moments.PARTS)
    assert "nan" not in shown
    assert "There is no" in capsys.readouterr().err
