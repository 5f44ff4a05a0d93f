"""What is installed: these packages, under names nobody else claims, from a lock that names no index."""

import ast
import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"duckdb", "pandas", "numpy", "ibis", "sklearn", "airflow", "great_expectations", "pyarrow", "deltalake"}


def declared() -> dict[str, list]:
    """The literals in setup.py."""
    tree = ast.parse((ROOT / "setup.py").read_text())
    packages = next(ast.literal_eval(n.value) for n in tree.body if isinstance(n, ast.Assign))
    call = next(n.value for n in tree.body if isinstance(n, ast.Expr) and isinstance(n.value, ast.Call))
    data = next(ast.literal_eval(keyword.value) for keyword in call.keywords if keyword.arg == "package_data")
    return {"packages": packages, "data": data}


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    if listed.returncode:
        pytest.skip("this is no checkout")
    return [Path(line) for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def test_every_folder_with_code_ships_and_nothing_else_does():
    left_out = {"tests", "benchmarks", "scripts", "docs", "."}
    folders = {path.parent for path in tracked() if path.suffix == ".py"}
    shipped = {
        str(folder).replace("/", ".") for folder in folders if folder.parts and folder.parts[0] not in left_out
    }
    assert sorted(declared()["packages"]) == sorted({*shipped, "data.sources"})


def test_everything_beside_the_code_ships_too():
    packages, data = declared()["packages"], declared()["data"]
    everywhere = data[""]
    for path in tracked():
        inside = [p for p in packages if path.is_relative_to(p.replace(".", "/"))]
        if not inside or path.suffix == ".py":
            continue
        package = max(inside, key=len)
        name = path.relative_to(package.replace(".", "/"))
        patterns = [*everywhere, *data.get(package, [])]
        assert any(name.match(pattern) and len(name.parts) == len(Path(pattern).parts) for pattern in patterns), path


def test_no_other_distribution_claims_one_of_our_names():
    tops = {package.partition(".")[0] for package in declared()["packages"]}
    owners = importlib.metadata.packages_distributions()
    assert {top: sorted(set(owners.get(top, []))) for top in tops} == {top: ["lyceum"] for top in tops} or {
        top: set(owners.get(top, [])) - {"lyceum"} for top in tops
    } == {top: set() for top in tops}


def test_an_upload_is_refused_and_the_version_is_one():
    assert "Private :: Do Not Upload" in project()["classifiers"]
    assert importlib.metadata.version("lyceum") == project()["version"]


def test_the_changelog_begins_with_the_version():
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert re.search(r"^## \[?([^\]\s]+)", changelog, re.M)[1] in (project()["version"], "Unreleased")


def locked(name: str) -> dict[str, str]:
    """Requirement and its hashes, by distribution."""
    text = (ROOT / name).read_text().replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
    return {re.split(r"[=\s;\[]", line)[0]: line for line in lines}


def test_the_lock_pins_every_dependency_with_hashes():
    lock = locked("requirements.lock")
    for name, line in lock.items():
        assert re.match(r"[A-Za-z0-9._-]+==[^ ]+", line), name
        assert "--hash=sha256:" in line, name
    needed = [*project()["dependencies"], *project()["optional-dependencies"]["dev"]]
    plain = {re.split(r"[\s\[<>=;~!]", each)[0].lower() for each in needed}
    assert plain <= set(lock)


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-spark.lock"])
def test_a_lock_names_no_index_and_no_path(name):
    text = (ROOT / name).read_text()
    for word in ("://", "index-url", "find-links", "trusted-host", " @ ", "file:", "-e "):
        assert word not in text


def test_the_environment_is_what_the_lock_says():
    lock = locked("requirements.lock")
    for name in ("duckdb", "pandas", "apache-airflow", "great-expectations", "deltalake", "scikit-learn"):
        assert lock[name].split()[0].partition("==")[2] == importlib.metadata.version(name)


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["tables"], ["sources", "list"]])
def test_help_is_quick_because_it_loads_nothing_heavy(arguments):
    script = (
        "import sys, json\nfrom pipelines.cli import main\n"
        "try:\n    main()\nfinally:\n"
        "    print('LOADED', json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    found = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    loaded = json.loads(found.stdout.rpartition("LOADED ")[2])
    assert not HEAVY & set(loaded)


def test_help_shows_examples_that_are_commands():
    from typer.main import get_command

    from pipelines.cli import EXAMPLES, app

    named = {line.split()[1] for line in EXAMPLES.splitlines() if line.startswith("  lyceum ")}
    assert len(named) >= 4
    assert named <= set(get_command(app).commands)
