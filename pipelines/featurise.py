"""Snapshots of a week: what was known about every person and item on a Monday."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from features.items import ITEM_SETS, touched
from features.snapshot import SETS, described, population, since
from features.windows import FeatureSet, Past
from lyceum import weeks
from lyceum.errors import InputError
from lyceum.lake import Receipt
from lyceum.tables.features import CATALOGUE, ITEM_SNAPSHOT, USER_SNAPSHOT
from pipelines.cataloguing import write_catalogue
from pipelines.compiled import NEVER
from pipelines.context import Context
from pipelines.steps import Part, done
from pipelines.workspace import Workspace, read_by, workspace

if TYPE_CHECKING:
    import ibis.expr.types as ir

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
        yield done(USER_SNAPSHOT, write_user_snapshots(space, [*before, as_of])[-1])
        yield done(ITEM_SNAPSHOT, write_item_snapshots(space, [*before, as_of])[-1])
        seen = space.past([as_of], span=((*before, as_of)[0], as_of))
        yield done(CATALOGUE, write_catalogue(space, as_of, seen))


def write_user_snapshots(space: Workspace, mondays: Sequence[date], /) -> list[Receipt]:
    """Replace the partitions of features.user_snapshot as of each of `mondays`, the sets of several in one pass.

    Raises:
        InputError: a day is no Monday, or the lake holds no event before it.
    """
    _require_mondays(space, mondays)
    receipts: list[Receipt] = []
    for part in in_parts(mondays, rows=space.people()):
        past = space.past(part)
        sets = computed(space, past)
        for monday in part:
            query = user_snapshot_query(space, space.past([monday], span=past.span), sets=sets)
            receipts.append(space.write(space.ctx.features, USER_SNAPSHOT, query, weeks=[monday]))
    return receipts


def user_snapshot_query(space: Workspace, past: Past, /, *, sets: Sequence[FeatureSet]) -> str:
    """The DuckDB query of the user snapshot at every moment of `past`, from `sets` that were computed for them."""
    held = {f"set_{each.name}": each.build(past) for each in sets}
    reads = {"people": past.inputs["people"], "moments": past.moments, **held}
    return _snapshot_query(space, past, population, reads=reads, sets=sets)


def item_snapshot_query(space: Workspace, past: Past, /) -> str:
    """The DuckDB query of the item snapshot at every moment of `past`."""
    reads = {name: table for each in ITEM_SETS for name, table in read_by(each, past).items()}
    return _snapshot_query(space, past, touched, reads=reads, sets=ITEM_SETS)


def _snapshot_query(
    space: Workspace,
    past: Past,
    rows: "Callable[[Past], ir.Table]",
    /,
    *,
    reads: "Mapping[str, ir.Table]",
    sets: Sequence[FeatureSet],
) -> str:
    """The DuckDB query of `rows(past)` with the columns of `sets`, all of it made from the tables `reads`."""
    needing = {column.needs: column for each in sets for column in each.columns if column.needs}
    first = [since(column, first_seen=space.first_seen) or NEVER for column in needing.values()]

    def made(*days: date) -> "ir.Table":
        span, begun = days[: -len(needing)], dict(zip(needing, days[-len(needing) :], strict=True))
        seen = replace(past, span=(span[0], span[1]) if span else None)
        return described(rows(seen), seen, begins=lambda column: begun[column.needs], sets=sets)

    return space.text(f"snapshot {rows.__name__}", reads, made, days=(*(past.span or ()), *first))


def computed(space: Workspace, past: Past, /) -> list[FeatureSet]:
    """Every set of the user snapshot with its rows held: one query for all takes longer to compile than to run."""
    return [_held(space, each, past) for each in SETS]


def _held(space: Workspace, each: FeatureSet, past: Past) -> FeatureSet:
    """The same set, its rows computed now."""
    rows = space.kept(f"set_{each.name}", space.query(each, past))
    return replace(each, reads={}, build=lambda _past: rows)


def write_item_snapshots(space: Workspace, mondays: Sequence[date], /) -> list[Receipt]:
    """Replace the partitions of features.item_snapshot as of each of `mondays`, computed in one pass.

    Raises:
        InputError: a day is no Monday, or the lake holds no event before it.
    """
    _require_mondays(space, mondays)
    space.kept("items_found", item_snapshot_query(space, space.past(mondays)))
    of_week = "SELECT * FROM items_found WHERE as_of = DATE '{}'"
    return [space.write(space.ctx.features, ITEM_SNAPSHOT, of_week.format(day), weeks=[day]) for day in mondays]


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
