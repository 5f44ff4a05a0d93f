import json

import pytest

from benchmarks import segments
from benchmarks.segment_worlds import Found, large, measured


def found(**given):
    usual = {
        **{"seed": 1, "planted": 4, "gap": 3.5, "fit_seconds": 1.0, "evidence": ()},
        **{
            "k": {"ours": 4, "gaussian_bic": 7, "silhouette": 2},
            "null_k": {"ours": 1, "gaussian_bic": 1, "silhouette": 2},
        },
        "ari": {"ours": 0.9, "gaussian": 0.8, "rfm": 0.1},
        "moved": {"planted": 0.03, "ours": 0.033, "covered": 1.0, "less_chance": 0.0, "ours_raw": 0.06}
        | {"frozen": 0.09, "hungarian": 0.12, "raw": 0.75},
    }
    return Found(**(usual | given))


def test_figures_by_hand():
    other = found(k={"ours": 3, "gaussian_bic": 4, "silhouette": 4}, ari={"ours": 0.7, "gaussian": 0.8, "rfm": 0.1})
    figures = segments.summary([found(), other])
    assert figures["exact_k"] == 0.5 and figures["exact_k_by"] == {
        "ours": 0.5,
        "gaussian_bic": 0.5,
        "silhouette": 0.5,
    }
    assert figures["ari_ratio"] == 1.0 and figures["ari_at_least_gaussian"] == 0.5
    assert figures["null_refused"] == 1.0 and figures["null_refused_by"]["silhouette"] == 0.0
    assert figures["migration_error"] == pytest.approx(0.1)
    assert figures["migration_error_by"]["frozen"] == pytest.approx(2.0)


@pytest.mark.slow
def test_the_last_line_has_every_key(capsys):
    assert segments.main(["--worlds", "1", "--people", "1200"]) == 0
    lines = capsys.readouterr().out.splitlines()
    last = json.loads(lines[-1])
    assert last["worlds"] == 1 and lines[0].startswith("World 1 of 1")
    keys = {"exact_k", "ari_ratio", "null_refused", "migration_error", "topic_cosine", "seconds", "peak_gb"}
    assert keys <= set(last)


def test_what_is_explained_needs_a_first_day():
    with pytest.raises(SystemExit, match="2"):
        segments.main(["--transactions", "f*.csv"])


def test_a_large_crowd_is_measured():
    figures = large(400, 40, 1)
    assert figures["users"] == 400 and figures["peak_gb"] > 0
    assert {"seconds", "cpu_seconds", "fit_seconds", "k", "planted", "ari"} <= set(figures)


@pytest.mark.slow
def test_a_world_is_measured():
    world = measured(users=1_200, seed=1)
    assert world.planted == 6 and set(world.ari) == {
        *("ours", "gaussian", "gaussian_bic", "silhouette", "single_start", "rfm"),
    }
    assert world.ari["ours"] > world.ari["silhouette"]
    assert world.null_k["ours"] == 1 and world.null_k["silhouette"] > 1
    assert world.moved["ours_raw"] > world.moved["ours"]
    assert "found" in world.line(1, 1, 2.0)
