"""Latent Dirichlet allocation with a background: each text mixes topics, and words that have no subject.

A word of a text comes from the background with a share that is the same for all texts, else from a topic of the
text's own mix. Fitted by the expectation-maximisation of the posterior's mode: as good as Gibbs sampling or
variational Bayes where the priors are right (Asuncion, Welling, Smyth and Teh 2009), in sparse products. The prior of
mixes follows the size of the topics (Wallach, Mimno and McCallum 2009). It starts at the factors of TF-IDF, which are
the same each time, and from words that chance alone spreads as the background; it stops early, for with more rounds
the background is eaten up by the topics.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from models.topics.corpus import Floats, Mask, sums, tf_idf, with_subject

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

ROUNDS = 30
FACTOR_ROUNDS = 80
MIX_PRIOR = 0.1  # words per topic
WORD_PRIOR = 0.05  # times a word in each topic
LEAST = 1e-5
BACKGROUND = 0.1  # share of a subject's words that the background begins with
OWN = 0.3  # share of the background's words that topics begin with


@dataclass(frozen=True)
class Topics:
    """What texts are about: `words` (words x topics, columns sum to 1), `background` (one share per word, sums to 1),
    `background_share` of all words, `sizes` of topics (sum to 1).
    """

    words: Floats
    background: Floats
    background_share: float
    sizes: Floats

    @property
    def count(self) -> int:
        """How many topics there are."""
        return int(self.words.shape[1])

    def mixes(self, matrix: "csr_matrix", /, *, rounds: int = ROUNDS) -> Floats:
        """Texts x topics, rows sum to 1: what each text is about; the sizes of topics where it has no known word."""
        mix = self._first(matrix)
        for _ in range(rounds):
            mix = self._mixed(mix * (self._ratios(matrix, mix) @ self.words) * (1 - self.background_share))
        return mix

    def refined(self, matrix: "csr_matrix", /, *, rounds: int = ROUNDS) -> tuple[Self, Floats]:
        """The same after so many rounds on these texts, and what each of these is about."""
        found, mix = self, self._first(matrix)
        for _ in range(rounds):
            found, mix = found._better(matrix, mix)
        return found, mix

    def log_likelihood(self, mixes: Floats, matrix: "csr_matrix", /) -> Floats:
        """Of the words of each text, under the text's mix, in nats."""
        expected = self._expected(matrix, mixes)
        rows = _rows(matrix)
        told = matrix.data * np.log(expected + 1e-12)
        return np.asarray(np.bincount(rows, told, minlength=matrix.shape[0]), dtype=np.float64)

    def _first(self, matrix: "csr_matrix") -> Floats:
        return np.tile(self.sizes, (matrix.shape[0], 1))

    def _expected(self, matrix: "csr_matrix", mixes: Floats) -> Floats:
        """The probability of each word that a text has."""
        columns = matrix.indices
        about = np.einsum("ij,ij->i", mixes[_rows(matrix)], self.words[columns])
        share = self.background_share
        return np.asarray((1 - share) * about + share * self.background[columns], dtype=np.float64)

    def _ratios(self, matrix: "csr_matrix", mixes: Floats) -> "csr_matrix":
        from scipy.sparse import csr_matrix

        expected = np.maximum(self._expected(matrix, mixes), 1e-300)
        return csr_matrix((matrix.data / expected, matrix.indices, matrix.indptr), shape=matrix.shape)

    def _mixed(self, told: Floats) -> Floats:
        mix = told + MIX_PRIOR * self.count * self.sizes
        return np.asarray(mix / mix.sum(axis=1, keepdims=True), dtype=np.float64)

    def _better(self, matrix: "csr_matrix", mix: Floats) -> tuple[Self, Floats]:
        """One round: whose word each is, then topics, background and mixes anew."""
        ratios, share = self._ratios(matrix, mix), self.background_share
        of_texts = mix * (ratios @ self.words) * (1 - share)
        of_words = self.words * (ratios.T @ mix) * (1 - share)
        of_nothing = self.background * share * sums(ratios, axis=0)
        size = of_words.sum(axis=0)
        whole = max(size.sum() + of_nothing.sum(), LEAST)
        found = replace(
            self,
            words=_columns(of_words + WORD_PRIOR),
            background=_columns((of_nothing + WORD_PRIOR)[:, None])[:, 0],
            background_share=float(of_nothing.sum() / whole),
            sizes=(size + LEAST) / (size + LEAST).sum(),
        )
        return found, found._mixed(of_texts)


@dataclass(frozen=True)
class Ground:
    """What every fit to the same texts begins with: which words may have a subject, and TF-IDF of those."""

    matrix: "csr_matrix"
    subject: Mask
    vectors: "csr_matrix"
    idf: Floats


def ground(matrix: "csr_matrix", /) -> Ground:
    """What a fit to these texts begins with."""
    subject = with_subject(matrix)
    if subject.sum() <= subject.size / 10:  # so few words that hardly any could be told from chance
        subject = np.ones_like(subject)
    return Ground(matrix, subject, *tf_idf(matrix[:, subject]))


def started(found: Ground, count: int, /) -> Topics:
    """`count` topics as the non-negative factors of TF-IDF see them, and a background of words without a subject."""
    share = sums(found.matrix, axis=0)
    share = share / share.sum()
    words = np.zeros((len(share), count))
    words[found.subject] = _columns(factors(found.vectors, count) / found.idf[:, None] + LEAST)
    words[~found.subject] = OWN * share[~found.subject, None]
    background = np.where(found.subject, BACKGROUND * share, share)
    whole = float(background.sum())
    return Topics(_columns(words), background / whole, whole, np.full(count, 1 / count))


def fitted(found: Ground, count: int, /, *, rounds: int = ROUNDS) -> Topics:
    """`count` topics of the texts; the same each time."""
    return started(found, count).refined(found.matrix, rounds=rounds)[0]


def factors(vectors: "csr_matrix", count: int, /) -> Floats:
    """Non-negative matrix factorisation (Lee and Seung 1999): words x factors, begun at singular vectors."""
    from sklearn.decomposition import NMF
    from threadpoolctl import threadpool_limits

    if count == 1 or min(vectors.shape) <= count:
        return np.tile(sums(vectors, axis=0)[:, None], (1, count)) + LEAST
    made = NMF(count, init="nndsvda", max_iter=FACTOR_ROUNDS, tol=0.0, random_state=0)
    with threadpool_limits(limits=1):  # threads add up in the order in which they end
        made.fit(vectors)
    return np.asarray(made.components_.T, dtype=np.float64)


def _rows(matrix: "csr_matrix") -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))


def _columns(values: Floats) -> Floats:
    """Each column divided by its sum."""
    return np.asarray(values / values.sum(axis=0, keepdims=True), dtype=np.float64)
