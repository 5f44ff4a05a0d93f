"""Commands about fitted models: list them, show a card, roll back to another version."""

from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli_options import Config, HomeFolder, opened

if TYPE_CHECKING:
    from lyceum.home import Home
    from pipelines.champions import Version

models_app = typer.Typer(
    help="Fitted models: which version scores, how good it is, and going back to another.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

ModelName = Annotated[str, typer.Argument(help="retention_28d, purchase_28d, segments, recommendation, ...")]


def register(app: typer.Typer, /) -> None:
    """Add these commands to the command line."""
    app.add_typer(models_app, name="models")


@models_app.command("list")
def list_models(home: HomeFolder = None) -> None:
    """Every model: the version that scores, its figure with a 95 % interval, who decided it, the other versions.

    \b
    Examples:
      lyceum models list --home data/home
      lyceum models show purchase_28d --home data/home
    """
    from pipelines.model_listing import listed
    from pipelines.opening import home_at

    for line in listed(home_at(home)):
        typer.echo(line)


@models_app.command("show")
def show_model(
    name: ModelName,
    home: HomeFolder = None,
    version: Annotated[
        str | None, typer.Option("--version", help="The Monday whose run trained it [default: the one that scores].")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The whole card as JSON.")] = False,
) -> None:
    """The card of a model: what it is for, what it learnt from, its figures beside the baselines, the decision.

    \b
    Examples:
      lyceum models show retention_28d
      lyceum models show retention_28d --version 2026-06-29
      lyceum models show retention_28d --json > card.json
    """
    import json

    from pipelines.model_listing import shown
    from pipelines.opening import home_at

    found = _version(home_at(home), name, version)
    lines = [json.dumps(found.card, indent=1, ensure_ascii=False)] if as_json else shown(found)
    for line in lines:
        typer.echo(line)


@models_app.command("rollback")
def rollback_model(
    name: ModelName,
    to: Annotated[str, typer.Option("--to", help="The version, as `lyceum models list` shows it.")],
    home: HomeFolder = None,
    config: Config = None,
) -> None:
    """Let another version of a model score, from the newest week on. Nothing is deleted, nothing is trained.

    It holds until the gate promotes a later challenger. The same command leads forward again.

    \b
    Examples:
      lyceum models rollback retention_28d --to 2026-06-29
      lyceum score && lyceum publish
    """
    from pipelines import champions
    from pipelines.week import newest_week

    with opened(home, config) as ctx:
        since = newest_week(ctx)
        with ctx.home.lock():
            champions.roll_back(ctx.home, name, to=to, since=since)
    typer.echo(f"{name}: the version of {to} scores from the week before {since} on.")
    typer.echo(f"Now run `lyceum score --as-of {since}` and `lyceum publish --as-of {since}`.")


def _version(home: "Home", name: str, version: str | None) -> "Version":
    """The version written as `version`, else the one that scores the newest week."""
    from pipelines import champions

    newest = champions.entries(home, name)[-1:]
    text = version or (newest[0].version.isoformat() if newest else "that scores")
    return champions.load(home, name, champions.named(home, name, text))
