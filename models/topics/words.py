"""From text to words: Chinese cut by its dictionary, English by its letters, both in one text.

Folded to one form (NFKC: full-width letters, ligatures; case), then cut: runs of Chinese by jieba's algorithm
(rjieba), runs of Latin letters as they stand, with what belongs to a name (c++, c#, python3). Digits alone, single
characters and stop words are left out.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rjieba import Jieba

RUN = re.compile(
    r"[\u3400-\u4dbf\u4e00-\u9fff]+|[a-z\u00df-\u00f6\u00f8-\u024f][a-z0-9\u00df-\u00f6\u00f8-\u024f]*(?:\+\+|#)?"
)
CHINESE = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
SHORTEST = 2  # characters of a word


@cache
def stop_words() -> frozenset[str]:
    """The stop words of both languages that come with the package."""
    text = (files("models.topics") / "stop_words.toml").read_text(encoding="utf-8")
    return frozenset(word for words in tomllib.loads(text).values() for word in words)


def folded(text: str, /) -> str:
    """The text in one form: NFKC and lower case."""
    return unicodedata.normalize("NFKC", text).lower()


def is_chinese(word: str, /) -> bool:
    """Whether a word has a Chinese character."""
    return CHINESE.search(word) is not None


class Cutter:
    """Cuts texts into words; `own` are words of the platform (its categories and tags) that are never cut apart.

    `stop` adds to the stop words that come with the package.
    """

    def __init__(self, *, own: Iterable[str] = (), stop: Iterable[str] = ()) -> None:
        chinese = {word for each in own for word in RUN.findall(folded(each)) if is_chinese(word)}
        self.own = tuple(sorted(word for word in chinese if len(word) >= SHORTEST))
        self.stop = stop_words() | {folded(word).strip() for word in stop}
        self._jieba = _jieba(self.own)

    def __call__(self, text: str, /) -> list[str]:
        """The words of a text, in order, each as often as it stands there."""
        found: list[str] = []
        for run in RUN.findall(folded(text)):
            found += self._jieba.cut(run) if is_chinese(run) else [run]
        return [word for word in found if len(word) >= SHORTEST and word not in self.stop]


@lru_cache(maxsize=2)
def _jieba(own: Sequence[str]) -> "Jieba":
    """A dictionary with these words added; shared, for it takes some tenths of a second and 50 MB to load."""
    from rjieba import Jieba

    made = Jieba()
    for word in own:
        made.add_word(word, None, None)
    return made
