"""The benchmark of planted topics on one world: the contract, in small."""

import json

import pytest

from benchmarks.segment_topics import main, recovered
from lyceum.simulator.topic_worlds import topic_world


@pytest.mark.slow
def test_one_world(capsys):
    assert main(["--worlds", "1", "--seed", "2"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["topic_worlds"] == 1
    assert found["topic_cosine"] > max(found["topic_baselines"].values())
    assert found["topic_cosine_strict"] <= found["topic_cosine"] <= 1


def test_the_planted_topics_themselves_are_recovered_whole():
    world = topic_world(seed=2)
    assert round(recovered(world, world.topics.T, tuple(world.words)), 9) == 1.0
    half = recovered(world, world.topics.T[:, : len(world.topics) // 2], tuple(world.words))
    assert half == pytest.approx((len(world.topics) // 2) / len(world.topics))
