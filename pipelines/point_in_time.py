"""Any list of people and moments, with what was known about each at its moment: training sets without leaks."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from features.knowledge import KNOWLEDGE
from features.snapshot import SETS, user_snapshot
from features.windows import FeatureSet
from lyceum.errors import InputError, UsageError
from pipelines.context import Context
from pipelines.workspace import Workspace, workspace

if TYPE_CHECKING:
    import pyarrow as pa

KEY = ("user_id", "moment")


def point_in_time(
    spine: "pa.Table", sets: Sequence[str], /, *, ctx: Context, knowledge: str = "event", short: bool = False
) -> "pa.Table":
    """The rows of `spine`, in order, with the columns of the feature sets named in `sets`.

    `spine` has user_id (pseudonyms) and moment (a date, or a timestamp with a time zone), and any further columns.
    What occurred before the moment's local day counts: all moments of a day are told the same, and nothing of that
    very day. A row given twice comes back twice; of somebody who had done nothing by then every column is null.
    With knowledge "arrival" only what had been ingested before that day counts (slower: nothing stored can be used).
    `short` admits moments so early that the log does not fill the longest window of every set.

    Raises:
        UsageError: there is no such set or kind of knowledge, or the spine has a column of a set's name already.
        InputError: the spine lacks a column or a value, has a moment before the log's history, or names a set twice.
    """
    if knowledge not in KNOWLEDGE:
        raise UsageError(f"There is no knowledge {knowledge}.", remedy=f"Use {' or '.join(KNOWLEDGE)}.")
    chosen = named_sets(sets, beside=spine.column_names)
    days = local_days(spine, timezone=ctx.platform.timezone)
    with workspace(ctx) as space:
        if days:
            _require_history(chosen, min(days), first=space.first_day(), short=short)
        _look_up(space, spine, days, chosen, knowledge)
        return _answered(space, spine, chosen)


def named_sets(names: Sequence[str], /, *, beside: Sequence[str]) -> list[FeatureSet]:
    """The feature sets of people called `names`.

    Raises:
        UsageError: there is no such set, or one of its columns has a name that stands in `beside`.
    """
    known = {each.name: each for each in SETS}
    if unknown := [name for name in names if name not in known]:
        raise UsageError(f"There is no feature set {', '.join(unknown)}.", remedy=f"There are: {', '.join(known)}.")
    chosen = [known[name] for name in names]
    if taken := [name for each in chosen for name in each.names if name in beside]:
        raise UsageError(f"The spine has {', '.join(taken)} already.", remedy="Rename these columns of the spine.")
    return chosen


def local_days(spine: "pa.Table", /, *, timezone: str) -> list[date]:
    """The local day of each row's moment.

    Raises:
        InputError: a column of KEY is missing or holds nulls, or the moments are neither dates nor instants.
    """
    import pyarrow as pa

    for name in KEY:
        if name not in spine.column_names:
            raise InputError(
                f"The spine has no column {name}; it has {', '.join(spine.column_names)}.",
                remedy="Give it user_id and moment.",
            )
        if spine[name].null_count:
            raise InputError(
                f"The spine has no {name} in {spine[name].null_count} of {len(spine)} rows.", remedy="Leave them out."
            )
    kind = spine["moment"].type
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return [moment.date() for moment in spine["moment"].cast(pa.timestamp("us", timezone)).to_pylist()]
    if pa.types.is_date(kind):
        return list(spine["moment"].cast(pa.date32()).to_pylist())
    raise InputError(
        f"The spine's moments are of the type {kind}.", remedy="Make them dates, or timestamps with a time zone."
    )


def _require_history(chosen: Sequence[FeatureSet], earliest: date, /, *, first: date, short: bool) -> None:
    if earliest <= first:
        raise InputError(
            f"The spine has moments as early as {earliest}; the log begins on {first}, and nothing was known before.",
            remedy=f"Leave out the moments before {first + timedelta(days=1)}.",
        )
    days, name = max(((max(each.windows, default=0), each.name) for each in chosen), default=(0, ""))
    if not short and earliest - timedelta(days=days) < first:
        raise InputError(
            f"The feature set {name} looks back {days} days, the log from {earliest} only {(earliest - first).days}.",
            remedy=f"Begin with {first + timedelta(days=days)}, or say short=True to have windows that are not full.",
        )


def _look_up(
    space: Workspace, spine: "pa.Table", days: Sequence[date], chosen: Sequence[FeatureSet], knowledge: str
) -> None:
    """Leave a table `told` with the columns of the sets for each person and local day of the spine."""
    import pyarrow as pa

    row, people = pa.array(range(len(spine)), pa.int64()), spine["user_id"].cast(pa.string())
    space.con.register("spine", pa.table({"row": row, "user_id": people, "as_of": pa.array(days, pa.date32())}))
    moments = sorted(set(days))
    if knowledge == "event" or not moments:
        pasts = iter([space.past(moments, people="spine")])
    else:
        pasts = (space.arrived(moment, people="spine") for moment in moments)
    command = "CREATE OR REPLACE TEMP TABLE told AS"
    for past in pasts:
        space.con.execute(f"{command} {space.sql(user_snapshot(past, first_seen=space.first_seen, sets=chosen))}")
        command = "INSERT INTO told"


def _answered(space: Workspace, spine: "pa.Table", chosen: Sequence[FeatureSet]) -> "pa.Table":
    names = [name for each in chosen for name in each.names]
    columns = ", ".join(f'told."{name}"' for name in names) or "spine.row"
    found = space.arrow(f"SELECT {columns} FROM spine LEFT JOIN told USING (user_id, as_of) ORDER BY row")
    for name in names:
        spine = spine.append_column(name, found[name])
    return spine
