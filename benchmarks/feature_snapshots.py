"""Whole snapshots for `python -m benchmarks.features`: of a Monday, of 52, and how much of the log they read."""

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, cast

from benchmarks.feature_log import LAST, START, WEEKS
from benchmarks.peers.forty import Job, timed

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as DuckDB


def week(job: Job, /) -> dict[str, float]:
    """The whole user snapshot of one Monday, in a home where nothing is stored yet."""
    return _snapshots(job, [LAST], fresh=True)


def year(job: Job, /) -> dict[str, float]:
    """The whole user snapshots of 52 Mondays in one pass, in a home where nothing is stored yet."""
    return _snapshots(job, _mondays(), fresh=True)


def again(job: Job, /) -> dict[str, float]:
    """One Monday in a home that has the weeks of the log stored, as every week but the first runs."""
    return _snapshots(job, [LAST], fresh=False)


def _mondays() -> list[date]:
    return [START + timedelta(weeks=number) for number in range(1, WEEKS + 1)]


def _snapshots(job: Job, mondays: list[date], *, fresh: bool) -> dict[str, float]:
    import shutil

    from lyceum.tables.features import USER_SNAPSHOT
    from pipelines.featurise import write_user_snapshots
    from pipelines.workspace import workspace

    if fresh:
        shutil.rmtree(job.ctx.home.features, ignore_errors=True)
    counted = Counted()
    with timed() as found, workspace(job.ctx) as space:
        if job.count:
            counted = Counted(space.con)
            space = replace(space, con=cast("Any", counted))
        receipts = write_user_snapshots(space, mondays)
        log_rows = counted.rows
    rows = sum(receipt.rows for receipt in receipts)
    return {**found, "log_rows": log_rows, "rows": rows, "columns": len(USER_SNAPSHOT.columns) - 2}


class Counted:
    """A connection that adds up how many rows of the log its queries read, by the engine's own profiles."""

    def __init__(self, con: "DuckDB | None" = None, /, *, log: str = "/lake/events/") -> None:
        self._con, self._log, self._rows = con, log, 0
        if con is not None:
            con.execute("PRAGMA enable_profiling = 'no_output'")
            con.execute("SET profiling_coverage = 'ALL'")

    def __getattr__(self, name: str) -> object:
        if name in ("execute", "sql"):
            self._harvest()
        return getattr(self._con, name)

    @property
    def rows(self) -> int:
        """Rows read so far."""
        self._harvest()
        return self._rows

    def _harvest(self) -> None:
        """The profile of the query before this one, which has ended."""
        if self._con is None:
            return
        text = self._con.get_profiling_information(format="json")
        for operator in json.loads(text or "{}").get("operator", []):
            self._rows += self._read(operator)

    def _read(self, operator: dict[str, Any]) -> int:
        info = operator.get("extra_info") or {}
        own = operator["intermediate_rows"] if self._log in str(info.get("Filename(s)", "")) else 0
        return int(own) + sum(self._read(child) for child in operator.get("children", []))
