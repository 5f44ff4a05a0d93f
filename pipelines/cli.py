"""The command line: a thin skin over the steps. Exit code 0 good, 1 failed, 2 wrong use; never a traceback."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from pipelines import cli_ending, cli_models, cli_platform, cli_privacy, cli_reading, cli_readout
from pipelines.cli_options import AsOf, Config, HomeFolder, opened, said, settings_of

EXAMPLES = """\b
Examples:
  lyceum demo                           a simulated platform, its weeks under Airflow
  lyceum run --source oulad --data logs/oulad --as-of 2014-02-03 --home data/home-oulad
  lyceum query "SELECT segment_name, count(*) FROM marts.user_scores GROUP BY 1"
  lyceum tables marts.user_scores       what each column means
  lyceum status                         what was delivered, done and skipped
"""

app = typer.Typer(
    name="lyceum",
    help="Weekly analytics of a platform that sells knowledge: raw logs in, a DuckDB file and a report out.",
    epilog=EXAMPLES,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

SourceName = Annotated[str, typer.Option("--source", help="A shipped source (see `sources list`) or a .toml file.")]
DataFolder = Annotated[Path | None, typer.Option("--data", help="Folder of raw deliveries [default: HOME/landing].")]
InitKey = Annotated[bool, typer.Option("--init-key", help="Make the platform's pseudonym key if there is none.")]


@app.command()
def demo(
    home: HomeFolder = None,
    users: Annotated[int, typer.Option(help="People on the simulated platform.", min=1)] = 5000,
    weeks: Annotated[int, typer.Option(help="Weeks that it has existed.", min=1)] = 26,
    seed: Annotated[int, typer.Option(help="Same seed, same logs to the byte.")] = 7,
) -> None:
    """Simulate a platform, run its last weeks under Airflow, leave a release and a report."""
    from lyceum.progress import progress
    from pipelines.demo import demo as run_demo
    from pipelines.opening import home_at

    chosen = home_at(home)
    with progress() as say:
        result = run_demo(chosen, users=users, weeks=weeks, seed=seed, airflow_weeks=min(weeks, 2), say=say)
    cli_reading.show_where(chosen, seconds=result.seconds)


@app.command()
def run(
    source: SourceName,
    data: DataFolder = None,
    home: HomeFolder = None,
    as_of: AsOf = None,
    weeks: Annotated[int, typer.Option(help="How many weeks to run, the last one ending as of --as-of.", min=1)] = 1,
    config: Config = None,
) -> None:
    """Every step from raw logs to report, without Airflow. Safe to repeat.

    The first run of a home makes the platform's pseudonym key and says where it lies.
    """
    from lyceum.progress import progress
    from lyceum.weeks import parse_as_of, weeks_before
    from pipelines import week
    from pipelines.catching_up import catch_up
    from pipelines.opening import home_at, open_source

    settings, last = settings_of(config), parse_as_of(as_of) if as_of else None
    chosen = home_at(home)
    begin = datetime.now(UTC)
    with progress() as say:
        ctx = open_source(source, data, chosen, settings=settings, now=begin, say=say)
        with week.preloading():
            week.take_in(ctx, init_key=not chosen.platform_file.exists())
        for monday in weeks_before(last or week.newest_week(ctx), weeks):
            said(week.run_week(ctx, as_of=monday))
        for monday in catch_up(ctx):
            say(f"The week before {monday} was made again upon its predecessor.")
    cli_reading.show_where(chosen, seconds={"in all": (datetime.now(UTC) - begin).total_seconds()})


@app.command()
def ingest(
    source: Annotated[str, typer.Option("--source", help="Needed the first time only.")] = "",
    data: DataFolder = None,
    home: HomeFolder = None,
    init_key: InitKey = False,
    replay_rejects: Annotated[
        bool,
        typer.Option("--replay-rejects", help="Instead, take kept rejects through the mappings as they are now."),
    ] = False,
    config: Config = None,
) -> None:
    """Take new deliveries into the lake; files taken before are recognised by content and left alone.

    Rows that could not be used are kept for 30 days. After their mapping was mended:

    \b
      lyceum status --home HOME                   which rows, and why
      lyceum ingest --replay-rejects --home HOME  takes in what is good now, keeps the rest
    """
    if replay_rejects:
        cli_platform.replay(home, config, alone=not (source or data or init_key))
        return
    from lyceum.progress import progress
    from pipelines import week
    from pipelines.opening import home_at, open_home, open_source

    settings, chosen, now = settings_of(config), home_at(home), datetime.now(UTC)
    with progress() as say:
        if source:
            ctx = open_source(source, data, chosen, settings=settings, now=now, say=say)
        else:
            ctx = open_home(chosen, settings=settings, now=now, say=say)
        result = week.take_in(ctx, init_key=init_key or sys.stdin.isatty())
    for receipt in result.receipts:
        typer.echo(f"{receipt.table:14} {receipt.rows:>12,} rows, version {receipt.version}")
    typer.echo(f"{result.files} new files taken in, {result.known} known already.")


def _one_step(step: str, as_of: str | None, home: Path | None, config: Path | None) -> None:
    from lyceum.weeks import parse_as_of
    from pipelines import week

    chosen = parse_as_of(as_of) if as_of else None
    with opened(home, config) as ctx:
        said([week.perform(ctx, step, as_of=chosen or week.newest_week(ctx), asked=True)])


@app.command()
def validate(as_of: AsOf = None, home: HomeFolder = None, config: Config = None) -> None:
    """Judge the lake by Great Expectations; a failed check stops the week."""
    _one_step("validate", as_of, home, config)


@app.command()
def featurise(
    as_of: AsOf = None,
    home: HomeFolder = None,
    first: Annotated[str | None, typer.Option("--from", help="First Monday of several.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last Monday of several.")] = None,
    config: Config = None,
) -> None:
    """Write the snapshots of users and items as of one Monday, or of each from --from to --to."""
    from lyceum.errors import UsageError
    from lyceum.weeks import WEEK, parse_as_of

    if bool(first) != bool(last) or (first and as_of):
        raise UsageError(
            "--from needs --to, and both stand in place of --as-of.", remedy="Give both, or --as-of alone."
        )
    if first is None or last is None:
        _one_step("featurise", as_of, home, config)
        return
    monday, end = parse_as_of(first, option="--from"), parse_as_of(last, option="--to")
    if end < monday:
        raise UsageError(f"--from {monday} lies after --to {end}.", remedy="Exchange them.")
    while monday <= end:
        _one_step("featurise", str(monday), home, config)
        monday += WEEK


@app.command()
def train(as_of: AsOf = None, home: HomeFolder = None, config: Config = None) -> None:
    """Train a challenger of every prediction on weeks whose outcome is known; the gate says whether it scores.

    The weekly run does so only for what is due. The same data and settings are not trained again.
    """
    _one_step("train", as_of, home, config)


@app.command()
def score(as_of: AsOf = None, home: HomeFolder = None, config: Config = None) -> None:
    """Write the week's scored tables from the newest snapshot and the champions."""
    _one_step("score", as_of, home, config)


@app.command()
def publish(as_of: AsOf = None, home: HomeFolder = None, config: Config = None) -> None:
    """Build, verify and switch to a new release with its report; nothing happens if nothing changed."""
    _one_step("publish", as_of, home, config)


@app.command()
def report(
    to: Annotated[Path | None, typer.Option("--to", help="Folder to copy the pages into.")] = None,
    mail: Annotated[
        bool, typer.Option("--mail", help="Send it to the recipients of [mail] in the settings.")
    ] = False,
    post: Annotated[bool, typer.Option("--post", help="Send five numbers to [webhook] of the settings.")] = False,
    home: HomeFolder = None,
    config: Config = None,
) -> None:
    """Pass on the current release's report: copied to a folder, by mail, or as five numbers to a webhook."""
    from lyceum.errors import UsageError
    from pipelines import posting
    from pipelines.report import export

    if not (to or mail or post):
        raise UsageError("There is nowhere to pass the report on to.", remedy="Add --to FOLDER, --mail or --post.")
    with opened(home, config) as ctx:
        for page in export(ctx, to) if to else ():
            typer.echo(str(page))
        if mail:
            typer.echo(posting.mail(ctx))
        if post:
            typer.echo(posting.post(ctx))


cli_reading.register(app)
cli_models.register(app)
cli_platform.register(app)
cli_privacy.register(app)
cli_readout.register(app)


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"lyceum {version('lyceum')}")
        raise typer.Exit


@app.callback()
def _about(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Weekly analytics of a platform that sells knowledge: raw logs in, a DuckDB file and a report out."""


def main() -> None:
    """Run the command line; every known failure is one sentence and an exit code."""
    sys.exit(cli_ending.run(app))


if __name__ == "__main__":
    main()
