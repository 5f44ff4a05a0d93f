"""Settings of every test."""

import os

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
