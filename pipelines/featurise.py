"""Snapshots of a week: what was known about every person and item on a Monday."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from features.items import item_snapshot
from features.snapshot import SETS, user_snapshot
from features.windows import FeatureSet, Past
from lyceum import weeks
from lyceum.errors import InputError
from lyceum.lake import Receipt
from lyceum.tables.features import CATALOGUE, ITEM_SNAPSHOT, USER_SNAPSHOT
from pipelines.cataloguing import write_catalogue
from pipelines.context import Context
from pipelines.steps import Part, done
from pipelines.workspace import Workspace, workspace

ROWS_AT_ONCE = 400_000  # of the user snapshot: keeps a year of 200,000 people below 6 GB


def featurise(ctx: Context, as_of: date, /) -> Iterator[Part]:
    """Write the user snapshot, the item snapshot and their catalogue as of a Monday.

    The snapshots of the Monday before are written with it, as they are known today: what changed since is compared
    with them.

    Raises:
        InputError: `as_of` is no Monday, or the lake holds no event before it.
    """
    with workspace(ctx) as space:
        first = space.first_day()
        before = [as_of - weeks.WEEK] if as_of - weeks.WEEK > first else []
        span = (*before, as_of)[0], as_of
        write_user_snapshots(space, before, span=span)
        yield done(USER_SNAPSHOT, write_user_snapshots(space, [as_of], span=span)[0])
        write_item_snapshots(space, before)
        yield done(ITEM_SNAPSHOT, write_item_snapshots(space, [as_of])[0])
        yield done(CATALOGUE, write_catalogue(space, as_of, space.past([as_of], span=span)))


def write_user_snapshots(
    space: Workspace, mondays: Sequence[date], /, *, span: tuple[date, date] | None = None
) -> list[Receipt]:
    """Replace the partitions of features.user_snapshot as of each of `mondays`, several in one pass.

    Calls with the same `span` (see Workspace.past) compile the queries once.

    Raises:
        InputError: a day is no Monday, or the lake holds no event before it.
    """
    _require_mondays(space, mondays)
    receipts: list[Receipt] = []
    for part in in_parts(mondays, rows=space.people()):
        past = space.past(part, span=span)
        held = [_held(space, each, past) for each in SETS]
        rows = user_snapshot(past, first_seen=space.first_seen, sets=held)
        receipts.append(space.write(space.ctx.features, USER_SNAPSHOT, space.sql(rows), weeks=part))
    return receipts


def _held(space: Workspace, each: FeatureSet, past: Past) -> FeatureSet:
    """The same set, computed: one query for all sets takes longer to compile than to run."""
    rows = space.kept(f"set_{each.name}", space.query(each, past))
    return replace(each, reads={}, build=lambda _past: rows)


def write_item_snapshots(space: Workspace, mondays: Sequence[date], /) -> list[Receipt]:
    """Replace the partitions of features.item_snapshot as of each of `mondays`, all in one pass.

    Raises:
        InputError: a day is no Monday, or the lake holds no event before it.
    """
    _require_mondays(space, mondays)
    if not mondays:
        return []
    query = space.sql(item_snapshot(space.past(mondays), first_seen=space.first_seen))
    return [space.write(space.ctx.features, ITEM_SNAPSHOT, query, weeks=mondays)]


def in_parts(mondays: Sequence[date], /, *, rows: int) -> Iterator[Sequence[date]]:
    """`mondays` in parts whose snapshots of `rows` people each hold at most ROWS_AT_ONCE rows, or one Monday."""
    size = max(1, ROWS_AT_ONCE // max(rows, 1))
    for first in range(0, len(mondays), size):
        yield mondays[first : first + size]


def _require_mondays(space: Workspace, mondays: Sequence[date]) -> None:
    for day in mondays:
        if day != weeks.monday_of(day):
            near = weeks.monday_of(day)
            raise InputError(
                f"{day} is a {day:%A}; a snapshot is of a Monday 00:00.",
                remedy=f"Use {near} or {near + weeks.WEEK}, or pipelines.point_in_time for any other moment.",
            )
        if space.first_day() >= day:
            raise InputError(
                f"The lake has no event before {day}; its first day is {space.first_day()}.",
                remedy="Name a later week.",
            )
