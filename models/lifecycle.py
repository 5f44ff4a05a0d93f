"""Weekly lifecycle states: exclusive, complete, and exact to the person.

Of a person first seen in or before week W, let the gap be the weeks from the last active week before W to W
(1 = active in W-1). FIELD.md 1.1 in gaps, which are also the weeks of absence where W itself is silent:

=========== ================= ======================================================
state       active in week W  gap
=========== ================= ======================================================
new         yes               none: the first act ever
active      yes               1
returned    yes               2 to 4: absent for 1 to 3 weeks, seen 4 weeks ago or less
resurrected yes               5 or more: absent for 4 weeks or more
at_risk     no                1
dormant     no                2 to 8
churned     no                9 or more
=========== ================= ======================================================

Whoever was first seen after W has no state in W. In the first weeks of a log everybody looks new: "ever" reaches
only as far back as the log.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from lyceum.errors import LyceumError

ACTIVE_STATES = ("new", "active", "returned", "resurrected")
STATES = (*ACTIVE_STATES, "at_risk", "dormant", "churned")
UNSEEN = "unseen"  # before the first act: no state, but where new people come from
RETURNED_GAP = 4  # weeks; seen at most so long ago
DORMANT_GAP = 8  # weeks; absent for longer is churned

_UNSEEN = -1
_NEVER = -(2**20)  # a week number before every log

_Ints = npt.NDArray[np.int64]


def _by_gap() -> _Ints:
    """The place in STATES by active in the week (0, 1) and gap (0 = no act before, the last = that or longer)."""
    longest = DORMANT_GAP + 1
    absent = [_UNSEEN] + [STATES.index("at_risk" if gap == 1 else "dormant") for gap in range(1, longest)]
    back = ["active" if gap == 1 else "returned" for gap in range(1, RETURNED_GAP + 1)]
    present = ["new", *back, *["resurrected"] * (longest - RETURNED_GAP)]
    return np.array([[*absent, STATES.index("churned")], [STATES.index(state) for state in present]])


_STATE_BY_GAP = _by_gap()


@dataclass(frozen=True)
class _Log:
    """Who was active when: `users` sorted by id; `person` (a place in `users`) and `week` sorted by week."""

    users: pd.Index
    person: _Ints
    week: _Ints

    def codes(self, weeks: Iterable[int], /) -> Iterator[_Ints]:
        """For each of the ascending `weeks` each person's state as a place in STATES, -1 before the first act."""
        last = np.full(len(self.users), _NEVER)
        done = 0
        for week in weeks:
            start, stop = np.searchsorted(self.week, [week, week + 1])
            last[self.person[done:start]] = self.week[done:start]  # in order of time: the latest stays
            done = start
            present = np.zeros(len(self.users), dtype=np.int64)
            present[self.person[start:stop]] = 1
            gap = np.where(last == _NEVER, 0, np.minimum(week - last, DORMANT_GAP + 1))
            yield _STATE_BY_GAP[present, gap]


def states(user_weeks: pd.DataFrame, /, *, week: date) -> pd.DataFrame:
    """The state of every person seen up to `week`.

    `user_weeks` has user_id and week (the Mondays of the weeks with an act; repeated rows and later weeks change
    nothing). Returns user_id and lifecycle_state, ordered by user_id. Definitions: FIELD.md 1.1.
    Raises LyceumError if a week does not begin on a Monday.
    """
    log = _log(user_weeks)
    (codes,) = log.codes([_number(week)])
    seen = codes != _UNSEEN
    return pd.DataFrame(
        {
            "user_id": pd.array(log.users[seen], dtype="str"),
            "lifecycle_state": pd.array(np.array(STATES)[codes[seen]], dtype="str"),
        }
    )


def state_history(user_weeks: pd.DataFrame, /, *, weeks: Sequence[date]) -> pd.DataFrame:
    """People per state in each of `weeks` (Mondays): week, state, users; every state of every week, zeros included.

    The four active states of a week sum to the people active in it, exactly. `user_weeks` as in `states`.
    """
    log = _log(user_weeks)
    numbers = [_number(week) for week in sorted(set(weeks))]
    counts = np.zeros((len(numbers), len(STATES)), dtype=np.int64)
    for row, codes in enumerate(log.codes(numbers)):
        counts[row] = np.bincount(codes[codes != _UNSEEN], minlength=len(STATES))
    return pd.DataFrame(
        {
            "week": _mondays(np.repeat(numbers, len(STATES))),
            "state": pd.array(STATES * len(numbers), dtype="str"),
            "users": counts.ravel(),
        }
    )


def transitions(user_weeks: pd.DataFrame, /, *, last_week: date, weeks: int = 8) -> pd.DataFrame:
    """The Markov chain of the states, pooled over the last `weeks` moves from one week to the next.

    The last move ends in `last_week`; moves that would start before the first week of the log do not exist.
    Returns from_state, to_state, users (person-weeks), probability (of the person-weeks in from_state), weeks (moves
    pooled): only moves that occurred, in the order of STATES. Arrivals have no state to come from and are no move.
    """
    log = _log(user_weeks)
    last = _number(last_week)
    first = int(log.week[0]) if len(log.week) else last
    pooled = max(0, min(weeks, last - first))
    counts = _moves(log, range(last - pooled, last + 1))
    start, end = np.nonzero(counts)
    users = counts[start, end]
    return pd.DataFrame(
        {
            "from_state": pd.array(np.array(STATES)[start], dtype="str"),
            "to_state": pd.array(np.array(STATES)[end], dtype="str"),
            "users": users,
            "probability": users / counts.sum(axis=1)[start],
            "weeks": np.full(len(users), pooled, dtype=np.int64),
        }
    )


def moves(user_weeks: pd.DataFrame, /, *, week: date) -> pd.DataFrame:
    """How many people went from which state in the week before into which in `week` (a Monday).

    Returns from_state, to_state, users: only moves that occurred, in the order of STATES, and last those from UNSEEN:
    people whose first act lies in `week`. Each person with a state in `week` is in one row. `user_weeks` as in
    `states`.
    """
    last = _number(week)
    before, after = _log(user_weeks).codes((last - 1, last))
    size = len(STATES) + 1
    seen = after != _UNSEEN
    pairs = np.bincount((before[seen] % size) * size + after[seen], minlength=size * size)  # unseen: -1, so the last
    start, end = np.nonzero(pairs.reshape(size, size))
    names = np.array([*STATES, UNSEEN])
    return pd.DataFrame(
        {
            "from_state": pd.array(names[start], dtype="str"),
            "to_state": pd.array(names[end], dtype="str"),
            "users": pairs.reshape(size, size)[start, end],
        }
    )


def _moves(log: _Log, weeks: Iterable[int], /) -> _Ints:
    """People by state in a week (rows) and in the week after (columns), summed over the consecutive `weeks`."""
    size = len(STATES)
    total = np.zeros(size * size, dtype=np.int64)
    for before, after in pairwise(log.codes(weeks)):
        seen = before != _UNSEEN
        total += np.bincount(before[seen] * size + after[seen], minlength=size * size)
    return total.reshape(size, size)


def _log(user_weeks: pd.DataFrame, /) -> _Log:
    """The frame as sorted integers: people numbered in the order of their ids, weeks since 1970."""
    known = user_weeks[["user_id", "week"]].dropna()
    person, users = pd.factorize(known["user_id"], sort=True)
    days = pd.to_datetime(known["week"]).to_numpy().astype("datetime64[D]").astype(np.int64)
    if len(days) and ((days - _MONDAY) % 7).any():
        raise LyceumError("A week of activity does not begin on a Monday.", remedy="Cut weeks at local Mondays.")
    week = (days - _MONDAY) // 7
    order = np.argsort(week, kind="stable")
    return _Log(pd.Index(users), person[order].astype(np.int64), week[order])


_MONDAY = 4  # 1970-01-05, in days since 1970-01-01


def _number(week: date, /) -> int:
    """Weeks from 1970-01-05 to `week`."""
    weeks, rest = divmod(week.toordinal() - date(1970, 1, 5).toordinal(), 7)
    if rest:
        raise LyceumError(f"The week {week} does not begin on a Monday.", remedy="Name a week by its Monday.")
    return weeks


def _mondays(numbers: npt.ArrayLike, /) -> pd.DatetimeIndex:
    """The inverse of `_number`, as midnights without a zone."""
    days = np.asarray(numbers, dtype=np.int64) * 7 + _MONDAY
    return pd.DatetimeIndex(days.astype("datetime64[D]").astype("datetime64[us]"))
