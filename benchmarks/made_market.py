"""A made market of any size, and what recommending in it costs: `benchmarks.recommend --simulate USERS ITEMS`."""

import time
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from benchmarks.waiting import peak_gb
from models.recommendation.blend import Blend
from models.recommendation.interactions import Interactions

TOPICS, TASTE = 100, 0.8  # how many, and the share of a person's items from two of them
DRAWN, FOUND = 32, 6  # draws of a person (the same item may come twice), and how many of them are held out
SAMPLED = 5_000  # people for whom both ways of ranking are compared
EVERYTHING = 10**9


def simulated(users: int, items: int, k: int, seed: int, /) -> dict[str, Any]:
    """Fit the blend to a made market and rank for everybody; what retrieving first costs some of them."""
    known, later = market(users, items, seed=seed)
    model = Blend()
    clocks = [(time.monotonic(), time.process_time())]
    model.learn(known, seed=seed)
    clocks.append((time.monotonic(), time.process_time()))
    model.rank(known.users, k=k)
    clocks.append((time.monotonic(), time.process_time()))
    (fit, fit_cpu), (recommend, recommend_cpu) = np.diff(np.array(clocks), axis=0).round(1).tolist()
    peak = peak_gb()
    recall = {}
    rows = np.arange(0, users, max(1, users // SAMPLED))
    for name, retrieved in (("first", model.retrieved), ("all", EVERYTHING)):
        model.retrieved = retrieved
        places = model.rank(known.users[rows], k=k).places
        hits = np.take_along_axis(later[rows].toarray(), np.maximum(places, 0), axis=1) * (places >= 0)
        wanted = np.diff(later.indptr)[rows]
        recall[name] = float((hits.sum(axis=1)[wanted > 0] / wanted[wanted > 0]).mean())
    print(f"{users:,} people, {items:,} items: fit {fit} s, rank {recommend} s, {peak} GB, recall {recall}")
    return {
        "users": users,
        "items": items,
        "pairs": int(known.weights.nnz),
        "fit_seconds": fit,
        "recommend_seconds": recommend,
        "run_seconds": round(fit + recommend, 1),
        "run_cpu": round(fit_cpu + recommend_cpu, 1),
        "recall": round(recall["first"], 5),
        "recall_all_ranked": round(recall["all"], 5),
        "recall_lost": round(1 - recall["first"] / recall["all"], 5),
        "peak_gb": peak,
    }


def market(users: int, items: int, /, *, seed: int) -> tuple[Interactions, csr_matrix]:
    """People with about 20 items each to learn from, and up to 5 more of each to find: Interactions, users x items.

    Item i sells as (i + 10)^-0.8 and belongs to one of 100 topics; a person takes four fifths from two topics of the
    own and one fifth from all.
    """
    rng = np.random.default_rng(seed)
    topic = rng.integers(0, TOPICS, items)
    odds = (np.arange(items) + 10.0) ** -0.8
    by_topic = [np.flatnonzero(topic == each) for each in range(TOPICS)]
    own = rng.integers(0, TOPICS, (users, 2))
    taken = rng.choice(items, (users, DRAWN), p=odds / odds.sum())
    told = rng.random((users, DRAWN)) < TASTE
    which = np.take_along_axis(own, rng.integers(0, 2, (users, DRAWN)), axis=1)
    for each, shelf in enumerate(by_topic):
        here = np.nonzero(told & (which == each))
        if len(shelf) and len(here[0]):
            taken[here] = rng.choice(shelf, len(here[0]), p=odds[shelf] / odds[shelf].sum())
    later = _distinct(taken[:, :FOUND], items)
    known = _distinct(taken[:, FOUND:], items)
    later = (later - later.multiply(known)).tocsr().astype(np.float32)
    later.eliminate_zeros()
    order = np.argsort(-np.asarray(known.sum(axis=0)).ravel(), kind="stable")  # as Interactions has its items
    known, later = known[:, order].tocsr(), later[:, order].tocsr()
    known.sort_indices()
    names = pd.Index([f"i{each:07d}" for each in range(items)], dtype="str")
    people = pd.Index([f"u{each:09d}" for each in range(users)], dtype="str")
    return Interactions(people, names, known), later


def _distinct(taken: "np.ndarray[Any, Any]", items: int) -> csr_matrix:
    rows = np.repeat(np.arange(len(taken)), taken.shape[1])
    pairs = csr_matrix((np.ones(taken.size, dtype=np.float32), (rows, taken.ravel())), shape=(len(taken), items))
    pairs.sum_duplicates()
    pairs.data[:] = 1.0
    return pairs
