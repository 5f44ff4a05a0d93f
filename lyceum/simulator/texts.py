"""The texts of the community: who wrote what where, and which of them somebody would answer now."""

import numpy as np

from lyceum.simulator.draw import Array
from lyceum.simulator.world import DAY

KINDS = ("post", "question", "answer", "comment")
COLUMNS = ("group", "author", "moment", "kind", "parent", "replies")  # moment: seconds since the world's start
TRIES = 3


class Texts:
    """A growing table with one row per text; ids follow from row numbers."""

    def __init__(self) -> None:
        self.size = 0
        self.rows = {name: np.zeros(1024, np.int64) for name in COLUMNS}
        self.links: set[tuple[int, int]] = set()  # who follows whom

    def __getitem__(self, name: str) -> Array:
        return self.rows[name][: self.size]

    def add(self, *, group: Array, author: Array, moment: Array, kind: str, parent: Array) -> Array:
        """Add one text per element and return their row numbers."""
        new = np.arange(self.size, self.size + len(group))
        while self.size + len(group) > len(self.rows["group"]):
            self.rows = {name: np.concatenate([values, np.zeros_like(values)]) for name, values in self.rows.items()}
        self.size += len(group)
        values = (group, author, moment, np.full(len(group), KINDS.index(kind)), parent, np.zeros(len(group)))
        for name, column in zip(COLUMNS, values, strict=True):
            self.rows[name][new] = column
        np.add.at(self.rows["replies"], parent[parent >= 0], 1)
        return new

    def find(self, group: Array, moment: Array, reader: Array, /, *, days: int, rng: np.random.Generator) -> Array:
        """A text for each reader to react to, in the group and not older than `days`; -1 where there is none.

        Newer texts and those that others reacted to are likelier. Nobody finds a text of their own or of the future.
        """
        found = np.full(len(group), -1)
        first = int(np.searchsorted(self["moment"], moment.min() - (days + 1) * DAY)) if len(moment) else 0
        recent = np.arange(first, self.size)
        for number in np.unique(group):
            asked = np.flatnonzero(group == number)
            texts = recent[self["group"][recent] == number]
            found[asked] = self.pick(texts, moment[asked], reader[asked], days=days, rng=rng)
        return found

    def pick(self, texts: Array, moment: Array, reader: Array, /, *, days: int, rng: np.random.Generator) -> Array:
        """One of `texts` for each reader, by age and replies; a draw that is not allowed is tried again."""
        found = np.full(len(moment), -1)
        age = (moment.max() - self["moment"][texts]) / DAY
        fresh = np.exp(-age.clip(0, days) / 2) * (age < days)
        reach = (fresh * (1 + self["replies"][texts]) ** 0.6).cumsum()
        for _ in range(TRIES if len(texts) and reach[-1] > 0 else 0):
            open_to = np.flatnonzero(found < 0)
            at = np.searchsorted(reach, rng.random(len(open_to)) * reach[-1], side="right")
            text = texts[np.minimum(at, len(texts) - 1)]
            past = self["moment"][text] < moment[open_to]
            allowed = past & (self["author"][text] != reader[open_to])
            found[open_to[allowed]] = text[allowed]
        return found


def text_ids(rows: Array, /) -> list[str]:
    """The ids under which texts appear in the logs."""
    return [f"p{row + 1:07d}" for row in rows.tolist()]
