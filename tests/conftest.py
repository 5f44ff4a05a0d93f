"""Settings of every test."""

import os

from hypothesis import HealthCheck, settings

# A deadline would be a timed assertion; under CI the same examples are drawn each time.
settings.register_profile(
    "lyceum",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("lyceum")
