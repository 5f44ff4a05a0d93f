"""Where Airflow keeps its own records: SQLite below the home, or the PostgreSQL that $LYCEUM_AIRFLOW_DB names.

The address of a PostgreSQL holds a password: it is passed on by the environment only, and no sentence quotes it.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from lyceum.errors import LyceumError, UsageError

VARIABLE = "LYCEUM_AIRFLOW_DB"
SCHEMES = ("postgresql", "postgres", "postgresql+psycopg", "postgresql+psycopg2")
EXAMPLE = "postgresql://USER:PASSWORD@HOST:5432/DATABASE"
SECONDS = 10  # to wait for a server


def settings(folder: Path, /) -> dict[str, str]:
    """Airflow's settings, less their prefix, that say where the records are kept; SQLite lies in `folder`.

    Raises:
        UsageError: the variable names no PostgreSQL.
    """
    given = os.environ.get(VARIABLE, "")
    if not given:
        return {"DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder / 'airflow.db'}"}
    url = f"postgresql+psycopg://{given.partition('://')[2]}" if _parts(given) else given
    return {"DATABASE__SQL_ALCHEMY_CONN": url, "DATABASE__SQL_ALCHEMY_CONN_ASYNC": url}


def where(env: Mapping[str, str], /) -> str:
    """The database of an environment of Airflow's in words, without user or password."""
    url = urlsplit(env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"])
    return f"PostgreSQL on {url.hostname}" if url.hostname else "SQLite"


def require_answer() -> None:
    """Make sure that the PostgreSQL of the variable, if it names one, lets us in.

    Raises:
        UsageError: the variable names no PostgreSQL.
        LyceumError: the server cannot be reached or refuses.
    """
    given = os.environ.get(VARIABLE, "")
    if not given:
        return
    import psycopg

    parts = _parts(given)
    try:
        psycopg.connect(f"postgresql://{given.partition('://')[2]}", connect_timeout=SECONDS).close()
    except (psycopg.Error, UnicodeError, ValueError) as error:
        raise LyceumError(
            f"The PostgreSQL on {parts.hostname} that {VARIABLE} names did not let us in: {_said(error)}.",
            remedy="Check that it runs, and host, port, user, password and database in the variable.",
        ) from None


def _parts(given: str) -> SplitResult:
    try:
        parts = urlsplit(given)
        good = parts.scheme in SCHEMES and parts.hostname and parts.path.strip("/") and (parts.port or True)
    except ValueError:  # a port that is no number, a broken bracket
        good = False
    if not good:
        raise UsageError(f"{VARIABLE} names no PostgreSQL.", remedy=f"Write it as {EXAMPLE}.") from None
    return parts


def _said(error: Exception) -> str:
    """What kind of failure it was: the driver's own words may quote user and password."""
    text = str(error)
    known = {
        "refused": "nothing listens there",
        "password": "user or password is wrong",
        "does not exist": "there is no such database or user",
        "timeout": f"no answer within {SECONDS} s",
        "resolve": "the host's name is not known",
        "translate host": "the host's name is not known",
    }
    return next((words for mark, words in known.items() if mark in text), type(error).__name__)
