"""Options and small parts that the commands share."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lyceum.settings import Settings
    from pipelines.context import Context
    from pipelines.steps import StepResult

HomeFolder = Annotated[
    Path | None, typer.Option("--home", help="The platform's home [default: $LYCEUM_HOME or data/home].")
]
Config = Annotated[
    Path | None, typer.Option("--config", help="Settings file [default: $LYCEUM_CONFIG or ./lyceum.toml].")
]
AsOf = Annotated[
    str | None, typer.Option("--as-of", help="The Monday that ends the week [default: the newest complete one].")
]


def settings_of(config: Path | None, /) -> "Settings":
    """The settings, read late because reading them loads libraries."""
    from lyceum.settings import Settings

    return Settings.load(config)


@contextmanager
def opened(home: Path | None, config: Path | None, /) -> "Iterator[Context]":
    """The context of an existing home, with progress shown while it is used."""
    from lyceum.progress import progress
    from pipelines.opening import home_at, open_home

    settings = settings_of(config)
    with progress() as say:
        yield open_home(home_at(home), settings=settings, now=datetime.now(UTC), say=say)


def said(results: "Iterable[StepResult]", /) -> None:
    """Print what each step wrote, how long it took, and what it skipped and why."""
    from pipelines.steps import peak_mb

    for result in results:
        written = sum(part.rows or 0 for part in result.parts)
        typer.echo(
            f"{result.step:10} {result.as_of}  {len(result.parts) - len(result.skips):3} done, "
            f"{len(result.skips):2} skipped  {written:>10,} rows  {result.seconds:6.1f} s  {peak_mb():6.0f} MB"
        )
        for part in result.skips:
            typer.echo(f"             skipped {part.part}: {part.code}. {part.why}")
