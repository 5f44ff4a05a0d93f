"""The command that asks whether earlier advice worked."""

from typing import TYPE_CHECKING

import typer

from pipelines.cli_options import AsOf, Config, HomeFolder, opened, said

if TYPE_CHECKING:
    from datetime import date

    from pipelines.context import Context


def register(app: typer.Typer, /) -> None:
    """Add the command to the command line."""
    app.command("readout")(readout)


def readout(as_of: AsOf = None, home: HomeFolder = None, config: Config = None) -> None:
    """Measure anew whether earlier lists changed anything, and which printed figures have changed since.

    `lyceum score` does the same for its week. Contacts and consents that were delivered after it are counted by this
    command; what people did is counted once the 28 days of a list are over. The next release holds the tables.

    \b
    Examples:
      lyceum readout --home data/home
      lyceum readout --as-of 2026-07-06 && lyceum publish --as-of 2026-07-06
      lyceum query "SELECT * FROM marts.outcomes WHERE scope = 'pooled' AND basis = 'assigned'"
    """
    from lyceum.weeks import parse_as_of
    from pipelines import week

    chosen = parse_as_of(as_of) if as_of else None
    with opened(home, config) as ctx:
        monday = chosen or week.newest_week(ctx)
        said([week.perform(ctx, "readout", as_of=monday)])
        lines = measured(ctx, monday)
    for line in lines:
        typer.echo(line)
    typer.echo(f"Now run `lyceum publish --as-of {monday}`.")


def measured(ctx: "Context", as_of: "date", /) -> list[str]:
    """A line per outcome of the early warnings taken together, and per kind of recommendations' newest list."""
    from lyceum import engine
    from lyceum.schema import with_history
    from lyceum.tables.readout import OUTCOMES

    source = ctx.scored.source(with_history(OUTCOMES), where=f"as_of = DATE '{as_of}' AND basis = 'assigned'")
    with engine.connect() as con:
        rows = con.sql(
            f"""SELECT list, outcome, unit, contacted, reached, holdout,
                    [effect, low_95, high_95] FROM ({source})
                WHERE scope = 'pooled' OR list = 'recommendations'
                QUALIFY list_as_of = max(list_as_of) OVER (PARTITION BY list)
                ORDER BY list, role = 'harm', role = 'further', outcome"""
        ).fetchall()
    return [_line(name, outcome, unit, people, found) for name, outcome, unit, *people, found in rows]


def _line(name: str, outcome: str, unit: str, people: "list[int | None]", found: "list[float | None]") -> str:
    contacted, reached, holdout = people
    effect, low, high = found
    known = "" if reached is None else f" ({reached:,} of them reached)"
    begin = f"{name} {outcome}: {contacted:,}{known} beside {holdout:,} left alone"
    if effect is None or low is None or high is None:
        return f"{begin}, too few to tell."
    scale, of = (100, "points") if unit == "ratio" else (1, "of currency a person")
    ends = f"95 % interval {scale * low:+.1f} to {scale * high:+.1f}"
    unclear = "" if low > 0 or high < 0 else "; no effect can be told from chance"
    return f"{begin}, {scale * effect:+.1f} {of} ({ends}{unclear})."
