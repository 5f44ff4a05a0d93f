"""What topics are called: the words that set them apart, the category that fills them; and that names last."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.topics.corpus import Floats
from models.topics.words import folded, is_chinese

WORDS_SHOWN = 8
WORDS_IN_LABEL = 3
OWN_SHARE = 0.6  # weight of how frequent a word is in the topic, against how much more than elsewhere
DOMINANT = 0.5  # share of a topic's texts that lies in one category, for the topic to be called after it
SAME = 0.5  # cosine of the words from which on a topic of a new fit is the old one

JOINED = {"zh": ("、", "{category}（{words}）"), "en": (", ", "{category} ({words})")}


@dataclass(frozen=True)
class Label:
    """What a topic is called in both languages."""

    zh: str
    en: str


def first_words(
    topics: Floats, share: Floats, words: Sequence[str], /, *, count: int = WORDS_SHOWN
) -> list[list[str]]:
    """The words of each topic by relevance (Sievert and Shirley 2014): log p(word | topic), and how much more that is
    than p(word), the word's share of all.
    """
    own = np.log(topics + 1e-12)
    relevance = own - (1 - OWN_SHARE) * np.log(share[:, None] + 1e-12)
    order = np.argsort(-relevance.round(12), axis=0, kind="stable")[:count]
    return [[words[at] for at in column] for column in order.T]


def labels(first: Sequence[Sequence[str]], categories: Sequence[str | None], /) -> list[Label]:
    """One label per topic, no two alike: the dominant category and two words, else three words.

    Words of a label's language come first, should the topic have any.
    """
    made = [
        Label(*(_said(words, category, language=language) for language in JOINED))
        for words, category in zip(first, categories, strict=True)
    ]
    return apart(made)


def apart(made: Sequence[Label], /) -> list[Label]:
    """The labels; one that was given before gets a number."""
    seen: dict[str, int] = {}
    return [Label(_numbered(label.zh, seen), _numbered(label.en, seen)) for label in made]


def dominant(mixes: Floats, categories: "pd.Series[str]", /) -> list[str | None]:
    """For each topic the category in which DOMINANT of its texts' shares lies; None where there is none."""
    told = categories.notna().to_numpy()
    named, names = pd.factorize(categories[told], sort=True)
    if not len(names):
        return [None] * mixes.shape[1]
    held = np.array([mixes[told][named == code].sum(axis=0) for code in range(len(names))])
    share = held / np.maximum(mixes.sum(axis=0), 1e-12)
    return [str(names[at]) if share[at, topic] >= DOMINANT else None for topic, at in enumerate(share.argmax(axis=0))]


def aligned(topics: Floats, words: Sequence[str], onto: Sequence[str], /) -> Floats:
    """The topics over other words: `onto` x topics, 0 for words that they do not know."""
    place = {word: at for at, word in enumerate(words)}
    found = np.zeros((len(onto), topics.shape[1]))
    known = [at for at, word in enumerate(onto) if word in place]
    found[known] = topics[[place[onto[at]] for at in known]]
    return found


def _said(words: Sequence[str], category: str | None, *, language: str) -> str:
    between, pattern = JOINED[language]
    ordered = sorted(words, key=lambda word: is_chinese(word) != (language == "zh")) if language == "en" else words
    if category is None:
        return between.join(ordered[:WORDS_IN_LABEL])
    new = [word for word in ordered if word not in folded(category)][: WORDS_IN_LABEL - 1]
    return pattern.format(category=category, words=between.join(new)) if new else category


def _numbered(text: str, seen: dict[str, int]) -> str:
    seen[text] = seen.get(text, 0) + 1
    return text if seen[text] == 1 else f"{text} {seen[text]}"
