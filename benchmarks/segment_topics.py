"""How well planted topics are recovered from texts and from what is taken, against simpler ways in the same worlds.

Part of `python -m benchmarks.segments`. Alone: `python -m benchmarks.segment_topics --worlds 50 --seed 1`.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from lyceum.simulator.topic_worlds import TopicWorld, topic_world
from models.topics.choosing import matched
from models.topics.corpus import Floats, counted, tf_idf, together
from models.topics.labelling import aligned
from models.topics.mixture import factors
from models.topics.topic_model import NONE, TopicModel
from models.topics.words import Cutter

FIXED = 10  # topics that the wrong baseline always takes: the default of scikit-learn


def topic_cosine(*, worlds: int, seed: int) -> dict[str, Any]:
    """Mean over worlds of the mean cosine of planted topics to those found, matched one to one; 0 for those missed.

    `topic_cosine_strict` divides by the larger of the two numbers of topics, so that topics too many cost as well;
    `exact_topics` is the share of worlds with the number of planted topics, which nothing is told. `topic_baselines`
    has the same cosine of NMF and K-Means on TF-IDF, which are given the number that was found, and of scikit-learn's
    LDA with 10 topics.
    """
    begin = time.process_time()
    rows = pd.DataFrame([one_world(seed=seed * 1_000 + number) for number in range(worlds)])
    means = rows[["cosine", "strict", "exact", "stability", "nmf", "lda_10", "kmeans"]].mean()
    return {
        "topic_worlds": worlds,
        "topic_cosine": round(float(means["cosine"]), 4),
        "topic_cosine_strict": round(float(means["strict"]), 4),
        "exact_topics": round(float(means["exact"]), 4),
        "topic_stability": round(float(means["stability"]), 4),
        "topic_coherence_npmi": {name: round(float(rows[f"npmi_{name}"].mean()), 4) for name in ("lda", "nmf")},
        "nmf_shipped": int((rows["method"] == "nmf").sum()),
        "topic_baselines": {name: round(float(means[name]), 4) for name in ("nmf", "lda_10", "kmeans")},
        "topic_seconds": round(time.process_time() - begin, 1),
    }


def one_world(*, seed: int) -> dict[str, Any]:
    """The figures of one world."""
    world = topic_world(seed=seed)
    model = found(world, seed=seed)
    planted = world.topics.T
    cosine = recovered(world, model.topics.words, model.words) if model.method != NONE else 0.0
    counts = (planted.shape[1], len(model.ids))
    return {
        **{"cosine": cosine, "strict": cosine * counts[0] / max(counts), "exact": counts[0] == counts[1]},
        **{"stability": float(model.stability.mean()) if len(model.ids) else 0.0, "method": model.method},
        **{f"npmi_{row['method']}": row["coherence_npmi"] for row in model.compared},
        **baselines(world, max(counts[1], 2), seed=seed),
    }


def found(world: TopicWorld, /, *, seed: int) -> TopicModel:
    """What is shipped, fitted to the world's texts and to who took which."""
    names = [f"d{number:05d}" for number in range(len(world.texts))]
    shape = (len(world.tastes), len(names))
    near = together(csr_matrix((np.ones(len(world.item)), (world.person, world.item)), shape=shape))
    return TopicModel().fit(pd.DataFrame({"document_id": names, "text": world.texts}), seed=seed, near=near)


def recovered(world: TopicWorld, topics: Floats, words: tuple[str, ...], /) -> float:
    """The mean cosine of the planted topics to `topics` (words x topics), over all words of both."""
    union = sorted({*words, *world.words})
    _, cosines = matched(aligned(world.topics.T, world.words, union), aligned(topics, words, union))
    return float(cosines.mean())


def baselines(world: TopicWorld, count: int, /, *, seed: int) -> Mapping[str, float]:
    """The same of simpler ways, on the same counts."""
    from sklearn.cluster import KMeans
    from sklearn.decomposition import LatentDirichletAllocation

    cutter = Cutter()
    corpus = counted([cutter(text) for text in world.texts])
    vectors, idf = tf_idf(corpus.matrix)
    lda = LatentDirichletAllocation(FIXED, random_state=seed).fit(corpus.matrix)
    kmeans = KMeans(count, n_init=1, random_state=seed).fit(vectors)
    topics = {
        "nmf": factors(vectors, count) / idf[:, None],
        "lda_10": lda.components_.T,
        "kmeans": kmeans.cluster_centers_.T / idf[:, None],
    }
    return {name: recovered(world, each, corpus.words) for name, each in topics.items()}


def main(arguments: list[str] | None = None) -> int:
    """Print the figures, the last line as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    figures = topic_cosine(worlds=given.worlds, seed=given.seed)
    for name, value in figures.items():
        print(f"{name:22} {value}")
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
