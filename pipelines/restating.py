"""Figures of earlier weeks that were printed otherwise: what logs that came late, or were corrected, have changed.

What was printed is read from the newest release of a week before, because that is what readers have seen; a figure
that was not known then and is now is no restatement.
"""

import pandas as pd

from lyceum import releases, warehouse
from lyceum.errors import HomeError
from lyceum.releases import Release
from lyceum.schema import with_history
from lyceum.tables import readout
from lyceum.tables.scorecards import WEEKLY_KPIS
from pipelines.keeping import Keeper
from pipelines.steps import Part
from pipelines.workspace import for_models

DUST = 1e-9  # of the figure: what another order of the same additions may change
FIGURES = "SELECT week, kpi, value FROM {table} WHERE value IS NOT NULL ORDER BY week, kpi"


def restatements_table(keeper: Keeper, /) -> Part:
    """restatements: the keeper's weekly_kpis, which must be there, beside those of the release before."""
    before = _release_before(keeper)
    if before is None:
        return keeper.skip(readout.RESTATEMENTS, "no_predecessor")
    try:
        printed = _printed(before)
    except HomeError:
        return keeper.skip(readout.RESTATEMENTS, "no_predecessor", detail=f"{before.name} cannot be read.")
    space = keeper.space
    stored = space.ctx.scored.source(with_history(WEEKLY_KPIS), where=f"as_of = DATE '{keeper.as_of}'")
    now = for_models(space.arrow(FIGURES.format(table=f"({stored})")))
    rows = restated(printed, now).assign(published_as_of=before.as_of)
    return keeper.keep(readout.RESTATEMENTS, rows)


def restated(printed: pd.DataFrame, now: pd.DataFrame, /) -> pd.DataFrame:
    """week, kpi, published and restated of what differs; both frames have week, kpi and value (never null).

    A figure that can no longer be told (too few people are left for a rate) is restated as null.
    """
    both = printed.merge(now, on=["week", "kpi"], how="left", suffixes=("_printed", ""))
    slack = DUST * both["value_printed"].abs()
    changed = ~((both["value"] - both["value_printed"]).abs() <= slack)
    names = {"value_printed": "published", "value": "restated"}
    return both[changed].rename(columns=names).sort_values(["week", "kpi"], ignore_index=True)


def _release_before(keeper: Keeper) -> Release | None:
    """The newest release of the newest week before the keeper's."""
    earlier = [each for each in releases.listing(keeper.space.ctx.home) if each.as_of < keeper.as_of]
    return earlier[-1] if earlier else None


def _printed(release: Release) -> pd.DataFrame:
    con = warehouse.connect_release(release)
    try:
        return for_models(con.sql(FIGURES.format(table=WEEKLY_KPIS.name)).to_arrow_table())
    finally:
        con.close()
