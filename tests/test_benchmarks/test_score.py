"""The scored people are drawn as said, and the last line has the fixed keys."""

import json

import numpy as np
import pandas as pd
import pytest

from benchmarks import score
from lyceum.tables.features import USER_SNAPSHOT


def test_people_drawn_keep_zeros_nulls_and_whole_numbers(tmp_path):
    known = pd.DataFrame(
        {name: [0.0, np.nan, 40.0] for name in USER_SNAPSHOT.names if name not in ("user_id", "as_of")}
    )
    known["recency_days"] = [1.0, 20.0, 28.0]
    ctx = score.context(tmp_path)
    score.store(ctx, known, users=3_000, seed=1)
    import duckdb

    table = duckdb.sql(f"FROM ({ctx.features.source(USER_SNAPSHOT)})")
    found = table.aggregate(
        "count(DISTINCT user_id), max(recency_days), count(*) FILTER (acts_7d = 0), "
        "count(*) FILTER (acts_7d IS NULL), count(DISTINCT acts_7d), count(DISTINCT spend_84d), "
        "avg(acts_7d) FILTER (acts_7d > 0)"
    ).fetchall()[0]
    people, recency, zeros, nulls, counts, sums, mean = found
    assert (people, recency) == (3_000, 28)
    assert abs(zeros - 1_000) < 150 and abs(nulls - 1_000) < 150
    assert 15 < counts < 60 and sums > 400  # of 40 shaken by a tenth: whole numbers here, cents there
    assert mean == pytest.approx(40, rel=0.02)


@pytest.mark.slow
def test_the_last_line_has_the_fixed_keys(capsys):
    assert score.main(["--users", "2000", "--world-users", "300", "--estimator", "logistic"]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    fixed = {"users", "columns", "seconds", "reasons_seconds", "exact_seconds", "peak_gb", "estimator"}
    assert fixed <= set(last)
    assert (last["users"], last["estimator"]) == (2_000, "logistic")
    assert 0 < last["peak_gb"] < 4 and last["columns"] > 170
