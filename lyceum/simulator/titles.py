"""Chinese titles and descriptions of courses, composed from words.toml."""

from collections import Counter
from typing import Any

import numpy as np

from lyceum.simulator.draw import Array
from lyceum.simulator.world import World


def name_courses(world: World, shelf: dict[str, Any], /, *, rng: np.random.Generator) -> list[str]:
    """One title per course; a title that would come twice gets the number of its edition."""
    words = world.words
    titles = []
    for topic, series, position, book in zip(
        *(shelf[n] for n in ("topic", "series", "position", "book")), strict=True
    ):
        one = pick(words["books"] if book else words["titles"], rng=rng)
        pattern = words["series"][series % len(words["series"])] if position else one
        angle = pick(words["angles"], rng=rng)
        titles.append(pattern.format(topic=topic, angle=angle, number=words["numbers"][max(position, 1) - 1]))
    return editions(titles)


def editions(titles: list[str], /) -> list[str]:
    """The titles, the second and later of the same words marked as such."""
    seen: Counter[str] = Counter()
    marked = []
    for title in titles:
        seen[title] += 1
        marked.append(title if seen[title] == 1 else f"{title}（第{seen[title]}版）")
    return marked


def describe(world: World, shelf: dict[str, Any], lessons: Array, /, *, rng: np.random.Generator) -> list[str]:
    """One description per course."""
    words = world.words
    texts = []
    for topic, book, count in zip(shelf["topic"], shelf["book"].tolist(), lessons.tolist(), strict=True):
        pattern = words["book_description"] if book else pick(words["descriptions"], rng=rng)
        angle, level = pick(words["angles"], rng=rng), pick(words["levels"], rng=rng)
        texts.append(pattern.format(topic=topic, lessons=count, angle=angle, level=level))
    return texts


def pick(choices: list[str], /, *, rng: np.random.Generator) -> str:
    """One of the choices."""
    return choices[int(rng.integers(len(choices)))]
