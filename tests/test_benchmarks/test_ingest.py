"""The measured logs hold what they say, and the last line says what was measured."""

import json
import math

import duckdb
import pytest

from benchmarks import ingest
from benchmarks.ingest_logs import write_logs


def test_the_logs_have_their_anonymous_repeated_and_unusable_lines(tmp_path):
    write_logs(tmp_path / "data", events=30_000, days=3, seed=1)
    files = sorted((tmp_path / "data").iterdir())
    assert [len(file.read_text(encoding="utf-8").splitlines()) for file in files] == [10_000] * 3
    read = f"read_json('{tmp_path}/data/*.jsonl', format = 'newline_delimited')"
    share = (
        "avg((uid IS NULL)::INT), 1 - count(DISTINCT id) / count(*), avg((type = 'unheard_of' OR ts IS NULL)::INT)"
    )
    anonymous, repeated, unusable = duckdb.sql(f"SELECT {share} FROM {read}").fetchall()[0]
    assert anonymous == pytest.approx(0.02, abs=0.004)
    assert repeated == pytest.approx(0.003, abs=0.001)
    assert unusable == pytest.approx(0.002, abs=0.001)
    assert "小程序" in files[0].read_text(encoding="utf-8")
    write_logs(tmp_path / "again", events=30_000, days=3, seed=1)
    assert [file.read_bytes() for file in sorted((tmp_path / "again").iterdir())] == [
        file.read_bytes() for file in files
    ]


def test_the_exponent_is_the_slope_on_logarithmic_axes():
    assert ingest.exponent({10: 2.0, 100: 20.0, 300: 60.0}) == 1.0
    assert ingest.exponent({100: 10.0, 400: 20.0}) == 0.5
    assert ingest.exponent({100: 10.0}) is None


@pytest.mark.slow
def test_the_last_line_has_the_fixed_keys(capsys):
    assert ingest.main(["--events", "20000", "--days", "14", "--repeats", "1"]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    fixed = {"events", "seconds", "events_per_second", "peak_gb", "ratio_to_bare_copy", "growth_exponent"}
    assert fixed <= set(last)
    assert last["events"] == 20_000
    assert math.isclose(last["ratio_to_bare_copy"], last["bare_seconds"] / last["seconds"], abs_tol=0.001)
    assert last["peak_gb_by_events"].keys() == {"2000", "20000", "60000"}


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_the_bare_copy_writes_every_line(tmp_path, form):
    write_logs(tmp_path / "data", events=2_000, days=2, seed=1, form=form)
    ingest.bare_copy(tmp_path / "data", tmp_path / "bare", form)
    found = duckdb.sql(f"SELECT count(*), count(DISTINCT event_date) FROM '{tmp_path}/bare/*/*.parquet'").fetchall()
    assert found == [(2_000, 2)]
