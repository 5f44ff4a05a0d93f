"""Texts as counts of words: which are kept, how they weigh, and which are spread as chance spreads them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

MOST_SHARE = 0.6  # of the texts; a word in more of them tells none apart
FEWEST_TEXTS = 2
SHORTEST_SINGULAR = 3  # letters that a word with a plural has more of
CHANCE = 2.0  # standard deviations up to which a word's spread over texts is that of chance
POWER = 4.0  # standard deviations that the words of a topic would show at least, for chance to be believed
TOPIC_SHARE = 0.1  # of the texts that a topic is taken to be in


@dataclass(frozen=True)
class Corpus:
    """How often each text has each word: `matrix` (texts x words, ordered), `words` in alphabetical order."""

    matrix: "csr_matrix"
    words: tuple[str, ...]


def counted(texts: Sequence[Sequence[str]], /, *, speakers: Sequence[str] | None = None, fewest: int = 1) -> Corpus:
    """The counts of words in texts that are cut into words.

    Kept are words of at least FEWEST_TEXTS texts, by at least `fewest` different `speakers` where these are told, and
    of at most MOST_SHARE of the texts. English plurals in s count as the singular where that is in use.
    """
    texts = _singular(texts)
    distinct = [set(words) for words in texts]
    held = Counter(word for words in distinct for word in words)
    said = held
    if speakers is not None:
        by = {(word, speaker) for words, speaker in zip(distinct, speakers, strict=True) for word in words}
        said = Counter(word for word, _ in by)
    most = max(FEWEST_TEXTS, MOST_SHARE * len(texts))
    kept = (word for word, count in held.items() if FEWEST_TEXTS <= count <= most and said[word] >= fewest)
    words = tuple(sorted(kept))
    return Corpus(as_counts(texts, words), words)


def as_counts(texts: Sequence[Sequence[str]], words: Sequence[str], /) -> "csr_matrix":
    """Texts x `words`: how often each stands there, or its plural; other words are left out."""
    from scipy.sparse import csr_matrix

    place = {word: at for at, word in enumerate(words)}
    plural = {f"{word}s": at for word, at in place.items() if _has_plural(word)}
    place = plural | place
    pairs = [(row, place[word]) for row, text in enumerate(texts) for word in text if word in place]
    rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    matrix = csr_matrix((np.ones(len(pairs)), (rows, columns)), shape=(len(texts), len(words)))
    matrix.sum_duplicates()
    return matrix


def _singular(texts: Sequence[Sequence[str]]) -> list[list[str]]:
    seen = {word for words in texts for word in words}
    one = {f"{word}s": word for word in seen if _has_plural(word)}
    return [[one.get(word, word) for word in words] for words in texts]


def _has_plural(word: str) -> bool:
    """Whether a word with an s behind is taken for its plural; news and glass are none."""
    return word.isascii() and len(word) > SHORTEST_SINGULAR and word[-1] not in "sui"


def sums(matrix: "csr_matrix", /, *, axis: int) -> Floats:
    """The sums over an axis as a plain array."""
    return np.asarray(matrix.sum(axis=axis), dtype=np.float64).ravel()


def with_subject(matrix: "csr_matrix", /) -> Mask:
    """Whether each word may belong to topics: its spread over texts is not that of chance, or cannot be told from it.

    The index of dispersion: under chance, sum over texts of (count - n p)^2 / (n p) has the mean `texts` and the
    variance 2 texts + sum(1 / n) / p, n = words of the text, p = the word's share of all. A word that belongs to one
    topic in TOPIC_SHARE of the texts exceeds the mean by count * (1 / TOPIC_SHARE - 1).
    """
    length, count = sums(matrix, axis=1), sums(matrix, axis=0)
    there = length > 0
    share = np.maximum(count, 1e-9) / max(count.sum(), 1.0)
    squares = matrix.multiply(1 / np.where(there, length, 1.0)[:, None]).multiply(matrix)
    excess = sums(squares, axis=0) / share - count - there.sum()
    deviation = np.sqrt(2 * there.sum() + (1 / length[there]).sum() / share)
    by_chance = (excess / deviation < CHANCE) & (count * (1 / TOPIC_SHARE - 1) / deviation > POWER)
    return np.asarray(~by_chance, dtype=np.bool_)


def tf_idf(matrix: "csr_matrix", /) -> "tuple[csr_matrix, Floats]":
    """Texts as vectors of length 1 of (1 + log count) * idf; idf = log((1 + texts) / (1 + texts with the word))."""
    from scipy.sparse import csr_matrix, diags

    held = sums((matrix > 0).astype(np.float64), axis=0)
    idf = np.maximum(np.log((1 + matrix.shape[0]) / (1 + held)), 1e-3)
    weighed = csr_matrix(matrix, copy=True)
    weighed.data = (1 + np.log(np.maximum(weighed.data, 1e-9)).clip(min=-0.9)) * idf[weighed.indices]
    length = np.sqrt(sums(weighed.multiply(weighed), axis=1))
    return csr_matrix(diags(1 / np.where(length > 0, length, 1.0)) @ weighed), idf


ENOUGH = 30.0  # words of a text, up to which what goes with it tells of it too
NEAREST = 10  # texts that may go with one


def together(taken: "csr_matrix", /) -> "csr_matrix":
    """Texts x texts, rows sum to 1 or 0: which texts the same people take, from people x texts.

    The cosine of the people of two texts; of each text the NEAREST others are kept, the earlier of equal ones.
    """
    from scipy.sparse import csr_matrix, diags

    had = (taken > 0).astype(np.float64)
    scaled = had @ diags(1 / np.sqrt(np.maximum(sums(had, axis=0), 1.0)))
    likeness = csr_matrix(scaled.T @ scaled)
    likeness.setdiag(0)
    likeness.eliminate_zeros()
    likeness.sort_indices()
    rows, columns, values = [], [], []
    for row in range(likeness.shape[0]):
        begin, end = likeness.indptr[row], likeness.indptr[row + 1]
        nearest = np.argsort(-likeness.data[begin:end].round(12), kind="stable")[:NEAREST] + begin
        total = likeness.data[nearest].sum()
        rows += [row] * len(nearest)
        columns += likeness.indices[nearest].tolist()
        values += (likeness.data[nearest] / max(total, 1e-12)).tolist()
    return csr_matrix((values, (rows, columns)), shape=likeness.shape)


def pooled(matrix: "csr_matrix", near: "csr_matrix | None", /) -> "csr_matrix":
    """The counts of texts; those of fewer than ENOUGH words are filled up to that many in proportion to the words of
    the texts that go with each.
    """
    from scipy.sparse import csr_matrix, diags

    if near is None:
        return matrix
    missing = np.maximum(ENOUGH - sums(matrix, axis=1), 0.0)
    short = csr_matrix(diags((missing > 0).astype(np.float64)) @ near)
    short.eliminate_zeros()
    other = csr_matrix(short @ matrix)
    return csr_matrix(matrix + diags(missing / np.maximum(sums(other, axis=1), 1.0)) @ other)
