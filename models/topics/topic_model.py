"""Topics of a platform's texts: found once, frozen, and named so that a later fit keeps the names."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.contract import Model
from models.topics.choosing import chosen, compared, made, matched
from models.topics.corpus import Corpus, Floats, as_counts, counted, pooled, sums
from models.topics.labelling import SAME, Label, aligned, apart, dominant, first_words, labels
from models.topics.mixture import Topics, ground
from models.topics.words import Cutter

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Ints = NDArray[np.int64]

FEWEST_TEXTS = 30
FEWEST_WORDS = 20  # kept words, below which there is nothing to tell texts apart by
LONGEST = 5_000  # characters of a text that are read, so that a giant one is no topic of its own
LEAST_SHARE = 0.05  # of a text; what is less is given to its other topics
NONE = "none"  # the method of a model that found no topics; `why` has the reason


class TopicModel(Model):
    """Topics of texts: `method` is lda, nmf or none, `why` one sentence, `evidence` one row per number tried.

    The state holds words and numbers, and no text: no word that fewer than `fewest_people` people used (where the
    frame tells the `speaker`), no document's or person's id.
    """

    name: ClassVar[str] = "topics"
    inputs: ClassVar[tuple[str, ...]] = ("document_id", "text")
    outputs: ClassVar[tuple[str, ...]] = ("document_id", "topic_id", "weight")

    words: tuple[str, ...]
    topics: Topics
    labels: list[Label]
    shown: list[list[str]]  # the first words of each topic
    ids: Ints
    last_id: int  # the largest ever given, so that no number comes twice
    stability: Floats
    evidence: tuple[Mapping[str, Any], ...]
    compared: tuple[Mapping[str, Any], ...]  # LDA and NMF at the number of topics found

    def __init__(
        self,
        *,
        count: int | None = None,
        stop_words: Iterable[str] = (),
        own_words: Iterable[str] = (),
        fewest_people: int = 1,
    ) -> None:
        self.count, self.fewest_people = count, fewest_people
        self.stop_words, self.own_words = tuple(stop_words), tuple(own_words)
        self._forget("Not fitted.")

    def fit(self, frame: pd.DataFrame, /, *, seed: int, near: "csr_matrix | None" = None) -> Self:
        """Find the topics of one row per text: document_id, text, and if known category and speaker.

        `near` (see corpus.together) has the rows of `frame` ordered by document_id on both sides.
        """
        ordered = frame.sort_values("document_id", kind="stable", ignore_index=True)
        cut = self._cut(ordered["text"])
        told = sum(bool(words) for words in cut)
        self._forget(f"{told} texts with words are fewer than the {FEWEST_TEXTS} that topics need.")
        if told < FEWEST_TEXTS:
            return self
        speakers = ordered["speaker"].tolist() if "speaker" in ordered else None
        corpus = counted(cut, speakers=speakers, fewest=self.fewest_people)
        if len(corpus.words) < FEWEST_WORDS:
            self.why = f"{len(corpus.words)} words in use are fewer than the {FEWEST_WORDS} that topics need."
            return self
        self._learn(corpus, ordered, near, seed=seed)
        return self

    def score(self, frame: pd.DataFrame, /) -> pd.DataFrame:
        """document_id, topic_id, weight: what each text is about, from LEAST_SHARE on, by id and topic.

        The weights of a text add up to 1. A text without a known word has no row.
        """
        ordered = frame.sort_values("document_id", kind="stable", ignore_index=True)
        empty = {"document_id": ordered["document_id"].head(0), "topic_id": np.empty(0, np.int64)}
        if self.method == NONE or ordered.empty:
            return pd.DataFrame({**empty, "weight": np.empty(0)})
        matrix = as_counts(self._cut(ordered["text"]), self.words)
        known = np.flatnonzero(sums(matrix, axis=1) > 0)
        mixes = self.topics.mixes(matrix[known])
        mixes = np.where(mixes >= LEAST_SHARE, mixes, np.where(mixes == mixes.max(axis=1, keepdims=True), mixes, 0.0))
        mixes /= mixes.sum(axis=1, keepdims=True)
        row, topic = np.nonzero(mixes)
        ids = ordered["document_id"].iloc[known[row]].reset_index(drop=True)
        return pd.DataFrame({"document_id": ids, "topic_id": self.ids[topic], "weight": mixes[row, topic]})

    def known_as(self, before: Self, /) -> Self:
        """Give topics that are still those of an earlier fit their ids and labels; new ones get ids of their own.

        They are the same if matched one to one by their words (Hungarian) with a cosine of SAME or more.
        """
        if NONE in (self.method, before.method):
            return self
        union = sorted({*self.words, *before.words})
        at, cosines = matched(self._over(union), before._over(union))
        old = {new: int(place) for new, place in enumerate(at) if cosines[new] >= SAME}
        fresh = iter(range(before.last_id + 1, before.last_id + 1 + len(at)))
        self.ids = np.array(
            [before.ids[old[new]] if new in old else next(fresh) for new in range(len(at))], dtype=np.int64
        )
        self.last_id = max(before.last_id, int(self.ids.max()))
        kept = [before.labels[old[new]] if new in old else own for new, own in enumerate(self.labels)]
        order = sorted(range(len(at)), key=lambda new: new not in old)  # who has a name keeps it as it is
        given = dict(zip(order, apart([kept[new] for new in order]), strict=True))
        self.labels = [given[new] for new in range(len(at))]
        return self

    def table(self) -> pd.DataFrame:
        """One row per topic: topic_id, label_zh, label_en, words (a list), stability, method."""
        rows = {"topic_id": self.ids, "label_zh": [label.zh for label in self.labels]}
        shown = {"label_en": [label.en for label in self.labels], "words": self.shown}
        return pd.DataFrame({**rows, **shown, "stability": self.stability, "method": self.method})

    def state(self) -> dict[str, Any]:
        """What was learnt."""
        plain = ("count", "fewest_people", "method", "why", "last_id")
        listed = ("stop_words", "own_words", "words", "shown", "evidence", "compared")
        return {
            **{name: getattr(self, name) for name in plain},
            **{name: list(getattr(self, name)) for name in listed},
            "labels": [[label.zh, label.en] for label in self.labels],
            "ids": self.ids,
            "stability": self.stability,
            "topics": self.topics.words,
            "background": self.topics.background,
            "background_share": self.topics.background_share,
            "sizes": self.topics.sizes,
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any], /) -> Self:
        """The model that `state` was taken from."""
        given = {name: state[name] for name in ("count", "stop_words", "own_words", "fewest_people")}
        model = cls(**given)
        for name in ("method", "why", "last_id", "shown", "ids", "stability"):
            setattr(model, name, state[name])
        model.words = tuple(state["words"])
        model.evidence, model.compared = tuple(state["evidence"]), tuple(state["compared"])
        model.labels = [Label(*pair) for pair in state["labels"]]
        share = float(state["background_share"])
        model.topics = Topics(state["topics"], state["background"], share, state["sizes"])
        return model

    def _forget(self, why: str) -> None:
        self.method, self.why, self.last_id = NONE, why, 0
        self.words, self.evidence, self.compared, self.labels, self.shown = (), (), (), [], []
        self.ids, self.stability = np.empty(0, np.int64), np.empty(0)
        self.topics = Topics(np.empty((0, 0)), np.empty(0), 0.0, np.empty(0))

    def _cut(self, texts: "pd.Series[str]") -> list[list[str]]:
        cutter = Cutter(own=self.own_words, stop=self.stop_words)
        return [cutter(text[:LONGEST]) for text in texts.fillna("")]

    def _learn(self, corpus: Corpus, ordered: pd.DataFrame, near: "csr_matrix | None", *, seed: int) -> None:
        most = max(1, min(corpus.matrix.shape) // 2)  # what a person asks for may be more than there can be
        choice = chosen(corpus.matrix, seed=seed, count=self.count and min(self.count, most), near=near)
        self.evidence = choice.evidence
        if choice.count == 1:
            self.why = "No number of topics tells words left aside better than none."
            return
        matrix = pooled(corpus.matrix, near)
        self.topics = made(ground(matrix), choice.count, choice.method)
        self.method, self.why, self.words = choice.method, choice.why, corpus.words
        self.compared, self.stability = compared(corpus.matrix, choice, seed=seed, near=near), choice.stability
        self.ids, self.last_id = np.arange(1, choice.count + 1, dtype=np.int64), choice.count
        share = sums(matrix, axis=0) / matrix.sum()
        self.shown = first_words(self.topics.words, share, corpus.words)
        mixes = self.topics.mixes(corpus.matrix)
        categories = dominant(mixes, ordered["category"]) if "category" in ordered else [None] * choice.count
        self.labels = labels(self.shown, categories)

    def _over(self, words: Sequence[str]) -> Floats:
        return aligned(self.topics.words, self.words, words)
