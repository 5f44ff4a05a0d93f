"""Points, levels and small leagues: whole numbers by a table of rules, the same in any order within a day.

Leaderboards of everybody lower performance (SCIENCE.md, "Incentives"): people compete in small leagues.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lyceum.errors import UsageError
from models.recommendation.interactions import stable_hash


@dataclass(frozen=True)
class Rule:
    """Points for one event, for at most `daily_cap` events a day.

    With `revokes`, the rule takes `points` back for each event, never more than those rules have given so far.
    """

    points: int
    daily_cap: int | None = None
    revokes: tuple[str, ...] = ()


RULES: Mapping[str, Rule] = {
    "check_in": Rule(1, daily_cap=1),
    "learn": Rule(1, daily_cap=10),
    "attend": Rule(5, daily_cap=2),
    "submit": Rule(5, daily_cap=4),
    "complete": Rule(20, daily_cap=2),
    "purchase": Rule(20, daily_cap=5),
    "post": Rule(3, daily_cap=5),
    "answer": Rule(5, daily_cap=10),
    "comment": Rule(1, daily_cap=10),
    "rate": Rule(2, daily_cap=3),
    "refund": Rule(20, revokes=("purchase",)),
    "remove": Rule(3, revokes=("post", "answer", "comment")),
}

LEVEL_THRESHOLDS = (0, 20, 100, 300, 1000, 3000)  # points from which levels 1, 2, ... are reached

_KEY = ["user_id", "day", "rule"]


def ledger(user_days: pd.DataFrame, /, *, rules: Mapping[str, Rule] = RULES) -> pd.DataFrame:
    """Points earned and revoked by person, day and rule, after daily caps.

    `user_days`: user_id, day (local), event_type, events (a count); repeated rows are added up, types without a rule
    and anonymous rows are left out. It must reach back to the first day, or revocations cannot know what there was to
    take. Returns the columns of marts.points_ledger ordered by user_id, day, rule; points are negative when revoked,
    and a row without points is left out. On the day itself earning comes before revoking.
    """
    _check(rules)
    known = user_days.dropna(subset=["user_id", "day"]).rename(columns={"event_type": "rule"})
    known = known[known["rule"].isin(list(rules))]
    daily = known.groupby(_KEY)["events"].sum().astype("int64").reset_index()
    gives = {name: rule for name, rule in rules.items() if not rule.revokes}
    earned = _earned(daily[daily["rule"].isin(list(gives))], rules=gives)
    taken = [_taken(earned, daily, name=name, rule=rule) for name, rule in rules.items() if rule.revokes]
    rows = pd.concat([earned, *taken], ignore_index=True).sort_values(_KEY, ignore_index=True)
    return rows[[*_KEY, "events", "points"]].astype({"user_id": "str", "rule": "str"})


def balances(rows: pd.DataFrame, /) -> pd.DataFrame:
    """user_id and points: the sum of a ledger per person, ordered by user_id. Never negative for a whole ledger."""
    return rows.groupby("user_id")["points"].sum().reset_index()


def levels(points: pd.Series, /, *, thresholds: Sequence[int] = LEVEL_THRESHOLDS) -> pd.Series:
    """The level of each balance: how many of the ascending `thresholds` it has reached. Same index as `points`."""
    reached = np.searchsorted(np.asarray(thresholds), points.to_numpy(), side="right")
    return pd.Series(reached.astype("int64"), index=points.index, name="level")


def leagues(points_28d: pd.DataFrame, /, *, size: int = 50) -> pd.DataFrame:
    """Leagues of `size` people with like points: 1 is the highest, the last one may be smaller.

    `points_28d`: user_id, points_28d, one row per person. Equal points are ordered by a hash of the id, which favours
    nobody. Returns the columns of marts.leaderboard ordered by league and rank.
    """
    ties = points_28d["user_id"].map(stable_hash)
    ordered = points_28d.assign(tie=ties).sort_values(["points_28d", "tie"], ascending=[False, True])
    place = np.arange(len(ordered), dtype=np.int64)
    rows = ordered.assign(league=place // size + 1, rank=place % size + 1)
    rows = rows[["league", "rank", "user_id", "points_28d"]].reset_index(drop=True)
    return rows.astype({"user_id": "str", "points_28d": "int64"})


def _check(rules: Mapping[str, Rule], /) -> None:
    """Refuse rules that take from what no rule gives."""
    giving = {name for name, rule in rules.items() if not rule.revokes}
    for name, rule in rules.items():
        if missing := sorted(set(rule.revokes) - giving):
            raise UsageError(
                f"The points rule {name} revokes {', '.join(missing)}, which give no points.",
                remedy=f"Rules that give points: {', '.join(sorted(giving))}.",
            )


def _earned(daily: pd.DataFrame, /, *, rules: Mapping[str, Rule]) -> pd.DataFrame:
    """Counted events and points of the rules that give."""
    caps = daily["rule"].map({name: rule.daily_cap for name, rule in rules.items()}).astype("Int64")
    counted = daily["events"].where(caps.isna(), np.minimum(daily["events"], caps.fillna(0).astype("int64")))
    worth = daily["rule"].map({name: rule.points for name, rule in rules.items()}).astype("int64")
    rows = daily.assign(events=counted, points=counted * worth)
    return rows[rows["points"] != 0]


def _taken(earned: pd.DataFrame, daily: pd.DataFrame, /, *, name: str, rule: Rule) -> pd.DataFrame:
    """Rows of one rule that revokes.

    With G(d) given and W(d) wanted back up to day d, what is taken up to d is W(d) - max(0, max over e <= d of
    W(e) - G(e)): nobody owes points, and what could not be taken one day is not taken later.
    """
    gave = earned[earned["rule"].isin(rule.revokes)].assign(wanted=0, events=0)
    asked = daily[daily["rule"] == name]
    asked = asked.assign(wanted=asked["events"] * rule.points, points=0)
    columns = ["user_id", "day", "points", "wanted", "events"]
    days = pd.concat([gave[columns], asked[columns]]).groupby(["user_id", "day"], as_index=False).sum()
    running = days.groupby("user_id")[["points", "wanted"]].cumsum()
    short = (running["wanted"] - running["points"]).clip(lower=0).groupby(days["user_id"]).cummax()
    total = running["wanted"] - short
    taken = total - total.groupby(days["user_id"]).shift(fill_value=0)
    rows = days.assign(points=-taken, rule=name)
    return rows.loc[taken > 0, [*_KEY, "events", "points"]]
