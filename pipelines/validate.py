"""The blocking check: Great Expectations judges the lake before anything is built on it."""

from collections.abc import Iterator
from datetime import date

from lyceum.errors import CheckError
from lyceum.events import EVENT_TYPES
from lyceum.schema import with_history
from lyceum.tables import quality
from pipelines.context import Context
from pipelines.steps import Part, done
from pipelines.workspace import Workspace, workspace

JUDGED = ("events", "users", "items")


def validate(ctx: Context, as_of: date, /) -> Iterator[Part]:
    """Judge the canonical tables as of the week and keep every verdict.

    Raises:
        InputError: the lake holds no events.
        CheckError: a check of severity `fail` failed; the verdicts are kept, nothing is published.
    """
    from expectations.checkpoint import blocking, judge

    with workspace(ctx) as space:
        space.first_day()
        checks = judge(space.con, tables=_filled(space), as_of=as_of, event_types=EVENT_TYPES)
        space.con.register("checks_found", checks)
        query = f"SELECT DATE '{as_of}' AS as_of, * FROM checks_found"
        yield done(quality.CHECKS, space.write(ctx.scored, with_history(quality.CHECKS), query, weeks=[as_of]))
        failed = blocking(checks)
    if len(failed):
        raise CheckError(
            f"{len(failed)} of {len(checks)} checks failed for the week before {as_of}: "
            + "; ".join(failed["sentence"].head(3)),
            remedy=f"Nothing was published. Mend the source and run `lyceum ingest`; "
            f"all verdicts: {ctx.home.scored / 'checks'}.",
        )


def _filled(space: Workspace) -> list[str]:
    return [name for name in JUDGED if space.con.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchall()]
