"""docs/explore.ipynb: clean in git, and every cell runs on a week published by the real steps."""

from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[2] / "docs" / "explore.ipynb"
CHART = "image/svg+xml"


@pytest.fixture
def notebook():
    return pytest.importorskip("nbformat").read(NOTEBOOK, as_version=4)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_no_output_and_no_place_of_a_machine_is_kept(notebook):
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code(notebook))
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert "/home/" not in NOTEBOOK.read_text(encoding="utf-8").replace("data/home", "")


@pytest.mark.slow
def test_every_cell_answers_from_the_current_release(notebook, finished, monkeypatch):
    from nbclient import NotebookClient

    monkeypatch.setenv("LYCEUM_HOME", str(finished.home.root))
    before = finished.home.current.resolve(), finished.home.current.resolve().stat().st_mtime_ns
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()  # raises where a cell does
    outputs = [output for cell in code(notebook) for output in cell.outputs]
    shown = [output.data for output in outputs if output.output_type == "execute_result"]
    assert sum(CHART in data for data in shown) == 3
    tables = [data["text/plain"] for data in shown if "text/html" in data]
    assert len(tables) >= 6
    assert any("marts.q_" in text or "q_weekly_active" in text for text in tables)
    assert any("COUNT(*) FILTER" in text for text in tables)
    assert (finished.home.current.resolve(), finished.home.current.resolve().stat().st_mtime_ns) == before
