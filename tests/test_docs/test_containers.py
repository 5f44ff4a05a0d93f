"""The container does nothing that is not run on the bare machine: its files only call scripts that exist."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
SCRIPT = re.compile(r"scripts/[a-z-]+\.sh")


def instructions(name):
    return [line.split(" ", 1)[1] for line in DOCKERFILE.splitlines() if line.startswith(f"{name} ")]


def test_every_instruction_after_the_user_is_made_calls_a_script_that_is_there():
    made, *runs = instructions("RUN")
    assert made.startswith("useradd")
    called = [*runs, *instructions("CMD"), *instructions("HEALTHCHECK")]
    assert len(called) == 3
    for line in called:
        assert (ROOT / SCRIPT.search(line)[0]).is_file()
        assert "&&" not in line


def test_the_makefile_installs_by_the_same_script():
    assert "bash scripts/install.sh" in (ROOT / "Makefile").read_text()


def test_the_container_runs_as_a_user_without_rights_from_the_work_on():
    assert instructions("USER") == ["lyceum"]
    assert DOCKERFILE.index("USER lyceum") < DOCKERFILE.index("COPY")


def test_images_have_a_version():
    images = [
        *instructions("FROM"),
        *(service["image"] for service in COMPOSE["services"].values() if "image" in service),
    ]
    assert len(images) == 2
    for image in images:
        assert re.fullmatch(r"[a-z]+:[0-9.]+-[a-z-]+", image)


def test_nothing_is_open_to_the_network_and_no_secret_stands_in_the_files():
    services = COMPOSE["services"]
    assert services["lyceum"]["network_mode"] == "host"  # where `lyceum up` listens on loopback, by its own test
    assert all(port.startswith("127.0.0.1:") for port in services["postgres"]["ports"])
    for service in services.values():
        named = [name for name in service["environment"] if "PASSWORD" in name]
        assert named
        assert all(name.endswith("_FILE") for name in named)
        assert service["secrets"] == ["airflow_db"]
    assert "config" in (ROOT / ".dockerignore").read_text().split()
    assert "/config/" in (ROOT / ".gitignore").read_text().split()


def test_the_home_and_the_keys_outlive_the_container():
    places = [volume.split(":")[1] for volume in COMPOSE["services"]["lyceum"]["volumes"]]
    named = " ".join(instructions("ENV"))
    for variable in ("LYCEUM_HOME", "LYCEUM_CONFIG", "XDG_CONFIG_HOME"):
        value = re.search(rf"{variable}=(\S+)", named)[1]
        assert any(value == place or value.startswith(f"{place}/") for place in places)
