"""What people wrote, in words: Chinese and some English, composed from words.toml when it is delivered."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np

from lyceum.simulator.draw import Array
from lyceum.simulator.people import FIRST_UID
from lyceum.simulator.texts import KINDS

REVIEW, COMPLAINT = "review", "complaint"


class Shelf(NamedTuple):
    """Texts of one kind that wait for delivery: ids, writers, moments, what they are about, how content they are."""

    kind: str
    ids: list[str]
    authors: list[int]
    moments: list[int]  # seconds since the world's start
    subjects: list[str]
    liking: list[int]  # stars; 0 = says nothing about liking


class Library:
    """Keeps what was written since the last delivery; draws the words from a stream of its own."""

    def __init__(self, words: dict[str, Any], rng: np.random.Generator, /) -> None:
        self.words = words
        self.rng = rng
        self.shelves: list[Shelf] = []

    def keep(
        self, kind: str, ids: list[str], /, *, authors: Array, moments: Array, subjects: list[str], liking: Array
    ) -> None:
        """Keep texts until the next delivery."""
        if ids:
            self.shelves.append(Shelf(kind, ids, authors.tolist(), moments.tolist(), subjects, liking.tolist()))

    def clear(self) -> None:
        """Forget what waits."""
        self.shelves.clear()

    def deliver(self, start: date, /, *, utc_offset: str) -> Iterator[dict[str, str]]:
        """One row per text since the last delivery: object, uid, kind, lang, title, body, posted_at."""
        shelves, self.shelves = self.shelves, []
        midnight = datetime.fromisoformat(f"{start.isoformat()}T00:00:00{utc_offset}")
        for shelf in shelves:
            foreign = self.rng.random(len(shelf.ids)) < self.words["english_share"]
            picks = self.rng.integers(0, 2**31, (len(shelf.ids), 3))
            for at, (name, author, moment, subject, liking) in enumerate(zip(*shelf[1:], strict=True)):
                language = "en" if foreign[at] else "zh"
                title, body = self.compose(shelf.kind, language, subject, liking, picks[at].tolist())
                posted = (midnight + timedelta(seconds=moment)).isoformat()
                yield {
                    **{"object": name, "uid": f"u{FIRST_UID + author}", "kind": shelf.kind, "lang": language},
                    **{"title": title, "body": body, "posted_at": posted},
                }

    def compose(self, kind: str, language: str, subject: str, liking: int, picks: list[int], /) -> tuple[str, str]:
        """Title and body of one text; replies, reviews and complaints have no title."""
        words = self.words[language]
        mood = {1: "bad", 2: "bad", 3: "fair", 4: "good", 5: "good"}.get(liking)
        bodies = words[kind][mood] if mood else words[kind]
        place = {"subject": subject, "detail": choice(words["details"], picks[2])}
        title = choice(words["headings"], picks[0]).format(**place) if kind in KINDS[:2] else ""
        return title, choice(bodies, picks[1]).format(**place)


def choice(options: list[str], pick: int, /) -> str:
    """The option that a large random number points at."""
    return options[pick % len(options)]
