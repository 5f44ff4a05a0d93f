"""The built wheel, alone in an empty folder: it brings sources, templates, DAGs and worlds with it."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).resolve().parents[1]
UV = Path(sys.executable).parent / "uv"

pytestmark = pytest.mark.wheel


def done(command: list[object], **more: object) -> subprocess.CompletedProcess[str]:
    found = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **more)
    assert found.returncode == 0, f"{command}: {found.stdout[-3000:]}{found.stderr[-3000:]}"
    return found


def clean_copy(folder: Path) -> Path:
    """What git knows or would know, so that nothing left lying about gets into the wheel."""
    listed = done(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    if not UV.exists():
        pytest.skip("uv is not installed beside this Python: the wheel is NOT checked")
    source, target = clean_copy(tmp_path_factory.mktemp("source")), tmp_path_factory.mktemp("dist")
    done([UV, "build", "--quiet", "--wheel", "--out-dir", target, source])
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """The bin folder of an environment with the locked dependencies and the wheel, and nothing of the checkout."""
    environment = tmp_path_factory.mktemp("environment") / "venv"
    python = environment / "bin" / "python"
    done([UV, "venv", "--quiet", "--python", sys.executable, environment])
    lock = ROOT / "requirements.lock"
    done([UV, "pip", "sync", "--quiet", "--python", python, "--require-hashes", lock])
    done([UV, "pip", "install", "--quiet", "--python", python, "--no-deps", wheel])
    return python.parent


def test_the_wheel_holds_the_packages_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"lyceum", "pipelines", "features", "models", "expectations", "reports", "dags", "data"}
    for name in (
        "data/sources/demo.toml",
        "data/sources/README.md",
        "lyceum/simulator/worlds.toml",
        "reports/words/zh.toml",
        "dags/weekly_insights.py",
    ):
        assert name in names
    assert any(name.startswith("reports/templates/") for name in names)
    assert not [name for name in names if name.startswith("data/home") or "__pycache__" in name]
    metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
    text = zipfile.ZipFile(wheel).read(metadata).decode()
    assert "Private :: Do Not Upload" in text
    assert str(ROOT) not in text


def test_the_demo_runs_from_the_wheel_in_an_empty_folder(installed, tmp_path):
    folder, home = tmp_path / "empty", tmp_path / "the home"
    folder.mkdir()
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("LYCEUM_", "AIRFLOW", "PYTHON"))
    }
    env = {**kept, "XDG_CONFIG_HOME": str(tmp_path / "config"), "PATH": f"{installed}:{os.environ['PATH']}"}

    def lyceum(*arguments: object) -> str:
        return done([installed / "lyceum", *arguments], cwd=folder, env=env).stdout

    where = "import dags, pipelines, lyceum; print(dags.__file__, pipelines.__file__, lyceum.__file__)"
    for file in done([installed / "python", "-c", where], cwd=folder, env=env).stdout.split():
        assert Path(file).is_relative_to(installed.parent)
    assert "oulad" in lyceum("sources", "list")
    shown = lyceum("demo", "--users", 300, "--weeks", 8, "--home", home)
    assert "read_only=True" in shown
    assert (home / "current" / "report" / "index.zh.html").stat().st_size > 10_000
    with duckdb.connect(str(home / "current" / "lyceum.duckdb"), read_only=True) as con:
        assert con.execute("SELECT count(*) > 200 FROM marts.user_scores").fetchall() == [(True,)]
    assert lyceum("query", "--home", home, "--format", "csv", "SELECT 1 AS n").strip() == "n\n1"
    assert "release: " in lyceum("doctor", "--home", home)
    assert list(folder.iterdir()) == []
    logs = "\n".join(file.read_text(errors="replace") for file in (home / "airflow").rglob("*.log"))
    assert str(ROOT) not in logs
