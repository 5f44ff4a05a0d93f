"""Snapshots of a week: what was known about every person and item on a Monday."""

from collections.abc import Iterator
from datetime import date

from features import items as item_features
from features.snapshot import SETS, available, user_snapshot
from lyceum.errors import InputError
from lyceum.lake import Receipt
from lyceum.schema import with_history
from lyceum.tables.features import CATALOGUE, ITEM_SNAPSHOT, USER_SNAPSHOT
from pipelines.context import Context
from pipelines.steps import Part, done
from pipelines.workspace import Workspace, workspace


def featurise(ctx: Context, as_of: date, /) -> Iterator[Part]:
    """Write the user snapshot, the item snapshot and their catalogue as of a Monday.

    Raises:
        InputError: the lake holds no event before `as_of`.
    """
    with workspace(ctx) as space:
        first = space.first_day()
        if first >= as_of:
            raise InputError(
                f"The lake has no event before {as_of}; its first day is {first}.", remedy="Name a later week."
            )
        yield done(write_user_snapshot(space, as_of))
        yield done(_write_item_snapshot(space, as_of))
        yield done(_write_catalogue(space, as_of))


def write_user_snapshot(space: Workspace, as_of: date, /) -> Receipt:
    """Replace the partition of features.user_snapshot as of a Monday."""
    query = space.sql(user_snapshot(space.days, as_of=as_of, kinds=space.kinds(as_of)))
    return space.write(space.ctx.features, USER_SNAPSHOT, query, as_of=as_of)


def _write_item_snapshot(space: Workspace, as_of: date) -> Receipt:
    rows = item_features.item_snapshot(
        space.events, space.items, as_of=as_of, before=space.before(as_of), kinds=space.kinds(as_of)
    )
    return space.write(space.ctx.features, ITEM_SNAPSHOT, space.sql(rows), as_of=as_of)


def _write_catalogue(space: Workspace, as_of: date) -> Receipt:
    import pandas as pd

    kinds = space.kinds(as_of)
    queries = {
        column.name: space.sql(space.days.group_by("user_id").agg(**each.aggregates(space.days, as_of)))
        for each in SETS
        for column in each.columns
    }
    lines = [
        {
            "as_of": as_of,
            "table_name": table.name,
            "name": column.name,
            "grain": grain,
            "meaning": column.meaning,
            "unit": column.unit,
            "available": available(column, kinds=kinds),
            "why_not": "" if available(column, kinds=kinds) else f"no event of: {', '.join(column.needs)}",
            "sql": queries.get(column.name, ""),
        }
        for table, grain in ((USER_SNAPSHOT, "user"), (ITEM_SNAPSHOT, "item"))
        for column in table.columns
    ]
    space.con.register("catalogue_found", pd.DataFrame(lines))
    return space.write(space.ctx.features, with_history(CATALOGUE), "SELECT * FROM catalogue_found", as_of=as_of)
