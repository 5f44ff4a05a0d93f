"""Packages are listed one by one: what is not named here is not installed."""

from setuptools import setup

PACKAGES = [
    "lyceum",
    "lyceum.simulator",
    "lyceum.tables",
    "lyceum.words",
    "pipelines",
    "features",
    "features.rates",
    "models",
    "models.classification",
    "models.recommendation",
    "models.segmentation",
    "models.topics",
    "expectations",
    "reports",
    "dags",
    "data.sources",
]

setup(
    packages=PACKAGES,
    package_dir={"": "."},
    package_data={
        "": ["py.typed"],
        "data.sources": ["*.toml", "*.md"],
        "expectations": ["suites/*.json"],
        "lyceum.simulator": ["*.toml"],
        "lyceum.tables": ["*.json"],
        "lyceum.words": ["*.toml"],
        "models.topics": ["*.toml"],
        "reports": ["templates/*.html", "templates/*.css", "templates/*.js", "words/*.toml"],
    },
)
