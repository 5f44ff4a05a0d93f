"""The worlds of planted topics: what was planted is there to be found, and equal seeds give equal worlds."""

import numpy as np
import pytest

from lyceum.simulator.topic_worlds import TopicWorld, topic_world
from lyceum.simulator.world import read_toml
from models.topics.words import Cutter


@pytest.fixture(scope="module")
def world() -> TopicWorld:
    return topic_world(seed=2)


def test_equal_seeds_give_equal_worlds(world):
    same, other = topic_world(seed=2), topic_world(seed=3)
    assert same.texts == world.texts and (same.item == world.item).all()
    assert other.texts != world.texts


def test_it_lies_in_the_ranges_of_the_file(world):
    rates = read_toml("worlds.toml")["topics"]
    assert rates["topics"][0] <= len(world.topics) <= rates["topics"][1]
    assert rates["documents"][0] <= len(world.texts) <= rates["documents"][1]
    assert world.topics.sum(axis=1) == pytest.approx(np.ones(len(world.topics)))
    assert world.mixes.sum(axis=1) == pytest.approx(np.ones(len(world.texts)))
    assert len(set(world.words)) == len(world.words) == world.topics.shape[1]


def test_nearly_all_words_survive_being_written_and_cut(world):
    cutter, known = Cutter(), set(world.words)
    cut = [word for text in world.texts for word in cutter(text)]
    assert np.mean([word in known for word in cut]) > 0.98
    assert 30 < len(cut) / len(world.texts) < 150


def test_texts_are_about_their_topics(world):
    """The words of a topic stand more in the texts that are about it than in the others."""
    cutter = Cutter()
    for topic in range(len(world.topics)):
        first = {world.words[at] for at in np.argsort(-world.topics[topic])[:20]}
        share = np.array([np.mean([word in first for word in cutter(text)]) for text in world.texts])
        about = world.mixes[:, topic] > 0.5
        assert share[about].mean() > 2 * share[~about].mean()


def test_people_take_what_they_like(world):
    liked = (world.tastes[world.person] * world.mixes[world.item]).sum(axis=1).mean()
    shuffled = (world.tastes[world.person] * world.mixes[np.roll(world.item, 99)]).sum(axis=1).mean()
    assert liked > 2 * shuffled
    assert len(set(zip(world.person.tolist(), world.item.tolist(), strict=True))) == len(world.item)
