from datetime import UTC, datetime, timedelta

import pyarrow as pa

from lyceum.engine import connect
from lyceum.lake import Lake
from lyceum.tables.canonical import REJECTS
from pipelines.rejecting import expire

NOW = datetime(2026, 7, 1, tzinfo=UTC)


def keep(lake, *, days_old):
    row = dict.fromkeys(REJECTS.names, "x") | {"line": days_old, "ingested_at": NOW - timedelta(days=days_old)}
    lake.append(REJECTS, pa.Table.from_pylist([row | {"raw": f"old-{days_old}"}], schema=REJECTS.arrow()).to_reader())


def test_rejects_are_gone_after_thirty_days_rows_and_bytes(tmp_path):
    lake = Lake(tmp_path)
    for days_old in (31, 29):
        keep(lake, days_old=days_old)
    expire(lake, now=NOW)
    assert connect().sql(f"SELECT line FROM ({lake.source(REJECTS)})").fetchall() == [(29,)]
    files = list((tmp_path / "rejects").glob("*.parquet"))
    texts = [row for file in files for row in connect().sql(f"SELECT raw FROM '{file}'").fetchall()]
    assert texts == [("old-29",)]
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)


def test_young_rejects_are_not_even_rewritten(tmp_path):
    lake = Lake(tmp_path)
    keep(lake, days_old=3)
    expire(lake, now=NOW)
    assert lake.version(REJECTS) == 0
