"""How many topics there are, and by which method: what tells words left aside best, with the fewest topics.

Of every text a fifth of the words is left aside (document completion: each text is judged given its own other words,
so that nothing needs to be folded in). Of the numbers whose loss against the best lies within one standard error over
texts, the one whose least stable topic is the most stable is taken: a topic too many splits another in a way that
hangs on chance, one too few lumps what falls apart again. If even that one has a topic that is not found AGAIN, the
next best numbers are asked as well. One topic is tried too: if it is as good as any, there are none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from models.topics.corpus import Floats, pooled
from models.topics.mixture import Ground, Topics, fitted, ground, started

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

LEFT_ASIDE = 0.2
MOST_TOPICS = 20
TEXTS_PER_TOPIC = 16
WORDS_PER_TOPIC = 8
ROUNDS = 15  # of a trial; it starts near its end
ROUNDS_OF_NMF = 8  # whose topics stand still
AGAIN = 0.5  # cosine from which on a topic is found again
NEXT_BEST = 3  # numbers that are asked if a topic is not
REPEATS = 3  # fits to words drawn anew, among which topics must be found again
COHERENT_WORDS = 10
LDA, NMF = "lda", "nmf"


@dataclass(frozen=True)
class Trial:
    """One number of topics by one method: log-likelihood of the words left aside, by text, and how many there are."""

    method: str
    topics: Topics
    by_text: Floats
    left_aside: float

    @property
    def perplexity(self) -> float:
        """Of the words left aside; lower is better, the number of words is what a uniform guess has."""
        return float(np.exp(-self.by_text.sum() / max(self.left_aside, 1.0)))

    def loses_to(self, other: "Trial", /) -> tuple[float, float]:
        """How much less likely it makes the words left aside, in nats, and the standard error of that over texts."""
        lost = other.by_text - self.by_text
        return float(lost.sum()), float(lost.std() * np.sqrt(len(lost)))


Tried = dict[tuple[str, int], Trial]  # by method and number


@dataclass(frozen=True)
class Choice:
    """How many topics, by which method, and the figures behind; `count` 1 says that there are no topics."""

    count: int
    method: str
    why: str
    stability: Floats
    evidence: tuple[Mapping[str, Any], ...] = field(default=())


def chosen(
    matrix: "csr_matrix", /, *, seed: int, count: int | None = None, near: "csr_matrix | None" = None
) -> Choice:
    """The number of topics of texts x words and the method; `count` fixes the number.

    With `near` (see corpus.together), what goes with each text tells of it too.
    """
    kept, aside = thinned(matrix, seed=seed)
    begin = ground(pooled(kept, near))
    tried: Tried = {}
    for number in [count] if count else [1, *range(2, _most(matrix) + 1, 2)]:
        _try(begin, aside, number, tried)
        if all(_is_over(by, tried) for by in (LDA, NMF)):
            break
    best = max((number for _, number in tried), key=lambda number: tried[LDA, number].by_text.sum())
    for number in () if count else sorted({best - 1, best + 1} & set(range(1, _most(matrix) + 1))):
        _try(begin, aside, number, tried)
    of = {method: [trial for (by, _), trial in tried.items() if by == method] for method in (LDA, NMF)}
    method, why = _better(*(max(of[each], key=lambda trial: trial.by_text.sum()) for each in (LDA, NMF)))
    stable = {number: stability(matrix, number, method, seed=seed, near=near) for number in as_good(of[method])}
    for number in _next_best(of[method]):
        if _least(stable) < AGAIN:
            stable[number] = stability(matrix, number, method, seed=seed, near=near)
    number = max(stable, key=lambda number: float(stable[number].min()))
    told = (_told(trial, stable if by == method else {}) for (by, _), trial in sorted(tried.items()))
    return Choice(number, method, why, stable[number], tuple(told))


def compared(
    matrix: "csr_matrix", choice: Choice, /, *, seed: int, near: "csr_matrix | None" = None
) -> tuple[Mapping[str, Any], ...]:
    """Both methods at the number chosen, the one that ships first: perplexity of words left aside, stability (mean
    over topics) and coherence (NPMI).
    """
    perplexity = {row["method"]: row["perplexity"] for row in choice.evidence if row["topics"] == choice.count}
    rows = []
    for method in sorted(perplexity, key=lambda method: method != choice.method):
        ships = method == choice.method
        stable = choice.stability if ships else stability(matrix, choice.count, method, seed=seed, near=near)
        topics = made(ground(pooled(matrix, near)), choice.count, method)
        figures = {"perplexity": perplexity[method], "stability": float(stable.mean())}
        rows.append({"method": method, **figures, "coherence_npmi": coherence(topics, matrix)})
    return tuple(rows)


def as_good(trials: Sequence[Trial], /) -> list[int]:
    """The numbers of topics that are not worse than the best by more than one standard error, fewest first.

    Where one topic is among them, there is nothing that tells texts apart, and it is the only one.
    """
    best = max(trials, key=lambda trial: trial.by_text.sum())
    within = []
    for trial in sorted(trials, key=lambda trial: trial.topics.count):
        lost, error = trial.loses_to(best)
        if lost <= error:
            within.append(trial.topics.count)
    return within[:1] if within[0] == 1 else within


def _next_best(trials: Sequence[Trial]) -> list[int]:
    """The numbers of topics after those as good as any, the best first; none where there are no topics."""
    known = as_good(trials)
    rest = [trial for trial in trials if trial.topics.count not in (1, *known)]
    ordered = sorted(rest, key=lambda trial: -float(trial.by_text.sum()))
    return [] if known == [1] else [trial.topics.count for trial in ordered[:NEXT_BEST]]


def _least(stable: Mapping[int, Floats]) -> float:
    """The stability of the least stable topic of the number for which that is largest."""
    return max(float(each.min()) for each in stable.values())


def thinned(matrix: "csr_matrix", /, *, seed: int, share: float = LEFT_ASIDE) -> "tuple[csr_matrix, csr_matrix]":
    """Counts of whole words in two parts: what is kept, and `share` of the words left aside by chance."""
    aside, kept = matrix.copy(), matrix.copy()
    aside.data = np.random.default_rng(seed).binomial(matrix.data.astype(np.int64), share).astype(np.float64)
    kept.data = matrix.data - aside.data
    for part in (aside, kept):
        part.eliminate_zeros()
    return kept, aside


def stability(
    matrix: "csr_matrix", count: int, method: str, /, *, seed: int, near: "csr_matrix | None" = None
) -> Floats:
    """For each topic of the whole texts, the mean cosine to its like in fits to four fifths of the words.

    The words are drawn anew by REPEATS seeds; topics are matched one to one (Hungarian).
    """
    whole = made(ground(pooled(matrix, near)), count, method)
    found = np.zeros(count)
    for turn in range(REPEATS):
        kept, _ = thinned(matrix, seed=seed + 1 + turn)
        again = made(ground(pooled(kept, near)), count, method)
        at, cosines = matched(whole.words, again.words)
        assert len(at) == count
        found += cosines / REPEATS
    return found


def made(begin: Ground, count: int, method: str, /) -> Topics:
    """The topics by one of the two methods."""
    return fitted(begin, count) if method == LDA else started(begin, count)


def matched(one: Floats, other: Floats, /) -> "tuple[np.ndarray[Any, np.dtype[np.int64]], Floats]":
    """For each column of `one` the column of `other` that is its like (one to one, largest total cosine), and the
    cosines; -1 and 0 for those without.
    """
    from scipy.optimize import linear_sum_assignment

    likeness = _unit(one).T @ _unit(other)
    rows, columns = linear_sum_assignment(-likeness)
    at, cosines = np.full(one.shape[1], -1, dtype=np.int64), np.zeros(one.shape[1])
    at[rows], cosines[rows] = columns, likeness[rows, columns]
    return at, cosines


def coherence(topics: Topics, matrix: "csr_matrix", /) -> float:
    """Mean NPMI of the pairs among the ten first words of each topic, over texts (Bouma 2009): -1 to 1."""
    first = np.argsort(-topics.words, axis=0, kind="stable")[:COHERENT_WORDS]
    held = (matrix > 0).astype(np.float64)
    return float(np.mean([_npmi(held[:, column]) for column in first.T]))


def _npmi(held: "csr_matrix") -> float:
    texts = held.shape[0]
    together = np.asarray((held.T @ held).todense(), dtype=np.float64) / texts
    pairs = []
    for one, other in combinations(range(held.shape[1]), 2):
        both = together[one, other]
        alone = together[one, one] * together[other, other]
        pairs.append(-1.0 if both <= 0 else 1.0 if both >= 1 else np.log(both / alone) / -np.log(both))
    return float(np.mean(pairs)) if pairs else 0.0


def _most(matrix: "csr_matrix") -> int:
    """The most topics that so many texts may have."""
    texts, words = int(matrix.shape[0]), int(matrix.shape[1])
    return max(1, min(MOST_TOPICS, texts // TEXTS_PER_TOPIC, words // WORDS_PER_TOPIC))


def _try(begin: Ground, aside: "csr_matrix", count: int, tried: Tried, /) -> None:
    """Try a number by both methods, into `tried`."""
    whole, first = float(aside.sum()), started(begin, count)
    topics, mixes = first.refined(begin.matrix, rounds=ROUNDS)
    tried[LDA, count] = Trial(LDA, topics, topics.log_likelihood(mixes, aside), whole)
    by_text = first.log_likelihood(first.mixes(begin.matrix, rounds=ROUNDS_OF_NMF), aside)
    tried[NMF, count] = Trial(NMF, first, by_text, whole)


def _is_over(method: str, tried: Tried) -> bool:
    """Whether the last two numbers tried did worse than an earlier one."""
    told = [trial.by_text.sum() for (by, _), trial in tried.items() if by == method]
    return len(told) > 2 and max(told[:-2]) > max(told[-2:])


def _better(lda: Trial, nmf: Trial) -> tuple[str, str]:
    """The method that ships, and why."""
    lost, error = lda.loses_to(nmf)
    figures = f"perplexity of words left aside {lda.perplexity:.1f} by LDA, {nmf.perplexity:.1f} by NMF"
    if lost > error:
        return NMF, f"NMF ships: {figures}, more than one standard error apart."
    return LDA, f"LDA ships: {figures}."


def _told(trial: Trial, stable: Mapping[int, Floats]) -> dict[str, Any]:
    count = trial.topics.count
    row = {"method": trial.method, "topics": count, "perplexity": round(trial.perplexity, 4)}
    if count not in stable:
        return row
    return {**row, "stability": float(stable[count].mean()), "least_stable": float(stable[count].min())}


def _unit(columns: Floats) -> Floats:
    return np.asarray(columns / np.maximum(np.linalg.norm(columns, axis=0), 1e-300), dtype=np.float64)
