"""Upkeep of a home's Delta tables: merge small files, remove dead ones and old rejects, shorten the logs.

Nothing that is read changes, and a run that dies has done a part of the work.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lyceum import compaction
from lyceum.faults import reach
from lyceum.lake import Lake
from lyceum.schema import Table, tables, with_history
from lyceum.tables.canonical import REJECTS
from pipelines.context import Context
from pipelines.rejecting import expire

RETENTION_HOURS = 24  # a reader that opened an older version may take that long (vacuuming at once broke 17 of 84)


@dataclass(frozen=True)
class Upkeep:
    """What was done to one table: `merged` small files became `made`, `removed` dead files, a log checkpoint."""

    table: str
    merged: int
    made: int
    removed: int
    checkpoint: bool


def maintain(ctx: Context, /) -> tuple[Upkeep, ...]:
    """Look after every Delta table of the home, one writer at a time; what had to be done, by table.

    Raises:
        HomeError: another run is writing here.
    """
    with ctx.home.lock("upkeep of the lake"):
        expire(ctx.lake, now=ctx.now)
        done = tuple(_look_after(ctx, lake, table) for lake, table in _tables(ctx) if lake.exists(table))
    return tuple(one for one in done if one.merged or one.removed or one.checkpoint)


def _tables(ctx: Context) -> Iterator[tuple[Lake, Table]]:
    """Every table that a home can hold, with the lake that it lies in."""
    lakes = {"features": ctx.features, "marts": ctx.scored, "quality": ctx.scored}
    for table in tables().values():
        schema = table.name.rpartition(".")[0]
        yield lakes.get(schema, ctx.lake), with_history(table) if schema else table


def _look_after(ctx: Context, lake: Lake, table: Table) -> Upkeep:
    ctx.say(f"maintain: {table.name}")
    merged, made = 0, 0
    if table is not REJECTS:  # they live for 30 days, and what merges files knows of no mode 0600
        merged, made = compaction.compact(lake, table, threads=ctx.settings.threads)
    reach("upkeep.compacted")
    removed = lake.vacuum(table, hours=RETENTION_HOURS)
    reach("upkeep.vacuumed")
    return Upkeep(table.name, merged, made, removed, compaction.tidy_log(lake, table))
