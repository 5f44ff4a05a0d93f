"""How people take part in the community: who asks, answers, comments, reacts, or mostly reads.

Reading along is the normal way to take part, not a fault. People are told apart by the mix of their acts and not by
how many there are: each kind's share, drawn towards everybody's mix where acts are few (Dirichlet prior), as a square
root so that rare kinds count too (Hellinger distance). Of a simulated platform's three planted styles, K-Means there
finds people of five acts or more with an adjusted Rand index of 0.88 (shares 0.80, the segments' own space 0.76, logs
of counts 0.11); and with the null world of models.segmentation.behaviour_choice it finds that they are three.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.classification.frame import Floats, matrix
from models.contract import Model
from models.segmentation.behaviour_choice import centroids, chosen, mean_mix, tried

# What is told apart, and the counts that add up to it.
PARTS: Mapping[str, tuple[str, ...]] = {
    "asked": ("asked",),
    "answered": ("answered",),
    "commented": ("commented",),
    "reacted": ("liked", "accepted", "followed"),
    "read": ("read",),
}
COUNTS = tuple(name for names in PARTS.values() for name in names)
SHARES = tuple(f"{part}_share" for part in PARTS)
LEAST_ACTS = 5  # with fewer, a mix says more about chance than about the person
LEAST_PEOPLE = 40  # who act so often, or clusters are noise
CHOSEN_FROM = 2_000  # people, at most; twenty thousand of them say the same
PRIOR_ACTS = 2.0  # how many acts everybody's mix counts for in a person's own
SELDOM = 0  # the number of those with fewer acts than LEAST_ACTS
RULES_FROM = 100  # a rule's behaviour is this plus its part's place; clusters are numbered from 1
STARTS = 10
MOST_COUNTED = 1_000_000  # of a kind of act: beyond it, a count is a fault of the log


class Behaviours(Model):
    """K-Means on people's mixes where clusters stand out; else what each does more than others do.

    After a fit, `kind` is "natural" or "rules", `why` says in a sentence what speaks for it, and `evidence` holds the
    numbers of ways that were tried. A cluster's number lies between 1 and 99, a rule's is 101 to 105 in the order of
    PARTS, and 0 is who acts too seldom to tell.
    """

    name: ClassVar[str] = "community_behaviours"
    inputs: ClassVar[tuple[str, ...]] = ("user_id", *COUNTS)
    outputs: ClassVar[tuple[str, ...]] = ("user_id", "behaviour_id")

    def __init__(self, *, features: tuple[str, ...] = COUNTS) -> None:
        self.features = features  # every model of the registry takes them; these columns are fixed
        self.kind, self.why = "rules", ""
        self.usual: Floats = mean_mix(np.empty((0, len(PARTS))))
        self.centroids: Floats = np.empty((0, len(PARTS)))
        self.numbers: tuple[int, ...] = ()
        self.evidence: tuple[dict[str, float], ...] = ()

    def fit(self, frame: pd.DataFrame, /, *, seed: int) -> Self:
        """Learn from one row per person with COUNTS of the same window."""
        from threadpoolctl import threadpool_limits

        ordered = frame.sort_values("user_id", kind="stable")
        counts = _parts(ordered)
        counts = counts[_often(counts)]
        self.centroids, self.numbers, self.evidence = np.empty((0, len(PARTS))), (), ()
        self._rule(f"{len(counts)} people act often enough in the community; {LEAST_PEOPLE} are needed.")
        self.usual = mean_mix(counts)
        if len(counts) >= LEAST_PEOPLE:
            # Threads add up partial sums in the order in which they end, which moves the last digits.
            with threadpool_limits(limits=1):
                self._learn(counts, seed=seed)
        return self

    def score(self, frame: pd.DataFrame, /) -> pd.DataFrame:
        """user_id and behaviour_id, one row per row."""
        counts = _parts(frame)
        often = _often(counts)
        ids = np.zeros(len(frame), dtype=np.int64)
        ids[often] = self._clustered(counts[often]) if self.kind == "natural" else self._by_rules(counts[often])
        return pd.DataFrame({"user_id": frame["user_id"].reset_index(drop=True), "behaviour_id": ids})

    def mix(self, frame: pd.DataFrame, /) -> pd.DataFrame:
        """user_id and SHARES: the square roots of the shares of each part, drawn towards the usual mix."""
        columns = pd.DataFrame(self._points(_parts(frame)), columns=list(SHARES))
        columns.insert(0, "user_id", frame["user_id"].to_numpy())
        return columns

    def renumbered(self, order: Mapping[int, int], /) -> Self:
        """The same model with the number `order[n]` for each cluster n; rules keep theirs."""
        model = type(self).restore(self.state())
        model.numbers = tuple(int(order[number]) for number in self.numbers)
        return model

    def state(self) -> dict[str, Any]:
        """What was learnt."""
        return {
            **{"kind": self.kind, "why": self.why, "numbers": list(self.numbers), "evidence": list(self.evidence)},
            **{"usual": self.usual, "centroids": self.centroids},
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any], /) -> Self:
        """The model that `state` was taken from."""
        model = cls()
        model.kind, model.why = state["kind"], state["why"]
        model.numbers, model.evidence = tuple(state["numbers"]), tuple(state["evidence"])
        model.usual, model.centroids = state["usual"], state["centroids"]
        return model

    def _rule(self, why: str, /) -> None:
        self.kind, self.why = "rules", f"{why} So people are told apart by what they do more than others do."

    def _learn(self, counts: Floats, /, *, seed: int) -> None:
        places = np.random.default_rng(seed).permutation(len(counts))[:CHOSEN_FROM]
        found = tried(counts[np.sort(places)], self._points, seed=seed)
        self.evidence = tuple(each.row() for each in found)
        k = chosen(found, people=min(len(counts), CHOSEN_FROM))
        if k == 1:
            most = max(each.gap for each in found) - found[0].gap
            self._rule(f"No groups stand out: they fit better than one by {most:.2f} more than by chance.")
            return
        self.centroids = centroids(self._points(counts), k=k, starts=STARTS, seed=seed)[0]
        sizes = np.bincount(self._nearest(counts), minlength=k)
        self.centroids = self.centroids[np.argsort(-sizes, kind="stable")]
        self.numbers = tuple(range(1, k + 1))
        gain = found[k - 1].gap - found[0].gap
        self.kind, self.why = (
            "natural",
            f"{k} groups fit better than one, by {gain:.2f} more than by chance.",
        )

    def _points(self, counts: Floats, /) -> Floats:
        shares = (counts + PRIOR_ACTS * self.usual) / (counts.sum(axis=1, keepdims=True) + PRIOR_ACTS)
        return np.asarray(np.sqrt(shares), dtype=np.float64)

    def _nearest(self, counts: Floats, /) -> NDArray[np.intp]:
        points = self._points(counts)
        gaps = [((points - each) ** 2).sum(axis=1) for each in self.centroids]
        return np.asarray(np.argmin(np.stack(gaps, axis=1), axis=1))

    def _clustered(self, counts: Floats, /) -> NDArray[np.int64]:
        return np.array(self.numbers, dtype=np.int64)[self._nearest(counts)]

    def _by_rules(self, counts: Floats, /) -> NDArray[np.int64]:
        """The part whose share is the largest multiple of the usual one; the first of equals."""
        times = self._points(counts) / np.sqrt(self.usual)
        return np.asarray(RULES_FROM + 1 + np.argmax(times, axis=1), dtype=np.int64)


def _parts(frame: pd.DataFrame, /) -> Floats:
    """The counts added up to PARTS, (people, parts); what is no count is 0."""
    columns = [matrix(frame, names).sum(axis=1) for names in PARTS.values()]
    counts = np.nan_to_num(np.column_stack(columns), posinf=MOST_COUNTED)
    return np.asarray(np.clip(counts, 0, MOST_COUNTED), dtype=np.float64)


def _often(counts: Floats, /) -> NDArray[np.bool_]:
    return np.asarray(counts.sum(axis=1) >= LEAST_ACTS)
