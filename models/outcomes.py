"""Did a list change anything: people whom it would have contacted, beside those drawn to be left alone.

What tells is the draw (intention to treat): everybody counts as drawn, whether or not they were reached. Who is
reached differs from who is not, so that people reached beside people left alone show no effect of contacting; that
comparison is told beside the other, under its own name.

Everybody counts once, on the first list that named them. Later lists name people whom earlier contacts, or the lack
of them, left at risk: there the two sides are no longer alike, although the draw is the same. (benchmarks.outcomes,
contacts that do nothing: an effect is told of in 5 % of the worlds, in 20 % if every row of every list counts, in
14 % if its error allows for rows of one person being alike, and in 86 % if people reached stand beside the others.)
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from models.bootstrap import Interval
from models.differences import difference, mean_difference
from models.reliability import DENOMINATOR

ASSIGNED, AS_CONTACTED = "assigned", "as_contacted"  # basis: who stands on the side of the contacted
LIST, POOLED = "list", "pooled"  # scope
STATED, FURTHER, HARM = "stated", "further", "harm"  # role of an outcome
RATIO, CURRENCY = "ratio", "currency"
NOTHING = Interval(np.nan, np.nan, np.nan)


@dataclass(frozen=True)
class Outcome:
    """Something that people did or did not do (RATIO), or an amount of money (CURRENCY)."""

    name: str
    role: str = FURTHER
    unit: str = RATIO


class Side(NamedTuple):
    """People of one side, the sum of their values of an outcome, and that of the squares (of a share both counts)."""

    people: int
    total: float
    squares: float

    @property
    def mean(self) -> float:
        """Per person; nan of fewer than 30, who make no rate."""
        return self.total / self.people if self.people >= DENOMINATOR else np.nan


def effect(contacted: Side, left: Side, /, *, unit: str) -> Interval:
    """What the contacted have more than those left alone, per person, with its 95 % interval.

    nan where either side has fewer than 30 people. Of shares it is Newcombe's, of money Student's.
    """
    if min(contacted.people, left.people) < DENOMINATOR:
        return NOTHING
    if unit == RATIO:
        return difference(round(contacted.total), contacted.people, round(left.total), left.people)
    return mean_difference(*contacted, *left)


def row(outcome: Outcome, contacted: Side, left: Side, /, **beside: object) -> dict[str, object]:
    """A row of marts.outcomes; `beside` are its columns that are no figures."""
    found = effect(contacted, left, unit=outcome.unit)
    name = "rate" if outcome.unit == RATIO else "mean"
    return {
        **beside,
        **{"outcome": outcome.name, "role": outcome.role, "unit": outcome.unit},
        **{"contacted": contacted.people, f"contacted_{name}": contacted.mean},
        **{"holdout": left.people, f"holdout_{name}": left.mean},
        **{"effect": found.value, "low_95": found.low, "high_95": found.high},
    }


def first_listed(lists: pd.DataFrame, /) -> pd.DataFrame:
    """The rows of `lists` (user_id, as_of, ...) that name their person for the first time, by as_of and user_id."""
    ordered = lists.sort_values(["as_of", "user_id"], kind="stable", ignore_index=True)
    return ordered.drop_duplicates("user_id", ignore_index=True)


def compared(
    people: pd.DataFrame, /, *, outcomes: Sequence[Outcome], lists: int, logged: bool, **beside: object
) -> pd.DataFrame:
    """Rows of marts.outcomes: of each of the newest `lists` lists, and of all lists of `people` together.

    `people` has one row per person: as_of (their list), holdout (0 or 1), reached (0 or 1: contacted because of the
    list), and a column per outcome (0, 1 or an amount). `logged` says whether the platform tells of contacts at all:
    without it nobody knows who was reached. Lists are added up as if the share held out were the same in all of them.
    """
    weeks = sorted(people["as_of"].unique())[-lists:]
    groups = [(LIST, people[people["as_of"] == week]) for week in weeks]
    groups += [(POOLED, people)] if len(people) else []
    rows = [each for scope, group in groups for each in _rows(group, outcomes, logged=logged, scope=scope, **beside)]
    return pd.DataFrame(rows)


def _rows(
    group: pd.DataFrame, outcomes: Sequence[Outcome], /, *, logged: bool, **beside: object
) -> Iterator[dict[str, object]]:
    held = group["holdout"] == 1
    reached = group["reached"] == 1
    told = {
        **{"list_as_of": group["as_of"].max(), "lists": group["as_of"].nunique(), **beside},
        "reached": int((reached & ~held).sum()) if logged else None,
        "holdout_reached": int((reached & held).sum()) if logged else None,
    }
    sides = {ASSIGNED: ~held, **({AS_CONTACTED: reached & ~held} if logged else {})}
    for basis, contacted in sides.items():
        for outcome in outcomes:
            ours, others = (_side(group.loc[where, outcome.name]) for where in (contacted, held))
            yield row(outcome, ours, others, basis=basis, **told)


def _side(values: "pd.Series[Any]", /) -> Side:
    found = np.sort(values.to_numpy(dtype=np.float64))  # so that no sum depends on the order of people
    return Side(len(found), float(found.sum()), float((found**2).sum()))
