"""Homes whose scored tables are made up, so that publishing can be measured without the steps before it."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lyceum.home import Home, Platform
from lyceum.schema import BIGINT, DOUBLE, Table, table, with_history
from lyceum.settings import Settings
from pipelines.context import Context

if TYPE_CHECKING:
    import pyarrow as pa

AS_OF = date(2026, 6, 1)
MARKED = ("marts.user_scores", "marts.recommendations", "features.item_snapshot")
ROWS = 50  # of each marked table
PER_WEEK = 3  # releases of a week, before the next week begins
KEPT_WEEKS = 4


def context(folder: Path, /, *, kept_weeks: int = KEPT_WEEKS) -> Context:
    """A home of its own, claimed by a made-up platform."""
    home = Home(folder)
    home.claim(Platform("bench", "demo", folder, "Asia/Shanghai", "CNY", "zh"))
    return Context(Settings(kept_weeks=kept_weeks), home, home.platform(), datetime(2027, 1, 1, tzinfo=UTC), _quiet)


def _quiet(_line: str) -> None:
    pass


def week_of(number: int, /) -> date:
    """The week that release `number` is of."""
    return AS_OF + timedelta(days=7 * (number // PER_WEEK))


def number_column(each: Table, /) -> str:
    """The column of a marked table that carries the release's number: its first count or measure outside the key."""
    return next(
        column.name for column in each.columns if column.type in (BIGINT, DOUBLE) and column.name not in each.key
    )


def mark(ctx: Context, number: int, /) -> None:
    """Store the week of release `number`: a few rows in each marked table, whose numbers all are that number."""
    for name in MARKED:
        store(ctx, table(name), _marked(table(name), number), as_of=week_of(number))


def _marked(each: Table, number: int) -> "Iterator[dict[str, pa.Array]]":
    import pyarrow as pa

    column = number_column(each)
    keys = {name: _keys(each, name) for name in each.key if name != "as_of"}
    yield {**keys, column: pa.array([number] * ROWS, each.arrow().field(column).type)}


def _keys(each: Table, name: str) -> "pa.Array":
    import pyarrow as pa

    kind = each.arrow().field(name).type
    if pa.types.is_date(kind):
        return pa.array([AS_OF + timedelta(days=at) for at in range(ROWS)], kind)
    return pa.array([f"k{at:04}" if pa.types.is_string(kind) else at for at in range(ROWS)], kind)


def store(ctx: Context, each: Table, batches: "Iterator[Mapping[str, pa.Array]]", /, *, as_of: date) -> None:
    """Replace a week of a scored table or a snapshot by batches of columns; those not given are null."""
    import pyarrow as pa

    lake, stored = ctx.features if each.name.startswith("features.") else ctx.scored, with_history(each)
    schema = stored.arrow()
    reader = pa.RecordBatchReader.from_batches(schema, (_batch(schema, given, as_of) for given in batches))
    lake.replace(stored, reader, partition={"as_of": [as_of.isoformat()]})


def _batch(schema: "pa.Schema", given: "Mapping[str, pa.Array]", as_of: date) -> "pa.RecordBatch":
    import pyarrow as pa

    rows = len(next(iter(given.values())))
    columns: dict[str, Any] = {"as_of": pa.array([as_of] * rows, pa.date32()), **given}
    return pa.RecordBatch.from_arrays(
        [columns[field.name] if field.name in columns else pa.nulls(rows, field.type) for field in schema],
        schema=schema,
    )
