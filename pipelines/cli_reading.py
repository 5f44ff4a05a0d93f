"""Commands for people who read: query, tables, releases, status, doctor, serve, export."""

import sys
from collections.abc import Mapping
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Annotated

import typer

from lyceum.errors import HomeError
from pipelines.cli_options import Config, HomeFolder, opened

if TYPE_CHECKING:
    from lyceum.home import Home
    from lyceum.releases import Release

QUERIES = (
    "SELECT kpi, value, previous, unusual FROM marts.weekly_kpis "
    "WHERE week = (SELECT max(week) FROM marts.weekly_kpis)",
    "SELECT segment_name, count(*) AS users, avg(churn_28d) AS churn FROM marts.user_scores GROUP BY 1",
    "SELECT title, learners_28d, revenue_28d FROM marts.item_performance ORDER BY learners_28d DESC LIMIT 10",
)

releases_app = typer.Typer(help="Published weeks.", no_args_is_help=True, rich_markup_mode=None)


def register(app: typer.Typer, /) -> None:
    """Add the reading commands to the command line."""
    for command in (query, tables, status, doctor, serve, export):
        app.command()(command)
    app.add_typer(releases_app, name="releases")


def show_where(home: "Home", /, *, seconds: Mapping[str, float]) -> None:
    """Say where report and release lie, how to open the database, and what to ask it."""
    from lyceum.releases import current

    release = current(home)
    typer.echo("")
    for name, value in seconds.items():
        typer.echo(f"{name:>24} {value:7.1f} s")
    command = "lyceum" if which("lyceum") else sys.argv[0]
    typer.echo(f"""
Report    {home.current}/report/index.html      (zh and en beside it; every week: {home.reports}/index.html)
Database  {home.current}/lyceum.duckdb          (release {release.name}, read-only)

Open it in Python:
  duckdb.connect("{home.current}/lyceum.duckdb", read_only=True)

Or ask it from here:""")
    for sql in QUERIES:
        typer.echo(f'  {command} query --home {home.root} "{sql}"')


def query(
    sql: Annotated[str, typer.Argument(help="One SELECT over marts.*, history.*, features.*, quality.*.")],
    home: HomeFolder = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Another published week than the current one.")] = None,
    format: Annotated[str, typer.Option("--format", help="table, csv, json or parquet.")] = "table",
    to: Annotated[Path | None, typer.Option("--to", help="Write to a file instead of the screen.")] = None,
) -> None:
    """Ask the published database. Cells of a CSV that a spreadsheet would run as a formula are made harmless."""
    from pipelines.opening import home_at
    from pipelines.querying import ask

    typer.echo(ask(home_at(home), sql, as_of=as_of, format=format, to=to))


def tables(
    name: Annotated[str | None, typer.Argument(help="A table or view, e.g. marts.user_scores.")] = None,
    home: HomeFolder = None,
) -> None:
    """List the published tables and views, or every column of one with its type, unit and meaning.

    Of a view (marts.q_...) the question that it answers and its query.

    Of the snapshots features.user_snapshot and features.item_snapshot also what the columns hold in the newest
    release of the home, if it has one: shares of nulls, ranges, and whether they have moved.
    """
    from pipelines.describing import described, listed

    for line in described(name, home=home) if name else listed():
        typer.echo(line)


@releases_app.command("list")
def list_releases(home: HomeFolder = None) -> None:
    """Every release, the current one marked."""
    from lyceum.releases import listing
    from pipelines.opening import home_at

    chosen = home_at(home)
    here = chosen.current.resolve().name if chosen.current.is_symlink() else ""
    for release in listing(chosen):
        typer.echo(f"{'*' if release.name == here else ' '} {release.name}  {_size(release)}")


def _size(release: "Release") -> str:
    try:
        rows = sum(facts["rows"] for facts in release.manifest()["tables"].values())
    except HomeError:
        return "damaged: its manifest cannot be read"
    return f"{rows:>12,} rows"


@releases_app.command("diff")
def diff_releases(
    older: Annotated[str, typer.Argument(help="A release's name.")],
    newer: Annotated[str, typer.Argument(help="Another's.")],
    home: HomeFolder = None,
) -> None:
    """Which tables differ between two releases, and in how many rows."""
    from pipelines.opening import home_at
    from pipelines.querying import differences

    for line in differences(home_at(home), older, newer):
        typer.echo(line)


@releases_app.command("rollback")
def rollback_release(
    name: Annotated[str, typer.Argument(help="The release to go back to [default: the one before].")] = "",
    home: HomeFolder = None,
) -> None:
    """Point `current` to an earlier release; nothing is deleted."""
    from lyceum.releases import rollback
    from pipelines.opening import home_at

    chosen = home_at(home)
    with chosen.lock():
        typer.echo(f"current -> {rollback(chosen, name).name}")


def status(home: HomeFolder = None, config: Config = None) -> None:
    """What was delivered, to the row; what the newest week did and skipped; which release is current."""
    from pipelines.health import status_lines

    with opened(home, config) as ctx:
        for line in status_lines(ctx):
            typer.echo(line)


def doctor(home: HomeFolder = None, config: Config = None) -> None:
    """Look for trouble: disk, lock, key, versions, fonts, and whether the current release is what was published."""
    from pipelines.health import diagnose

    with opened(home, config) as ctx:
        findings = diagnose(ctx)
    for finding in findings:
        typer.echo(f"{'ok ' if finding.good else 'BAD'} {finding.what}: {finding.found} {finding.remedy}".rstrip())
    if not all(finding.good for finding in findings):
        raise typer.Exit(1)


def serve(
    home: HomeFolder = None,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.", min=0, max=65535)] = 8765,
) -> None:
    """Show the archive of reports in a browser, on this machine only."""
    from pipelines.opening import home_at
    from pipelines.serving import serve as run_server

    run_server(home_at(home), port=port, say=typer.echo)


def export(
    name: Annotated[str, typer.Argument(help="A table of marts with a user_id, e.g. early_warnings.")],
    ids: Annotated[Path, typer.Option("--ids", help="File with the platform's own user ids, one a line.")],
    to: Annotated[Path, typer.Option("--to", help="CSV to write, outside the home, readable by you alone.")],
    home: HomeFolder = None,
    config: Config = None,
) -> None:
    """Join a list back to the platform's own ids, for the tool that sends.

    Whom nobody must contact is left out: people held out, and those without a suggested action.

    \b
    lyceum export early_warnings --ids ids.txt --to contacts.csv

    The file of ids has one a line; the CSV is UTF-8 for spreadsheets, and no text in it runs as a formula.
    """
    from pipelines.exporting import export as write

    with opened(home, config) as ctx:
        rows = write(ctx, name, ids=ids, to=to)
    typer.echo(f"{rows} rows written to {to} (mode 0600).")
