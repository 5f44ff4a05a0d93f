"""The contenders of the feature benchmark tell the same of the same log."""

import pytest

from benchmarks.feature_log import context, write_log
from benchmarks.peers import ours
from benchmarks.peers.bench import Bench
from benchmarks.peers.compared import PEERS, Peer, compare, speedups
from benchmarks.peers.forty import Job, columns
from lyceum.tables.features import USER_SNAPSHOT


def test_the_forty_columns_are_columns_of_the_snapshot():
    assert len(columns()) == 40
    assert set(columns()) <= set(USER_SNAPSHOT.names)


@pytest.mark.slow
def test_every_contender_gives_the_same_values(tmp_path):
    assert all(peer.installed for peer in PEERS), "the development extras bring every peer"
    ctx = context(tmp_path)
    assert write_log(ctx, events=20_000, users=400, seed=3) > 19_000
    bench = Bench(tmp_path)
    for name, run in {"sql": ours.sql, "ours": ours.ours, **{peer.name: peer.write for peer in PEERS}}.items():
        run(Job(ctx, bench.output(name)))
    for name in ("sql", *(peer.name for peer in PEERS)):
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


@pytest.mark.slow
def test_peers_run_apart_and_one_that_is_absent_is_left_out_loudly(tmp_path, capfd):
    """`a_library_of_nobody` is really not installed; the others really run."""
    absent = Peer("nobody's", "a_library_of_nobody", ours.ours)
    bench = Bench(tmp_path)
    bench.make(5_000, 100, 3)
    found = compare(bench, ours="ours", rounds=1, peers=(absent, *PEERS))
    assert found[absent.name] is None
    said = capfd.readouterr().err
    assert "nobody's is NOT compared: its package is not installed." in said
    assert "python -m pip install a_library_of_nobody" in said
    figures = speedups(found)
    assert figures["speedup_over_nobody's"] is figures["cpu_speedup_over_nobody's"] is None
    assert all(figures[f"{cpu}speedup_over_{peer.name}"] > 0 for peer in PEERS for cpu in ("", "cpu_"))
