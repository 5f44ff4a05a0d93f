"""The texts of the community: who wrote what where, and which of them somebody would answer now."""

import numpy as np

from lyceum.simulator.draw import Array
from lyceum.simulator.journal import Coded
from lyceum.simulator.world import DAY

KINDS = ("post", "question", "answer", "comment", "spam")
COLUMNS = ("group", "author", "moment", "kind", "parent", "replies", "removed")  # moment: seconds since the start
TRIES = 3
KEPT_DAYS = 45  # texts that nobody reads any more are let go, so that a long world fits into memory
UNANSWERED = 12.0  # how much rather people answer what nobody has answered
STALE = 0.01  # share of new texts from which on the board is put together again


class Texts:
    """A growing table with one row per text; a text keeps its number when the oldest ones are let go."""

    def __init__(self) -> None:
        self.base = 0  # number of the first row that is kept
        self.size = 0  # numbers given so far
        self.rows = {name: np.zeros(1024, np.int64) for name in COLUMNS}
        self.links: set[int] = set()  # who follows whom: follower * 2^32 + author
        self.boards: dict[bool, Board] = {}  # of all texts; of questions only

    def of(self, name: str, numbers: Array, /) -> Array:
        """One column of the texts with these numbers."""
        values: Array = self.rows[name][numbers - self.base]
        return values

    def add(self, *, group: Array, author: Array, moment: Array, kind: str, parent: Array) -> Array:
        """Add one text per element and return their numbers."""
        new = np.arange(self.size, self.size + len(group))
        while self.size - self.base + len(group) > len(self.rows["group"]):
            self.rows = {name: np.concatenate([values, np.zeros_like(values)]) for name, values in self.rows.items()}
        self.size += len(group)
        nothing = np.zeros(len(group), np.int64)
        values = (group, author, moment, nothing + KINDS.index(kind), parent, nothing, nothing)
        for name, column in zip(COLUMNS, values, strict=True):
            self.rows[name][new - self.base] = column
        np.add.at(self.rows["replies"], parent[parent >= self.base] - self.base, 1)
        return new

    def let_go(self, day: int, /) -> None:
        """Forget the texts of more than KEPT_DAYS ago."""
        kept = self.rows["moment"][: self.size - self.base] >= (day - KEPT_DAYS) * DAY
        gone = int(kept.argmax()) if kept.any() else 0
        self.rows = {name: values[gone:].copy() for name, values in self.rows.items()}
        self.base += gone

    def find(
        self,
        group: Array,
        moment: Array,
        reader: Array,
        /,
        *,
        days: int,
        rng: np.random.Generator,
        questions: bool = False,
    ) -> Array:
        """A text for each reader to react to, in the group and not older than `days`; -1 where there is none.

        Newer texts and those that others reacted to are likelier; of `questions`, those that nobody answered.
        Nobody finds a text of their own or of the future.
        """
        day = int(moment.max(initial=0)) // DAY
        board = self.boards.get(questions)
        if board is None or board.day != day or self.size - board.until > STALE * (board.until - board.first):
            board = Board(self, int(moment.max(initial=0)), day, days=days, questions=questions)
            self.boards[questions] = board
        return board.draw(group, moment, reader, rng=rng)


class Board:
    """What can be read now, by group, each text with its reach."""

    def __init__(self, texts: Texts, now: int, day: int, /, *, days: int, questions: bool) -> None:
        self.day, self.until = day, texts.size
        held = slice(0, texts.size - texts.base)
        moments = texts.rows["moment"][held]
        first = int(np.searchsorted(np.maximum.accumulate(moments), now - days * DAY)) if len(moments) else 0
        self.first = texts.base + first
        recent = slice(first, held.stop)
        group = texts.rows["group"][recent]
        order = np.argsort(group.astype(np.int32), kind="stable")
        age = ((now - moments[recent]) / DAY).clip(0, days)
        replies = texts.rows["replies"][recent]
        reach = np.exp(-age / (1.2 if questions else 2)) * (
            np.where(replies == 0, UNANSWERED, 1.0) if questions else (1 + replies) ** 0.6
        )
        reach *= texts.rows["removed"][recent] == 0
        if questions:
            reach *= texts.rows["kind"][recent] == KINDS.index("question")
        self.reach = np.concatenate([[0.0], reach[order].cumsum()])
        self.numbers = order + self.first
        self.moments, self.authors = (texts.rows[name][recent][order] for name in ("moment", "author"))
        self.starts = np.searchsorted(group[order], np.arange(int(group.max(initial=-1)) + 2))

    def draw(self, group: Array, moment: Array, reader: Array, /, *, rng: np.random.Generator) -> Array:
        """One text for each reader; a draw that is not allowed is tried again."""
        found = np.full(len(group), -1)
        known = np.minimum(group, len(self.starts) - 2)
        begin, end = self.starts[known], self.starts[known + 1]
        low, high = self.reach[begin], self.reach[end]
        open_to = np.flatnonzero((known == group) & (high > low))
        for _ in range(TRIES):
            mark = low[open_to] + rng.random(len(open_to)) * (high - low)[open_to]
            at = np.searchsorted(self.reach, mark, side="right") - 1
            at = np.clip(at, begin[open_to], end[open_to] - 1)
            allowed = (self.moments[at] < moment[open_to]) & (self.authors[at] != reader[open_to])
            found[open_to[allowed]] = self.numbers[at[allowed]]
            open_to = open_to[~allowed]
        return found


def text_ids(numbers: Array, /) -> Coded:
    """The ids under which texts appear in the logs."""
    return Coded("p%07d", numbers + 1)
