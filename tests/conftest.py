"""Settings of every test."""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A deadline would be a timed assertion; under CI the same examples are drawn each time.
settings.register_profile(
    "lyceum",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("lyceum")


@pytest.fixture(scope="session")
def once(tmp_path_factory) -> Callable[[str, Callable[[Path], None]], Path]:
    """Has a folder made by the test process that asks first; the others wait. Nobody may write into it later."""
    root = tmp_path_factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root

    def folder(name: str, make: Callable[[Path], None]) -> Path:
        made, finished = root / f"once-{name}", root / f"once-{name}.finished"
        with (root / f"once-{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not finished.exists():
                shutil.rmtree(made, ignore_errors=True)  # what one that failed left
                made.mkdir()
                make(made)
                finished.touch()
        return made

    return folder


@pytest.fixture(scope="session")
def spark():
    """One Spark on this machine for the whole run: its start takes longer than most of what is asked of it."""
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed: nothing is checked on Spark")
    session = (
        sql.SparkSession.builder.master("local[2]")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.ui.enabled", "false")
        .getOrCreate()
    )
    yield session
    session.stop()


CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium, without a window."""
    if not CHROMIUM.exists():
        pytest.skip("chromium is not installed: apt-get install chromium fonts-noto-cjk")
    playwright = pytest.importorskip("playwright.sync_api")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=str(CHROMIUM), args=flags)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def violations():
    """What of a page breaks a rule of axe-core: contrast, names of regions and tables, headings, languages."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()

    def broken(page):
        found = axe.run(page).response["violations"]
        return [(rule["id"], [node["html"][:200] for node in rule["nodes"]]) for rule in found]

    return broken
