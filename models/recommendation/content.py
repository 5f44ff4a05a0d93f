"""Items like those that a person took, by their texts, authors, categories and prices: no other person is needed."""

import re
from typing import ClassVar

import numpy as np
from scipy.sparse import csr_matrix, diags, hstack

from models.recommendation.because import because
from models.recommendation.interactions import Floats, Interactions, Ints
from models.recommendation.item_neighbours import entries
from models.recommendation.on_platform import OnPlatform
from models.recommendation.recommender import POPULAR
from models.recommendation.side import Side

SIMILAR_CONTENT = "similar_content:"
AUTHOR_WEIGHT, CATEGORY_WEIGHT = 0.7, 0.5  # lengths of those parts of an item's vector; that of its text is 1
_WORD = re.compile(r"[a-z0-9]+|[\u3400-\u9fff]+")


class Content(OnPlatform):
    """Cosine of an item to what a person has had, over TF-IDF of texts, the author and the category.

    A person is the sum of the unit vectors of the items had. Texts are lower-case words and, for Chinese, which has
    no spaces, pairs of neighbouring characters (as good as words for retrieval: Nie, Gao, Zhang and Zhou 2000).
    The reason is similar_content:<the item of the history that is most like it>.
    """

    name: ClassVar[str] = "content"

    def _learn(self, known: Interactions, seed: int, /) -> None:
        self.vectors = vectors(self.side)
        self.similar = (self.vectors @ self.vectors.T).tocsr().astype(np.float32)
        self.similar.sort_indices()

    def _scores(self, rows: Ints, /) -> Floats:
        people = self.known.had[rows] @ self.vectors
        length = np.sqrt(np.asarray(people.multiply(people).sum(axis=1)).ravel())
        scores: Floats = (people @ self.vectors.T).toarray() / np.maximum(length, 1e-12)[:, None]
        return scores.astype(np.float32)

    def _links(self, had: Ints, shown: Ints, /) -> Floats:
        return entries(self.similar, had, shown)

    def _reasons(self, rows: Ints, shown: Ints, /) -> list[str]:
        nearest = because(self.known, rows, shown, links=self._links)
        return [f"{SIMILAR_CONTENT}{self.items[item]}" if item >= 0 else POPULAR for item in nearest]


def vectors(side: Side, /) -> csr_matrix:
    """One row of length 1 per item: its text, its author and its category; all zeros where nothing is said."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    count = len(side.items)
    texts = csr_matrix((count, 0), dtype=np.float64)
    if any(terms(text) for text in side.texts):
        texts = TfidfVectorizer(analyzer=terms, sublinear_tf=True).fit_transform(side.texts)
    named = [_one_hot(side.author) * AUTHOR_WEIGHT, _one_hot(side.category) * CATEGORY_WEIGHT]
    whole = hstack([texts, *named], format="csr")
    length = np.sqrt(np.asarray(whole.multiply(whole).sum(axis=1)).ravel())
    return (diags(1 / np.where(length > 0, length, 1)) @ whole).tocsr().astype(np.float32)


def terms(text: str, /) -> list[str]:
    """Latin words, and pairs of neighbouring Chinese characters (one that stands alone is itself)."""
    found = []
    for word in _WORD.findall(text.lower()):
        pairs = [word[at : at + 2] for at in range(max(1, len(word) - 1))]
        found += [word] if word[0].isascii() else pairs
    return found


def _one_hot(numbers: Ints) -> csr_matrix:
    said = np.flatnonzero(numbers >= 0)
    shape = (len(numbers), int(numbers.max(initial=-1)) + 1)
    return csr_matrix((np.ones(len(said)), (said, numbers[said])), shape=shape)
