"""The contenders of the feature benchmark tell the same of the same log."""

import pytest

from benchmarks.feature_contenders import Job, by_pandas, by_polars, columns, ours, sql
from benchmarks.feature_log import context, write_log
from benchmarks.features import Bench
from lyceum.tables.features import USER_SNAPSHOT


def test_the_forty_columns_are_columns_of_the_snapshot():
    assert len(columns()) == 40
    assert set(columns()) <= set(USER_SNAPSHOT.names)


@pytest.mark.slow
def test_every_contender_gives_the_same_values(tmp_path):
    pytest.importorskip("polars", reason="polars is not installed: it is not compared")
    ctx = context(tmp_path)
    assert write_log(ctx, events=20_000, users=400, seed=3) > 19_000
    bench = Bench(tmp_path)
    for name, run in {"sql": sql, "ours": ours, "pandas": by_pandas, "polars": by_polars}.items():
        run(Job(ctx, bench.output(name)))
    for name in ("sql", "pandas", "polars"):
        bench.require_equal("ours", name)


@pytest.mark.slow
def test_a_difference_ends_the_run(tmp_path):
    bench = Bench(tmp_path)
    from lyceum import engine

    con = engine.connect()
    for name, value in (("one", 1), ("other", 2)):
        con.execute(f"COPY (SELECT 'a' AS user_id, {value} AS acts_7d) TO '{bench.output(name)}' (FORMAT parquet)")
    with pytest.raises(SystemExit, match=r"one and other differ: \{'acts_7d': 1\}"):
        bench.require_equal("one", "other")
