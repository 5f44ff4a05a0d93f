"""Commands about the platform and its surroundings: sources, replay, maintain, pseudonym, up, airflow."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli_options import Config, HomeFolder, opened

sources_app = typer.Typer(help="How raw logs become our tables.", no_args_is_help=True, rich_markup_mode=None)
airflow_app = typer.Typer(help="An Airflow that exists already.", no_args_is_help=True, rich_markup_mode=None)


def register(app: typer.Typer, /) -> None:
    """Add these commands to the command line."""
    app.command()(maintain)
    app.command()(pseudonym)
    app.command()(up)
    app.add_typer(sources_app, name="sources")
    app.add_typer(airflow_app, name="airflow")


@sources_app.command("list")
def list_sources() -> None:
    """The shipped sources."""
    from lyceum.sources import listing

    for name, title in listing():
        typer.echo(f"{name:18} {title}")


@sources_app.command("check")
def check_source(
    source: Annotated[str, typer.Argument(help="A shipped source or a .toml file.")],
) -> None:
    """Explain every mistake in a source; exit code 2 if there is one."""
    from lyceum.sources import check

    mistakes = check(source)
    for mistake in mistakes:
        typer.echo(mistake)
    typer.echo(f"{source}: {len(mistakes)} mistakes." if mistakes else f"{source} is right.")
    if mistakes:
        raise typer.Exit(2)


def replay(home: Path | None, config: Path | None, /, *, alone: bool) -> None:
    """Take kept rejects in again and say what became of them; it is no use with options about a delivery."""
    from lyceum.errors import UsageError
    from pipelines import week

    if not alone:
        raise UsageError(
            "--replay-rejects reads what the home has kept, not a delivery.",
            remedy="Leave out --source, --data and --init-key.",
        )
    with opened(home, config) as ctx:
        result = week.take_again(ctx)
    for account in result.accounts:
        counts = ", ".join(f"{account[part]:,} {part}" for part in _PARTS if account[part])
        typer.echo(f"{account['file']}: {counts}")
    if not result.accounts:
        typer.echo("Nothing was taken: every row is as good or bad as before.")
    for reason, rows in result.unreadable.items():
        typer.echo(f"Left alone: {rows:,} rows {reason}.")


_PARTS = ("rows", "mapped", "anonymous", "skipped", "duplicate", "rejected")


def maintain(home: HomeFolder = None, config: Config = None) -> None:
    """Merge small files of the lake, remove dead ones and old rejects, shorten the logs. No row changes."""
    from pipelines.upkeep import maintain as look_after

    with opened(home, config) as ctx:
        done = look_after(ctx)
    for one in done:
        checkpoint = ", log shortened" if one.checkpoint else ""
        merged = f"{one.merged:,} small files became {one.made:,}"
        typer.echo(f"{one.table}: {merged}, {one.removed:,} dead files removed{checkpoint}")
    if not done:
        typer.echo("There was nothing to do.")


def pseudonym(home: HomeFolder = None, config: Config = None) -> None:
    """Read one of the platform's own user ids from standard input and print its pseudonym.

    The id is not taken as an argument, because arguments stay in the shell's history.
    """
    from lyceum import privacy
    from lyceum.errors import UsageError
    from pipelines.exporting import own_key

    asked = sys.stdin.isatty()
    own = (typer.prompt("User id", hide_input=True, err=True) if asked else sys.stdin.readline()).strip()
    if not own:
        raise UsageError("No id was given.", remedy="Type the platform's own user id.")
    with opened(home, config) as ctx:
        typer.echo(privacy.pseudonym(own_key(ctx), own))


def up(
    home: HomeFolder = None,
    config: Config = None,
    port: Annotated[int, typer.Option(help="Port of the UI on 127.0.0.1.", min=1, max=65535)] = 8080,
) -> None:
    """Start Airflow with its UI, scheduler and these DAGs, on this machine only; Ctrl-C ends it."""
    from lyceum.progress import progress
    from pipelines.opening import home_at
    from pipelines.standing import up as start

    with progress() as say:
        start(home_at(home), config=config, port=port, say=say)


@airflow_app.command("init")
def init_airflow(
    folder: Annotated[Path, typer.Argument(help="The DAGs folder of an existing Airflow.")],
    config: Config = None,
) -> None:
    """Write a three-line DAG file that brings lyceum's DAGs into an existing Airflow."""
    from pipelines.orchestration import init

    typer.echo(f"Written: {init(folder, config=config)}")
