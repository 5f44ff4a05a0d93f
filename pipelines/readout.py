"""The read-out: did earlier advice work, and which printed figures have changed since.

The weekly score does it for its own week, so that the report shows it. The step by itself does the same again for
contacts, consents and events that came after: the tables are replaced and the next release holds them.
"""

from collections.abc import Iterator
from datetime import date

import pandas as pd

from lyceum.errors import UsageError
from lyceum.schema import with_history
from lyceum.tables import readout as tables
from lyceum.tables.scorecards import WEEKLY_KPIS
from pipelines import recommendation_outcomes, warning_outcomes
from pipelines.context import Context
from pipelines.keeping import Keeper
from pipelines.restating import restatements_table
from pipelines.steps import Part
from pipelines.workspace import workspace


def readout(ctx: Context, as_of: date, /) -> Iterator[Part]:
    """Write outcomes and restatements as of a Monday whose week has been scored.

    Raises:
        UsageError: it has not, so that nothing is there that could be compared with what was printed.
    """
    if as_of.isoformat() not in ctx.scored.partitions(with_history(WEEKLY_KPIS)):
        raise UsageError(
            f"The week before {as_of} was never scored, so it has no figures to compare.",
            remedy=f"Run `lyceum score --as-of {as_of}`, which measures outcomes as well.",
        )
    with workspace(ctx) as space:
        yield from readout_tables(Keeper(space, as_of))


def readout_tables(keeper: Keeper, /) -> Iterator[Part]:
    """outcomes and restatements; weekly_kpis of the week must have been kept before."""
    yield outcomes_table(keeper)
    yield restatements_table(keeper)


def outcomes_table(keeper: Keeper, /) -> Part:
    """outcomes: of early warnings and of recommendations whose 28 days are over."""
    found = [warning_outcomes.rows(keeper), recommendation_outcomes.rows(keeper)]
    parts = [each for each in found if not each.empty]
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    return keeper.keep(tables.OUTCOMES, rows, if_empty="no_mature_list")
