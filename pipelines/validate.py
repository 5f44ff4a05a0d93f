"""The blocking checks: Great Expectations judges the lake before anything is built on it, and the week before it is
published. The verdicts are kept, shown on a page of their own, and stop the week where they must.
"""

from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from lyceum.engine import quoted
from lyceum.errors import CheckError
from lyceum.home import write_atomically
from lyceum.lake import Receipt
from lyceum.schema import published, with_history
from lyceum.tables import quality
from lyceum.tables.canonical import TABLES as CANONICAL
from pipelines.context import Context
from pipelines.report import LANGUAGES, in_languages
from pipelines.steps import Part, done
from pipelines.workspace import Workspace, workspace

if TYPE_CHECKING:
    import pandas as pd

SENTENCES = 3  # of failed checks that an error repeats


def validate(ctx: Context, as_of: date, /) -> Iterator[Part]:
    """Judge the tables of the lake as of the week and keep the verdicts, in place of all of the week.

    Raises:
        InputError: the lake holds no events.
        CheckError: a check of severity `fail` failed.
    """
    from expectations.checkpoint import judge

    with workspace(ctx) as space:
        space.first_day()
        for table in CANONICAL:
            ctx.lake.view(space.con, table)
        yield done(quality.CHECKS, _settle(space, judge(space.con, CANONICAL, as_of=as_of), as_of))


def validate_published(ctx: Context, as_of: date, staged: Path, /) -> Part:
    """Judge the snapshots and scores of the week, as they stand in the database `staged`, and keep the verdicts
    beside those on the lake.

    Raises:
        CheckError: a check of severity `fail` failed, now or when the lake was judged.
    """
    import pandas as pd

    from expectations.checkpoint import judge

    tables = [table for table in published() if not table.name.startswith("quality.")]
    limits = {"recommendations": ctx.settings.recommendations, "contacts": ctx.settings.warning_capacity}
    with workspace(ctx) as space:
        space.con.execute(f"ATTACH {quoted(staged)} AS release (READ_ONLY)")
        for table in tables:
            space.con.execute(f'CREATE TEMP VIEW "{table.short}" AS SELECT * FROM release.{table.name}')
        found = judge(space.con, tables, as_of=as_of, limits=limits)
        kept = _kept(space, as_of, suites=[table.name for table in CANONICAL])
        return done(quality.CHECKS, _settle(space, pd.concat([kept, found], ignore_index=True), as_of))


def _kept(space: Workspace, as_of: date, *, suites: Collection[str]) -> "pd.DataFrame":
    """The verdicts of the week on `suites`, in the order in which they were given."""
    stored = space.ctx.scored.source(with_history(quality.CHECKS), where=f"as_of = DATE '{as_of}'")
    columns = ", ".join(f'"{name}"' for name in quality.CHECKS.names)
    rows: pd.DataFrame = space.con.sql(f"SELECT {columns} FROM ({stored})").df()
    return rows[rows["suite"].isin(suites)].astype({"unexpected": "Int64"})


def _settle(space: Workspace, checks: "pd.DataFrame", as_of: date) -> Receipt:
    from expectations.checkpoint import blocking

    space.con.register("checks_found", checks)
    query = f"SELECT DATE '{as_of}' AS as_of, * FROM checks_found"
    receipt = space.write(space.ctx.scored, with_history(quality.CHECKS), query, weeks=[as_of])
    _write_pages(space.ctx, checks, as_of)
    failed = blocking(checks)
    if len(failed):
        raise CheckError(
            f"{len(failed)} of {len(checks)} checks failed for the week before {as_of}. "
            + " ".join((failed["suite"] + ": " + failed["sentence"]).head(SENTENCES)),
            remedy="Nothing was published. Mend what they speak about and run the week again; "
            f"all verdicts: {page(space.ctx, as_of)}",
        )
    return receipt


def page(ctx: Context, as_of: date, /) -> Path:
    """The page of a week's verdicts in the platform's language."""
    return ctx.home.reports / as_of.isoformat() / "checks.html"


def _write_pages(ctx: Context, checks: "pd.DataFrame", as_of: date) -> None:
    from reports.checks import render_checks

    rows = [dict(zip(checks.columns, row, strict=True)) for row in _plain(checks)]
    texts = {
        language: render_checks(rows, platform=ctx.platform.name, as_of=as_of, language=language)
        for language in LANGUAGES
    }
    for name, language in in_languages(ctx, "checks"):
        write_atomically(page(ctx, as_of).with_name(name), texts[language])


def _plain(frame: "pd.DataFrame") -> list[list[object]]:
    """The rows of a frame with None for what is missing."""
    values: list[list[object]] = frame.astype(object).where(frame.notna(), None).to_numpy().tolist()
    return values
