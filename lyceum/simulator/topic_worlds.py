"""Course texts about planted topics, in mixed Chinese and English, and what people take of them.

A topic is a Zipf-Mandelbrot distribution over all words with a subject, in an order of its own, and shares a part of
it with a kindred topic. A text mixes topics (Dirichlet) with words that have no subject; a person takes items of the
topics that the person likes. Words are written down as text: Chinese ones without spaces, so that they must be cut.
"""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from lyceum.simulator.draw import Array, objects
from lyceum.simulator.world import read_toml

SYLLABLES = tuple("".join(pair) for pair in itertools.product("bdfglmnprstv", "aeiou"))
# From these, two at a time, are made the Chinese words that jieba's dictionary has.
CHARACTERS = (
    "学生成长教育历史文化经济市场管理技术设计数据分析程序编写语言音乐绘画运动健康饮食心理情绪家庭儿童法律科学物理化工"
    "程电子商务营销品牌产品用户增长投资保险税收财务会计职业规划沟通表达演讲写作阅读思维逻辑记忆时间旅行摄影建筑艺术"
)


@dataclass(frozen=True)
class TopicWorld:
    """Texts, who took which of them (`person`, `item`, a row each), and the truth behind.

    `words` are those of the planted distributions `topics` (topics x words, rows sum to 1; words without a subject
    are in none of them), `mixes` are texts x topics, `tastes` people x topics.
    """

    texts: list[str]
    person: Array
    item: Array
    words: list[str]
    topics: Array
    mixes: Array
    tastes: Array


def topic_world(*, seed: int) -> TopicWorld:
    """One world; equal seeds give equal worlds."""
    rates, rng = read_toml("worlds.toml")["topics"], np.random.default_rng(seed)
    count = between(rates["topics"], rng=rng)
    size = between(rates["vocabulary"], rng=rng)
    words = lexicon(size + rates["common_words"], english=rates["english_share"], rng=rng)
    topics = planted(rates, count, size, rng=rng)
    shares = unequal(rates, count, rng=rng)
    documents = int(np.exp(rng.uniform(*np.log(rates["documents"]))))
    mixes = rng.dirichlet(rates["mix"] * count * shares, documents)
    texts = written(rates, topics, mixes, words, rng=rng)
    tastes = rng.dirichlet(rates["taste"] * count * shares, rates["people"])
    person, item = taken(rates, tastes, mixes, rng=rng)
    whole = np.hstack([topics, np.zeros((count, rates["common_words"]))])
    return TopicWorld(texts, person, item, words.tolist(), whole, mixes, tastes)


def between(span: list[int], /, *, rng: np.random.Generator) -> int:
    """A number of the span, both ends included."""
    return int(rng.integers(span[0], span[1], endpoint=True))


def lexicon(size: int, /, *, english: float, rng: np.random.Generator) -> Array:
    """So many different words in a random order; Chinese ones are what the dictionary holds as one word."""
    from rjieba import Jieba

    known = Jieba()
    pairs = ("".join(pair) for pair in itertools.product(dict.fromkeys(CHARACTERS), repeat=2))
    chinese = objects([word for word in pairs if known.has_word(word)])
    latin = objects(["".join(parts) for parts in itertools.product(SYLLABLES, repeat=2)])
    foreign = max(round(size * english), size - len(chinese))
    drawn = [rng.choice(latin, foreign, replace=False), rng.choice(chinese, size - foreign, replace=False)]
    words: Array = rng.permutation(np.concatenate(drawn))
    return words


def planted(rates: dict[str, Any], count: int, size: int, /, *, rng: np.random.Generator) -> Array:
    """Topics x words: each topic its own order of the words, mixed with the field it shares with its neighbour."""
    weight = 1 / (np.arange(size) + 1 + rates["shift"]) ** rates["zipf"]
    own = np.array([rng.permutation(weight) for _ in range(count)])
    fields = np.array([rng.permutation(weight) for _ in range((count + 1) // 2)])
    mixed = (1 - rates["kinship"]) * own + rates["kinship"] * fields[np.arange(count) // 2]
    found: Array = mixed / weight.sum()
    return found


def unequal(rates: dict[str, Any], count: int, /, *, rng: np.random.Generator) -> Array:
    """The shares of the topics, none below the smallest allowed."""
    drawn = rng.dirichlet(np.full(count, rates["share_concentration"]))
    shares: Array = rates["smallest_share"] + (1 - count * rates["smallest_share"]) * drawn
    return shares


def written(
    rates: dict[str, Any], topics: Array, mixes: Array, words: Array, /, *, rng: np.random.Generator
) -> list[str]:
    """One text per row of `mixes`."""
    common = 1 / (np.arange(rates["common_words"]) + 1 + rates["shift"]) ** rates["zipf"]
    reach = np.cumsum(np.vstack([topics, np.zeros(topics.shape[1])]), axis=1)
    plain = np.cumsum(common / common.sum())
    texts = []
    for mix in mixes:
        length = between(rates["document_words"], rng=rng)
        about = rng.choice(len(mix), length, p=mix)
        mark = rng.random(length)
        subject = np.array([np.searchsorted(reach[topic], at) for topic, at in zip(about, mark, strict=True)])
        nothing = topics.shape[1] + np.searchsorted(plain, mark)
        places = np.where(rng.random(length) < rates["common_share"], nothing, subject).clip(max=len(words) - 1)
        texts.append(sentence(words[places].tolist(), rates["clause"], rng=rng))
    return texts


def sentence(words: list[str], clause: list[int], /, *, rng: np.random.Generator) -> str:
    """The words as written: Latin ones between spaces, Chinese ones side by side, a comma now and then."""
    parts, left = [], between(clause, rng=rng)
    for word in words:
        parts.append(f" {word} " if word.isascii() else word)
        left -= 1
        if not left:
            parts.append("，")
            left = between(clause, rng=rng)
    return "".join(parts)


def taken(rates: dict[str, Any], tastes: Array, mixes: Array, /, *, rng: np.random.Generator) -> tuple[Array, Array]:
    """Who takes what: items in proportion to their popularity and how much they are about what the person likes."""
    popularity = np.exp(rng.normal(0, rates["popularity_spread"], len(mixes)))
    counts = np.minimum(1 + rng.poisson(rates["taken"] - 1, len(tastes)), len(mixes) // 2)
    items = []
    for taste, count in zip(tastes, counts.tolist(), strict=True):
        weight = (mixes @ taste) * popularity + 1e-9
        items.append(rng.choice(len(mixes), count, replace=False, p=weight / weight.sum()))
    return np.repeat(np.arange(len(tastes)), counts), np.concatenate(items)
