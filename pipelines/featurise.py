"""Snapshots of a week: what was known about every person and item on a Monday."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from features import items as item_features
from features.snapshot import SETS, since, user_snapshot
from features.windows import seen_from
from lyceum.errors import InputError
from lyceum.lake import Receipt
from lyceum.schema import Column, with_history
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
        yield done(USER_SNAPSHOT, write_user_snapshots(space, [as_of]))
        yield done(ITEM_SNAPSHOT, _write_item_snapshot(space, as_of))
        yield done(CATALOGUE, _write_catalogue(space, as_of))


def write_user_snapshots(space: Workspace, weeks: Sequence[date], /) -> Receipt:
    """Replace the partitions of features.user_snapshot as of each Monday of `weeks`, in one pass."""
    rows = user_snapshot(space.days, space.mondays(weeks), first_seen=space.first_seen)
    return space.write(space.ctx.features, USER_SNAPSHOT, space.sql(rows), weeks=weeks)


def _write_item_snapshot(space: Workspace, as_of: date) -> Receipt:
    rows = item_features.item_snapshot(
        space.events, space.items, as_of=as_of, before=space.before(as_of), first_seen=space.signals(as_of)
    )
    return space.write(space.ctx.features, ITEM_SNAPSHOT, space.sql(rows), weeks=[as_of])


def _write_catalogue(space: Workspace, as_of: date) -> Receipt:
    import pandas as pd

    known = space.signals(as_of)
    lines = [
        {
            "as_of": as_of,
            "table_name": table.name,
            "name": column.name,
            "grain": grain,
            "meaning": column.meaning,
            "unit": column.unit,
            "available": not column.needs or since(column, first_seen=known) is not None,
            "why_not": _why_not(column, known),
            "sql": queries.get(column.name, ""),
        }
        for table, grain, queries in ((USER_SNAPSHOT, "user", _queries(space)), (ITEM_SNAPSHOT, "item", {}))
        for column in table.columns
    ]
    space.con.register("catalogue_found", pd.DataFrame(lines))
    return space.write(space.ctx.features, with_history(CATALOGUE), "SELECT * FROM catalogue_found", weeks=[as_of])


def _queries(space: Workspace) -> dict[str, str]:
    """For each column of the user snapshot the query that computes its set."""
    seen = seen_from(space.days, space.backend.table("mondays"))
    made = [(each, space.sql(seen.group_by("user_id", "as_of").agg(**each.aggregates(seen)))) for each in SETS]
    return {column.name: query for each, query in made for column in each.columns}


def _why_not(column: Column, known: Mapping[str, date]) -> str:
    if not column.needs or since(column, first_seen=known) is not None:
        return ""
    return f"The logs hold no {', '.join(column.needs)}."
