"""Splits by time: what could be known when a week began, and what that week then held.

A frame has one row per user and week: user_id, as_of, label (0, 1, or null while unknown) and further columns. A
label takes `delay_days` to be known, so rows may be learnt from only if their week lies that long before the week
that is tested on (SCIENCE.md, "Time-ordered, always").
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

MINIMUM_WEEKS = 2  # one to learn from, one to calibrate on


@dataclass(frozen=True)
class Origin:
    """A week to test on, and the rows whose outcome was known when it began (none, if it is among the first)."""

    train: pd.DataFrame
    test: pd.DataFrame

    @property
    def week(self) -> date:
        """The Monday tested on."""
        return pd.Timestamp(self.test["as_of"].iloc[0]).date()

    @property
    def usable(self) -> bool:
        """Whether it has two weeks or more to learn from, and both outcomes on either side."""
        weeks = self.train["as_of"].nunique()
        return weeks >= MINIMUM_WEEKS and all(part["label"].nunique() == 2 for part in (self.train, self.test))


def judged(frame: pd.DataFrame, /, *, delay_days: int) -> Origin:
    """The newest labelled week, and what was known before it. Both are empty where nothing is labelled."""
    known, weeks = _known(frame)
    return _origin(known, weeks, weeks.max(), delay_days=delay_days)


def origins(frame: pd.DataFrame, /, *, delay_days: int, count: int) -> list[Origin]:
    """The newest `count` labelled weeks that are usable, newest first, each with what was known before it.

    Rolling origins (Tashman 2000): what an origin learns from depends on its own week only, never on later ones.
    """
    known, weeks = _known(frame)
    found: list[Origin] = []
    for week in sorted(weeks.unique(), reverse=True):
        origin = _origin(known, weeks, week, delay_days=delay_days)
        if origin.usable:
            found.append(origin)
        if len(found) == count:
            break
    return found


def some_users(frame: pd.DataFrame, /, *, rows: int) -> pd.DataFrame:
    """The frame itself if it has at most `rows` rows, else the rows of a part of its users: about `rows`.

    A user's id alone decides, so that the same people are taken whenever the same share is.
    """
    if len(frame) <= rows:
        return frame
    place = pd.util.hash_array(frame["user_id"].to_numpy(dtype=object))
    return frame[place < np.uint64(rows / len(frame) * 2**64)]


def _known(frame: pd.DataFrame, /) -> tuple[pd.DataFrame, "pd.Series[pd.Timestamp]"]:
    known = frame[frame["label"].notna()]
    return known, pd.to_datetime(known["as_of"])


def _origin(
    known: pd.DataFrame, weeks: "pd.Series[pd.Timestamp]", week: pd.Timestamp, /, *, delay_days: int
) -> Origin:
    return Origin(known[weeks <= week - pd.Timedelta(days=delay_days)], known[weeks == week])
